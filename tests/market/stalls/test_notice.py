"""A bank's notice arrives: whose money it is the account says, what it was for the code does."""

from datetime import timedelta

import pytest

from ledger.hearing import Heard
from ledger.money import NotAnAmount
from ledger.telling import ORPHAN, Purpose
from ledger.transfer import Transfer
from market.stalls.directory import ALWAYS
from market.stalls.notice import Source
from tests.builders import (
    CODE,
    DAWN,
    NOON,
    OTHER_CODE,
    Market,
    Seller,
    body_of,
    notice,
    open_market,
)

NUMBER, OTHER_NUMBER = "9900000001", "9900000002"
SECOND = timedelta(seconds=1)


@pytest.fixture
def lan(market: Market) -> Seller:
    """Cô Lan, who sells at one stall."""
    lan = market.seller(NUMBER)
    market.stall(CODE, lan)
    return lan


def purpose(heard: Heard) -> Purpose:
    assert heard.stands is not None
    return heard.stands.purpose


def test_the_stalls_code_in_the_memo_finds_stall_and_owner(market: Market, lan: Seller) -> None:
    heard = market.hear(
        account_number=NUMBER, memo=f"MBVCB.123.ck {CODE[:4].lower()} {CODE[4:]}.CT"
    )

    assert heard.news == "first"
    assert heard.stands is not None
    assert (heard.stands.entity_id, heard.stands.amount_vnd) == (lan.id, 50_000)
    stall = market.register.stall(CODE).stall_id
    assert purpose(heard) == Purpose("sale", "code", CODE, stall)


def test_the_reason_is_kept_in_the_event(market: Market, lan: Seller) -> None:
    heard = market.hear(account_number=NUMBER, memo=CODE)

    kept = market.transfer(heard.transfer_id).stands.purpose

    assert kept == purpose(heard)
    assert kept.reason == "code"


def test_without_a_code_it_is_for_the_only_stall(market: Market, lan: Seller) -> None:
    assert purpose(market.hear(account_number=NUMBER, memo="tien ca")).reason == "only_stall"


def test_two_stalls_on_one_account_need_a_code(market: Market, lan: Seller) -> None:
    market.stall(OTHER_CODE, lan)

    without = market.hear(account_number=NUMBER, memo="tien ca")
    coded = market.hear(event_id="2", reference="FT2", account_number=NUMBER, memo=OTHER_CODE)

    assert purpose(without) == Purpose("unmatched", "no_code")
    assert (purpose(coded).reason, purpose(coded).code) == ("code", OTHER_CODE)


def test_several_codes_of_one_owner(market: Market, lan: Seller) -> None:
    market.stall(OTHER_CODE, lan)

    heard = market.hear(account_number=NUMBER, memo=f"{OTHER_CODE} {CODE}")

    assert (purpose(heard).reason, purpose(heard).code) == ("several_codes", min(CODE, OTHER_CODE))
    assert market.transfer(heard.transfer_id).marks == ("several_codes",)


def test_another_owners_code_is_a_wrong_account(market: Market, lan: Seller) -> None:
    market.stall(OTHER_CODE, market.seller(OTHER_NUMBER))

    heard = market.hear(account_number=NUMBER, memo=OTHER_CODE)

    assert heard.stands is not None
    assert heard.stands.entity_id == lan.id, "the account alone says whose money it is"
    assert purpose(heard) == Purpose("unmatched", "wrong_account")
    assert market.transfer(heard.transfer_id).marks == ("unmatched", "wrong_account")


def test_a_code_of_no_stall_is_no_code(market: Market, lan: Seller) -> None:
    heard = market.hear(account_number=NUMBER, memo=OTHER_CODE)

    assert purpose(heard).reason == "only_stall"
    assert market.transfer(heard.transfer_id).codes == ()


def test_an_account_without_a_stall_is_unmatched(market: Market) -> None:
    market.seller(NUMBER)

    assert purpose(market.hear(account_number=NUMBER)) == Purpose("unmatched", "no_code")


def test_an_account_that_nobody_has_is_an_orphan_that_keeps_its_code(
    market: Market, lan: Seller
) -> None:
    heard = market.hear(account_number="9911112222", memo=CODE)

    assert heard.stands is not None
    assert (heard.stands.entity_id, purpose(heard)) == (None, ORPHAN)
    assert market.transfer(heard.transfer_id).codes == (CODE,)


def test_money_that_leaves_is_the_owners_affair(market: Market, lan: Seller) -> None:
    heard = market.hear(account_number=NUMBER, direction="out", memo=CODE)

    assert purpose(heard) == Purpose("owner", "outgoing")


def test_the_same_reference_in_and_out_is_two_movements(market: Market, lan: Seller) -> None:
    came = market.hear(account_number=NUMBER)
    went = market.hear(event_id="2", account_number=NUMBER, direction="out")

    assert (came.news, went.news) == ("first", "first")
    assert came.transfer_id != went.transfer_id


def test_a_code_that_a_provider_carries_outside_the_memo_counts(
    market: Market, lan: Seller
) -> None:
    assert purpose(market.hear(account_number=NUMBER, order_code=CODE)).reason == "code"


