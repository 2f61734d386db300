"""A stall's screen: every payment once, under a number of its own, and what became of it."""

from collections import defaultdict
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select

from commune.indicators import turnover
from commune.indicators.turnover import TURNOVER
from ledger.follow.rebuild import compare, rebuild
from ledger.follow.shelf import Shelf
from ledger.market_day import market_day
from ledger.telling import Purpose
from ledger.transfer import Transfer
from market.stalls.feed import (
    CORRECTED,
    FEED,
    HEARD,
    PAYMENTS,
    WITHDRAWN,
    Day,
    Payment,
    after,
    day,
    last,
    since,
)
from tests.builders import CODE, DAWN, OTHER_CODE, Market
from tests.ledger.follow.shelves import follow, shelf_of
from tests.ledger.follow.troubled_day import TroubledDay
from tests.sample import sample

TODAY = market_day(DAWN)
ALL = 1_000_000


def shows(payments: list[Payment]) -> list[tuple[int, int, str]]:
    return [(payment.number, payment.amount_vnd, payment.state) for payment in payments]


def stall_of(transfer: Transfer) -> UUID | None:
    """The stall on whose screen it belongs, as it stands."""
    stands = transfer.stands
    gone = transfer.same_as is not None or transfer.reversed_by is not None
    sale = stands.direction == "in" and stands.purpose.kind == "sale"
    return stands.purpose.stall_id if sale and not gone else None


def everything(shelf: Shelf) -> list[Any]:
    with shelf.reading(FEED) as model:
        table = model.table(PAYMENTS)
        return list(model.rows(select(table).order_by(table.c.stall_id, table.c.position)))


def test_after_a_day_with_every_trouble_the_screens_show_what_stands(
    market: Market, seed: int
) -> None:
    rng = Random(seed)
    with shelf_of(market.book) as shelf:
        troubled = TroubledDay(market, sample(80, soak=5_000), seed)
        for _ in troubled:
            if rng.random() < 0.1:
                follow(market.book, shelf, FEED, TURNOVER)
        follow(market.book, shelf, FEED, TURNOVER)

        due: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
        for transfer in troubled.transfers():
            stall = stall_of(transfer)
            if stall is not None:
                due[stall][transfer.id] = transfer.stands.amount_vnd
        for stall in market.register.stalls().values():
            payments = last(shelf, stall.stall_id, ALL)
            standing = [payment for payment in payments if payment.state != WITHDRAWN]
            assert len(standing) == len(due[stall.stall_id])
            assert {p.transfer_id: p.amount_vnd for p in standing} == due[stall.stall_id]
            numbered_without_a_hole(shelf, stall.stall_id, payments[::-1])
            totals_are_of_the_booked_day(market, shelf, stall.stall_id)


