"""The book: one log of all facts of a commune, its lines, and the way in for every command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application, ProcessingEvent
from eventsourcing.persistence import (
    InfrastructureFactory,
    Mapper,
    OperationalError,
    Recording,
    StoredEvent,
)
from eventsourcing.utils import Environment
from sqlalchemy import Connection, select

from ledger.fact import Fact
from ledger.posting import post
from ledger.store import StoreFactory
from ledger.store.command import Command, InboxRow, Line, Outdated, Taken
from ledger.store.mapper import FactMapper
from ledger.store.recorder import LogRecorder

TRIES = 100
"""How often a decision is made anew before we admit that too many people pull at one thing."""

T = TypeVar("T")
AFact = TypeVar("AFact", bound=Fact)


class Contended(OperationalError):
    """Too many changes of the same thing at the same time; try again in a moment."""


class Book(Application[UUID]):
    """Opened on one database (and schema); many threads may use it."""

    name = "book"

    def __init__(self, url: str, *, schema: str | None = None, role: bool = False) -> None:
        super().__init__(
            {
                "PERSISTENCE_MODULE": "ledger.store",
                "DATABASE_URL": url,
                "DATABASE_SCHEMA": schema or "public",
                "DATABASE_ROLE": "yes" if role else "no",
                "CREATE_TABLE": "no",
            }
        )

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        self.store = StoreFactory(env)
        return self.store

    def construct_mapper(self) -> Mapper[UUID]:
        return FactMapper(self.factory.transcoder())

    @property
    def log(self) -> LogRecorder:  # type: ignore[override]
        """The log itself, in the store's terms."""
        return cast(LogRecorder, self.recorder)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the whole book."""
        with self.store.engines.reading() as connection:
            yield connection

    def _record(self, processing_event: ProcessingEvent[UUID]) -> list[Recording[UUID]]:
        """Adds the lines that follow from what is saved, and whether it changes the directory."""
        changed = processing_event.aggregates.values()
        processing_event.saved_kwargs["directory"] = any(
            isinstance(fact, Fact) and fact.IN_DIRECTORY for fact in changed
        )
        processing_event.saved_kwargs["lines"] = [
            Line(n, *entry)
            for n, event in enumerate(processing_event.events)
            for entry in post(event.TOPIC, event)  # type: ignore[attr-defined]
        ]
        return super()._record(processing_event)

    def recording(
        self, event: Fact.Created, inbox: tuple[InboxRow, ...] = (), decided_on: int | None = None
    ) -> Command:
        """The command that saves a first event without its aggregate, the short way."""
        topic: str = event.TOPIC  # type: ignore[attr-defined]
        return Command(
            [self.mapper.to_stored_event(event)],
            self.log.new_salts(1),
            [Line(0, *entry) for entry in post(topic, event)],
            inbox,
            decided_on=decided_on,
        )

    def record(
        self, event: Fact.Created, inbox: tuple[InboxRow, ...] = (), decided_on: int | None = None
    ) -> int:
        """Saves a first event the short way and waits for it; returns its position."""
        return self.log.writer.submit(self.recording(event, inbox, decided_on))[0]

    def find(self, kind: type[AFact], fact_id: UUID) -> AFact | None:
        """The fact as it stands now, or None when the book does not know it."""
        try:
            fact: AFact = self.repository.get(fact_id)
        except AggregateNotFoundError:
            return None
        assert isinstance(fact, kind)
        return fact

    def decide(self, decision: Callable[[], T], outdated: Callable[[], object] = lambda: None) -> T:
        """Runs a decision on loaded state, and again on fresh state when somebody was faster.

        `outdated` is called before another try when the directory has changed meanwhile.
        """
        for _ in range(TRIES):
            try:
                return decision()
            except Outdated:
                outdated()
            except Taken:
                pass
        raise Contended(Contended.__doc__)

    def directory_events(self, after: int) -> list[tuple[int, Any]]:
        """(position, event) of each change of the directory since `after`."""
        events, directory = self.store.tables.events, self.store.tables.directory
        query = (
            select(events)
            .join_from(directory, events, directory.c.position == events.c.position)
            .where(directory.c.position > after)
            .order_by(directory.c.position)
        )
        with self.reading() as connection:
            rows = connection.execute(query).all()
        return [(row.position, self.mapper.to_domain_event(_stored(row))) for row in rows]


def _stored(row: Any) -> StoredEvent:
    return StoredEvent(row.originator_id, row.originator_version, row.topic, row.state.encode())
