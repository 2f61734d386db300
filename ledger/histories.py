"""What the events of one history owe each other: no hole, each goes on from the last."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from ledger.book import Book
from ledger.store.mapper import reader
from ledger.telling import Standing
from ledger.transfer import Transfer


class Fault(NamedTuple):
    """One place where the book is not what its events say."""

    code: str
    position: int
    message: str


def holes(connection: Connection, book: Book) -> Iterator[Fault]:
    """Histories whose versions do not run from 1 without a gap."""
    c = book.store.tables.events.c
    version = c.originator_version
    query = (
        select(func.max(c.position).label("position"), func.max(version).label("last"))
        .group_by(c.originator_id)
        .having(or_(func.count() != func.max(version), func.min(version) != 1))
        .order_by("position")
    )
    for row in connection.execute(query):
        text = f"A history ends with version {row.last}, but not all versions before it are there."
        yield Fault("version_gap", row.position, text)


def goes_on(connection: Connection, book: Book, row: Any, event: Any) -> Iterator[Fault]:
    """A transfer begins as it was told, and each later event goes on from where it stood."""
    if row.topic == Transfer.Created.TOPIC:
        told, stands = event.telling.amount_vnd, event.stands
        if stands.amount_vnd != told or stands.settled:
            text = f"{told} đồng were told, but {stands.amount_vnd} đồng were recorded."
            yield Fault("told_differs", row.position, text)
    elif hasattr(event, "stood"):
        before = _standing_before(connection, book, row.originator_id, row.originator_version)
        if before != event.stood:
            text = f"{row.topic} does not go on from where the transfer stood before it."
            yield Fault("standing_differs", row.position, text)


def _standing_before(
    connection: Connection, book: Book, transfer: UUID, version: int
) -> Standing | None:
    """How the transfer stood before this version, by the last event that says."""
    c = book.store.tables.events.c
    query = (
        select(c.topic, c.state)
        .where(c.originator_id == transfer, c.originator_version < version)
        .order_by(c.originator_version.desc())
    )
    for topic, state in connection.execute(query).all():
        event = reader(topic).decode(state)
        if hasattr(event, "stands"):
            standing: Standing = event.stands
            return standing
    return None
