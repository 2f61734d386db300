"""Opens the store for the event-sourcing library: PERSISTENCE_MODULE=ledger.store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    ProcessRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text

from ledger.store.engines import Engines
from ledger.store.recorder import LogProcessRecorder, LogRecorder, TableAggregateRecorder
from ledger.store.tables import Id, Tables
from ledger.store.tracking import TableTrackingRecorder

ALog = TypeVar("ALog", bound=LogRecorder)


class StoreFactory(InfrastructureFactory[TableTrackingRecorder]):
    """Settings, each also with the application's name as prefix: DATABASE_URL, DATABASE_SCHEMA
    (PostgreSQL; default public), CREATE_TABLE (default yes), DATABASE_ROLE (PostgreSQL: work
    under the role that may not change the book; default no)."""

    DATABASE_URL = "DATABASE_URL"
    DATABASE_SCHEMA = "DATABASE_SCHEMA"
    DATABASE_ROLE = "DATABASE_ROLE"
    CREATE_TABLE = "CREATE_TABLE"

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self.engines = Engines(
            self.env.get(self.DATABASE_URL, ""),
            self.env.get(self.DATABASE_SCHEMA),
            role=strtobool(self.env.get(self.DATABASE_ROLE, "no")),
        )
        self.tables = Tables(self.engines.schema)
        self._creates = strtobool(self.env.get(self.CREATE_TABLE, "yes"))
        self._logs: list[LogRecorder] = []

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        table = Table(
            f"aggregate_{purpose}",
            MetaData(schema=self.engines.schema),
            Column("originator_id", Id, primary_key=True),
            Column("originator_version", BigInteger, primary_key=True, autoincrement=False),
            Column("topic", Text, nullable=False),
            Column("state", Text, nullable=False),
        )
        if self._creates:
            with self.under_lock() as connection:
                table.create(connection, checkfirst=True)
        return TableAggregateRecorder(self.engines, table)

    def application_recorder(self) -> ApplicationRecorder:
        return self._log(LogRecorder)

    def process_recorder(self) -> ProcessRecorder:
        return self._log(LogProcessRecorder)

    def _log(self, kind: type[ALog]) -> ALog:
        if self._creates:
            self.create()
        recorder = kind(self.engines, self.tables)
        self._logs.append(recorder)
        return recorder

    def create(self) -> None:
        """Creates what the book lacks: tables, triggers and the appending function."""
        with self.under_lock() as connection:
            self.tables.metadata.create_all(connection)
            self.engines.run_script(connection)

    @contextmanager
    def under_lock(self) -> Iterator[Connection]:
        """A transaction in which no other process creates tables."""
        with self.engines.writing() as connection:
            if self.engines.dialect == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({self.engines.lock})")
                connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {self.engines.schema}")
            yield connection

    def tracking_recorder(
        self, tracking_recorder_class: type[TableTrackingRecorder] | None = None
    ) -> TableTrackingRecorder:
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        chosen = tracking_recorder_class or (
            resolve_topic(topic) if topic else TableTrackingRecorder
        )
        recorder: TableTrackingRecorder = chosen(self.engines, self.tables.tracking)
        if self._creates:
            with self.under_lock() as connection:
                self.tables.tracking.create(connection, checkfirst=True)
                recorder.create_tables(connection)
        return recorder

    def close(self) -> None:
        for log in self._logs:
            log.close()
        self.engines.close()