def numbered_without_a_hole(shelf: Shelf, stall: UUID, payments: list[Payment]) -> None:
    by_day: defaultdict[date, list[Payment]] = defaultdict(list)
    for payment in payments:
        assert payment.day == market_day(payment.heard_at)
        by_day[payment.day].append(payment)
    for on, heard in by_day.items():
        assert [payment.number for payment in heard] == list(range(1, len(heard) + 1))
        assert day(shelf, stall, on).last_number == len(heard)
        assert after(shelf, stall, on, len(heard) // 2) == heard[len(heard) // 2 :]


def totals_are_of_the_booked_day(market: Market, shelf: Shelf, stall: UUID) -> None:
    ever = (date(2026, 1, 1), date(2027, 12, 31))
    sold = turnover.by_day(shelf, *ever, stall_id=stall)
    taken_back: defaultdict[date, int] = defaultdict(int)
    for payment in last(shelf, stall, ALL):
        if market.transfer(payment.transfer_id).reversed_by is not None:
            taken_back[market_day(payment.booked_at)] += payment.amount_vnd
    for on, figure in sold.items():
        assert day(shelf, stall, on).amount_vnd == figure.amount_vnd - taken_back[on]


def test_a_rebuild_gives_every_payment_the_same_number(market: Market, seed: int) -> None:
    rng = Random(seed)
    with shelf_of(market.book) as shelf:
        for _ in TroubledDay(market, sample(60, soak=2_000), seed + 1):
            if rng.random() < 0.2:
                follow(market.book, shelf, FEED, TURNOVER)
        follow(market.book, shelf, FEED, TURNOVER)
        before = everything(shelf)

        rebuild(market.book, shelf, [FEED])

        assert everything(shelf) == before
        assert compare(market.book, shelf, [FEED]) == []


def test_a_screen_that_asks_for_news_sees_each_payment_and_what_became_of_it(
    market: Market, seed: int
) -> None:
    rng = Random(seed)
    with shelf_of(market.book) as shelf:
        troubled = TroubledDay(market, sample(60, soak=2_000), seed + 2)
        follow(market.book, shelf, FEED, TURNOVER)
        screens: dict[UUID, dict[UUID, Payment]] = {}
        seen: dict[UUID, int] = {}
        for _ in troubled:
            if rng.random() > 0.07:
                continue
            follow(market.book, shelf, FEED, TURNOVER)
            for stall in market.register.stalls().values():
                screen = screens.setdefault(stall.stall_id, {})
                for payment in since(shelf, stall.stall_id, seen.get(stall.stall_id, 0)):
                    assert payment != screen.get(payment.transfer_id), "told twice"
                    screen[payment.transfer_id] = payment
                    seen[stall.stall_id] = payment.changed
        follow(market.book, shelf, FEED, TURNOVER)
        for stall_id, screen in screens.items():
            for payment in since(shelf, stall_id, seen.get(stall_id, 0)):
                screen[payment.transfer_id] = payment
            assert screen == {p.transfer_id: p for p in last(shelf, stall_id, ALL)}


def test_numbers_begin_anew_every_market_day_that_money_is_heard_of(market: Market) -> None:
    seller = market.seller()
    stall = market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        for n, hours in enumerate((0, 1, 24, 25, 26)):
            market.clock.at = DAWN + timedelta(hours=hours)
            market.hear(
                account_number=seller.number, memo=CODE, event_id=str(n), reference=f"FT{n}"
            )
        follow(market.book, shelf, FEED, TURNOVER)

        tomorrow = TODAY + timedelta(days=1)
        assert [(p.day, p.number) for p in last(shelf, stall, 4)] == [
            (tomorrow, 3), (tomorrow, 2), (tomorrow, 1), (TODAY, 2),
        ]  # fmt: skip
        assert day(shelf, stall, TODAY) == Day(5, 250_000, 2)  # All were booked at dawn.
        assert day(shelf, stall, tomorrow) == Day(0, 0, 3)


def test_a_smaller_amount_corrects_the_line_and_keeps_its_number(market: Market) -> None:
    seller = market.seller()
    stall = market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        market.hear(account_number=seller.number, memo=CODE)
        follow(market.book, shelf, FEED, TURNOVER)
        seen = last(shelf, stall, 1)[0].changed
        market.hear("casso", account_number=seller.number, memo=CODE, amount_vnd=40_000)
        follow(market.book, shelf, FEED, TURNOVER)

        assert shows(last(shelf, stall, 9)) == [(1, 40_000, CORRECTED)]
        assert shows(since(shelf, stall, seen)) == [(1, 40_000, CORRECTED)]
        assert after(shelf, stall, TODAY, 1) == []
        assert day(shelf, stall, TODAY) == Day(1, 40_000, 1)


def test_a_payment_that_goes_to_another_stall_and_back_keeps_its_numbers(market: Market) -> None:
    seller = market.seller()
    stall, other = market.stall(CODE, seller), market.stall(OTHER_CODE, seller)
    here, there = (Purpose("sale", "person", c, s) for c, s in ((CODE, stall), (OTHER_CODE, other)))
    with shelf_of(market.book) as shelf:
        wanted = market.hear(account_number=seller.number, memo=CODE).transfer_id
        market.payments.assign(wanted, there, market.directory.view)
        follow(market.book, shelf, FEED, TURNOVER)
        assert shows(last(shelf, stall, 9)) == [(1, 50_000, WITHDRAWN)]
        assert shows(last(shelf, other, 9)) == [(1, 50_000, HEARD)]

        market.payments.assign(wanted, here, market.directory.view)
        follow(market.book, shelf, FEED, TURNOVER)

        assert shows(last(shelf, stall, 9)) == [(1, 50_000, CORRECTED)]
        assert shows(last(shelf, other, 9)) == [(1, 50_000, WITHDRAWN)]
        assert day(shelf, other, TODAY) == Day(0, 0, 1)


def test_what_the_bank_took_back_is_withdrawn(market: Market) -> None:
    seller = market.seller()
    stall = market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        mine = {"account_number": seller.number, "memo": CODE}
        wanted = market.hear(**mine).transfer_id
        back = market.hear(**mine, event_id="2", direction="out").transfer_id
        market.payments.reverse(wanted, back, market.directory.view)
        follow(market.book, shelf, FEED, TURNOVER)

        assert shows(last(shelf, stall, 9)) == [(1, 50_000, WITHDRAWN)]
        assert day(shelf, stall, TODAY) == Day(0, 0, 1)


def test_money_that_no_stall_made_is_on_no_screen(market: Market) -> None:
    seller = market.seller()
    stalls = [market.stall(CODE, seller), market.stall(OTHER_CODE, seller)]
    with shelf_of(market.book) as shelf:
        market.hear(account_number=seller.number)
        market.hear(account_number="9911112222", event_id="2", reference="FT2")
        market.hear(account_number=seller.number, event_id="3", reference="FT3", direction="out")
        follow(market.book, shelf, FEED, TURNOVER)

        assert [last(shelf, stall, 9) for stall in stalls] == [[], []]
        assert day(shelf, stalls[0], TODAY) == Day(0, 0, 0)
