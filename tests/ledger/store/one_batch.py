"""Holds a log's writer back, so that what several callers save goes into one batch."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from ledger.store.batch import Batch, Refused, Written
from ledger.store.recorder import LogRecorder
from tests.ledger.store.simple_log import event, paid

PATIENCE_S = 30
STOPPER = 999_999
"""The history whose next event is written while the writer is held."""


def until(condition: Callable[[], bool]) -> None:
    """Waits until it holds; fails the test when it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.0005)


class Saving(Thread):
    """One caller in a thread of its own, and what became of it."""

    def __init__(self, log: LogRecorder, wish: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.outcome: Any = "still waiting"
        self._log, self._wish = log, wish
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._log.insert_events(**self._wish)
        except BaseException as error:
            self.outcome = error

    def outcome_in_time(self) -> Any:
        self.join(PATIENCE_S)
        return self.outcome


@contextmanager
def held(log: LogRecorder) -> Iterator[None]:
    """The writer is busy with a first payment for the length of the block."""
    inside, go = Event(), Event()
    append = log.writer._append

    def hold(batch: Batch, now_us: int) -> Written | Refused:
        log.writer._append = append
        inside.set()
        go.wait(PATIENCE_S)
        return append(batch, now_us)

    log.writer._append = hold
    version = len(log.select_events(event(STOPPER).originator_id)) + 1
    stopper = Saving(log, paid(STOPPER, version))
    assert inside.wait(PATIENCE_S)
    try:
        yield
    finally:
        go.set()
        assert stopper.outcome_in_time() != "still waiting"


def queued(log: LogRecorder, *wishes: dict[str, Any]) -> list[Saving]:
    """These callers wait in the queue, in this order, or were refused; the writer must be held."""
    callers: list[Saving] = []
    for wish in wishes:
        before = log.writer._queue.qsize()
        caller = Saving(log, wish)
        until(lambda b=before, c=caller: log.writer._queue.qsize() > b or not c.is_alive())  # type: ignore[misc]
        callers.append(caller)
    return callers


def together(log: LogRecorder, *wishes: dict[str, Any]) -> list[Any]:
    """Saves these in one batch, in this order: each one's positions or its error.

    One position before theirs is what held the writer back.
    """
    with held(log):
        callers = queued(log, *wishes)
    return [caller.outcome_in_time() for caller in callers]


def sizes_of_batches(log: LogRecorder) -> list[int]:
    """Grows by one number for each transaction from now on."""
    sizes: list[int] = []
    append = log.writer._append

    def counting(batch: Batch, now_us: int) -> Written | Refused:
        sizes.append(len(batch.commands))
        return append(batch, now_us)

    log.writer._append = counting
    return sizes
