"""Is the process alive, can it take notices, what has it counted: for watchers, not for people."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from eventsourcing.persistence import PersistenceError
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from ledger.title_page import exists
from web.door.answers import Answer, TurnedAway, only, told
from web.door.log import log, what
from web.door.open_book import OpenBook
from web.door.request import Request
from web.door.tally import CONTENT_TYPE, Tally
from web.wiring import Wiring

LOOK_S = 2.0
"""How long the database may take to say that it is there."""
KEEP_S = 0.5
"""How long what was seen is told again without another look."""


class Following(Protocol):
    """How one follower stands, as far as a watcher wants to know."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def position(self) -> int: ...

    @property
    def lag(self) -> int:
        """Events that it has still to take in."""
        ...

    @property
    def failed(self) -> str | None:
        """Why it has stopped, if it has."""
        ...


Followers = Callable[[Wiring], Sequence[Following]]


class Seen(NamedTuple):
    """What the last look at the book found."""

    fault: str | None
    """In one word; None when notices can be taken in."""
    position: int | None
    followers: Sequence[Following]


def nobody_follows(_: Wiring) -> Sequence[Following]:
    """For a server that runs without followers."""
    return ()


class Health:
    """The answers to /healthz, /readyz and /metrics."""

    def __init__(self, book: OpenBook, tally: Tally, followers: Followers) -> None:
        self._book = book
        self._tally = tally
        self._followers = followers
        self._look: asyncio.Task[Seen] | None = None
        self._looked_at = float("-inf")
        self._count: asyncio.Task[bytes] | None = None
        self.routes: dict[str, Callable[[], Awaitable[Answer]]] = {
            "/healthz": self.alive,
            "/readyz": self.ready,
            "/metrics": self.counted,
        }

    async def answer(self, request: Request) -> Answer:
        """The answer to any request for one of these addresses."""
        if request.method not in ("GET", "HEAD"):
            return only("GET", "HEAD")
        return await self.routes[request.path]()

    async def alive(self) -> Answer:
        """200 as long as the process answers at all."""
        return told(200, {"alive": True})

    async def counted(self) -> Answer:
        """The counts of all workers, read once for all who ask meanwhile."""
        if self._count is None or self._count.done():
            self._count = asyncio.create_task(asyncio.to_thread(self._tally.told))
        text = await asyncio.shield(self._count)
        return Answer(200, text, ((b"content-type", CONTENT_TYPE.encode()),))

    async def ready(self) -> Answer:
        """200 when notices can be taken in, else 503 and why. A follower that has stopped is named
        and does not make it 503: it keeps no bank waiting."""
        seen = await self._seen()
        followers = [
            {
                "name": following.name,
                "state": following.state,
                "position": following.position,
                "lag": following.lag,
                "failed": following.failed,
            }
            for following in seen.followers
        ]
        stopped = [following.name for following in seen.followers if following.failed is not None]
        return told(
            503 if seen.fault else 200,
            {
                "ready": seen.fault is None,
                "fault": seen.fault,
                "position": seen.position,
                "followers": followers,
                "stopped": stopped,
            },
            outcome=seen.fault or "",
        )

    async def _seen(self) -> Seen:
        """One look for all who ask at the same time, or just after."""
        clock_s = asyncio.get_running_loop().time()
        if self._look is None or (self._look.done() and clock_s - self._looked_at > KEEP_S):
            self._looked_at = clock_s
            self._look = asyncio.create_task(asyncio.to_thread(self._look_at_book))
        try:
            async with asyncio.timeout(LOOK_S):
                return await asyncio.shield(self._look)
        except TimeoutError:
            return Seen("database_slow", None, ())

    def _look_at_book(self) -> Seen:
        try:
            wiring = self._book.wiring
        except TurnedAway as turned_away:
            return Seen(turned_away.answer.outcome, None, ())
        store = wiring.book.store
        try:
            if not exists(store.engines, store.tables):
                return Seen("no_book", None, ())
            metadata = store.tables.metadata
            with store.engines.reading() as connection:
                there = inspect(connection).get_table_names(schema=metadata.schema)
            if not {table.name for table in metadata.sorted_tables}.issubset(there):
                return Seen("not_migrated", None, ())
            return Seen(None, wiring.book.log.max_notification_id() or 0, self._followers(wiring))
        except (PersistenceError, SQLAlchemyError) as error:
            log.warning("not_ready", error=what(error))
            return Seen("database_away", None, ())
