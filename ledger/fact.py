"""The root of all that the book remembers: aggregates whose events have no clock of their own."""

from datetime import UTC, datetime
from uuid import UUID

from eventsourcing.domain import Aggregate

RECORDED_ELSEWHERE = datetime(1970, 1, 1, tzinfo=UTC)
"""The library wants a time in each event; ours is the log's `recorded_at`: this is not stored."""


class Fact(Aggregate):
    """Something that has a history in the book; subclasses nest their events, each with a TOPIC."""

    class Event(Aggregate.Event):
        """Something happened."""

        @staticmethod
        def create_timestamp() -> datetime:
            return RECORDED_ELSEWHERE

    class Created(Event, Aggregate.Created):
        """It began."""


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
