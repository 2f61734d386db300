"""Keeps events in the library's terms: the application recorder writes the one log of the book."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)
from sqlalchemy import Select, Table, and_, func, insert, or_, select
from sqlalchemy import exc as database

from ledger.store.append_postgresql import PostgresqlAppend
from ledger.store.append_sqlite import SqliteAppend
from ledger.store.command import Command, InboxRow, Line
from ledger.store.engines import Engines
from ledger.store.group_commit import GroupCommit
from ledger.store.subscription import Bell, LogSubscription
from ledger.store.tables import Tables
from ledger.store.tracking import TableTrackingRecorder

SALT_BYTES = 16


def now_us() -> int:
    """The system's clock, in microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


class TableAggregateRecorder(AggregateRecorder):
    """Aggregate sequences in a table of their own, without positions: for snapshots."""

    def __init__(self, engines: Engines, table: Table) -> None:
        self._engines = engines
        self._table = table

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        rows = [
            {
                "originator_id": event.originator_id,
                "originator_version": event.originator_version,
                "topic": event.topic,
                "state": event.state.decode(),
            }
            for event in stored_events
        ]
        try:
            if rows:
                with self._engines.writing() as connection:
                    connection.execute(insert(self._table), rows)
        except database.IntegrityError as error:
            raise IntegrityError(str(error.orig)) from error

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        query = _sequence(self._table, originator_id, gt, lte, desc, limit)
        with self._engines.reading() as connection:
            return [
                StoredEvent(
                    row.originator_id, row.originator_version, row.topic, row.state.encode()
                )
                for row in connection.execute(query)
            ]


def _sequence(
    table: Table,
    originator_id: UUID | str,
    gt: int | None,
    lte: int | None,
    desc: bool,
    limit: int | None,
) -> Select[Any]:
    version = table.c.originator_version
    query = select(table).where(table.c.originator_id == originator_id)
    if gt is not None:
        query = query.where(version > gt)
    if lte is not None:
        query = query.where(version <= lte)
    return query.order_by(version.desc() if desc else version).limit(limit)


class LogRecorder(TableAggregateRecorder, ApplicationRecorder):
    """The one log: dense positions, a salt for each event, group commit behind `insert_events`."""

    def __init__(
        self,
        engines: Engines,
        tables: Tables,
        *,
        clock_us: Callable[[], int] = now_us,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        super().__init__(engines, tables.events)
        self.tables = tables
        self.bell = Bell(self.max_notification_id)
        self._random_bytes = random_bytes
        append = PostgresqlAppend if engines.dialect == "postgresql" else SqliteAppend
        self.writer = GroupCommit(
            append(engines),
            self._own_positions,
            clock_us=clock_us,
            woken=self.bell.ring,
        )

    def insert_events(  # type: ignore[override]
        self,
        stored_events: Sequence[StoredEvent],
        *,
        tracking: Tracking | None = None,
        lines: Sequence[Line] = (),
        inbox: Sequence[InboxRow] = (),
        directory: bool = False,
        decided_on: int | None = None,
        **_: Any,
    ) -> Sequence[int]:
        """Writes the events and all that goes with them in one transaction, or nothing of it.

        Returns their positions. Raises Taken, Outdated, Unbalanced (IntegrityErrors) or
        OperationalError (OutcomeUnknown when only sending it again can tell).
        """
        if not stored_events and tracking is None:
            return []
        command = Command(
            stored_events,
            self.new_salts(len(stored_events)),
            lines,
            inbox,
            directory,
            decided_on,
            tracking,
        )
        return list(self.writer.submit(command))

    def new_salts(self, count: int) -> list[bytes]:
        """A random salt for each event, so that a published leaf gives nothing away."""
        salts = self._random_bytes(SALT_BYTES * count)
        return [salts[n : n + SALT_BYTES] for n in range(0, len(salts), SALT_BYTES)]

    def _own_positions(self, command: Command) -> Sequence[int] | None:
        """Where exactly these events stand, told from others' by their random salts."""
        if not command.events:
            return None
        c = self.tables.events.c
        wanted = or_(
            *(
                and_(
                    c.originator_id == event.originator_id,
                    c.originator_version == event.originator_version,
                    c.topic == event.topic,
                    c.state == event.state.decode(),
                    c.salt == salt,
                )
                for event, salt in zip(command.events, command.salts, strict=True)
            )
        )
        # Not on a reader's connection: what cut the writer's has often cut those, too.
        with self._engines.writing() as connection:
            found = connection.scalars(select(c.position).where(wanted).order_by(c.position)).all()
        return found if len(found) == len(command.events) else None

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        c = self.tables.events.c
        query = select(c.position, c.originator_id, c.originator_version, c.topic, c.state)
        if start is not None:
            query = query.where(c.position >= start if inclusive_of_start else c.position > start)
        if stop is not None:
            query = query.where(c.position <= stop)
        if topics:
            query = query.where(c.topic.in_(topics))
        with self._engines.reading() as connection:
            return [
                Notification(
                    originator_id=row.originator_id,
                    originator_version=row.originator_version,
                    topic=row.topic,
                    state=row.state.encode(),
                    id=row.position,
                )
                for row in connection.execute(query.order_by(c.position).limit(limit))
            ]

    def max_notification_id(self) -> int | None:
        with self._engines.reading() as connection:
            head: int | None = connection.scalar(select(func.max(self.tables.events.c.position)))
        return head

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return LogSubscription(self, self.bell, gt=gt, topics=topics)

    def close(self) -> None:
        """Writes what waits, then stops the writer and the bell."""
        self.writer.close()
        self.bell.stop()


class LogProcessRecorder(LogRecorder, TableTrackingRecorder, ProcessRecorder):
    """A log that also remembers how far it has followed other logs, in the same transaction."""

    def __init__(self, engines: Engines, tables: Tables, **options: Any) -> None:
        LogRecorder.__init__(self, engines, tables, **options)
        TableTrackingRecorder.__init__(self, engines, tables.tracking)

    def insert_tracking(self, tracking: Tracking) -> None:
        self.insert_events([], tracking=tracking)
