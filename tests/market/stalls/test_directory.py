"""The directory knows who owned an account, who kept a stall and what a code means, at any time."""

from dataclasses import replace
from datetime import datetime, timedelta

from ledger.telling import Purpose
from market.stalls.code import code_of
from market.stalls.directory import ALWAYS, Directory, Keeper, StallEntry
from tests.builders import (
    ACCOUNT,
    BOOK_ID,
    CODE,
    DAWN,
    NEIGHBOUR,
    NOON,
    OTHER_ACCOUNT,
    OTHER_CODE,
    STALL,
    VENDOR,
    Market,
    town,
)

REQUEST = code_of(99)
SECOND = timedelta(seconds=1)


def stall(*keepers: Keeper) -> StallEntry:
    return StallEntry(STALL, CODE, BOOK_ID, "A01", "rau", keepers)


def test_a_stall_is_kept_from_a_time_on_until_it_is_vacated() -> None:
    hers = Keeper(DAWN, VENDOR, ACCOUNT)
    entry = stall(hers, Keeper(NOON, None, None))

    assert [entry.keeper_at(at) for at in (DAWN - SECOND, DAWN, NOON - SECOND, NOON)] == [
        None,
        hers,
        hers,
        None,
    ]
    assert entry.keeper is None


def test_a_stall_that_nobody_ever_kept_has_no_keeper() -> None:
    assert (stall().keeper_at(DAWN), stall().keeper) == (None, None)


def test_an_account_that_nobody_claimed_has_no_owner() -> None:
    assert town(owners={}).owner_of(ACCOUNT, DAWN) is None


def purpose(
    codes: tuple[str, ...], *stalls: tuple[str, object, str], at: datetime = DAWN
) -> Purpose:
    found = town(owners={ACCOUNT: VENDOR, OTHER_ACCOUNT: NEIGHBOUR}, stalls=stalls)  # type: ignore[arg-type]
    return found.purpose_of(VENDOR, ACCOUNT, "in", codes, at)


MINE, ALSO_MINE = (CODE, VENDOR, ACCOUNT), (OTHER_CODE, VENDOR, ACCOUNT)
THEIRS = (OTHER_CODE, NEIGHBOUR, OTHER_ACCOUNT)


def test_the_owners_code_says_what_it_was_for() -> None:
    found = purpose((OTHER_CODE,), MINE, ALSO_MINE)

    assert (found.kind, found.reason, found.code) == ("sale", "code", OTHER_CODE)


def test_of_two_codes_of_the_owner_the_first_in_order_stands() -> None:
    found = purpose((CODE, OTHER_CODE), MINE, ALSO_MINE)

    assert (found.kind, found.reason, found.code) == (
        "sale",
        "several_codes",
        min(CODE, OTHER_CODE),
    )


def test_the_owners_code_stands_beside_a_strangers() -> None:
    found = purpose((CODE, OTHER_CODE), MINE, THEIRS)

    assert (found.kind, found.reason, found.code) == ("sale", "code", CODE)


def test_a_strangers_code_alone_is_a_wrong_account_even_where_there_is_only_one_stall() -> None:
    assert purpose((OTHER_CODE,), MINE, THEIRS) == Purpose("unmatched", "wrong_account")


def test_without_a_code_it_is_for_the_accounts_only_stall() -> None:
    found = purpose((), MINE, THEIRS)

    assert (found.kind, found.reason, found.code) == ("sale", "only_stall", None)
    assert found.stall_id is not None


def test_without_a_code_nobody_knows_for_which_of_two_stalls() -> None:
    assert purpose((), MINE, ALSO_MINE) == Purpose("unmatched", "no_code")


def test_without_any_stall_nobody_knows_either() -> None:
    assert purpose(()) == Purpose("unmatched", "no_code")


def test_a_stall_that_is_paid_on_another_account_of_the_owner_is_not_the_only_stall() -> None:
    found = purpose((), (CODE, VENDOR, OTHER_ACCOUNT))

    assert found == Purpose("unmatched", "no_code")


def test_money_that_leaves_is_the_owners_affair_whatever_its_memo_says() -> None:
    found = town(stalls=[MINE]).purpose_of(VENDOR, ACCOUNT, "out", (CODE,), DAWN)

    assert found == Purpose("owner", "outgoing")


def test_it_is_folded_from_its_events(market: Market) -> None:
    seller = market.seller()
    stall_id = market.stall(CODE, seller, DAWN)
    market.register.vacate(CODE, NOON)

    view = Directory(market.book, market.title.book_id).refresh()
    entry = view.stalls[CODE]

    assert (entry.stall_id, entry.number, entry.trade) == (stall_id, f"quầy {CODE}", "rau củ")
    assert entry.keepers == (Keeper(DAWN, seller.id, seller.account), Keeper(NOON, None, None))
    assert view.owner_of(seller.account, datetime.max.replace(tzinfo=DAWN.tzinfo)) == seller.id
    assert view.owner_of(seller.account, ALWAYS) == seller.id
    live = market.directory.view
    assert replace(view, find_request=live.find_request) == live, "one by one or all at once"


def test_a_view_never_changes_and_a_refresh_makes_a_newer_one(market: Market) -> None:
    before = market.directory.view
    seller = market.seller()

    assert before.owner_of(seller.account, DAWN) is None
    assert market.directory.view.owner_of(seller.account, DAWN) == seller.id
    assert market.directory.view.position > before.position


def test_without_news_a_refresh_is_the_same_view(market: Market) -> None:
    market.stall(CODE, market.seller())
    before = market.directory.view
    market.hear()  # Money is no news for the directory.

    assert market.directory.refresh() is before


def test_an_account_that_moved_belongs_to_each_owner_in_their_time(market: Market) -> None:
    seller, other = market.seller(), market.seller("9900000002")
    market.register.move_account(seller.account, other.id, NOON)
    view = market.directory.view

    assert view.owner_of(seller.account, NOON - SECOND) == seller.id
    assert view.owner_of(seller.account, NOON) == other.id
    assert view.owned_since(seller.account) == NOON
    assert view.owned_since(other.account) == ALWAYS


def test_a_code_is_known_when_a_stall_or_a_request_bears_it(market: Market) -> None:
    seller = market.seller()
    stall_id = market.stall(CODE, seller)
    market.request(REQUEST, seller, stall_id, 35_000)

    assert market.directory.view.known_codes((CODE, REQUEST, OTHER_CODE)) == (CODE, REQUEST)


def test_a_request_is_known_as_soon_as_it_is_asked(market: Market) -> None:
    seller = market.seller()
    assert market.directory.view.known_codes((REQUEST,)) == ()

    market.request(REQUEST, seller, None, 35_000)

    assert market.directory.view.known_codes((REQUEST,)) == (REQUEST,)


def test_a_requests_code_says_more_than_a_stalls(market: Market) -> None:
    seller = market.seller()
    stall_id = market.stall(CODE, seller)
    request = market.request(REQUEST, seller, stall_id, 35_000)

    found = market.directory.view.purpose_of(
        seller.id, seller.account, "in", sorted((CODE, REQUEST)), DAWN
    )

    assert found == Purpose("sale", "several_codes", REQUEST, stall_id, request)


def test_a_virtual_number_leads_to_its_account(market: Market) -> None:
    seller = market.seller()
    market.register.add_alias(seller.account, "VQR1")
    view = market.directory.view
    (alias,) = view.aliases

    assert (view.account(alias), view.account("unheard of")) == (seller.account, "unheard of")
