"""Remembers how far a reader has followed a log, in the same transaction as what it made of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder
from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger.store.engines import Engines


class TableTrackingRecorder(TrackingRecorder):
    """One row a followed log; read models subclass it and add their own tables."""

    def __init__(self, engines: Engines, table: Table) -> None:
        self._engines = engines
        self._tracking = table

    def create_tables(self, connection: Connection) -> None:
        """Creates the tables of the read model; called under the schema's lock."""

    @contextmanager
    def following(self, tracking: Tracking) -> Iterator[Connection]:
        """A transaction that also records `tracking`; IntegrityError when that is not news."""
        with self._engines.writing() as connection:
            self._track(connection, tracking)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the read model."""
        with self._engines.reading() as connection:
            yield connection

    def insert_tracking(self, tracking: Tracking) -> None:
        with self.following(tracking):
            pass

    def _track(self, connection: Connection, tracking: Tracking) -> None:
        dialect = postgresql if self._engines.dialect == "postgresql" else sqlite
        statement = dialect.insert(self._tracking).values(
            application_name=tracking.application_name, notification_id=tracking.notification_id
        )
        c = self._tracking.c
        newer = statement.on_conflict_do_update(
            index_elements=[c.application_name],
            set_={"notification_id": statement.excluded.notification_id},
            where=c.notification_id < statement.excluded.notification_id,
        ).returning(c.notification_id)
        if connection.execute(newer).first() is None:
            raise IntegrityError(f"{tracking} is not news: as far or farther was followed before.")

    def max_tracking_id(self, application_name: str) -> int | None:
        c = self._tracking.c
        with self._engines.reading() as connection:
            return connection.scalar(
                select(c.notification_id).where(c.application_name == application_name)
            )
