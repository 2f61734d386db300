"""How long we wait for somebody: looked at four times a second, so that waiting itself is cheap."""

import asyncio
from collections import deque
from types import TracebackType

LOOK_S = 0.25


class Patience:
    """So many seconds for everybody. `with patience.wait(): await ...` raises TimeoutError then.

    A timer for each notice would cost more than judging its signature does.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waits: deque[Wait] = deque()
        self._loop = asyncio.get_running_loop()
        self._looking: asyncio.TimerHandle | None = None

    def wait(self) -> "Wait":
        """Begins now."""
        wait = Wait(self._loop.time() + self.seconds)
        self._waits.append(wait)
        if self._looking is None:
            self._looking = self._loop.call_later(LOOK_S, self._look)
        return wait

    def _look(self) -> None:
        """Who began first is over first."""
        waits, now_s = self._waits, self._loop.time()
        while waits and (waits[0].over or waits[0].until_s <= now_s):
            waits.popleft().give_up()
        self._looking = self._loop.call_later(LOOK_S, self._look) if waits else None


class Wait:
    """One wait of the task that began it."""

    __slots__ = ("late", "over", "task", "until_s")

    def __init__(self, until_s: float) -> None:
        self.until_s = until_s
        self.task = asyncio.current_task()
        self.over = False
        self.late = False

    def give_up(self) -> None:
        """Ends the wait, unless it has ended by itself."""
        if not self.over and self.task is not None:
            self.late = True
            self.task.cancel()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.over = True
        task, self.task = self.task, None
        if not self.late or task is None:
            return
        others = task.uncancel()  # Who else wants to end the task.
        if kind is asyncio.CancelledError and not others:
            raise TimeoutError from error
