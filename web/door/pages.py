"""Everything that is no notice: handed to Flask in a pool of threads, so many pages at once."""

from collections.abc import Callable
from typing import Any

from a2wsgi import WSGIMiddleware

from web.door.answers import Message, Receive, Send, TurnedAway, busy, refused
from web.door.limits import PAGE_THREADS, Limits
from web.door.log import log, what, where
from web.door.open_book import OpenBook
from web.door.patience import Patience
from web.door.request import Request
from web.door.tally import Tally
from web.wiring import Wiring

FRAMING = (b"content-length", b"transfer-encoding")


class Pages:
    """Flask, made when the book is open. A page gets its body whole or is not called at all."""

    def __init__(
        self, create_app: Callable[[Wiring], Any], book: OpenBook, limits: Limits, tally: Tally
    ) -> None:
        self._create_app = create_app
        self._book = book
        self._limits = limits
        self._tally = tally
        self._flask: Any = None
        """a2wsgi's; its types are stricter about messages than ASGI servers' are."""
        self._patience = Patience(limits.body_s)
        self.waiting = 0

    async def serve(self, request: Request, send: Send) -> None:
        """Turned away with 503 when too many pages are waiting already."""
        if self.waiting >= self._limits.pages:
            self._tally.full("pages")
            raise TurnedAway(busy("too_many_pages", "Too many pages are asked for at once."))
        if not request.scope["query_string"].isascii():
            raise TurnedAway(refused(400, "bad_query", "What follows the ? has to be ASCII."))
        self.waiting += 1
        try:
            body = await request.body(self._patience)
            await self._app()(_framed(request.scope, body), _replay(body), send)
        finally:
            self.waiting -= 1

    def prepare(self) -> None:
        """Makes the pages before the first is asked for; notices go on when that fails. Blocks."""
        try:
            self._app()
        except TurnedAway:
            log.info("pages_wait_for_the_book")
        except Exception as error:
            log.error("pages_not_made", error=what(error), where=where(error))

    def _app(self) -> Any:
        if self._flask is None:
            app = self._create_app(self._book.wiring)
            # Its queue has no end: a client that reads nothing would hold the page's thread.
            self._flask = WSGIMiddleware(app, PAGE_THREADS, send_queue_size=0)
        return self._flask

    def close(self) -> None:
        """Lets go of the threads."""
        if self._flask is not None:
            self._flask.executor.shutdown(wait=False, cancel_futures=True)


def _framed(scope: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The scope of a request whose body is known: its length is told, however it came."""
    kept = [header for header in scope["headers"] if header[0] not in FRAMING]
    if len(kept) < len(scope["headers"]):
        kept.append((b"content-length", b"%d" % len(body)))
    return scope | {"headers": kept}


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
