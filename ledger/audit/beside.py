"""What is written beside the events: the inbox, and the list of changes of the directory."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from ledger.audit.fault import Fault
from ledger.book import Book
from ledger.fact import directory_topics
from ledger.instant import moment
from ledger.replay import PAGE
from ledger.store.mapper import UnreadableEvent, read
from ledger.transfer import Transfer

TOLD = (Transfer.Created.TOPIC, Transfer.ToldAgain.TOPIC, Transfer.Contradicted.TOPIC)
"""The events that a provider's word causes."""


def inbox_differs(connection: Connection, book: Book) -> Iterator[Fault]:
    """Inbox rows that are not what their event carries, and words that lie in no inbox."""
    events, inbox = book.store.tables.events, book.store.tables.inbox
    query = (
        select(
            *(inbox.c[name] for name in ("position", "connection", "event_id", "digest")),
            inbox.c.transfer_id,
            inbox.c.received_at,
            *(events.c[name] for name in ("originator_id", "topic", "state")),
        )
        .outerjoin_from(inbox, events, inbox.c.position == events.c.position)
        .order_by(inbox.c.position)
    )
    count = 0
    for row in connection.execution_options(stream_results=True, yield_per=PAGE).execute(query):
        count += 1
        if not _is_what_was_told(row):
            text = "An inbox row does not belong to the event that it is said to have caused."
            yield Fault("inbox_differs", row.position, text)
    words = _words(connection, book)
    if count != words:
        text = f"{words} words were heard from providers, {count} lie in the inbox."
        yield Fault("inbox_count_differs", 0, text)


def _is_what_was_told(row: Any) -> bool:
    if row.topic not in TOLD:
        return False
    try:
        told = read(row.topic, row.state).telling
    except UnreadableEvent:
        return False  # The log's own check names it.
    return bool(
        row.transfer_id == row.originator_id
        and (row.connection, row.event_id, row.digest.hex()) == told.identity
        and moment(row.received_at) == told.received_at
    )


def _words(connection: Connection, book: Book) -> int:
    """Words that providers said; what a transfer took over from one that turned out to be the
    same stands in the log twice and came once."""
    c = book.store.tables.events.c
    same = select(c.originator_id).where(c.topic == Transfer.SameAs.TOPIC)
    told = select(func.count()).where(c.topic.in_(TOLD))
    said = connection.scalar(told) or 0
    return said - (connection.scalar(told.where(c.originator_id.in_(same))) or 0)


def directory_differs(connection: Connection, book: Book) -> Iterator[Fault]:
    """Changes of the directory that its list forgot, and entries that are no such change."""
    events, directory = book.store.tables.events, book.store.tables.directory
    listed = set(connection.scalars(select(directory.c.position)))
    query = select(events.c.position).where(events.c.topic.in_(directory_topics()))
    changes = set(connection.scalars(query))
    for position in sorted(changes - listed):
        text = "A change of the directory is not listed: decisions no longer see it."
        yield Fault("directory_forgets", position, text)
    for position in sorted(listed - changes):
        text = "The directory lists a change where none stands."
        yield Fault("directory_invents", position, text)
