"""A day that was recorded long ago, replayed for ever: the same lines, balances and states."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from sqlalchemy import select

from ledger.journal import trial_balance
from ledger.payment_request import PaymentRequest
from ledger.replay import replay
from ledger.store.command import Line
from ledger.store.mapper import read
from tests.builders import Market
from tests.golden.documented import lines
from web.events_page import events

STORY: dict[str, Any] = json.loads(
    Path(__file__).with_name("story.json").read_text(encoding="utf-8")
)


def tell(market: Market, told: dict[str, Any]) -> None:
    """One event of the story, with the lines that it had then."""
    entries = [line.split() for line in told["lines"]]
    event = StoredEvent(
        UUID(told["originator_id"]),
        told["originator_version"],
        told["topic"],
        told["state"].encode(),
    )
    positions = market.book.log.insert_events(
        [event],
        lines=[Line(0, UUID(entity), code, int(vnd)) for entity, code, vnd in entries],
        directory=told["directory"],
    )
    assert list(positions) == [told["position"]]


def test_each_chapter_ends_with_the_balances_that_it_had(market: Market) -> None:
    waiting = iter(STORY["events"])
    for chapter in STORY["chapters"]:
        for told in waiting:
            tell(market, told)
            if told["position"] == chapter["position"]:
                break
        for found in (replay(market.book), trial_balance(market.book)):
            assert [
                f"{row['entity']} {row['code']} {row['debit_vnd'] - row['credit_vnd']:+d}"
                for row in found.rows()
            ] == chapter["balances"], chapter["so_far"]
    assert list(waiting) == []


def test_transfers_requests_and_the_directory_are_as_they_were(market: Market) -> None:
    for told in STORY["events"]:
        tell(market, told)

    assert {wanted: summary(market, wanted) for wanted in STORY["transfers"]} == STORY["transfers"]
    for wanted, facts in STORY["requests"].items():
        request = market.book.find(PaymentRequest, UUID(wanted))
        assert request is not None
        at = datetime.max.replace(tzinfo=request.asked_at.tzinfo)
        state, received_vnd, late = request.state(at), request.received_vnd, request.late
        assert facts == {"state": state, "received_vnd": received_vnd, "late": late}
    view = market.directory.refresh()
    (stall,) = view.stalls.values()
    assert len(stall.keepers) == 3, "Cô Lan, nobody, Chị Hoa"
    assert len(view.owners) == 2
    assert len(view.aliases) == 1


def summary(market: Market, wanted: str) -> dict[str, Any]:
    found = market.transfer(UUID(wanted))
    stands = found.stands
    return {
        "direction": stands.direction,
        "amount_vnd": stands.amount_vnd,
        "entity_id": str(stands.entity_id) if stands.entity_id else None,
        "purpose": stands.purpose.kind,
        "reason": stands.purpose.reason,
        "settled": stands.settled,
        "marks": list(found.marks),
    }


@pytest.mark.parametrize("told", STORY["events"], ids=lambda told: f"{told['position']}")
def test_each_event_posts_the_lines_that_it_posted(told: dict[str, Any]) -> None:
    assert lines(read(told["topic"], told["state"]), told["topic"]) == told["lines"]


def test_what_is_read_from_the_book_is_byte_for_byte_the_story(market: Market) -> None:
    for told in STORY["events"]:
        tell(market, told)

    table = market.book.store.tables.events
    with market.book.reading() as connection:
        states = connection.scalars(select(table.c.state).order_by(table.c.position)).all()

    assert states == [told["state"] for told in STORY["events"]]


def test_the_story_has_every_event_that_there_was_when_it_was_told() -> None:
    told = {event["topic"] for event in STORY["events"]}

    assert len(told) == 22
    assert told <= {event.TOPIC for event in events()}
