"""A request as the door sees it: its id, its headers, and its body read whole or not at all."""

import os
import re
from typing import Any

from web.door.answers import ClientGone, Receive, TurnedAway, refused
from web.door.limits import BODY_BYTES
from web.door.patience import Patience

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Request:
    """One request; `scope` and `receive` are ASGI's."""

    __slots__ = ("headers", "id", "method", "notes", "path", "receive", "scope")

    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = _headers(scope["headers"])
        self.id = _sane_id(self.headers.get("x-request-id")) or os.urandom(8).hex()
        self.notes: dict[str, str] = {"request_id": self.id}
        """What the door and Flask tell each other about it: the `route` that was found, ..."""
        scope["choso"] = self.notes

    @property
    def known_method(self) -> str:
        """The method, where it is one that we know: whatever else is written is not logged."""
        return self.method if self.method in METHODS else "OTHER"

    @property
    def network(self) -> str:
        """Where it comes from: an IPv4 address, or the first half of an IPv6 one."""
        client = self.scope.get("client")
        address: str = client[0] if client else ""
        return ":".join(address.split(":")[:4]) if ":" in address else address

    async def body(self, patience: Patience, most: int = BODY_BYTES) -> bytes:
        """The whole body. Turned away with 413 beyond `most` bytes and with 408 when it does not
        come in time; ClientGone when the client leaves half way."""
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" not in self.headers and length == "0":
            return b""
        if len(length) > 9 or (length.isdigit() and int(length) > most):
            raise _too_large(most)
        try:
            with patience.wait():
                return await self._pieces(most)
        except TimeoutError:
            raise TurnedAway(
                refused(
                    408, "too_slow", f"The body did not come within {patience.seconds:g} seconds."
                )
            ) from None

    async def _pieces(self, most: int) -> bytes:
        piece, more = await self._piece()
        pieces, size = [piece], len(piece)
        while more and size <= most:
            piece, more = await self._piece()
            pieces.append(piece)
            size += len(piece)
        if size > most:
            raise _too_large(most)
        return b"".join(pieces)

    async def _piece(self) -> tuple[bytes, bool]:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message.get("body", b""), message.get("more_body", False)


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; one sent twice is one, joined by a comma."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _sane_id(given: str | None) -> str | None:
    if given is None or not _SANE_ID.fullmatch(given.encode("latin-1", "replace")):
        return None
    return given


def _too_large(most: int) -> TurnedAway:
    return TurnedAway(refused(413, "too_large", f"A body has at most {most} bytes."))
