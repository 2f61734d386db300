"""Replays the log: what the balances must be, computed from the events and nothing else."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from ledger.as_of import position_at
from ledger.book import Book
from ledger.journal import TrialBalance
from ledger.posting import RULES, post
from ledger.store.mapper import read

PAGE = 10_000
"""Rows fetched at a time: memory stays flat whatever the length of the log."""


def stored_events(
    connection: Connection, book: Book, until: int | None = None
) -> Iterator[Row[*tuple[Any, ...]]]:
    """The rows of the log in order, streamed: position, originator, version, topic, state, time."""
    c = book.store.tables.events.c
    query = select(
        c.position, c.originator_id, c.originator_version, c.topic, c.state, c.recorded_at
    ).order_by(c.position)
    if until is not None:
        query = query.where(c.position <= until)
    streamed = connection.execution_options(stream_results=True, yield_per=PAGE)
    yield from streamed.execute(query)


def replay(book: Book, as_of: datetime | None = None) -> TrialBalance:
    """Every balance, recomputed by the posting rules from the events alone.

    A topic without a rule moves no money, whoever recorded it.
    """
    balances: dict[tuple[UUID, str], int] = {}
    position = 0
    with book.reading() as connection:
        until = None
        if as_of is not None:
            until = position = position_at(connection, book.store.tables.events, as_of)
        for row in stored_events(connection, book, until):
            position = row.position
            if row.topic in RULES:
                for entity, code, vnd in post(row.topic, read(row.topic, row.state)):
                    balances[entity, code] = balances.get((entity, code), 0) + vnd
    return TrialBalance(position, balances)
