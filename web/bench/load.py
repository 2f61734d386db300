"""A load of signed notices over HTTP, none like another, sent by a process of its own."""

import json
import re
import selectors
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from urllib.parse import urlsplit

from web.wiring import Movement, identity, say

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
BEFOREHAND_PER_S = 8_000
"""Notices signed before the turn begins, for each of its seconds; more are signed within."""


@dataclass(frozen=True)
class Load:
    """What to send, and for how long."""

    url: str
    secret: str
    payees: Sequence[Sequence[str]]
    """Code and account of the stalls that are paid, in turn."""
    connections: int
    seconds: float
    name: str
    """Of this turn: other names give other notices."""


@dataclass(frozen=True)
class Came:
    """What came of it."""

    seconds: float
    latencies_ms: list[float]
    """Of the acknowledged ones."""
    answers: dict[str, int]
    """How many of each status."""


def signed(
    payees: Sequence[Sequence[str]], secret: str, name: str, n: int, at: datetime
) -> tuple[dict[str, str], bytes]:
    """The headers and body of SePay's notice number `n`: other names and numbers, other money."""
    code, account = payees[n % len(payees)]
    names = identity(f"load/{name}/{n}")
    movement = Movement(
        "sepay", names.number, account, 5_000 + n % 1_996 * 1_000,
        at.replace(microsecond=0), names.reference, f"NGUYEN VAN BINH chuyen tien {code}",
    )  # fmt: skip
    return say("sepay", movement, at, secret)


def requests(load: Load) -> Iterator[bytes]:
    """Signed notices as SePay would send them, without end."""
    host = urlsplit(load.url).netloc
    for n in count():
        headers, body = signed(load.payees, load.secret, load.name, n, datetime.now(UTC))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /hooks/sepay HTTP/1.1\r\nHost: {host}\r\n{lines}Content-Length: {len(body)}"
        yield head.encode() + b"\r\n\r\n" + body


class _Sender:
    """One connection, one notice under way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self._heard = b""

    def send(self, request: bytes) -> None:
        self.began = perf_counter()
        self.socket.sendall(request)

    def status(self) -> str | None:
        """Of the answer, once it is complete."""
        heard = self.socket.recv(65_536)
        if not heard:
            raise ConnectionError("the door closed a connection under load")
        self._heard += heard
        head, end, body = self._heard.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _LENGTH.search(head)
        if length is not None and len(body) < int(length[1]):
            return None
        self._heard = b""
        return head[9:12].decode()


def send(load: Load) -> Came:
    """Sends until the time is over, then waits for what is under way."""
    parts = urlsplit(load.url)
    senders = [_Sender((parts.hostname or "", parts.port or 80)) for _ in range(load.connections)]
    coming = requests(load)
    ready = [next(coming) for _ in range(int(load.seconds * BEFOREHAND_PER_S))]
    ready.reverse()
    latencies: list[float] = []
    answers: Counter[str] = Counter()
    with selectors.DefaultSelector() as selector:
        for sender in senders:
            selector.register(sender.socket, selectors.EVENT_READ, sender)
        started = perf_counter()
        until, under_way = started + load.seconds, len(senders)
        for sender in senders:
            sender.send(ready.pop())
        while under_way:
            for key, _ in selector.select():
                sender = key.data
                status = sender.status()
                if status is None:
                    continue
                now = perf_counter()
                answers[status] += 1
                if status[0] == "2":
                    latencies.append((now - sender.began) * 1_000)
                if now < until:
                    sender.send(ready.pop() if ready else next(coming))
                else:
                    under_way -= 1
        lasted = perf_counter() - started
    for sender in senders:
        sender.socket.close()
    return Came(lasted, latencies, dict(answers))


@contextmanager
def sending() -> Iterator[Callable[[Load], Came]]:
    """Another process that sends what it is told to, one load after the other."""
    with subprocess.Popen(
        [sys.executable, "-m", "web.bench.load"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        orders, reports = process.stdin, process.stdout

        def order(load: Load) -> Came:
            print(json.dumps(asdict(load)), file=orders, flush=True)
            return Came(**json.loads(reports.readline()))

        yield order
        orders.close()


def _obey() -> None:
    """In that process: a load a line on standard input, what came of it a line on the other."""
    for line in sys.stdin:
        print(json.dumps(asdict(send(Load(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    _obey()
