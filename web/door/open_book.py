"""The book of one worker: opened after the fork, and again and again until its database answers."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from web.door.answers import TurnedAway, busy
from web.door.log import log, what
from web.wiring import Wiring

AGAIN_S = 1.0
FIRST_S = 5.0
"""How long the worker waits for the book before it begins to answer without one."""

Opening = Callable[[], AbstractContextManager[Wiring]]


class OpenBook:
    """Holds the wiring while the book is open. Opening and closing block, so threads do them."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._context: AbstractContextManager[Wiring] | None = None
        self._wiring: Wiring | None = None
        self._trying: asyncio.Task[None] | None = None

    @property
    def wiring(self) -> Wiring:
        """The open book; turned away with 503 while there is none."""
        if self._wiring is None:
            raise TurnedAway(busy("book_closed", "The book is not open; try again in a moment."))
        return self._wiring

    async def start(self) -> None:
        """Opens the book. When that fails, or takes long, the door says 503 and goes on trying."""
        tried = asyncio.Event()
        self._trying = asyncio.create_task(self._keep_trying(tried))
        try:
            async with asyncio.timeout(FIRST_S):
                await tried.wait()
        except TimeoutError:
            log.warning("book_opens_slowly")

    async def _keep_trying(self, tried: asyncio.Event) -> None:
        while not await self._open():
            tried.set()
            await asyncio.sleep(AGAIN_S)
        tried.set()
        log.info("book_opened")

    async def _open(self) -> bool:
        context = self._opening()
        try:
            self._wiring = await asyncio.to_thread(context.__enter__)
        except Exception as error:  # Whatever it is, it may pass; it is told, and seen in /readyz.
            log.error("book_not_opened", error=what(error))
            return False
        self._context = context
        return True

    async def stop(self) -> None:
        """Writes what waits and closes the book."""
        if self._trying is not None:
            self._trying.cancel()
        context, self._context, self._wiring = self._context, None, None
        if context is not None:
            await asyncio.to_thread(context.__exit__, None, None, None)
