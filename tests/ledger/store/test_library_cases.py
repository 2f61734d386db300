"""The event-sourcing library's own test cases, on our store and on both engines."""

from typing import Any, ClassVar
from unittest import TestCase

import pytest
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    ProcessRecorder,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.tests import application, persistence, projection
from eventsourcing.utils import Environment, get_topic
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, func, insert, select

from ledger.store import StoreFactory
from ledger.store.recorder import LogProcessRecorder, LogRecorder, TableAggregateRecorder
from ledger.store.tracking import TableTrackingRecorder

COUNTED = Table(
    "counted",
    MetaData(),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
)


class CountersView(TableTrackingRecorder, projection.EventCountersView):
    """The library's counting view on our tracking recorder: a row an event."""

    def create_tables(self, connection: Connection) -> None:
        COUNTED.metadata.create_all(connection)

    def _count(self, kind: str) -> int:
        with self.reading() as connection:
            query = select(func.count()).where(COUNTED.c.kind == kind)
            return connection.scalar(query) or 0

    def _add(self, kind: str, tracking: Tracking) -> None:
        with self.following(tracking) as connection:
            connection.execute(insert(COUNTED).values(position=tracking.notification_id, kind=kind))

    def get_created_event_counter(self) -> int:
        return self._count("created")

    def get_subsequent_event_counter(self) -> int:
        return self._count("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._add("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._add("subsequent", tracking)


class OnSqlite(TestCase):
    engine: ClassVar[str] = "sqlite_url"
    env: Any

    @pytest.fixture(autouse=True)
    def _fresh_database(self, request: pytest.FixtureRequest, tmp_path: Any) -> Any:
        self.url = request.getfixturevalue(self.engine)
        # A projection that writes events of its own needs a log of its own.
        apart = f"sqlite:///{tmp_path}/counters.sqlite3" if "sqlite" in self.engine else self.url
        self.env = {
            "PERSISTENCE_MODULE": "ledger.store",
            "DATABASE_URL": self.url,
            "COUNTERS_DATABASE_URL": apart,
            "COUNTERS_DATABASE_SCHEMA": "counters",
        }
        self.factories: list[StoreFactory] = []
        yield
        for factory in self.factories:
            factory.close()

    def open(self) -> StoreFactory:
        self.factories.append(StoreFactory(Environment("test", self.env)))
        return self.factories[-1]


class OnPostgresql(OnSqlite):
    engine = "postgresql_url"


class OurRecorders(OnSqlite):
    def create_recorder(self) -> Any:
        return getattr(self.open(), self.recorder)()

    recorder: ClassVar[str]


class AggregateRecorderOnSqlite(OurRecorders, persistence.AggregateRecorderTestCase):
    recorder = "aggregate_recorder"


class AggregateRecorderOnPostgresql(OnPostgresql, AggregateRecorderOnSqlite):
    pass


class ApplicationRecorderOnSqlite(OurRecorders, persistence.ApplicationRecorderTestCase):  # type: ignore[type-arg]
    recorder = "application_recorder"

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class ApplicationRecorderOnPostgresql(OnPostgresql, ApplicationRecorderOnSqlite):
    pass


class TrackingRecorderOnSqlite(OurRecorders, persistence.TrackingRecorderTestCase):
    recorder = "tracking_recorder"


class TrackingRecorderOnPostgresql(OnPostgresql, TrackingRecorderOnSqlite):
    pass


class ProcessRecorderOnSqlite(OurRecorders, persistence.ProcessRecorderTestCase):
    recorder = "process_recorder"


class ProcessRecorderOnPostgresql(OnPostgresql, ProcessRecorderOnSqlite):
    pass


class DensePositionsOnSqlite(OurRecorders, persistence.NonInterleavingNotificationIDsBaseCase):
    recorder = "application_recorder"
    insert_num = 100


class DensePositionsOnPostgresql(OnPostgresql, DensePositionsOnSqlite):
    pass


class FactoryOnSqlite(OnSqlite, persistence.InfrastructureFactoryTestCase[StoreFactory]):
    @pytest.fixture(autouse=True)
    def _named(self, _fresh_database: Any) -> None:
        self.env = Environment("TestCase", self.env)

    def expected_factory_class(self) -> type[StoreFactory]:
        return StoreFactory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return TableAggregateRecorder

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        return LogRecorder

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return TableTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return CountersView

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        return LogProcessRecorder


class FactoryOnPostgresql(OnPostgresql, FactoryOnSqlite):
    pass


class InTheProcessEnvironment(OnSqlite):
    """For the cases that read the environment of the process."""

    @pytest.fixture(autouse=True)
    def _process(self, _fresh_database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)


class ExampleApplicationOnSqlite(InTheProcessEnvironment, application.ExampleApplicationTestCase):
    expected_factory_topic = get_topic(StoreFactory)


class ExampleApplicationOnPostgresql(OnPostgresql, ExampleApplicationOnSqlite):
    pass


class CountersViewOnSqlite(OnSqlite, projection.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> projection.EventCountersView:
        view = self.open().tracking_recorder(CountersView)
        assert isinstance(view, CountersView)
        return view


class CountersViewOnPostgresql(OnPostgresql, CountersViewOnSqlite):
    pass


class ProjectionOnSqlite(OnSqlite, projection.AggregateEventCountersProjectionTestCase):
    view_class = CountersView


class ProjectionOnPostgresql(OnPostgresql, ProjectionOnSqlite):
    pass


class EventSourcedProjectionOnSqlite(OnSqlite, projection.EventSourcedProjectionTestCase):
    pass


class EventSourcedProjectionOnPostgresql(OnPostgresql, EventSourcedProjectionOnSqlite):
    pass
