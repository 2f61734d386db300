"""The root of all that the book remembers: aggregates whose events have no clock of their own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from eventsourcing.domain import Aggregate

RECORDED_ELSEWHERE = datetime(1970, 1, 1, tzinfo=UTC)
"""The library wants a time in each event; ours is the log's `recorded_at`: this is not stored."""


class Fact(Aggregate):
    """Something that has a history in the book; subclasses nest their events, each with a TOPIC."""

    IN_DIRECTORY: ClassVar[bool] = False
    """Its events change the directory: what decisions on money rely on."""

    class Event(Aggregate.Event):
        """Something happened."""

        @staticmethod
        def create_timestamp() -> datetime:
            return RECORDED_ELSEWHERE

    class Created(Event, Aggregate.Created):
        """It began."""


def facts() -> Iterator[type[Fact]]:
    """All kinds of facts that the program has loaded."""
    waiting = Fact.__subclasses__()
    for kind in waiting:
        waiting += kind.__subclasses__()
        yield kind


def events_of(kind: type[Fact]) -> dict[str, type[Fact.Event]]:
    """The events of a kind by their topics."""
    nested = (value for value in vars(kind).values() if isinstance(value, type))
    events = (event for event in nested if issubclass(event, Fact.Event))
    return {topic: event for event in events if (topic := getattr(event, "TOPIC", None))}


def known_events() -> dict[str, type[Fact.Event]]:
    """Every event by its topic; whatever else a row may name is not an event of ours."""
    return {topic: event for kind in facts() for topic, event in events_of(kind).items()}


def directory_topics() -> list[str]:
    """The topics of the events that change the directory."""
    return [topic for kind in facts() if kind.IN_DIRECTORY for topic in events_of(kind)]


def first(event: type[Fact.Created], fact_id: UUID, **facts: object) -> Fact.Created:
    """The first event of a history, without building the aggregate around it (the hot path)."""
    topic: str = event.TOPIC  # type: ignore[attr-defined]
    return event(
        originator_id=fact_id,
        originator_version=1,
        timestamp=RECORDED_ELSEWHERE,
        originator_topic=topic.rpartition(".")[0],
        **facts,
    )


def begin(event: Fact.Created) -> Fact:
    """The aggregate that this first event begins, with the event still to be saved."""
    fact = event.mutate(None)
    assert isinstance(fact, Fact)
    fact.pending_events.append(event)
    return fact
