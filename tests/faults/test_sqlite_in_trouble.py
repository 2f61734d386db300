"""SQLite: a locked file is waited for, a full disk is told to all, and neither loses anything."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError
from sqlalchemy import make_url

from ledger.store import engines
from ledger.store.recorder import LogRecorder
from tests.ledger.store.one_batch import Saving, together
from tests.ledger.store.simple_log import checked, event, open_log, paid

ROOT = Path(__file__).parents[2]
HOLDS_THE_LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
"""


@pytest.fixture
def log(sqlite_url: str) -> Iterator[LogRecorder]:
    with open_log(sqlite_url) as log:
        log.insert_events(**paid(1))
        yield log


def lock(url: str, seconds: float) -> "subprocess.Popen[str]":
    """Another process has begun to write, and takes its time."""
    command = [sys.executable, "-c", HOLDS_THE_LOCK, str(make_url(url).database), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_while_another_process_writes_callers_wait(log: LogRecorder, sqlite_url: str) -> None:
    with lock(sqlite_url, 2.0):
        begun = time.monotonic()
        callers = [Saving(log, paid(n)) for n in range(2, 18)]
        assert log.max_notification_id() == 1  # Readers do not wait.
        outcomes = [caller.outcome_in_time() for caller in callers]

    assert sorted(outcomes) == [[n] for n in range(2, 18)]
    assert time.monotonic() - begun > 1.5
    checked(sqlite_url)


def test_who_waits_too_long_for_the_lock_is_told_and_may_come_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE_S", 0.3)
    with open_log(sqlite_url) as log:
        log.insert_events(**paid(1))
        with lock(sqlite_url, 2.0) as process:
            refused = [Saving(log, paid(n)) for n in range(2, 6)]
            outcomes = [caller.outcome_in_time() for caller in refused]
            process.kill()

        assert {type(outcome) for outcome in outcomes} == {OperationalError}
        assert [log.insert_events(**paid(n)) for n in range(2, 6)] == [[2], [3], [4], [5]]
    checked(sqlite_url)


def pages(log: LogRecorder, most: int | None = None) -> int:
    """How many pages the file may have, or has."""
    connection = log._engines.writer.raw_connection()
    try:
        cursor = connection.cursor()
        said = "page_count" if most is None else f"max_page_count = {most}"
        return int(cursor.execute(f"PRAGMA {said}").fetchone()[0])
    finally:
        connection.close()


def large(history: int) -> dict[str, Any]:
    return paid(history, stored_events=[event(history, state=b'"%s"' % (b"x" * 3_000))])


def test_a_full_file_is_told_to_everyone_and_nothing_is_lost(
    log: LogRecorder, sqlite_url: str
) -> None:
    pages(log, most=pages(log) + 20)
    acknowledged = [1]
    refusals: list[BaseException] = []
    for n in range(2, 100):
        try:
            log.insert_events(**large(n))
        except OperationalError as error:
            refusals.append(error)
        else:
            acknowledged.append(n)
    crowd = together(log, *map(large, range(100, 150)))

    assert len(acknowledged) > 5
    assert acknowledged == list(range(1, acknowledged[-1] + 1))  # Full once, full for all.
    assert refusals
    assert {str(error) for error in refusals} != {""}
    assert all("full" in str(error) for error in refusals)
    assert {type(outcome) for outcome in crowd} == {OperationalError}
    assert [h for h, _ in checked(sqlite_url).histories[: len(acknowledged)]] == acknowledged

    pages(log, most=1_000_000)
    again = together(log, *map(large, range(100, 150)))
    assert {type(outcome) for outcome in again} == {list}
    checked(sqlite_url)


FILLS_THE_DISK = """
import resource, sys
from pathlib import Path
from eventsourcing.persistence import OperationalError
from tests.faults.test_sqlite_in_trouble import large
from tests.ledger.store.one_batch import together
from tests.ledger.store.simple_log import open_log, paid

_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
with open_log("sqlite:///" + sys.argv[1]) as log:
    log.insert_events(**paid(1))
    size = Path(sys.argv[1] + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, most))
    acknowledged, refused = [1], 0
    for n in range(2, 100):
        try:
            log.insert_events(**large(n))
        except OperationalError as error:
            refused += 1
        else:
            acknowledged.append(n)
    assert refused and len(acknowledged) > 5, (refused, acknowledged)
    assert {type(o) for o in together(log, *map(large, range(100, 150)))} == {OperationalError}
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    for n in range(100, 110):
        log.insert_events(**large(n))
        acknowledged.append(n)
print(*acknowledged)
"""


def test_a_disk_that_takes_no_more_bytes_is_told_and_nothing_is_lost(sqlite_url: str) -> None:
    """The system itself refuses to let any file grow, in the middle of SQLite's own writing."""
    command = [sys.executable, "-c", FILLS_THE_DISK, str(make_url(sqlite_url).database)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    acknowledged = [int(word) for word in done.stdout.split()]
    stored = {history for history, _ in checked(sqlite_url).histories}
    assert set(acknowledged) <= stored
    assert stored - set(acknowledged) <= {999_999}  # What held the writer while the disk was full.