@pytest.mark.parametrize("memo", [CODE, f"ck {CODE.lower()}"])
@pytest.mark.parametrize("account_number", [NUMBER, "VQR123", "", "9911112222"])
def test_a_virtual_number_leads_to_the_account(
    market: Market, lan: Seller, memo: str, account_number: str
) -> None:
    """Whether the provider names the account beside it, or puts the virtual number in its place."""
    market.register.add_alias(lan.account, "VQR123")

    heard = market.hear(account_number=account_number, virtual_number="VQR123", memo=memo)

    assert heard.stands is not None
    assert (heard.stands.entity_id, purpose(heard).reason) == (lan.id, "code")


def test_one_transfer_told_by_virtual_number_and_by_account_is_one(
    market: Market, lan: Seller
) -> None:
    market.register.add_alias(lan.account, "VQR123")

    one = market.hear("sepay", account_number="VQR123")
    other = market.hear("casso", account_number=NUMBER)

    assert one.transfer_id == other.transfer_id
    assert other.news == "further"


def test_an_unknown_virtual_number_leaves_the_account_that_was_told(
    market: Market, lan: Seller
) -> None:
    heard = market.hear(account_number=NUMBER, virtual_number="VQR999")

    assert heard.stands is not None
    assert heard.stands.entity_id == lan.id


@pytest.mark.parametrize("bank", ["Ngân hàng Trên Trời", "CIMB", "?", "\x00", "970436"])
def test_an_account_at_another_or_an_unknown_bank_is_not_ours(
    market: Market, lan: Seller, bank: str
) -> None:
    heard = market.hear(account_number=NUMBER, bank=bank, memo=CODE)

    assert purpose(heard) == ORPHAN


@pytest.mark.parametrize("bank", [None, "", "Ngân hàng Mẫu", "MAU", "999999"])
def test_the_bank_may_be_spelt_in_any_way_or_be_the_connections_own(
    market: Market, lan: Seller, bank: str | None
) -> None:
    heard = market.hear(account_number=NUMBER, bank=bank)

    assert heard.stands is not None
    assert heard.stands.entity_id == lan.id


def test_where_nobody_names_a_bank_the_money_is_kept_as_an_orphan(market: Market) -> None:
    told = notice(bank=None)

    heard = market.reception.receive(Source("sepay", None), told, body_of(told), DAWN)

    assert purpose(heard) == ORPHAN


def test_an_account_that_moved_is_each_owners_by_the_booked_time(
    market: Market, lan: Seller
) -> None:
    hoa = market.seller(OTHER_NUMBER)
    market.register.move_account(lan.account, hoa.id, NOON)

    owners = []
    for n, booked_at in enumerate((NOON - SECOND, NOON, NOON + SECOND)):
        heard = market.hear(
            event_id=str(n), reference=f"FT{n}", account_number=NUMBER, booked_at=booked_at
        )
        assert heard.stands is not None
        owners.append((heard.stands.entity_id, purpose(heard).reason))

    assert owners == [(lan.id, "only_stall"), (hoa.id, "no_code"), (hoa.id, "no_code")]


def test_the_old_stalls_code_on_a_moved_account_is_a_wrong_account(
    market: Market, lan: Seller
) -> None:
    market.register.move_account(lan.account, market.seller(OTHER_NUMBER).id, NOON)

    heard = market.hear(account_number=NUMBER, booked_at=NOON, memo=CODE)

    assert purpose(heard).reason == "wrong_account"


def test_a_stall_is_its_keepers_by_the_booked_time(market: Market, lan: Seller) -> None:
    market.register.vacate(CODE, NOON)

    before = market.hear(account_number=NUMBER, memo=CODE, booked_at=NOON - SECOND)
    after = market.hear(
        event_id="2", reference="FT2", account_number=NUMBER, memo=CODE, booked_at=NOON
    )

    assert (purpose(before).reason, purpose(after).reason) == ("code", "no_code")


def test_a_notice_that_is_days_late_is_booked_as_of_its_day(market: Market, lan: Seller) -> None:
    market.register.vacate(CODE, NOON)
    market.clock.at = NOON + timedelta(days=3)

    heard = market.hear(account_number=NUMBER, booked_at=DAWN)

    assert (heard.news, purpose(heard).reason) == ("first", "only_stall")


def test_a_decision_on_an_old_view_is_made_again_on_the_new_one(
    market: Market, lan: Seller
) -> None:
    """Another process has changed the directory; this one has not looked yet."""
    engines = market.book.store.engines
    url = engines.url.render_as_string(hide_password=False)
    with open_market(url, schema=engines.schema) as elsewhere:
        hoa = elsewhere.seller(OTHER_NUMBER)
        elsewhere.register.move_account(lan.account, hoa.id, ALWAYS + timedelta(days=1))

    heard = market.hear(account_number=NUMBER)

    assert heard.stands is not None
    assert heard.stands.entity_id == hoa.id


@pytest.mark.parametrize("amount_vnd", [0, -5, 2**53])
def test_an_amount_that_is_none_is_refused_and_leaves_nothing(
    market: Market, lan: Seller, amount_vnd: int
) -> None:
    before = market.book.log.max_notification_id()

    with pytest.raises(NotAnAmount):
        market.hear(account_number=NUMBER, amount_vnd=amount_vnd)

    assert market.book.log.max_notification_id() == before


def test_what_was_heard_is_a_transfer_of_the_account(market: Market, lan: Seller) -> None:
    heard = market.hear(account_number=NUMBER, reference="  ft1 ")

    found = market.transfer(heard.transfer_id)
    assert isinstance(found, Transfer)
    assert (found.account_key, found.reference) == (lan.account, "FT1")
