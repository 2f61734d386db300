"""The writer outlives every error, and when it has to end nobody is left waiting."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

from ledger.store.batch import Batch, Refused, Written
from ledger.store.command import Closed, Command, OutcomeUnknown, Taken
from ledger.store.recorder import LogRecorder
from tests.ledger.store.one_batch import Saving, held, queued, together, until
from tests.ledger.store.simple_log import checked, event, open_log, paid

ROOT = Path(__file__).parents[3]


@pytest.fixture
def log(database_url: str) -> Iterator[LogRecorder]:
    with open_log(database_url) as log:
        yield log


def fail(log: LogRecorder, error: BaseException, *, times: int = 1, after: bool = False) -> None:
    """The next transactions of two and more commands raise this, before or after they happen."""
    append = log.writer._append
    left = [times]

    def failing(batch: Batch, now_us: int) -> Written | Refused:
        if len(batch.commands) < 2 or not left[0]:
            return append(batch, now_us)
        left[0] -= 1
        if after:
            append(batch, now_us)
        raise error

    log.writer._append = failing


INTERRUPTIONS = [KeyboardInterrupt(), SystemExit(1)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", INTERRUPTIONS, ids=repr)
def test_an_interruption_frees_all_callers_and_the_writer_goes_on(
    log: LogRecorder, database_url: str, error: BaseException, after: bool
) -> None:
    fail(log, error, after=after)

    outcomes = together(log, paid(1), paid(2), paid(3))

    assert {type(outcome) for outcome in outcomes} == {OutcomeUnknown}
    again = together(log, paid(1), paid(2), paid(3))
    assert {type(o) for o in again} == ({Taken} if after else {list})
    assert len(checked(database_url).events) == 5


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("odd")], ids=repr)
def test_after_a_passing_error_all_are_written_once(
    log: LogRecorder, database_url: str, error: BaseException
) -> None:
    fail(log, error)
    assert together(log, paid(1), paid(2), paid(3)) == [[2], [3], [4]]
    fail(log, error, after=True)
    assert together(log, paid(4), paid(5), paid(1), paid(6))[:2] == [[6], [7]]

    assert [h for h, _ in checked(database_url).histories[1:]] == [1, 2, 3, 999_999, 4, 5, 6]


def test_a_program_error_stays_what_it_is_and_harms_nobody_later(log: LogRecorder) -> None:
    fail(log, RuntimeError("odd"), times=99)
    outcomes = together(log, paid(1), paid(2))
    assert outcomes == [[2], [3]]  # One by one it goes.

    broken = log.writer._append

    def never(batch: Batch, now_us: int) -> Written | Refused:
        raise RuntimeError("always")

    log.writer._append = never
    with pytest.raises(RuntimeError, match="always"):
        log.insert_events(**paid(3))
    log.writer._append = broken
    assert log.insert_events(**paid(3)) == [4]


def test_a_bell_that_breaks_does_not_stop_the_writer(log: LogRecorder) -> None:
    def broken() -> None:
        raise RuntimeError("the loop is closed")

    log.writer._woken = broken

    assert [log.insert_events(**paid(n)) for n in (1, 2, 3)] == [[1], [2], [3]]


def test_what_breaks_before_a_batch_is_written_is_told_too(log: LogRecorder) -> None:
    together(log, *map(paid, range(1, 11)))  # After a busy batch the writer may gather.
    gathers, log.writer._gather_s = log.writer._gather_s, -1.0
    with pytest.raises(IntegrityError):
        log.insert_events(**paid(20))
    log.writer._gather_s = gathers

    assert log.insert_events(**paid(20)) == [12]


class BrokenGate:
    """A caller's own gate, that does not open."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        raise RuntimeError("the loop is closed")


def test_a_gate_that_breaks_keeps_nobody_else_waiting(log: LogRecorder, database_url: str) -> None:
    with held(log):
        before = queued(log, paid(1))
        log.writer.enter(Command([event(2)], log.new_salts(1), gate=BrokenGate()))  # type: ignore[arg-type]
        after = queued(log, paid(3))

    assert [caller.outcome_in_time() for caller in before + after] == [[2], [4]]
    assert log.insert_events(**paid(4)) == [5]
    assert len(checked(database_url).events) == 5


def test_after_closing_callers_are_refused(log: LogRecorder, database_url: str) -> None:
    log.insert_events(**paid(1))
    log.close()
    log.close()

    with pytest.raises(Closed):
        log.insert_events(**paid(2))
    assert issubclass(Closed, OperationalError)
    assert checked(database_url).histories == [(1, 1)]


