"""Turns events into JSON text that an auditor can read, and back, typed, by their annotations."""

from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import CanInitAggregate, DomainEventProtocol
from eventsourcing.persistence import (
    Mapper,
    MapperDeserialisationError,
    StoredEvent,
)
from eventsourcing.utils import get_topic

from ledger.fact import known_events
from ledger.refusal import Refusal

_BESIDE = ("originator_id", "originator_version", "timestamp", "originator_topic")
"""What stands in columns of its own or can be told from the topic."""
_encode = msgspec.json.Encoder().encode


@cache
def shape(event: type[Any]) -> type[msgspec.Struct]:
    """The stored fields of an event class, as a typed record: fast to read, strict about types."""
    hints = get_type_hints(event)
    return msgspec.defstruct(
        event.__name__,
        [(field.name, hints[field.name]) for field in fields(event) if field.name not in _BESIDE],
        frozen=True,
    )


class UnreadableEvent(Refusal, MapperDeserialisationError):
    """An event of the book cannot be read; `choso audit verify` names it."""

    code = "unreadable_event"


@cache
def event_of(topic: str) -> Any:
    """The event class of a topic. Raises UnreadableEvent for what is no event of ours: a stored
    name is never imported."""
    event = known_events().get(topic)
    if event is None:
        raise UnreadableEvent(f"No event has the topic {topic!r}.")
    return event


@cache
def reader(topic: str) -> msgspec.json.Decoder[Any]:
    """Decodes the stored state of this topic into its `shape`. Raises UnreadableEvent."""
    return msgspec.json.Decoder(shape(event_of(topic)))


def read(topic: str, state: str | bytes) -> Any:
    """The stored state of an event, as its `shape`. Raises UnreadableEvent."""
    try:
        return reader(topic).decode(state)
    except msgspec.DecodeError as error:
        raise UnreadableEvent(f"The stored state of {topic} cannot be read: {error}.") from error


class FactMapper(Mapper[UUID]):
    """The mapper of the book: plain JSON, no library markers, nothing stored twice."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        state = dict(vars(domain_event))
        originator_id = state.pop("originator_id")
        version = state.pop("originator_version")
        state.pop("timestamp", None)
        state.pop("originator_topic", None)
        return StoredEvent(originator_id, version, get_topic(type(domain_event)), _encode(state))

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        event_class = event_of(stored_event.topic)
        facts = msgspec.structs.asdict(read(stored_event.topic, stored_event.state))
        facts.update(
            originator_id=stored_event.originator_id,
            originator_version=stored_event.originator_version,
            timestamp=event_class.create_timestamp(),
        )
        if issubclass(event_class, CanInitAggregate):
            facts["originator_topic"] = stored_event.topic.rpartition(".")[0]
        event: DomainEventProtocol[UUID] = object.__new__(event_class)
        object.__setattr__(event, "__dict__", facts)
        return event
