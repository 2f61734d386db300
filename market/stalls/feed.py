"""The feed: what a stall's screen shows and speaks, each payment under a number of its own."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select

from ledger.fact import events_of
from ledger.follow.batch import Batch
from ledger.follow.moment import day_of, from_us, to_us
from ledger.follow.projection import Changes, Field, Kept, Key, Order, Projection, Sheet
from ledger.follow.shelf import Model, Shelf
from ledger.telling import Standing
from ledger.transfer import Transfer

HEARD, CORRECTED, WITHDRAWN = "heard", "corrected", "withdrawn"

PAYMENTS = Sheet(
    "feed",
    key=(Field("stall_id", "id"), Field("position", "number")),
    values=(
        Field("day", "text"),
        Field("number", "number"),
        Field("transfer_id", "id"),
        Field("amount_vnd", "number"),
        Field("booked_at", "number"),
        Field("heard_at", "number"),
        Field("state", "text"),
        Field("changed", "number"),
    ),
    orders=(Order(("stall_id", "changed"), where="changed > position"),),
)
"""`position`: of the event that brought the payment to this stall; `changed`: of the last that
touched it here."""

DAYS = Sheet(
    "feed_days",
    key=(Field("stall_id", "id"), Field("day", "text")),
    values=(Field("numbers", "number"), Field("payments", "number"), Field("amount_vnd", "number")),
    sums=True,
)
"""`numbers`: how many were given out to what was heard on that market day; `payments` and
`amount_vnd`: what was booked on it, whenever it was heard."""

TOPICS = frozenset(events_of(Transfer))
AFTERWARDS = TOPICS - {Transfer.Created.TOPIC}


class Payment(NamedTuple):
    """One line of a stall's screen."""

    number: int
    """Of the stall's payments heard on `day`, from 1: none is missing, none comes twice."""
    day: date
    """The market day on which the book heard of it, or learned that it is this stall's."""
    transfer_id: UUID
    amount_vnd: int
    """As it stands; of a withdrawn one, as it stood."""
    booked_at: datetime
    heard_at: datetime
    state: str
    """heard; corrected (look at the amount again); withdrawn (it is not this stall's money)."""
    changed: int
    """The position of the last event that touched it: ask for what comes after it."""


class Day(NamedTuple):
    """A stall's market day."""

    payments: int
    amount_vnd: int
    """What was booked on the day and stands: the day's turnover, less what the bank took back."""
    last_number: int
    """The number of the last payment heard on the day."""


class _Shown(NamedTuple):
    """What a screen shows of a transfer."""

    stall: UUID
    amount_vnd: int
    booked_at: datetime


class _Step(NamedTuple):
    """One later event of a transfer, as screens see it."""

    recorded_at_us: int
    fact: bytes | UUID
    before: _Shown | None
    after: _Shown | None
    came: dict[UUID, int]
    """At which position the transfer first came to each stall that has ever shown it."""


@dataclass(slots=True)
class _Line:
    """A row of the feed; a new one counts its number from the beginning of the batch."""

    day: str
    number: int
    transfer_id: bytes | UUID
    amount_vnd: int
    booked_at: int
    heard_at: int
    state: str
    changed: int


@dataclass(slots=True)
class _Tally:
    """What a batch adds to a stall's market day."""

    stall: UUID
    day: str
    fresh: list[_Line]
    payments: int = 0
    amount_vnd: int = 0


class _Screens:
    """The screens of a batch's stalls, event by event."""

    def __init__(self, lines: Mapping[Key, Sequence[Any]]) -> None:
        self.lines = {key: _Line(*values) for key, values in lines.items()}
        self.tallies: dict[tuple[int, str], _Tally] = {}

    def enter(self, position: int, recorded_at_us: int, fact: bytes | UUID, shown: _Shown) -> None:
        """The payment comes to this stall for the first time."""
        stall, amount_vnd, booked_at = shown
        booked_us = to_us(booked_at)
        day, booked_on = day_of(recorded_at_us), day_of(booked_us)
        tally = self._tally(stall, day)
        number = len(tally.fresh) + 1
        line = _Line(day, number, fact, amount_vnd, booked_us, recorded_at_us, HEARD, position)
        self.lines[stall, position] = line
        tally.fresh.append(line)
        booked = tally if booked_on == day else self._tally(stall, booked_on)
        booked.payments += 1
        booked.amount_vnd += amount_vnd

    def take(self, position: int, step: _Step) -> None:
        """Something happened to a payment that was here before, or comes from another stall."""
        before, after = step.before, step.after
        if before is not None:
            self._count(before, -1)
            if after is None or after.stall != before.stall:
                self._write(position, step, before, WITHDRAWN)
        if after is not None and step.came[after.stall] == position:
            self.enter(position, step.recorded_at_us, step.fact, after)
        elif after is not None:
            self._count(after, 1)
            only_earlier = before is not None and before[:2] == after[:2]
            self._write(position, step, after, None if only_earlier else CORRECTED)

    def _count(self, shown: _Shown, times: int) -> None:
        tally = self._tally(shown.stall, day_of(to_us(shown.booked_at)))
        tally.payments += times
        tally.amount_vnd += times * shown.amount_vnd

    def _write(self, position: int, step: _Step, shown: _Shown, state: str | None) -> None:
        line = self.lines[shown.stall, step.came[shown.stall]]
        line.amount_vnd = shown.amount_vnd
        line.booked_at = to_us(shown.booked_at)
        line.state = state or line.state
        line.changed = position

    def _tally(self, stall: UUID, day: str) -> _Tally:
        tally = self.tallies.get((stall.int, day))
        if tally is None:
            tally = self.tallies[stall.int, day] = _Tally(stall, day, [])
        return tally


