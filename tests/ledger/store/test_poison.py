"""A value that cannot be stored harms nobody but the command that brought it."""

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError, Tracking

from ledger.store.command import Line, Taken, Unbalanced, Unpackable
from ledger.store.recorder import LogRecorder
from tests.ledger.store.one_batch import STOPPER, sizes_of_batches, together
from tests.ledger.store.simple_log import (
    VENDOR,
    checked,
    event,
    lines,
    open_log,
    paid,
    told,
)

TOO_LONG = Random(7).randbytes(6_000).hex()
"""For an index of PostgreSQL, even compressed."""


@pytest.fixture
def log(database_url: str) -> Iterator[LogRecorder]:
    with open_log(database_url) as log:
        yield log


def odd_event(**but: Any) -> dict[str, Any]:
    return paid(3, stored_events=[replace(event(3), **but)])


def odd_lines(*odd: Line) -> dict[str, Any]:
    return paid(3, lines=odd)


def odd_notice(**but: Any) -> dict[str, Any]:
    return paid(3, inbox=[told(**but)])


POISON = {
    "topic that is None": odd_event(topic=None),
    "topic that is a list": odd_event(topic=["test.Paid"]),
    "topic with NUL": odd_event(topic="test\0Paid"),
    "topic with half a letter": odd_event(topic="\ud800"),
    "state with NUL": odd_event(state=b'{"code":"\0"}'),
    "state that is not UTF-8": odd_event(state=b"\xff"),
    "state that is None": odd_event(state=None),
    "id that is not a UUID": odd_event(originator_id="nobody"),
    "id that is a UUID's text": odd_event(originator_id=str(UUID(int=5))),
    "id that is None": odd_event(originator_id=None),
    "version that is text": odd_event(originator_version="1"),
    "version that is None": odd_event(originator_version=None),
    "version beyond 64 bits": odd_event(originator_version=2**63),
    "amount beyond 64 bits": odd_lines(*lines(2**63)),
    "amount far beyond": odd_lines(*lines(2**70)),
    "amount with a fraction": odd_lines(*lines(0.5)),
    "amount that is a float": odd_lines(*lines(50_000.0)),
    "amount that is a Decimal": odd_lines(*lines(Decimal(50_000))),
    "amount that is true": odd_lines(*lines(True)),
    "amount that is None": odd_lines(Line(0, VENDOR, "1121", None)),  # type: ignore[arg-type]
    "entity that is None": odd_lines(*lines(5, entity=None)),
    "entity that is text": odd_lines(*lines(5, entity=str(VENDOR))),
    "code that is None": odd_lines(Line(0, VENDOR, None, 0)),  # type: ignore[arg-type]
    "code with NUL": odd_lines(Line(0, VENDOR, "11\0", 5), Line(0, VENDOR, "5110", -5)),
    "line of the next command's event": odd_lines(*lines(5, of=1)),
    "line of the previous command's event": odd_lines(*lines(5, of=-1)),
    "line of no event": odd_lines(*lines(5, of=99)),
    "line that is no line": paid(3, lines=[("1121", 5)]),
    "tracking of a list": paid(3, tracking=Tracking(["upstream"], 1)),  # type: ignore[arg-type]
    "tracking with NUL": paid(3, tracking=Tracking("up\0stream", 1)),
    "tracking to a word": paid(3, tracking=Tracking("upstream", "1")),  # type: ignore[arg-type]
    "notice of the next command's event": odd_notice(of=1),
    "notice with NUL in its id": odd_notice(event_id="1\0"),
    "notice with half a letter in its id": odd_notice(event_id="\udfff"),
    "notice whose digest is text": odd_notice(digest="digest"),
    "notice whose body is text": odd_notice(body="body"),
    "notice whose transfer is None": odd_notice(transfer_id=None),
    "notice received out of time": odd_notice(received_at_us=2**70),
}


