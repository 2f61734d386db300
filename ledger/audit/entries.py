"""The lines of each event against its posting rule, and the balances against the lines."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.audit.fault import Fault
from ledger.book import Book
from ledger.posting import Entry, post
from ledger.replay import PAGE

Lines = list[tuple[UUID, str, int]]


def booked(connection: Connection, book: Book) -> Callable[[int], Lines]:
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


def differ(
    row: Any, event: Any, lines: Lines, balances: dict[tuple[UUID, str], int]
) -> Iterator[Fault]:
    """Whether the lines are what the posting rule gives, and balance; adds up what is due."""
    if event is not None:
        due = _due(row.topic, event)
        if due is None:
            text = f"{row.topic} speaks of a purpose that no posting rule knows."
            yield Fault("unreadable", row.position, text)
            return
        for entity, code, vnd in due:
            balances[entity, code] = balances.get((entity, code), 0) + vnd
        if lines != [tuple(line) for line in due]:
            text = f"The lines of {row.topic} are not those that its posting rule gives."
            yield Fault("lines_differ", row.position, text)
    sums: dict[UUID, int] = {}
    for entity, _, vnd in lines:
        sums[entity] = sums.get(entity, 0) + vnd
    for entity, vnd in sums.items():
        if vnd:
            text = f"The lines of entity {entity} are out of balance by {vnd} đồng."
            yield Fault("unbalanced", row.position, text)


def _due(topic: str, event: Any) -> list[Entry] | None:
    try:
        return post(topic, event)
    except KeyError:  # A purpose that is not in the table of counter-accounts.
        return None


def without_event(connection: Connection, book: Book) -> Iterator[Fault]:
    """Lines at positions where no event stands."""
    lines, events = book.store.tables.lines.c, book.store.tables.events.c
    query = (
        select(lines.position)
        .distinct()
        .where(~select(events.position).where(events.position == lines.position).exists())
        .order_by(lines.position)
    )
    for position in connection.scalars(query):
        yield Fault("lines_without_event", position, "Lines stand here without any event.")


def balances_differ(
    connection: Connection, book: Book, due: Mapping[tuple[UUID, str], int], head: int
) -> Iterator[Fault]:
    """Balances that are not the sum of what the events demand."""
    c = book.store.tables.balances.c
    rows = connection.execute(select(c.entity, c.code, c.amount_vnd))
    kept = {(row.entity, row.code): row.amount_vnd for row in rows}
    for entity, code in sorted(kept.keys() | due.keys(), key=str):
        is_vnd, due_vnd = kept.get((entity, code), 0), due.get((entity, code), 0)
        if is_vnd != due_vnd:
            text = f"Account {code} of {entity} says {is_vnd} đồng; its events say {due_vnd}."
            yield Fault("balance_differs", head, text)
