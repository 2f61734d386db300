"""Group commit: whoever is refused is refused alone, and everyone else is written, in order."""

import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, Tracking

from ledger.store.command import Line, Outdated, Taken, Unbalanced, Unpackable
from ledger.store.recorder import LogRecorder
from tests.ledger.store.one_batch import STOPPER, sizes_of_batches, together
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


def test_who_is_held_back_keeps_their_place_before_those_who_come_later(
    log: LogRecorder, database_url: str
) -> None:
    """The second waits for the first's notice; the third wants what the second will write."""
    outcomes = together(
        log,
        paid(1, inbox=[told("1")]),
        paid(2, inbox=[told("1", seen=1, digest=b"other")]),
        paid(2, amount_vnd=7),
        paid(3),
    )

    assert kinds(outcomes) == [[2], [4], Taken, [3]]
    checked(database_url)


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

    # Words under one id go into rounds one after another; what does not touch them is not kept.
    assert kinds(outcomes) == [Taken, [4], Taken, [5], [3], Taken]
    assert [(row.event_id, bytes(row.digest)) for row in checked(database_url).inbox] == [
        ("1", b"digest"),
        ("2", b"digest"),
        ("3", b"digest"),
        ("1", b"other"),
        ("1", b"third"),
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
    moved = {"stored_events": [event(50), event(50, 2)], "directory": True}
    moved_again = {"stored_events": [event(50, 3)], "directory": True}

    first = together(log, paid(1, decided_on=0), moved, paid(2, decided_on=0), paid(3))
    second = together(log, moved_again, paid(4, decided_on=6), paid(5), paid(6, decided_on=8))

    # What leaves the directory alone is one round, what changes it another: whoever came first.
    assert kinds(first) == [[2], [5, 6], [3], [4]]
    assert kinds(second) == [[8], Outdated, [9], [10]]
    assert [h for h, _ in checked(database_url).histories[-2:]] == [5, 6]


def test_a_lone_caller_does_not_wait_for_others(
    log: LogRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log.writer, "_gather_s", 0.5)

    def seconds(number: int) -> float:
        begun = time.monotonic()
        log.insert_events(**paid(number))
        return time.monotonic() - begun

    assert min(map(seconds, (1, 2, 3))) < 0.4
    together(log, *map(paid, range(11, 21)))
    assert seconds(21) >= 0.5  # After a busy batch.
    assert min(map(seconds, (31, 32, 33))) < 0.4


def test_everyone_who_waits_goes_into_one_transaction_up_to_a_thousand(
    log: LogRecorder, database_url: str
) -> None:
    sizes = sizes_of_batches(log)

    outcomes = together(log, *map(paid, range(1, 1_101)))

    assert outcomes == [[n + 1] for n in range(1, 1_101)]
    assert sizes == [1, 1_000, 100]
    assert len(checked(database_url).lines) == 2 * 1_101


def test_the_recorded_time_never_decreases_though_the_clock_does(database_url: str) -> None:
    times = iter([5_000_000, 9_000_000, 3_000_000, -1, 9_000_001])

    with open_log(database_url, clock_us=lambda: next(times)) as log:
        for n in range(1, 5):
            log.insert_events(**paid(n))
    with open_log(database_url, clock_us=lambda: next(times)) as log:
        log.insert_events(**paid(5))

    recorded = [row.recorded_at for row in checked(database_url).events]
    assert recorded == [5_000_000, 9_000_000, 9_000_000, 9_000_000, 9_000_001]


def test_amounts_of_every_size_follow_one_another(
    log: LogRecorder, database_url: str, seed: int
) -> None:
    """A driver that picks the width of its arrays by the first ones it sees would fail here."""
    sizes = [1, 2**7, 2**15, 50_000, 2**31, 2**53 - 1]
    amounts = [1, 2, *sizes, *reversed(sizes), *Random(seed).choices(sizes, k=20)]

    for n, amount_vnd in enumerate(amounts[:-8], 1):
        assert log.insert_events(**paid(n, amount_vnd=amount_vnd)) == [n]
    outcomes = together(log, *(paid(100 + n, amount_vnd=v) for n, v in enumerate(amounts[-8:])))

    assert all(isinstance(outcome, list) for outcome in outcomes)
    stored = [line.amount_vnd for line in checked(database_url).lines if line.line == 1]
    assert stored == [*amounts[:-8], 50_000, *amounts[-8:]]  # In between: what held the writer.


def test_a_balance_that_grows_too_large_is_refused_and_not_rounded(
    log: LogRecorder, database_url: str
) -> None:
    outcomes = together(log, paid(1, amount_vnd=2**62), paid(2, amount_vnd=2**62), paid(3))

    assert kinds(outcomes)[0::2] == [[2], [3]]
    assert isinstance(outcomes[1], IntegrityError)
    checked(database_url)


def test_events_get_salts_of_their_own_and_none_twice(log: LogRecorder, database_url: str) -> None:
    several = [{"stored_events": [event(n), event(n, 2), event(n, 3)]} for n in range(1, 31)]

    together(log, *several)

    assert len({bytes(row.salt) for row in checked(database_url).events}) == 91


def test_how_far_a_log_was_followed_is_written_with_what_was_made_of_it(database_url: str) -> None:
    with open_log(database_url, process=True) as log:
        log.insert_events(**paid(1, tracking=Tracking("upstream", 5)))
        outcomes = together(
            log,
            paid(2, tracking=Tracking("upstream", 5)),
            paid(3, tracking=Tracking("other", 1)),
            paid(4, tracking=Tracking("upstream", 6)),
            {"stored_events": [], "tracking": Tracking("upstream", 7)},
            {"stored_events": [], "tracking": Tracking("upstream", 7)},
        )

    assert kinds(outcomes) == [Taken, [3], [4], [], Taken]
    assert checked(database_url).histories == [(1, 1), (STOPPER, 1), (3, 1), (4, 1)]


def test_saving_nothing_writes_nothing(log: LogRecorder, database_url: str) -> None:
    assert log.insert_events([]) == []
    assert checked(database_url).events == []