def test_poison_fails_alone(log: LogRecorder, database_url: str) -> None:
    written = []
    for n, (what, poison) in enumerate(POISON.items()):
        head, own = log.max_notification_id() or 0, 10 * (n + 1)
        several = {"stored_events": [event(own + 4), event(own + 4, 2)], "lines": lines(7, of=1)}
        outcomes = together(
            log,
            paid(own + 1, inbox=[told(f"{n} a")]),
            paid(own + 2),
            poison,
            several,
            paid(own + 5, inbox=[told(f"{n} b")]),
        )
        refusal = outcomes.pop(2)
        assert outcomes == [[head + 2], [head + 3], [head + 4, head + 5], [head + 6]], what
        assert isinstance(refusal, IntegrityError), what
        assert not isinstance(refusal, Taken | Unbalanced), what
        written += [own + 1, own + 2, own + 4, own + 4, own + 5]

    stored = checked(database_url)
    assert [history for history, _ in stored.histories if history != STOPPER] == written
    assert len(stored.lines) == len(POISON) * 2 * 5
    assert len(stored.inbox) == len(POISON) * 2


@pytest.mark.parametrize(
    "too_long",
    [
        odd_lines(Line(0, VENDOR, TOO_LONG, 5), Line(0, VENDOR, "5110", -5)),
        odd_notice(event_id=TOO_LONG),
    ],
    ids=["an account", "a notice's id"],
)
def test_what_is_too_long_for_an_index_fails_alone(
    postgresql_url: str, too_long: dict[str, Any]
) -> None:
    with open_log(postgresql_url) as log:
        outcomes = together(log, paid(1), too_long, paid(2))

    assert outcomes[0::2] == [[2], [3]]
    assert isinstance(outcomes[1], Unpackable)
    checked(postgresql_url)


def test_one_poison_among_a_thousand_is_found_by_halving(
    log: LogRecorder, database_url: str, seed: int
) -> None:
    wishes = [paid(n) for n in range(1, 1_001)]
    place = Random(seed).randrange(len(wishes))
    wishes[place] = paid(place + 1, stored_events=[event(place + 1, topic="\ud800")])
    sizes = sizes_of_batches(log)

    outcomes = together(log, *wishes)

    assert isinstance(outcomes.pop(place), Unpackable)
    assert outcomes == [[n + 2] for n in range(999)]
    assert len(sizes) <= 1 + 1 + 2 * math.ceil(math.log2(1_000))
    checked(database_url)


def test_a_batch_of_nothing_but_poison_ends(log: LogRecorder, database_url: str) -> None:
    outcomes = together(log, *(odd_event(topic="\ud800") for _ in range(20)))

    assert {type(outcome) for outcome in outcomes} == {Unpackable}
    assert log.insert_events(**paid(1)) == [2]
    assert len(checked(database_url).events) == 2


def test_words_that_only_look_like_sql_are_stored_as_they_are(
    log: LogRecorder, database_url: str
) -> None:
    odd = "'; DROP TABLE events; -- %s %(x)s ? :y $1 \\ {} \"\t\n Đồng \U0001f4b0"
    outcomes = together(
        log,
        paid(1, stored_events=[event(1, topic=odd, state=odd.encode())]),
        paid(2, lines=[Line(0, VENDOR, odd, 5), Line(0, VENDOR, "NULL", -5)]),
        paid(3, inbox=[told(odd, connection="{NULL,\"a\\\\\"}")]),
        paid(4, inbox=[told("", connection="")]),
    )  # fmt: skip

    assert outcomes == [[2], [3], [4], [5]]
    stored = checked(database_url)
    assert (stored.events[1].topic, stored.events[1].state) == (odd, odd)
    assert {row.code for row in stored.lines if row.position == 3} == {odd, "NULL"}
    inbox = [(row.connection, row.event_id) for row in stored.inbox]
    assert inbox == [('{NULL,"a\\\\"}', odd), ("", "")]
