"""Every event that was ever stored is read, written and posted as on the day it was stored."""

from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from ledger.store.mapper import read
from tests.golden.documented import EVENTS, MAPPER, lines, sample, stored_samples
from web.events_page import events

TOPICS = {event.TOPIC for event in events()}
SAMPLES = [(topic, one) for topic, samples in stored_samples().items() for one in samples]
EVERY = pytest.mark.parametrize(
    ("topic", "stored"), SAMPLES, ids=[f"{topic}: {one['sample']}" for topic, one in SAMPLES]
)


def decoded(topic: str, stored: dict[str, Any]) -> Any:
    return MAPPER.to_domain_event(
        StoredEvent(
            UUID(stored["originator_id"]),
            stored["originator_version"],
            topic,
            stored["state"].encode(),
        )
    )


@EVERY
def test_a_stored_sample_is_the_event_that_the_code_says(
    topic: str, stored: dict[str, Any]
) -> None:
    documented = EVENTS[stored["sample"]]

    event = decoded(topic, stored)

    assert type(event) is type(documented)
    assert vars(event) == vars(documented)


@EVERY
def test_a_stored_sample_is_written_again_byte_for_byte(topic: str, stored: dict[str, Any]) -> None:
    again = MAPPER.to_stored_event(decoded(topic, stored))

    assert (again.topic, again.state.decode()) == (topic, stored["state"])
    assert str(again.originator_id) == stored["originator_id"]
    assert again.originator_version == stored["originator_version"]


@EVERY
def test_a_stored_sample_posts_the_lines_that_it_posted(topic: str, stored: dict[str, Any]) -> None:
    assert lines(decoded(topic, stored)) == stored["lines"]
    assert lines(read(topic, stored["state"]), topic) == stored["lines"]


def test_every_event_of_the_code_has_a_sample() -> None:
    """Add it to tests/golden/documented.py, then: .venv/bin/python -m tests.golden.documented"""
    assert sorted(TOPICS - {topic for topic, _ in SAMPLES}) == []


def test_no_event_that_was_ever_stored_is_dropped() -> None:
    assert sorted({topic for topic, _ in SAMPLES} - TOPICS) == []


def test_every_documented_event_is_stored_as_it_is_today() -> None:
    """Store new ones: .venv/bin/python -m tests.golden.documented"""
    kept = {one["sample"]: (topic, one) for topic, one in SAMPLES}

    assert {name: (event.TOPIC, sample(name)) for name, event in EVENTS.items()} == kept
    assert len(kept) == len(SAMPLES), "each sample has a name of its own"
