"""Cashless turnover: what stalls received by transfer, by market day and hour of the booking."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from ledger.fact import events_of
from ledger.follow.batch import Batch
from ledger.follow.projection import Changes, Field, Kept, Key, Order, Projection, Sheet
from ledger.follow.shelf import Shelf
from ledger.market_day import MARKET_TIME
from ledger.telling import Standing
from ledger.transfer import Transfer

SALE, UNMATCHED, TAKEN_BACK = "sale", "unmatched", "taken_back"
"""Turnover itself; received, but nobody knows yet for what; sales that the bank has reversed, on
the day of the reversal."""
NO_STALL = UUID(int=0)

SHEET = Sheet(
    "turnover",
    key=(
        Field("day", "text"),
        Field("kind", "text"),
        Field("entity_id", "id"),
        Field("stall_id", "id"),
        Field("hour", "number"),
    ),
    values=(Field("payments", "number"), Field("amount_vnd", "number")),
    sums=True,
    orders=(Order(("stall_id", "day")),),
)

TOPICS = frozenset(events_of(Transfer))
AFTERWARDS = TOPICS - {Transfer.Created.TOPIC}
"""All that may move a payment to another row, or change its amount there."""


class Figure(NamedTuple):
    """How many payments, and how much they came to."""

    payments: int
    amount_vnd: int


NOTHING = Figure(0, 0)


class Totals(NamedTuple):
    """A period's figures; its net turnover is sales less what was taken back."""

    sales: Figure
    unmatched: Figure
    taken_back: Figure


def _fold(batch: Batch, kept: Kept) -> Changes:
    """A payment stands in the row of its stall, and of the market hour in which it was booked; what
    happens to it later changes that row, whenever it happens."""
    changes = Changes()
    changed = batch.changed(AFTERWARDS)
    for happened in batch.of({Transfer.Created.TOPIC}):
        if happened.fact not in changed:
            stands = happened.event.stands
            _count(changes, _row(stands, happened.event.telling.booked_at), stands, 1)
    for fact in changed:
        before: tuple[Key, Standing] | None = None
        for position, _, transfer in batch.story(fact):
            row = None if transfer.same_as else _row(transfer.stands, transfer.booked_at)
            now = None if row is None else (row, transfer.stands)
            if position > batch.after.position and now != before:
                if before is not None:
                    _count(changes, *before, -1)
                if now is not None:
                    _count(changes, *now, 1)
            before = now
    return changes


def _row(stands: Standing, booked_at: datetime) -> Key | None:
    """The row in which a transfer counts, if it does."""
    purpose = stands.purpose
    if stands.direction == "in" and purpose.kind in (SALE, UNMATCHED):
        kind = purpose.kind
    elif stands.direction == "out" and purpose.kind == SALE:
        kind = TAKEN_BACK
    else:
        return None
    if stands.entity_id is None:
        return None
    booked = booked_at.astimezone(MARKET_TIME)
    stall = purpose.stall_id or NO_STALL
    return booked.date().isoformat(), kind, stands.entity_id, stall, booked.hour


def _count(changes: Changes, row: Key | None, stands: Standing, times: int) -> None:
    if row is not None:
        changes.add(SHEET, row, times, times * stands.amount_vnd)


TURNOVER = Projection(
    "turnover",
    version=1,
    topics=TOPICS,
    sheets=(SHEET,),
    fold=_fold,
)


def totals(shelf: Shelf, first: date, last: date, entity_id: UUID | None = None) -> Totals:
    """The figures of a period, both days included: of one entity, or of all."""
    found = _sums(shelf, ("kind",), first, last, entity_id=entity_id)
    return Totals(*(found.get((kind,), NOTHING) for kind in (SALE, UNMATCHED, TAKEN_BACK)))


def by_day(
    shelf: Shelf, first: date, last: date, stall_id: UUID | None = None
) -> dict[date, Figure]:
    """Sales of each market day that had any: of one stall, or of all."""
    found = _sums(shelf, ("day",), first, last, kind=SALE, stall_id=stall_id)
    return {date.fromisoformat(day): figure for (day,), figure in found.items()}


def by_hour(shelf: Shelf, day: date, stall_id: UUID | None = None) -> dict[int, Figure]:
    """Sales of each market hour (0 to 23) that had any: of one stall, or of all."""
    found = _sums(shelf, ("hour",), day, day, kind=SALE, stall_id=stall_id)
    return {hour: figure for (hour,), figure in found.items()}


def by_stall(shelf: Shelf, first: date, last: date) -> dict[tuple[UUID, UUID | None], Figure]:
    """Sales of a period by (entity, stall); sales of an entity that name no stall under None."""
    found = _sums(shelf, ("entity_id", "stall_id"), first, last, kind=SALE)
    return {(e, None if s == NO_STALL else s): figure for (e, s), figure in found.items()}


def unmatched(shelf: Shelf, first: date, last: date) -> dict[UUID, Figure]:
    """What each entity received in a period without anybody knowing yet for what."""
    found = _sums(shelf, ("entity_id",), first, last, kind=UNMATCHED)
    return {entity: figure for (entity,), figure in found.items()}


def _sums(
    shelf: Shelf, by: Sequence[str], first: date, last: date, **only: Any
) -> Mapping[Key, Figure]:
    """Sums of the sheet by these columns, in their order."""
    with shelf.reading(TURNOVER) as model:
        c = model.table(SHEET).c
        wanted: list[ColumnElement[bool]] = [c.day.between(first.isoformat(), last.isoformat())]
        wanted += [c[name] == value for name, value in only.items() if value is not None]
        columns = [c[name] for name in by]
        query = (
            select(*columns, func.sum(c.payments), func.sum(c.amount_vnd))
            .where(*wanted)
            .group_by(*columns)
            .order_by(*columns)
        )
        return {tuple(key): Figure(int(n), int(vnd)) for *key, n, vnd in model.rows(query)}
