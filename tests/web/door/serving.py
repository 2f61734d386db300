"""A book, a real server in front of it, and a bank that signs: what the tests of the door need."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from integrations.bank_simulator.movement import Movement, identity
from integrations.bank_simulator.words import say
from ledger.store.engines import Engines
from web.bench.simulated import SimulatedMarket
from web.serve.own_server import SERVE, wait_until_ready

WITHIN_S = 30
"""How long anything may take before a test gives up; far beyond what it takes."""
_numbers = count(1)


class Told(NamedTuple):
    """An answer of the door."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Served:
    """A running `choso serve`."""

    url: str
    process: "subprocess.Popen[str]"
    log: Path
    market: SimulatedMarket
    faults: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> Told:
        """One request on a connection of its own; a body in pieces is sent chunked."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        try:
            chunked = body is not None and not isinstance(body, bytes)
            connection.request(
                method, path, body, dict(headers or {}), encode_chunked=chunked
            )  # fmt: skip
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Told(response.status, told, response.read())
        finally:
            connection.close()

    def tell(self, movement: Movement, **how: Any) -> Told:
        """The bank tells of a movement."""
        headers, body = self.signed(movement, **how)
        return self.ask("POST", f"/hooks/{movement.provider}", headers, body)

    def signed(
        self, movement: Movement, secret: str | None = None, at: datetime | None = None
    ) -> tuple[dict[str, str], bytes]:
        key = self.market.secrets[movement.provider] if secret is None else secret
        return say(movement.provider, movement, at or datetime.now(UTC), key)

    def raw(self, said: bytes = b"") -> socket.socket:
        """A connection that has said just this."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN_S)
        connection.sendall(said)
        return connection

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Asks the server to stop and waits for it; how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(WITHIN_S)
        return time.monotonic() - began

    def workers(self) -> list[int]:
        """The processes that the server has begun."""
        return children(self.process.pid)


@contextmanager
def served(
    market: SimulatedMarket,
    log: Path,
    *options: str,
    command: Sequence[str] = SERVE,
    **environ: str,
) -> Iterator[Served]:
    """A server of this market's book, ready; stopped afterwards, and nothing of it is left."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--port", "0", *options],
            env={**market.environ, **environ}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=errors, text=True, start_new_session=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        url = next((word for word in said.split() if word.startswith("http://")), "")
        assert url, log.read_text()
        wait_until_ready(url, process)
        yield Served(url, process, log, market)
    finally:
        process.terminate()
        try:
            process.wait(WITHIN_S)
        finally:
            kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Ends whatever is left of a server, also when its head is gone."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def children(parent: int) -> list[int]:
    """The processes that `parent` has begun and that still run."""
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


def alive(pid: int) -> bool:
    """Whether a process runs (a dead one that nobody has reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(true: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def movement(market: SimulatedMarket, **but: Any) -> Movement:
    """Money that arrived at the first stall; every one another."""
    names = identity(f"{uuid4()}")
    code, account = market.payees[0]
    provider = but.get("provider", "sepay")
    facts: dict[str, Any] = {
        "provider": provider,
        "event_id": names.event_id(provider),
        "account_number": account,
        "amount_vnd": 10_000 + next(_numbers),
        "booked_at": datetime.now(UTC).replace(microsecond=0),
        "reference": names.reference,
        "memo": code,
        "order_code": str(names.number) if provider == "payos" else None,
    }
    return Movement(**facts | but)


class Stored(NamedTuple):
    """One row of the inbox."""

    connection: str
    event_id: str
    position: int


def stored(url: str) -> list[Stored]:
    """The inbox, read by other means than the server's."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT connection, event_id, position FROM inbox ORDER BY position"
        )
        return [Stored(*row) for row in rows]


def positions(url: str) -> list[int]:
    """Of all events, in order."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT position FROM events ORDER BY position")
        return [row[0] for row in rows]


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody can write to the book meanwhile: another process has begun and does not end."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        lock = "BEGIN IMMEDIATE" if sqlite else f"SELECT pg_advisory_lock({Engines(url).lock})"
        connection.exec_driver_sql(lock)
        try:
            yield
        finally:
            connection.exec_driver_sql("ROLLBACK" if sqlite else "SELECT pg_advisory_unlock_all()")
