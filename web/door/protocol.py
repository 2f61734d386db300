"""One connection: capped in number, timed while the client is silent, closed after our answer.

gunicorn's own asgi worker caps nothing of this (docs/adr/0005-the-door.md says what was found).
"""

import asyncio
from typing import TYPE_CHECKING, Any

from gunicorn.asgi.protocol import ASGIProtocol

from web.door.answers import JSON, RETRY, busy
from web.door.limits import BODY_BYTES, WRITE_S

if TYPE_CHECKING:
    from web.door.worker import DoorWorker

HEAD_BYTES = 64 * 1024
FRAMED_BYTES = 16 * BODY_BYTES
"""With its framing: a chunk of one byte needs six. The C parser would keep what never ends."""
LINGER_S = 1.0
"""How long a closed connection still swallows what the client is sending: closing at once would
throw away our last answer together with it."""
MOST_LINGERING = 256
SILENT_S = 0.2
"""A connection that says nothing for so long makes room for a newcomer when the door is full."""
_FULL = busy("too_many_connections", "Too many connections are open.")
FULL = b"".join(
    [
        b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n",
        *(b"%s: %s\r\n" % header for header in (JSON, RETRY)),
        b"Content-Length: %d\r\n\r\n" % len(_FULL.body),
        _FULL.body,
    ]
)


# A subclass that asks first would keep the answer to itself, and parse in Python ever after.
ASGIProtocol._check_h1c_protocol_available()


class DoorProtocol(ASGIProtocol):
    """HTTP/1.1 with the door's caps."""

    worker: "DoorWorker"
    transport: Any

    def __init__(self, worker: "DoorWorker") -> None:
        super().__init__(worker)
        self._admitted = False
        self._closed = False
        self._lingers = False
        self._silent_since = 0.0
        self._unframed = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: Any) -> None:
        worker = self.worker
        self._silent_since = worker.loop.time()
        if not worker.make_room(self._silent_since):
            self.transport = transport
            transport.write(FULL)
            self._linger()
            return
        self._admitted = True
        worker.open_connections.add(self)
        super().connection_made(transport)
        self._after("head", worker.asgi.limits.head_s, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if self._lingers:
            self.worker.lingering -= 1
            self._lingers = False
        if self._admitted:
            self.worker.open_connections.discard(self)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingers:
            self._unframed += len(data)
            if self._unframed > FRAMED_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        if self._request_is_framed():
            self._unframed = 0
            return
        self._unframed += len(data)
        if self._current_request is None and self._unframed > HEAD_BYTES:
            self._refuse(431, "The headers are too long.")
        elif self._unframed > FRAMED_BYTES:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._after("write", WRITE_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if timer := self._timers.pop("write", None):
            timer.cancel()

    @property
    def waits_for_client(self) -> bool:
        """Nothing is being done for it: no request is complete yet, or none has begun."""
        receiver = self._body_receiver
        return bool(self._awaiting_request or (receiver and not receiver._complete))

    def silent_for(self, now_s: float) -> float:
        """For how long it has kept us waiting; 0 when it is we who keep it waiting."""
        return now_s - self._silent_since if self.waits_for_client else 0.0

    def make_room(self) -> None:
        """Closes a silent connection at once."""
        self.transport.abort()

    def hang_up(self) -> None:
        """Closes a connection on which no request has begun; the worker is stopping."""
        if self._awaiting_request:
            super()._close_transport()
            self._request_ready.set()

    def _arm_keepalive_timer(self) -> None:
        self._silent_since = self.worker.loop.time()
        super()._arm_keepalive_timer()

    def _head_is_late(self) -> None:
        if self.req_count <= 1 and self._awaiting_request:
            self._refuse(408, "The headers did not come in time.")

    def _refuse(self, status: int, sentence: str) -> None:
        """Answers a request whose headers never came to an end."""
        self._send_error_response(status, sentence)
        self._close_transport()
        self._request_ready.set()

    def _close_transport(self) -> None:
        """Closes after our last words; lingers when the client may still be speaking."""
        if self._closed:
            return
        if self.waits_for_client or not self._request_is_framed():
            self._closed = True
            self._linger()
        else:
            super()._close_transport()

    def _request_is_framed(self) -> bool:
        receiver = self._body_receiver
        return bool(receiver is not None and receiver._complete)

    def _linger(self) -> None:
        """Says that we are done, and swallows what still comes, for a short while."""
        self.worker.open_connections.discard(self)
        if self.transport.is_closing():
            return
        if self.worker.lingering >= MOST_LINGERING:
            self.transport.abort()
            return
        self.worker.lingering += 1
        self._lingers = True
        if self._reading_paused:
            self._resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._after("linger", LINGER_S, self.transport.abort)

    def _after(self, name: str, seconds: float, act: Any) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()
        self._timers[name] = self.worker.loop.call_later(seconds, act)
