"""The simulated bank: the same day for the same seed, every trick played, its own figures right."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from integrations.bank_simulator import memo
from integrations.bank_simulator.day import NobodyToPay, PayableStall, Plan, plan_day
from integrations.bank_simulator.delivery import FORGERIES, Delivery
from integrations.bank_simulator.movement import Movement, identity, retold
from integrations.bank_simulator.words import NotTold, providers, say
from ledger.market_day import MARKET_TIME, market_day
from market.ports import Verdict
from tests.sample import sample
from web.wiring import DIALECTS

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
SECRETS = {"sepay": "khóa một", "casso": "khóa hai", "payos": "khóa ba"}
STALLS = [
    PayableStall(f"SAP{at:02d}", f"1000{at:04d}", ("sepay", "casso", "payos")[at % 3], at + 1)
    for at in range(9)
]


def day(payments: int = 300, seed: int = 7, stalls: list[PayableStall] | None = None) -> Plan:
    return plan_day(STALLS if stalls is None else stalls, payments, seed, DAY)


def of_kind(plan: Plan, kind: str) -> list[Delivery]:
    return [delivery for delivery in plan.deliveries if delivery.kind == kind]


def judged(delivery: Delivery, at: datetime = NOW) -> Verdict:
    provider, headers, body = delivery.signed(at, SECRETS)
    return DIALECTS[provider].verify(headers, body, [SECRETS[provider]], at)


def movement(provider: str = "sepay") -> Movement:
    names = identity("a test")
    return Movement(
        provider=provider,
        event_id=names.event_id(provider),
        account_number="10000000",
        amount_vnd=50_000,
        booked_at=NOW.replace(microsecond=0),
        reference=names.reference,
        memo="SAP00",
        order_code="42" if provider == "payos" else None,
    )


def test_the_same_seed_gives_the_same_day_to_the_byte() -> None:
    one, other = (
        [delivery.signed(NOW, SECRETS) for delivery in day().deliveries] for _ in range(2)
    )

    assert one == other


def test_more_payments_only_add_movements() -> None:
    assert day(1_000).movements[:300] == day(300).movements
    assert day(5).movements[:1] == day(1).movements


def test_other_seeds_days_and_markets_share_no_movement() -> None:
    plans = [
        *(plan_day(STALLS, 2_000, seed, DAY) for seed in range(4)),
        plan_day(STALLS[:8], 2_000, 0, DAY),
        plan_day(STALLS, 2_000, 0, DAY + timedelta(days=1)),
    ]
    sent = [told.movement for plan in plans for told in plan.deliveries]
    genuine = [told for plan in plans for told in plan.movements]

    assert len({told.event_id for told in genuine}) == len(genuine) == 12_000
    assert len({told.reference for told in genuine}) == len(genuine)
    assert all(isinstance(told.event_id, str) or 0 < told.event_id < 2**53 for told in sent)


def test_it_counts_what_it_sends() -> None:
    plan = day()
    kinds = Counter(delivery.kind for delivery in plan.deliveries)
    owned = {stall.account_number for stall in STALLS}
    received = [told.amount_vnd for told in plan.movements if told.account_number in owned]

    assert plan.payments == kinds["first"] == 300
    assert (plan.repeats, plan.forged, plan.stale) == (
        kinds["repeat"],
        kinds["forged"],
        kinds["stale"],
    )
    assert plan.notices == sum(kinds.values())
    assert plan.received_vnd == sum(received)
    assert plan.orphans == plan.payments - len(received)


@pytest.mark.parametrize("seed", range(sample(40, soak=2_000)))
def test_twenty_payments_meet_every_trick(seed: int) -> None:
    plan = day(20, seed)
    firsts = [delivery.movement for delivery in of_kind(plan, "first")]
    evening = datetime(2026, 11, 21, 18, tzinfo=MARKET_TIME)

    assert plan.payments == 20
    assert min(plan.repeats, plan.forged, plan.stale, plan.orphans) >= 1
    assert firsts != sorted(firsts, key=lambda told: told.booked_at)
    assert any(told.sent_at >= evening for told in of_kind(plan, "first"))
    assert sum(not any(stall.code in told.memo for stall in STALLS) for told in firsts) >= 3


@pytest.mark.parametrize("payments", [0, 1, 2, 5, 19])
def test_a_small_day_is_still_a_valid_one(payments: int) -> None:
    for seed in range(20):
        plan = day(payments, seed)
        assert plan.payments == len(of_kind(plan, "first")) == payments
        assert plan.notices == payments + plan.repeats + plan.forged + plan.stale


def test_the_tricks_have_about_their_shares() -> None:
    plan = day(5_000)
    repeated = {delivery.movement.reference for delivery in of_kind(plan, "repeat")}

    assert 0.06 < len(repeated) / 5_000 < 0.10
    assert 0.005 < plan.orphans / 5_000 < 0.015
    assert 0.015 < plan.forged / 5_000 < 0.025
    assert 0.003 < plan.stale / 5_000 < 0.015  # Only two of three providers sign a time.
    assert {delivery.forgery for delivery in of_kind(plan, "forged")} == set(FORGERIES)


def test_everything_that_is_told_first_or_again_is_authentic_whenever_it_is_sent() -> None:
    for delivery in day().deliveries:
        if delivery.kind in {"first", "repeat"}:
            assert judged(delivery, NOW + timedelta(days=9)).reason == "ok"


def test_every_forgery_is_refused_as_one() -> None:
    forged = of_kind(day(5_000), "forged")

    assert {(delivery.forgery == "unsigned", judged(delivery).reason) for delivery in forged} == {
        (True, "no_signature"),
        (False, "bad_signature"),
    }


def test_a_forgery_is_refused_even_when_all_providers_share_one_key() -> None:
    shared = dict.fromkeys(SECRETS, "the same")
    for delivery in of_kind(day(1_000), "forged"):
        for secrets in (shared, {delivery.movement.provider: "the same"}):
            provider, headers, body = delivery.signed(NOW, secrets)
            assert not DIALECTS[provider].verify(headers, body, ["the same"], NOW).authentic


def test_every_stale_notice_is_genuine_but_old() -> None:
    assert {judged(delivery).reason for delivery in of_kind(day(5_000), "stale")} == {"stale"}


def test_without_a_provider_that_signs_a_time_nothing_is_stale() -> None:
    plan = day(100, stalls=[PayableStall("SAP01", "10000001", "payos")])

    assert plan.stale == 0
    assert plan.forged >= 1


def test_a_repeat_has_identical_bytes_and_comes_later() -> None:
    plan = day(1_000)
    told: dict[int | str, tuple[datetime, bytes]] = {}
    for delivery in plan.deliveries:
        body = delivery.signed(NOW, SECRETS)[2]
        if delivery.kind == "first":
            told[delivery.movement.event_id] = (delivery.sent_at, body)
        elif delivery.kind == "repeat":
            first_at, first_body = told[delivery.movement.event_id]
            assert (first_body, first_at < delivery.sent_at) == (body, True)


def test_a_transfer_is_told_four_times_at_most() -> None:
    plan = day(5_000)
    genuine = [told for told in plan.deliveries if told.kind in {"first", "repeat"}]
    times = Counter(Counter(told.movement.reference for told in genuine).values())

    assert set(times) == {1, 2, 3, 4}


def test_an_orphans_account_belongs_to_no_stall_though_its_memo_may_name_one() -> None:
    owned = {stall.account_number for stall in STALLS}
    orphans = [told for told in day(3_000).movements if told.account_number not in owned]

    assert orphans
    assert any(stall.code in told.memo for told in orphans for stall in STALLS)


def test_the_market_keeps_its_hours_and_its_prices() -> None:
    movements = day(5_000).movements
    hours = Counter(told.booked_at.astimezone(MARKET_TIME).hour for told in movements)
    usual = [told for told in movements if 20_000 <= told.amount_vnd <= 100_000]

    assert {market_day(told.booked_at) for told in movements} == {DAY}
    assert set(hours) <= set(range(5, 18))
    assert hours.most_common(1)[0][0] in {6, 7}
    assert all(told.amount_vnd % 1_000 == 0 for told in movements)
    assert min(told.amount_vnd for told in movements) >= 5_000
    assert len(usual) > len(movements) / 2
    assert 1 <= sum(told.amount_vnd > 2_000_000 for told in movements) < 100


def test_the_busier_stall_is_paid_more_often() -> None:
    paid = Counter(told.account_number for told in day(5_000).movements)

    assert paid["10000008"] > 3 * paid["10000000"]


def test_some_who_pay_a_request_pay_a_wrong_amount() -> None:
    requests = [(f"YC{number:03d}", 40_000) for number in range(60)]
    stalls = [PayableStall("SAP01", "10000001", "sepay", requests=requests)]
    movements = day(200, stalls=stalls).movements
    paid = [
        told.amount_vnd - 40_000
        for told in movements
        if any(code in told.memo for code, _ in requests)
    ]

    assert {0 if delta == 0 else delta // abs(delta) for delta in paid} == {-1, 0, 1}
    assert all(told.amount_vnd > 0 for told in movements)
    again = day(120, stalls=stalls).movements
    assert again == movements[:120]


def test_a_numbered_payos_request_is_paid_under_its_order_code() -> None:
    stalls = [PayableStall("SAP01", "10000001", "payos", requests=[("77001", 40_000)])]

    assert "77001" in {told.order_code for told in day(50, stalls=stalls).movements}


def test_a_mangled_memo_still_holds_every_letter_of_the_code() -> None:
    for seed in range(300):
        told = memo.mangled("SAP-07", Random(str(seed)))
        assert "SAP-07" not in told
        assert "SAP07" in "".join(filter(str.isalnum, told)).upper()
        assert "SAP-07" not in memo.truncated("SAP-07", Random(str(seed)))
        assert "SAP" not in memo.codeless(Random(str(seed)))
        assert "SAP-07" in memo.plain("SAP-07", Random(str(seed)))


@pytest.mark.parametrize("provider", ["sepay", "casso", "payos"])
def test_the_same_reference_can_be_told_with_another_amount(provider: str) -> None:
    other = retold(movement(provider), amount_vnd=60_000)

    assert other == replace(movement(provider), amount_vnd=60_000)


@pytest.mark.parametrize("teller", ["sepay", "casso", "payos"])
@pytest.mark.parametrize("provider", ["sepay", "casso", "payos"])
def test_another_telling_keeps_the_reference_under_another_event_id(
    provider: str, teller: str
) -> None:
    first = movement(provider)
    other = retold(first, provider=teller, new_event=True)
    _, headers, body = Delivery("first", other, NOW).signed(NOW, SECRETS)
    verdict = DIALECTS[teller].verify(headers, body, [SECRETS[teller]], NOW)

    assert verdict.notice is not None
    assert verdict.notice.reference == first.reference
    assert other.event_id != first.event_id


@pytest.mark.parametrize("provider", ["sepay", "casso", "payos"])
def test_a_movement_can_be_told_without_its_reference(provider: str) -> None:
    verdict = judged(Delivery("first", retold(movement(provider), referenced=False), NOW))

    assert verdict.notice is not None
    assert verdict.notice.reference is None


def test_payos_tells_of_no_money_that_leaves() -> None:
    with pytest.raises(NotTold):
        say("payos", replace(movement("payos"), direction="out"), NOW, "key")


def test_a_day_needs_somebody_to_pay() -> None:
    with pytest.raises(NobodyToPay):
        plan_day([], 1, 7, DAY)
    with pytest.raises(NobodyToPay):
        plan_day([PayableStall("SAP01", "1", "momo")], 1, 7, DAY)


def test_it_speaks_every_dialect_that_the_market_understands() -> None:
    assert set(providers()) == set(DIALECTS)