def test_a_log_that_never_wrote_closes_too(log: LogRecorder) -> None:
    log.close()

    with pytest.raises(Closed):
        log.insert_events(**paid(1))


def test_closing_writes_what_waits_and_tells_everyone(log: LogRecorder, database_url: str) -> None:
    closing = Thread(target=log.close)
    with held(log):
        waiting = queued(log, *map(paid, range(1, 31)))
        closing.start()
        until(lambda: log.writer._closed)
        late = [Saving(log, paid(n)) for n in range(31, 41)]
        assert {type(caller.outcome_in_time()) for caller in late} == {Closed}
    closing.join(30)

    assert not closing.is_alive()
    assert [caller.outcome_in_time() for caller in waiting] == [[n + 1] for n in range(1, 31)]
    assert len(checked(database_url).events) == 31


def test_closing_while_many_callers_come_in_leaves_nobody_waiting(
    log: LogRecorder, database_url: str
) -> None:
    """Each caller goes on until refused; what was acknowledged is what is stored."""
    acknowledged: list[int] = []
    begun = Event()

    def pay(caller: int) -> None:
        for n in range(10_000):
            try:
                log.insert_events(**paid(caller * 10_000 + n))
            except Closed:
                return
            acknowledged.append(caller * 10_000 + n)
            begun.set()

    callers = [Thread(target=pay, args=(caller,), daemon=True) for caller in range(32)]
    for caller in callers:
        caller.start()
    assert begun.wait(30)
    time.sleep(0.1)
    log.close()
    for caller in callers:
        caller.join(30)

    assert not any(caller.is_alive() for caller in callers)
    assert sorted(acknowledged) == sorted(h for h, _ in checked(database_url).histories)


def run(script: str, *arguments: str) -> str:
    """What a Python process of its own says."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


AT_EXIT = """
import sys, threading, time
from tests.ledger.store.simple_log import open_log, paid
opened = open_log(sys.argv[1])  # And never closed.
log = opened.__enter__()
append = log.writer._append
log.writer._append = lambda batch, now_us: (time.sleep(0.3), append(batch, now_us))[1]
for n in range(1, 9):
    threading.Thread(target=lambda n=n: log.insert_events(**paid(n)), daemon=True).start()
time.sleep(0.1)
"""


def test_a_process_that_ends_first_writes_what_waits(database_url: str) -> None:
    run(AT_EXIT, database_url)

    assert len(checked(database_url).events) == 8


FORKS = """
import os, signal, sys, threading, time
from tests.ledger.store.simple_log import event, open_log, paid

def pay(log, first, count):
    for n in range(first, first + count):
        log.insert_events(**paid(n))

def pay_in_threads(log, first):
    threads = [threading.Thread(target=pay, args=(log, first + 100 * n, 10)) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

with open_log(sys.argv[1]) as log:
    busy = sys.argv[2] == "busy"
    listening = log.subscribe(gt=0)  # Its poller will not live in the child.
    pay(log, 1, 3)
    listening.stop()
    log.max_notification_id()
    parents = threading.Thread(target=pay_in_threads, args=(log, 1_000))
    if busy:
        parents.start()
        time.sleep(0.05)
    child = os.fork()
    if child == 0:
        signal.alarm(50)
        try:
            heard = log.subscribe(gt=0)
            pay_in_threads(log, 2_000)
            assert log.max_notification_id() >= 83
            seen = [next(heard).id for _ in range(3 + 2 * 80)]  # The parent's are among them.
            assert seen == list(range(1, 164)), seen
            os.write(1, b"child ")
        except BaseException as error:
            os.write(2, repr(error).encode())
        os._exit(0)
    if not busy:
        time.sleep(0.5)
        parents.start()
    parents.join()
    assert len(log.select_notifications(1, 1_000)) >= 83
    os.waitpid(child, 0)
    os.write(1, b"parent")
"""


def test_a_forked_child_writes_and_reads_and_so_does_its_parent(database_url: str) -> None:
    assert run(FORKS, database_url, "idle") == "child parent"
    assert len(checked(database_url).events) == 3 + 2 * 80


def test_a_child_forked_from_a_busy_parent_writes_and_reads(postgresql_url: str) -> None:
    assert run(FORKS, postgresql_url, "busy") == "child parent"
    assert len(checked(postgresql_url).events) == 3 + 2 * 80
