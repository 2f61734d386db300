"""docs/events.md is what the code says, and every event says what a clerk needs."""

from pathlib import Path
from typing import Any

import pytest

from ledger.fact import Fact
from ledger.posting import RULES
from web.events_page import events, page, sentence

ROOT = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize("event", events(), ids=lambda event: event.__qualname__)


def test_the_page_is_up_to_date() -> None:
    """Write it anew: .venv/bin/python -m web.events_page > docs/events.md"""
    assert (ROOT / "docs/events.md").read_text(encoding="utf-8") == page()


@EVERY
def test_an_event_says_in_one_sentence_what_happened(event: Any) -> None:
    said = sentence(event)

    assert said.endswith(".")
    assert "\n" not in said
    assert said[0].isupper()


@EVERY
def test_a_topic_is_the_package_the_aggregate_and_the_event(event: Any) -> None:
    package = event.__module__.split(".")[0]

    assert event.__qualname__.count(".") == 1, "an event is nested in its aggregate"
    assert f"{package}.{event.__qualname__}" == event.TOPIC


@EVERY
def test_a_topic_is_the_events_own(event: Any) -> None:
    same = [kind for kind in event.__mro__ if kind.__qualname__ == event.__qualname__]

    assert any("TOPIC" in vars(kind) for kind in same)


def test_an_aggregate_has_the_topic_that_its_events_begin_with() -> None:
    for event in events():
        aggregate = event.__qualname__.split(".")[0]
        assert event.TOPIC.rpartition(".")[0].endswith(f".{aggregate}")


def test_no_two_events_share_a_topic_and_each_has_a_first_one() -> None:
    topics = [event.TOPIC for event in events()]
    aggregates = {topic.rpartition(".")[0] for topic in topics}

    assert len(topics) == len(set(topics))
    assert {f"{aggregate}.Created" for aggregate in aggregates} <= set(topics)


def test_every_posting_rule_is_of_an_event_that_there_is() -> None:
    assert set(RULES) <= {event.TOPIC for event in events()}


def test_an_event_without_words_or_a_topic_of_its_own_is_noticed() -> None:
    class Fair(Fact):
        """Where something is forgotten."""

        class Opened(Fact.Event):
            place: str

    assert sentence(Fair.Opened) == ""
