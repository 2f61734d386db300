"""Group commit: whoever is refused is refused alone, and everyone else is written, in order."""

import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.utils import Environment

from ledger.store import StoreFactory, group_commit
from ledger.store.command import Line, Outdated, Taken, Unbalanced, Unpackable
from ledger.store.recorder import LogRecorder
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
    """Positions as they are, and of errors their class."""
    return [type(o) if isinstance(o, BaseException) else o for o in outcomes]


def test_in_one_batch_each_is_refused_for_its_own_fault_alone(
    log: LogRecorder, database_url: str
) -> None:
    log.insert_events([event(1), event(1, 2)], directory=True)
    sizes = sizes_of_batches(log)

    outcomes = together(
        log,
        paid(10),
        paid(1),  # A duplicate.
        {"stored_events": [event(11), event(1, 2), event(11, 2)]},  # A version conflict in it.
        paid(12, lines=[*lines(50_000), Line(0, VENDOR, "1121", 1)]),
        paid(13, lines=[Line(0, VENDOR, "1121", 5), Line(0, BOARD, "5110", -5)]),
        paid(14, decided_on=1),
        paid(15, decided_on=2),
        {"stored_events": [event(16), event(16)]},  # One version twice.
        paid(17, amount_vnd=2**70),
        {"stored_events": [event(18), event(18, 2)], "lines": lines(7, of=1)},
        paid(19, inbox=[told(seen=1)]),
        paid(20, inbox=[told()]),
    )

    assert kinds(outcomes) == [
        [4],
        Taken,
        Taken,
        Unbalanced,
        Unbalanced,
        Outdated,
        [5],
        IntegrityError,
        Unpackable,
        [6, 7],
        Taken,
        [8],
    ]
    assert sizes[:2] == [1, 9]  # Two are seen before; inbox row 20 waits for that of 19.
    stored = checked(database_url)
    assert stored.histories == [
        (1, 1), (1, 2), (STOPPER, 1), (10, 1), (15, 1), (18, 1), (18, 2), (20, 1),
    ]  # fmt: skip
    assert [(at.position, at.amount_vnd) for at in stored.lines[-4:]] == [
        (7, 7),
        (7, -7),
        (8, 50_000),
        (8, -50_000),
    ]
    assert [row.position for row in stored.inbox] == [8]


def test_of_two_that_want_the_same_version_in_one_batch_the_first_wins(
    log: LogRecorder, database_url: str
) -> None:
    outcomes = together(log, paid(1, amount_vnd=10), paid(2), paid(1, amount_vnd=20), paid(1, 2))

    assert kinds(outcomes) == [[2], [3], Taken, [4]]
    assert [line.amount_vnd for line in checked(database_url).lines if line.position == 2] == [
        10,
        -10,
    ]


def test_when_the_first_of_two_is_refused_the_second_is_written(
    log: LogRecorder, database_url: str
) -> None:
    log.insert_events(**paid(1))

    both = {"stored_events": [event(1), event(2)]}
    outcomes = together(log, both, paid(2), paid(2), both)

    assert kinds(outcomes) == [Taken, [3], Taken, Taken]
    assert checked(database_url).histories == [(1, 1), (STOPPER, 1), (2, 1)]


def test_a_notice_that_was_seen_meanwhile_is_decided_again(
    log: LogRecorder, database_url: str
) -> None:
    log.insert_events(**paid(1, inbox=[told("1")]))

    outcomes = together(
        log,
        paid(2, inbox=[told("1", seen=0, digest=b"other")]),  # One word was there before.
        paid(3, inbox=[told("1", seen=1, digest=b"other")]),
        paid(4, inbox=[told("1", seen=1, digest=b"third")]),  # Now there are two.
        paid(5, inbox=[told("1", seen=2, digest=b"third", key=None)]),
        paid(6, inbox=[told("2"), told("3", key=None)]),
        paid(7, inbox=[told("4"), told("3")]),
    )

    assert kinds(outcomes) == [Taken, [3], Taken, [4], [5], Taken]
    assert [(row.event_id, bytes(row.digest)) for row in checked(database_url).inbox] == [
        ("1", b"digest"),
        ("1", b"other"),
        ("1", b"third"),
        ("2", b"digest"),
        ("3", b"digest"),
    ]


def test_notices_without_keys_of_their_own_fill_a_batch(
    log: LogRecorder, database_url: str
) -> None:
    outcomes = together(log, *(paid(n, inbox=[told(f"{n}", key=None)]) for n in range(1, 9)))

    assert outcomes == [[n + 1] for n in range(1, 9)]
    assert {row.key for row in checked(database_url).inbox} == {None}


def test_a_change_of_the_directory_and_payments_in_one_batch(
    log: LogRecorder, database_url: str
) -> None:
    moved = {"stored_events": [event(50)], "directory": True}

    before = together(log, paid(1, decided_on=0), moved, paid(2, decided_on=0), paid(3))
    after = paid(4, decided_on=before[1][0])
    later = together(log, {"stored_events": [event(STOPPER, 2)]}, after, moved)

    # What does not touch the directory goes first, as one round with what came before it.
    assert kinds(before) == [[2], [5], [3], [4]]
    assert kinds(later) == [[7], [8], Taken] or kinds(later) == [[6], [7], Taken]
    checked(database_url)
