"""A door before PostgreSQL that can be shut, fall silent, or cut a connection mid-sentence."""

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Literal

from sqlalchemy import make_url

SAVING = b"events_append"
"""What a connection says when it saves."""
Place = Literal["request", "reply"]


@dataclass
class Cut:
    """An accident that waits to happen to a connection that has said `pattern` and speaks again."""

    pattern: bytes
    place: Place
    times: int
    first: Callable[[], object]


@dataclass(eq=False)
class Line:
    """One connection through the door."""

    client: socket.socket
    server: socket.socket
    said: bytes = b""
    doomed: Cut | None = None
    threads: list[Thread] = field(default_factory=list)

    def hang_up(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Listens on a TCP port of its own and passes everything on to the server's Unix socket."""

    def __init__(self, url: str) -> None:
        server = make_url(url)
        self._target = str(Path(str(server.query["host"]), ".s.PGSQL.5432"))
        self._lock = Lock()
        self._lines: set[Line] = set()
        self._cuts: list[Cut] = []
        self.silent = False
        self.port = 0
        self.open()
        self.url = server.set(host="127.0.0.1", port=self.port, query={}).render_as_string(False)

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def open(self) -> None:
        """Lets clients in, at the same port as ever."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        Thread(target=self._let_in, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Cuts every connection and refuses new ones."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def cut_all(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, set()
        for line in lines:
            line.hang_up()

    def cut(
        self,
        place: Place,
        *,
        pattern: bytes = SAVING,
        times: int = 1,
        first: Callable[[], object] = lambda: None,
    ) -> None:
        """The next time that such a connection speaks, its request or the server's reply is lost.

        `first`: what is done when it has come to the door, before it is lost.
        """
        with self._lock:
            self._cuts.append(Cut(pattern, place, times, first))

    @property
    def accidents_left(self) -> int:
        with self._lock:
            return sum(cut.times for cut in self._cuts)

    def _let_in(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            line = Line(client, server)
            with self._lock:
                self._lines.add(line)
            if self.silent:
                continue
            server.connect(self._target)
            for work in (self._to_server, self._to_client):
                Thread(target=work, args=(line,), daemon=True).start()

    def _to_server(self, line: Line) -> None:
        with suppress(OSError):
            while data := line.client.recv(65536):
                line.said += data
                line.doomed = line.doomed or self._next_accident(line)
                if line.doomed and line.doomed.place == "request":
                    line.doomed.first()
                    break
                line.server.sendall(data)
        line.hang_up()

    def _to_client(self, line: Line) -> None:
        with suppress(OSError):
            while data := line.server.recv(65536):
                if line.doomed:
                    line.doomed.first()
                    break
                line.client.sendall(data)
        line.hang_up()

    def _next_accident(self, line: Line) -> Cut | None:
        with self._lock:
            for cut in self._cuts:
                if cut.times and cut.pattern in line.said:
                    cut.times -= 1
                    return cut
        return None
