"""What an event loop waits at while the writer works: one wake-up for all that a batch freed."""

import asyncio
from collections import deque
from collections.abc import Callable


class Burst:
    """Collects the gates that the writer's thread releases, and wakes the loop once for all."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._released: deque[CommitGate] = deque()
        self._rung = False

    def add(self, gate: "CommitGate") -> None:
        """Called by the writer's thread. Never raises: other callers' gates come after this one."""
        self._released.append(gate)
        if not self._rung:
            self._rung = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:  # The loop is closed: nobody waits any more.
                self._released.clear()

    def _wake(self) -> None:
        self._rung = False  # Before the queue is emptied: who comes from now on rings again.
        while self._released:
            self._released.popleft().open()


class CommitGate:
    """The gate of one command; `opened` is called on the loop when its outcome is known."""

    __slots__ = ("_burst", "_future", "_opened")

    def __init__(self, burst: Burst, opened: Callable[[], None]) -> None:
        self._burst = burst
        self._opened = opened
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def acquire(self) -> "asyncio.Future[None]":
        """What the caller awaits."""
        return self._future

    def release(self) -> None:
        """The writer is done with the command."""
        self._burst.add(self)

    def open(self) -> None:
        self._opened()
        if not self._future.done():  # The caller may have left.
            self._future.set_result(None)
