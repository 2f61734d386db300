"""What the events of one history owe each other: no hole, each goes on from the last."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from ledger.audit.fault import Fault
from ledger.book import Book
from ledger.store.mapper import UnreadableEvent, read
from ledger.telling import Standing
from ledger.transfer import Transfer


def holes(connection: Connection, book: Book) -> Iterator[Fault]:
    """Histories whose versions do not run from 1 without a gap."""
    c = book.store.tables.events.c
    version = c.originator_version
    broken = (
        select(c.originator_id)
        .group_by(c.originator_id)
        .having(or_(func.count() != func.max(version), func.min(version) != 1))
    )
    query = select(c.position, c.originator_id, version, c.topic).order_by(c.position)
    versions: dict[UUID, int] = {}
    for row in connection.execute(query.where(c.originator_id.in_(broken))):
        if row.originator_version != versions.get(row.originator_id, 0) + 1:
            text = f"{row.topic} has version {row.originator_version}: its history has a hole."
            yield Fault("version_gap", row.position, text)
        versions[row.originator_id] = row.originator_version


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
        try:
            event = read(topic, state)
        except UnreadableEvent:
            return None  # The log's own check names it.
        if hasattr(event, "stands"):
            standing: Standing = event.stands
            return standing
    return None
