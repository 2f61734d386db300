"""The ASGI application of one worker: notices and health itself, all else through Flask."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any

from market.ports import BankDialect
from web.door.answers import (
    Answer,
    ClientGone,
    Message,
    Receive,
    Send,
    TurnedAway,
    give,
    refused,
)
from web.door.contracts import Contracts
from web.door.desk import Desk
from web.door.health import Followers, Health
from web.door.hooks import PREFIX, Hooks
from web.door.limits import Limits
from web.door.log import log, what, where
from web.door.open_book import OpenBook, Opening
from web.door.pages import Pages
from web.door.request import Request
from web.door.suspects import Suspects
from web.door.tally import Tally
from web.wiring import Wiring

TICK_S = 1.0
CLIENT_GONE = 499
"""In the log only: nobody was there to answer."""


class Door:
    """Built on the worker's event loop, by its first message (`lifespan.startup`)."""

    def __init__(
        self,
        opening: Opening,
        dialects: Mapping[str, BankDialect],
        create_app: Callable[[Wiring], Any],
        followers: Followers,
        limits: Limits,
        now: Callable[[], datetime],
    ) -> None:
        self._dialects = dialects
        self._create_app = create_app
        self._followers = followers
        self._now = now
        self._opening = opening
        self.limits = limits
        self.stopping = asyncio.Event()
        """Set when the worker is told to stop: whatever streams says good-bye and ends."""
        self.connections: Callable[[], int] = lambda: 0
        """How many connections are open; the worker knows."""
        self.tally = Tally()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            await self._answer(Request(scope, receive), send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._book = OpenBook(self._opening)
        self._desk = Desk(self._book, self.limits)
        self._suspects = Suspects(asyncio.get_running_loop().time)
        self._contracts = Contracts(self._book, self._dialects)
        self._hooks = Hooks(
            self._dialects, self._contracts, self._desk, self._suspects, self.tally,
            self.limits, self._now,
        )  # fmt: skip
        self._health = Health(self._book, self.tally, self._followers)
        self._pages = Pages(self._create_app, self._book, self.limits, self.tally)
        await self._book.start()
        await asyncio.to_thread(self._pages.prepare)
        ticking = asyncio.create_task(self._tick())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        ticking.cancel()
        await self._book.stop()
        self._desk.close()
        self._pages.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        """Once a second: what is counted by looking, and what must not grow old."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tally.now(self.connections(), self._desk.waiting, self._pages.waiting)
            if self._suspects.beyond:
                log.warning("refused_beyond_limit", count=self._suspects.beyond)
                self._suspects.beyond = 0
            self._contracts.refresh_when_old()

    async def _answer(self, request: Request, send: Send) -> None:
        started = perf_counter()
        route, answer = "page", None
        try:
            if request.path.startswith(PREFIX):
                route = self._hooks.route(request.path)
                answer = await self._hooks.answer(request)
            elif request.path in self._health.routes:
                route = request.path
                answer = await self._health.answer(request)
            else:
                answer = await self._page(request, send)
                route = request.notes.get("route", route)
        except TurnedAway as turned_away:
            answer = turned_away.answer
        except ClientGone:
            answer = Answer(CLIENT_GONE, b"", (), "client_gone")
        except Exception as error:  # A defect of ours must not take the worker with it.
            log.error("defect", request_id=request.id, error=what(error), where=where(error))
            answer = refused(500, "defect", "Something went wrong here; it has been written down.")
        seconds = perf_counter() - started
        self.tally.request(route, answer.status, seconds)
        if not answer.quiet:
            log.info(
                "request", request_id=request.id, method=request.known_method, route=route,
                status=answer.status, outcome=answer.outcome or "ok",
                ms=round(seconds * 1_000, 2),
            )  # fmt: skip
        if answer.status != CLIENT_GONE and "answered" not in request.notes:
            await give(send, answer, request.id)

    async def _page(self, request: Request, send: Send) -> Answer:
        """Lets Flask answer, and remembers what it said."""
        told = Answer(500, b"", ())

        async def sending(message: Message) -> None:
            nonlocal told
            if message["type"] == "http.response.start":
                request.notes["answered"] = "yes"
                told = told._replace(status=message["status"])
                named = (b"x-request-id", request.id.encode())
                message = {**message, "headers": [*message["headers"], named]}
            await send(message)

        await self._pages.serve(request, sending)
        return told
