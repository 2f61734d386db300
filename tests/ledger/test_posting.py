"""Posting: from what happened to lines that balance within each entity."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chart import CHART, COUNTER_ACCOUNT
from ledger.posting import RULES, Entry, change, lines_of, post
from ledger.store.mapper import FactMapper, read
from ledger.telling import ORPHAN, Purpose, Standing
from ledger.transfer import Transfer
from tests.builders import (
    ACCOUNT,
    CODE,
    DAWN,
    NEIGHBOUR,
    NOBODYS,
    VENDOR,
    posted,
    standing,
    telling,
    town,
    transfer,
)

ONE_STALL = town(stalls=[(CODE, VENDOR, ACCOUNT)])


def lines(of: Transfer, n: int = -1) -> dict[str, int]:
    """The lines of the transfer's n-th event, by account; all of them are the vendor's."""
    event = of.pending_events[n]
    entries = post(event.TOPIC, event)
    assert {entry.entity for entry in entries} <= {VENDOR}
    return {entry.code: entry.amount_vnd for entry in entries}


def for_(kind: str) -> Purpose:
    return Purpose(kind, "person")


def test_an_incoming_sale_debits_the_bank_and_credits_sales() -> None:
    assert lines(transfer(ONE_STALL)) == {"1121": 50_000, "5110": -50_000}


def test_an_incoming_payment_that_nobody_can_place_is_unmatched() -> None:
    assert lines(transfer()) == {"1121": 50_000, "3380": -50_000}


def test_an_orphan_has_no_lines() -> None:
    assert lines(transfer(NOBODYS)) == {}


def test_a_claimed_orphan_posts_as_if_it_had_just_come() -> None:
    paid = transfer(NOBODYS)

    paid.conclude(ONE_STALL)

    assert lines(paid) == {"1121": 50_000, "5110": -50_000}


def test_a_claimed_orphan_brings_the_settlement_that_waited() -> None:
    paid = transfer(NOBODYS)
    paid.settle("line 1", 50_000, DAWN)
    assert lines(paid) == {}

    paid.conclude(ONE_STALL)

    entries = post(Transfer.Claimed.TOPIC, paid.pending_events[-1])
    assert entries == [
        Entry(VENDOR, "1121", 50_000),
        Entry(VENDOR, "5110", -50_000),
        Entry(VENDOR, "1120", 50_000),
        Entry(VENDOR, "1121", -50_000),
    ]


@pytest.mark.parametrize(
    ("kind", "code"), [("sale", "5110"), ("receivable", "1310"), ("owner", "3390")]
)
def test_unmatched_money_moves_to_what_it_was_for(kind: str, code: str) -> None:
    paid = transfer()

    paid.assign(for_(kind))

    assert lines(paid) == {"3380": 50_000, code: -50_000}


def test_a_settlement_moves_money_from_notified_to_settled() -> None:
    paid = transfer()

    paid.settle("line 1", 50_000, DAWN)

    assert lines(paid) == {"1120": 50_000, "1121": -50_000}


def test_a_settlement_for_another_amount_corrects_what_was_posted() -> None:
    paid = transfer(ONE_STALL)

    paid.settle("line 1", 48_000, DAWN)

    assert lines(paid) == {"1120": 48_000, "1121": -50_000, "5110": 2_000}


@pytest.mark.parametrize(
    ("kind", "code"), [("refund", "3320"), ("payable", "3310"), ("owner", "3390")]
)
def test_money_that_leaves_debits_what_it_was_for(kind: str, code: str) -> None:
    went = transfer(direction="out")

    went.assign(for_(kind))

    assert posted(went) == {(VENDOR, code): 50_000, (VENDOR, "1121"): -50_000}


def test_the_settlement_of_money_that_left_mirrors_that_of_money_that_came() -> None:
    went = transfer(direction="out")

    went.settle("line 1", 50_000, DAWN)

    assert lines(went) == {"1121": 50_000, "1120": -50_000}


def test_a_contradiction_corrects_by_the_difference() -> None:
    paid = transfer(ONE_STALL)

    paid.hear(telling(connection="casso", digest="d2", amount_vnd=45_000), ONE_STALL)

    assert lines(paid) == {"5110": 5_000, "1121": -5_000}


def test_what_a_person_decides_is_corrected_by_the_difference_again() -> None:
    paid = transfer(ONE_STALL, amount_vnd=45_000)

    paid.decide(50_000)

    assert lines(paid) == {"1121": 5_000, "5110": -5_000}


def test_a_transfer_that_was_another_one_is_reversed_line_by_line() -> None:
    paid = transfer(ONE_STALL, reference=None)

    paid.turn_out_same(transfer(ONE_STALL, number=2), ONE_STALL)

    assert lines(paid) == {"1121": -50_000, "5110": 50_000}


def test_marks_and_further_words_move_no_money() -> None:
    paid = transfer(ONE_STALL)
    paid.hear(telling(connection="casso", digest="d2"), ONE_STALL)
    paid.contradict_elsewhere(telling(digest="d3"))
    paid.reverse(UUID(int=99))

    assert [lines(paid, n) for n in (1, 2, 3)] == [{}, {}, {}]
    assert RULES.keys().isdisjoint(event.TOPIC for event in paid.pending_events[1:])


def test_an_account_that_proves_to_be_anothers_takes_its_money_along() -> None:
    """The lines of both owners balance, each for itself."""
    entries = change(standing(), standing(entity_id=NEIGHBOUR))

    assert by_account(entries) == {
        (VENDOR, "1121"): -50_000,
        (VENDOR, "5110"): 50_000,
        (NEIGHBOUR, "1121"): 50_000,
        (NEIGHBOUR, "5110"): -50_000,
    }


def test_every_counter_account_is_in_the_chart() -> None:
    assert set(COUNTER_ACCOUNT.values()) <= set(CHART)


def test_an_unknown_topic_moves_no_money() -> None:
    assert post("market.Stall.Created", object()) == []


standings = st.builds(
    Standing,
    direction=st.sampled_from(["in", "out"]),
    entity_id=st.sampled_from([None, VENDOR, NEIGHBOUR]),
    amount_vnd=st.integers(1, 2**53 - 1),
    purpose=st.sampled_from(sorted(COUNTER_ACCOUNT)).map(for_) | st.just(ORPHAN),
    settled=st.booleans(),
)


def by_account(entries: Iterable[Entry]) -> Counter[tuple[UUID, str]]:
    sums: Counter[tuple[UUID, str]] = Counter()
    for entity, code, vnd in entries:
        sums[entity, code] += vnd
    return Counter({account: vnd for account, vnd in sums.items() if vnd})


def less(new: Counter[tuple[UUID, str]], old: Counter[tuple[UUID, str]]) -> dict[object, int]:
    return {key: new[key] - old[key] for key in new.keys() | old.keys() if new[key] != old[key]}


@given(st.none() | standings, st.none() | standings)
def test_a_change_is_what_is_new_less_what_was(
    stood: Standing | None, stands: Standing | None
) -> None:
    entries = change(stood, stands)

    assert dict(by_account(entries)) == less(
        by_account(lines_of(stands)), by_account(lines_of(stood))
    )


@given(st.none() | standings, st.none() | standings)
def test_every_change_balances_within_each_entity(
    stood: Standing | None, stands: Standing | None
) -> None:
    sums: Counter[UUID] = Counter()
    for entity, _, vnd in change(stood, stands):
        sums[entity] += vnd

    assert set(sums.values()) <= {0}


@given(standings)
def test_what_does_not_change_has_no_lines(stands: Standing) -> None:
    assert change(stands, stands) == []


def test_the_stored_event_posts_exactly_what_the_event_itself_does() -> None:
    paid = transfer(NOBODYS)
    paid.settle("line 1", 48_000, DAWN)
    paid.conclude(ONE_STALL)
    paid.assign(for_("owner"))
    mapper = FactMapper(None)  # type: ignore[arg-type]  # It needs no transcoder.

    for event in paid.pending_events:
        stored = mapper.to_stored_event(event)
        assert post(stored.topic, read(stored.topic, stored.state)) == post(event.TOPIC, event)
