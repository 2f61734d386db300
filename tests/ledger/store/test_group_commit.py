"""Group commit: whoever is refused is refused alone, and everyone else is written, in order."""

import math
from collections.abc import Iterator
from random import Random, randbytes
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, Tracking

from ledger.store import group_commit
from ledger.store.command import Line, Outdated, Taken, Unbalanced, Unpackable
from ledger.store.recorder import LogProcessRecorder, LogRecorder
from tests.ledger.store.one_batch import STOPPER, held, queued, sizes_of_batches, together
from tests.ledger.store.simple_log import (
    BOARD,
    VENDOR,
    checked,
    event,
    lines,
    open_log,
    paid,
    told,
)


@pytest.fixture
def log(database_url: str) -> Iterator[LogRecorder]:
    with open_log(database_url) as log:
        yield log


def kinds(outcomes: list[Any]) -> list[Any]:
    return [type(o) if isinstance(o, BaseException) else o for o in outcomes]


def test_in_one_batch_each_is_refused_for_its_own_fault_alone(
    log: LogRecorder, database_url: str
) -> None:
    log.insert_events(**paid(1))  # Position 1; what holds the writer then takes 2.
    log.insert_events([event(2), event(2, 2)], directory=True)
    sizes = sizes_of_batches(log)

    outcomes = together(
        log,
        paid(10),
        paid(1),  # A duplicate.
        {"stored_events": [event(11), event(2, 2), event(11, 2)]},  # A version conflict in it.
        paid(12, lines=[*lines(50_000), Line(0, VENDOR, "1121", 1)]),
        paid(13, decided_on=0),
        paid(14, decided_on=3),
        {"stored_events": [event(15), event(15)]},  # One version twice.
        paid(16, amount_vnd=2**70),
        {"stored_events": [event(17), event(17, 2)], "lines": lines(7, of=1)},
        paid(18, inbox=[told(seen=1)]),
        paid(19, inbox=[told()]),
    )

    assert kinds(outcomes) == [
        [5],
        Taken,
        Taken,
        Unbalanced,
        Outdated,
        [6],
        IntegrityError,
        Unpackable,
        [7, 8],
        Taken,
        [9],
    ]
    assert sizes[:2] == [1, 10]  # The unbalanced one is seen before; all others are one batch.
    stored = checked(database_url)
    written = [(1, 1), (2, 1), (2, 2), (STOPPER, 1), (10, 1), (14, 1), (17, 1), (17, 2), (19, 1)]
    assert stored.histories == written
    assert [(line.position, line.amount_vnd) for line in stored.lines if line.position == 8] == [
        (8, 7),
        (8, -7),
    ]
    assert [row.position for row in stored.inbox] == [9]


POISON = {
    "topic none": paid(3, stored_events=[event(3, topic=None)]),
    "topic with NUL": paid(3, stored_events=[event(3, topic="a\0b")]),
    "topic not encodable": paid(3, stored_events=[event(3, topic="\ud800")]),
    "topic a list": paid(3, stored_events=[event(3, topic=["a"])]),
    "state with NUL": paid(3, stored_events=[event(3, state=b'{"a":"\0"}')]),
    "state not UTF-8": paid(3, stored_events=[event(3, state=b"\xff")]),
    "id not a UUID": paid(3, stored_events=[event(3)._replace(originator_id="3")])
    if hasattr(event(3), "_replace")
    else {},
}
