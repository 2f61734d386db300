"""Turnover is what the books say: recomputed from the lines, payment by payment, it is the same."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import func, select

from commune.indicators.turnover import (
    NOTHING,
    TURNOVER,
    Figure,
    by_day,
    by_hour,
    by_stall,
    totals,
    unmatched,
)
from ledger.follow.rebuild import compare
from ledger.market_day import MARKET_TIME, market_day
from ledger.telling import Purpose
from tests.builders import CODE, DAWN, OTHER_CODE, Market
from tests.ledger.follow.shelves import follow, shelf_of
from tests.ledger.follow.troubled_day import TroubledDay
from tests.sample import sample

EVER = (date(2026, 1, 1), date(2027, 12, 31))
TODAY = market_day(DAWN)
YESTERDAY = TODAY - timedelta(days=1)


Line = tuple[str, str, UUID, UUID | None, int]
"""Day, kind, entity, stall, hour."""


def from_the_lines(day: TroubledDay) -> dict[Line, Figure]:
    """What each transfer's lines come to on the accounts of sales and of unmatched money."""
    tables = day.market.book.store.tables
    events, lines = tables.events.c, tables.lines.c
    query = (
        select(events.originator_id, lines.entity, lines.code, func.sum(lines.amount_vnd))
        .join_from(tables.lines, tables.events, lines.position == events.position)
        .where(lines.code.in_(("5110", "3380")))
        .group_by(events.originator_id, lines.entity, lines.code)
    )
    with day.market.book.reading() as connection:
        rows = connection.execute(query).all()
    sums: dict[Line, Figure] = {}
    for transfer_id, entity, code, summed in rows:
        if not summed:
            continue
        transfer = day.market.transfer(transfer_id)
        booked = min(telling.booked_at for telling in transfer.tellings).astimezone(MARKET_TIME)
        kind = {"5110": "sale", "3380": "unmatched"}[code] if summed < 0 else "taken_back"
        stall = transfer.stands.purpose.stall_id
        line = (booked.date().isoformat(), kind, entity, stall, booked.hour)
        before = sums.get(line, NOTHING)
        sums[line] = Figure(before.payments + 1, before.amount_vnd + abs(int(summed)))
    return sums


def summed(lines: dict[Line, Figure], *by: int, kind: str = "sale") -> dict[object, Figure]:
    found: dict[object, Figure] = {}
    for line, (payments, vnd) in lines.items():
        if line[1] == kind:
            key = tuple(line[n] for n in by) if len(by) > 1 else line[by[0]]
            before = found.get(key, NOTHING)
            found[key] = Figure(before.payments + payments, before.amount_vnd + vnd)
    return found


def test_it_equals_the_lines_after_a_day_with_every_trouble(market: Market, seed: int) -> None:
    rng = Random(seed)
    with shelf_of(market.book) as shelf:
        day = TroubledDay(market, sample(100, soak=5_000), seed)
        for _ in day:
            if rng.random() < 0.1:
                follow(market.book, shelf, TURNOVER)
        follow(market.book, shelf, TURNOVER)
        due = from_the_lines(day)

        days = summed(due, 0)
        assert {d.isoformat(): figure for d, figure in by_day(shelf, *EVER).items()} == days
        assert by_stall(shelf, *EVER) == summed(due, 2, 3)
        assert unmatched(shelf, *EVER) == summed(due, 2, kind="unmatched")
        first = {line: figure for line, figure in due.items() if line[0] == min(days)}
        assert by_hour(shelf, date.fromisoformat(str(min(days)))) == summed(first, 4)
        for kind, figure in zip(
            ("sale", "unmatched", "taken_back"), totals(shelf, *EVER), strict=True
        ):
            assert figure == summed(due, 1, kind=kind)[kind]
        assert compare(market.book, shelf, [TURNOVER]) == []


