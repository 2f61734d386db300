"""The audit: replays everything and names each place where the book and its events disagree."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from eventsourcing.utils import TopicError
from sqlalchemy import Connection, func, select

from ledger.book import Book
from ledger.histories import Fault, goes_on, holes
from ledger.posting import Entry, post
from ledger.replay import PAGE, stored_events
from ledger.store.mapper import reader
from ledger.transfer import Transfer

ENOUGH = 100
"""Faults named at most; a book with more of them needs a person, not a longer list."""


class Verdict(NamedTuple):
    """What the audit found."""

    ok: bool
    position: int
    faults: list[Fault]
    sealed: bool = False
    """Whether a signed checkpoint covers the book; none is made yet."""


Lines = list[tuple[UUID, str, int]]


def verify(book: Book, progress: Callable[[int], None] = lambda _: None) -> Verdict:
    """Replays the whole log in one consistent view of the database.

    Checks: positions dense from 1, times never decreasing, each history's versions dense, each
    event readable and going on from the one before, each event's stored lines equal to its
    posting rule and balanced within each entity, balances equal to the sum of lines, each first word and further word in the inbox.
    `progress` is told the position now and then.
    """
    faults: list[Fault] = []
    position = 0
    with book.reading() as connection:
        balances: dict[tuple[UUID, str], int] = {}
        for position, found in _events(connection, book, balances):
            faults += found
            if position % PAGE == 0:
                progress(position)
            if len(faults) >= ENOUGH:
                break
        else:
            faults += holes(connection, book)
            faults += _lines_of_nothing(connection, book, position)
            faults += _balances(connection, book, balances, position)
            faults += _inbox(connection, book)
    return Verdict(not faults, position, faults[:ENOUGH])


def _events(
    connection: Connection, book: Book, balances: dict[tuple[UUID, str], int]
) -> Iterator[tuple[int, list[Fault]]]:
    """Each position with the faults found there; adds up the balances that the events demand."""
    expected, last_us = 1, 0
    booked = _booked(connection, book)
    for row in stored_events(connection, book):
        faults = []
        if row.position != expected:
            text = f"Position {expected} is missing: something was removed from the log."
            faults.append(Fault("gap", expected, text))
        if row.recorded_at < last_us:
            text = "Recorded before its predecessor: the log was written to from the side."
            faults.append(Fault("time_runs_back", row.position, text))
        expected, last_us = row.position + 1, max(last_us, row.recorded_at)
        faults += _entry(connection, book, row, booked(row.position), balances)
        yield row.position, faults


def _entry(
    connection: Connection,
    book: Book,
    row: Any,
    lines: Lines,
    balances: dict[tuple[UUID, str], int],
) -> Iterator[Fault]:
    """Whether the event can be read, goes on from the last, and has the lines of its rule."""
    try:
        event = reader(row.topic).decode(row.state)
        due = post(row.topic, event)
        yield from goes_on(connection, book, row, event)
    except (TopicError, msgspec.DecodeError, KeyError) as error:
        yield Fault("unreadable", row.position, f"{row.topic} cannot be read: {error}")
        return
    for entity, code, vnd in due:
        balances[entity, code] = balances.get((entity, code), 0) + vnd
    if lines != [Entry(*line) for line in due]:
        text = f"The lines of {row.topic} are not those that its posting rule gives."
        yield Fault("lines_differ", row.position, text)
    sums: dict[UUID, int] = {}
    for entity, _, vnd in lines:
        sums[entity] = sums.get(entity, 0) + vnd
    for entity, vnd in sums.items():
        if vnd:
            text = f"The lines of entity {entity} are out of balance by {vnd} đồng."
            yield Fault("unbalanced", row.position, text)


def _booked(connection: Connection, book: Book) -> Callable[[int], Lines]:
    """The stored lines of one position after another; positions must be asked in rising order."""
    c = book.store.tables.lines.c
    query = select(c.position, c.entity, c.code, c.amount_vnd).order_by(c.position, c.line)
    rows = iter(connection.execution_options(stream_results=True, yield_per=PAGE).execute(query))
    waiting = [next(rows, None)]

    def at(position: int) -> Lines:
        lines: Lines = []
        while (row := waiting[0]) is not None and row.position <= position:
            if row.position == position:
                lines.append((row.entity, row.code, row.amount_vnd))
            waiting[0] = next(rows, None)
        return lines

    return at


def _lines_of_nothing(connection: Connection, book: Book, head: int) -> Iterator[Fault]:
    lines, events = book.store.tables.lines.c, book.store.tables.events.c
    query = (
        select(lines.position)
        .distinct()
        .where(~select(events.position).where(events.position == lines.position).exists())
        .order_by(lines.position)
        .limit(ENOUGH)
    )
    for position in connection.scalars(query):
        yield Fault("lines_without_event", position, "Lines stand here without any event.")


def _balances(
    connection: Connection, book: Book, due: Mapping[tuple[UUID, str], int], head: int
) -> Iterator[Fault]:
    c = book.store.tables.balances.c
    rows = connection.execute(select(c.entity, c.code, c.amount_vnd))
    kept = {(row.entity, row.code): row.amount_vnd for row in rows}
    for entity, code in sorted(kept.keys() | due.keys(), key=str):
        is_vnd, due_vnd = kept.get((entity, code), 0), due.get((entity, code), 0)
        if is_vnd != due_vnd:
            text = f"Account {code} of {entity} says {is_vnd} đồng; its events say {due_vnd}."
            yield Fault("balance_differs", head, text)


def _inbox(connection: Connection, book: Book) -> Iterator[Fault]:
    """Each inbox row was caused by, and lies with, the event that carries its digest."""
    events, inbox = book.store.tables.events.c, book.store.tables.inbox.c
    told = (
        Transfer.Created.TOPIC,
        Transfer.ToldAgain.TOPIC,
        Transfer.Contradicted.TOPIC,
    )
    query = (
        select(inbox.position, inbox.digest, events.topic, events.state)
        .outerjoin_from(
            book.store.tables.inbox,
            book.store.tables.events,
            inbox.position == events.position,
        )
        .order_by(inbox.position)
    )
    streamed = connection.execution_options(stream_results=True, yield_per=PAGE)
    count = 0
    for row in streamed.execute(query):
        count += 1
        if row.state is None or row.digest.hex() not in row.state:
            text = "An inbox row does not belong to the event that it is said to have caused."
            yield Fault("inbox_differs", row.position, text)
    words = connection.scalar(select(func.count()).where(events.topic.in_(told))) or 0
    if count < words - _heard_over(connection, book):
        yield Fault("inbox_missing", 0, f"{words} words were heard, {count} lie in the inbox.")


def _heard_over(connection: Connection, book: Book) -> int:
    """Words that a transfer took over from one that turned out to be the same."""
    events = book.store.tables.events.c
    same = select(events.originator_id).where(events.topic == Transfer.SameAs.TOPIC)
    told = (Transfer.Created.TOPIC, Transfer.ToldAgain.TOPIC, Transfer.Contradicted.TOPIC)
    query = select(func.count()).where(events.originator_id.in_(same), events.topic.in_(told))
    return connection.scalar(query) or 0
