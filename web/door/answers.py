"""What the door says: JSON in one shape, `{error, message}` when it says no."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from web.door.limits import RETRY_AFTER_S

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
JSON: Header = (b"content-type", b"application/json")
RETRY: Header = (b"retry-after", str(RETRY_AFTER_S).encode())


class Answer(NamedTuple):
    """One complete response."""

    status: int
    body: bytes
    headers: tuple[Header, ...]
    outcome: str = ""
    """What became of it, in one word, for the log and the counts."""
    quiet: bool = False
    """Counted, but without a line of its own in the log."""


class TurnedAway(Exception):
    """A request that gets its answer before its work is done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.outcome)
        self.answer = answer


class ClientGone(Exception):
    """The client left before its request was complete: nobody is there to answer."""


def told(status: int, what: object, *headers: Header, outcome: str = "") -> Answer:
    """An answer that says yes."""
    return Answer(status, json.dumps(what, ensure_ascii=False).encode(), (JSON, *headers), outcome)


def refused(status: int, code: str, message: str, *headers: Header) -> Answer:
    """An answer that says no: a permanent code for programs, a sentence for people."""
    body = json.dumps({"error": code, "message": message}, ensure_ascii=False).encode()
    return Answer(status, body, (JSON, *headers), code)


def only(*methods: str) -> Answer:
    """405: this address knows other methods."""
    allowed = ", ".join(methods)
    return refused(
        405, "method_not_allowed", f"This address takes {allowed}.", (b"allow", allowed.encode())
    )


def busy(code: str, message: str) -> Answer:
    """503: not now; the same request may be sent again."""
    return refused(503, code, message, RETRY)


async def give(send: Send, answer: Answer, request_id: str) -> None:
    """Sends an answer whole."""
    headers = [
        *answer.headers,
        *ALWAYS,
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