def test_a_correction_changes_the_day_on_which_the_payment_was_booked(market: Market) -> None:
    seller = market.seller()
    stall = market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        wanted = market.hear(account_number=seller.number, memo=CODE).transfer_id
        follow(market.book, shelf, TURNOVER)
        assert by_day(shelf, *EVER) == {TODAY: Figure(1, 50_000)}

        market.clock.at += timedelta(days=40)
        market.payments.decide_amount(wanted, 30_000, market.directory.view)
        follow(market.book, shelf, TURNOVER)

        assert by_day(shelf, *EVER) == {TODAY: Figure(1, 30_000)}
        assert by_hour(shelf, TODAY, stall) == {5: Figure(1, 30_000)}


def test_a_payment_before_dawn_belongs_to_the_market_day_not_to_the_utc_one(market: Market) -> None:
    seller = market.seller()
    market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        for n, told in enumerate(("20T16:59:59", "20T17:00:00")):
            at = datetime.fromisoformat(f"2026-11-{told}").replace(tzinfo=UTC)
            market.hear(
                account_number=seller.number, memo=CODE,
                event_id=str(n), reference=f"FT{n}", booked_at=at,
            )  # fmt: skip
        follow(market.book, shelf, TURNOVER)

        assert by_day(shelf, *EVER) == {YESTERDAY: Figure(1, 50_000), TODAY: Figure(1, 50_000)}
        assert by_hour(shelf, YESTERDAY) == {23: Figure(1, 50_000)}
        assert by_hour(shelf, TODAY) == {0: Figure(1, 50_000)}


def test_an_earlier_telling_moves_it_to_the_earlier_day(market: Market) -> None:
    seller = market.seller()
    market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        market.hear(account_number=seller.number, memo=CODE)
        follow(market.book, shelf, TURNOVER)
        earlier = DAWN - timedelta(hours=9)
        market.hear("casso", account_number=seller.number, memo=CODE, booked_at=earlier)
        follow(market.book, shelf, TURNOVER)

        assert by_day(shelf, *EVER) == {YESTERDAY: Figure(1, 50_000)}


def test_what_is_unmatched_is_no_turnover_until_it_is_assigned(market: Market) -> None:
    seller = market.seller()
    stall, _ = market.stall(CODE, seller), market.stall(OTHER_CODE, seller)
    with shelf_of(market.book) as shelf:
        wanted = market.hear(account_number=seller.number).transfer_id
        follow(market.book, shelf, TURNOVER)
        assert totals(shelf, *EVER) == (NOTHING, Figure(1, 50_000), NOTHING)

        sale = Purpose("sale", "person", CODE, stall)
        market.payments.assign(wanted, sale, market.directory.view)
        follow(market.book, shelf, TURNOVER)

        assert totals(shelf, *EVER) == (Figure(1, 50_000), NOTHING, NOTHING)
        assert by_stall(shelf, TODAY, TODAY) == {(seller.id, stall): Figure(1, 50_000)}
        assert unmatched(shelf, *EVER) == {}


def test_an_orphan_is_nobodys_turnover_until_its_account_is_claimed(market: Market) -> None:
    with shelf_of(market.book) as shelf:
        market.hear()
        follow(market.book, shelf, TURNOVER)
        assert totals(shelf, *EVER) == (NOTHING, NOTHING, NOTHING)

        seller = market.seller()
        follow(market.book, shelf, TURNOVER)

        assert unmatched(shelf, *EVER) == {seller.id: Figure(1, 50_000)}


def test_what_the_bank_took_back_is_told_on_its_own_day(market: Market) -> None:
    seller = market.seller()
    market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        mine = {"account_number": seller.number, "memo": CODE}
        wanted = market.hear(**mine, booked_at=DAWN - timedelta(days=1)).transfer_id
        back = market.hear(**mine, event_id="2", direction="out").transfer_id
        market.payments.reverse(wanted, back, market.directory.view)
        follow(market.book, shelf, TURNOVER)

        assert totals(shelf, YESTERDAY, YESTERDAY) == (Figure(1, 50_000), NOTHING, NOTHING)
        assert totals(shelf, TODAY, TODAY) == (NOTHING, NOTHING, Figure(1, 50_000))
        assert totals(shelf, *EVER, entity_id=seller.id).taken_back == Figure(1, 50_000)