def _fold(batch: Batch, kept: Kept) -> Changes:
    """In the order of the log: what comes to a stall for the first time gets its next number."""
    changed = batch.changed(AFTERWARDS)
    steps = dict(_steps(batch, changed))
    screens = _Screens(kept(PAYMENTS, _known(batch, steps)))
    for position, fact, _, recorded_at_us, _, event in batch.of(TOPICS):
        if fact not in changed:
            shown = _shown(event.stands, event.telling.booked_at)
            if shown is not None:
                screens.enter(position, recorded_at_us, fact, shown)
        elif (step := steps.get(position)) is not None:
            screens.take(position, step)
    return _changes(screens, kept)


def _steps(batch: Batch, changed: Collection[bytes | UUID]) -> Iterator[tuple[int, _Step]]:
    """What the batch's events change on screens, by position."""
    for fact in changed:
        before, came = None, dict[UUID, int]()
        for position, recorded_at_us, transfer in batch.story(fact):
            after = _shown(transfer.stands, transfer.booked_at)
            if transfer.same_as is not None or transfer.reversed_by is not None:
                after = None
            if after is not None:
                came.setdefault(after.stall, position)
            if position > batch.after.position and after != before:
                yield position, _Step(recorded_at_us, fact, before, after, came)
            before = after


def _known(batch: Batch, steps: Mapping[int, _Step]) -> set[Key]:
    """The rows that earlier batches have written and this one touches."""
    return {
        (shown.stall, step.came[shown.stall])
        for step in steps.values()
        for shown in (step.before, step.after)
        if shown is not None and step.came[shown.stall] <= batch.after.position
    }


def _shown(stands: Standing, booked_at: datetime) -> _Shown | None:
    """Sales that came in, at the stall that made them."""
    purpose = stands.purpose
    if stands.direction != "in" or purpose.kind != "sale" or purpose.stall_id is None:
        return None
    return _Shown(purpose.stall_id, stands.amount_vnd, booked_at)


def _changes(screens: _Screens, kept: Kept) -> Changes:
    """The rows as they are written, with the numbers that the days had reached before."""
    changes = Changes()
    days = {(tally.stall, tally.day): tally for tally in screens.tallies.values()}
    before = kept(DAYS, [day for day, tally in days.items() if tally.fresh])
    for day, tally in days.items():
        given = before[day][0] if day in before else 0
        for line in tally.fresh:
            line.number += given
        changes.add(DAYS, day, len(tally.fresh), tally.payments, tally.amount_vnd)
    for key, line in screens.lines.items():
        changes.put(
            PAYMENTS, key, line.day, line.number, line.transfer_id, line.amount_vnd,
            line.booked_at, line.heard_at, line.state, line.changed,
        )  # fmt: skip
    return changes


FEED = Projection("feed", version=1, topics=TOPICS, sheets=(PAYMENTS, DAYS), fold=_fold)


def last(shelf: Shelf, stall_id: UUID, count: int) -> list[Payment]:
    """The stall's newest payments, the newest first, whatever their day."""
    with shelf.reading(FEED) as model:
        c = model.table(PAYMENTS).c
        return _payments(model, c.stall_id == stall_id, newest=count)


def after(shelf: Shelf, stall_id: UUID, day: date, number: int) -> list[Payment]:
    """What the stall heard on that market day after its payment of this number, in order."""
    with shelf.reading(FEED) as model:
        c = model.table(PAYMENTS).c
        missed = _day(model, stall_id, day).last_number - number
        mine = (c.stall_id == stall_id, c.day == day.isoformat())
        return _payments(model, *mine, newest=max(missed, 0))[::-1]


def since(shelf: Shelf, stall_id: UUID, position: int) -> list[Payment]:
    """What was heard, corrected or withdrawn at the stall after that position of the book; for a
    screen that asks again and again with the greatest `changed` that it has seen."""
    with shelf.reading(FEED) as model:
        c = model.table(PAYMENTS).c
        new = _payments(model, c.stall_id == stall_id, c.position > position)
        again = (c.changed > c.position, c.changed > position, c.position <= position)
        found = new + _payments(model, c.stall_id == stall_id, *again)
    return sorted(found, key=lambda payment: payment.changed)


def day(shelf: Shelf, stall_id: UUID, on: date) -> Day:
    """The running total of a stall's market day."""
    with shelf.reading(FEED) as model:
        return _day(model, stall_id, on)


def _day(model: Model, stall_id: UUID, on: date) -> Day:
    c = model.table(DAYS).c
    mine = (c.stall_id == stall_id, c.day == on.isoformat())
    rows = model.rows(select(c.payments, c.amount_vnd, c.numbers).where(*mine))
    return Day(*rows[0]) if rows else Day(0, 0, 0)


def _payments(
    model: Model, *wanted: ColumnElement[bool], newest: int | None = None
) -> list[Payment]:
    table = model.table(PAYMENTS)
    query = select(table).where(*wanted).order_by(table.c.position.desc()).limit(newest)
    return [
        Payment(
            row.number, date.fromisoformat(row.day), row.transfer_id, row.amount_vnd,
            from_us(row.booked_at), from_us(row.heard_at), row.state, row.changed,
        )
        for row in model.rows(query)
    ]  # fmt: skip
