"""Opens a database for one writer and many readers, and refuses one that would forget."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from weakref import WeakMethod
from zlib import crc32

from psycopg.types.array import ListBinaryDumper
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
from psycopg.types.uuid import UUIDBinaryDumper
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from ledger.refusal import Refusal

PATIENCE_S = 60
"""How long SQLite waits for another process's transaction before it gives up."""
ANSWER_WITHIN_S = 10
"""How long a PostgreSQL server may take to let us in, unless its URL says `connect_timeout`."""
BOOK_ROLE = "choso_book"
"""The PostgreSQL role under which the program works: it may add to the book, never change it."""


class NotADatabase(Refusal):
    """The database address is neither sqlite:///FILE nor postgresql://HOST/NAME."""

    code = "not_a_database"


class NotDurable(Refusal):
    """This database would acknowledge a payment before it is safe on disk; it is not used."""

    code = "not_durable"


class DatabaseAway(Refusal):
    """The database cannot be reached."""

    code = "database_away"


class Engines:
    """A writer's engine (one connection) and the readers' (a pool) on one database and schema."""

    def __init__(self, url: str | URL, schema: str | None = None, *, role: bool = False) -> None:
        self.url = _address(url)
        self.dialect = self.url.get_backend_name()
        self.schema = (schema or "public") if self.dialect == "postgresql" else None
        self._role = role
        if self.dialect == "sqlite":
            Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        self.writer = self._open(writes=True)
        self.reader = self._open(writes=False)
        in_children(self._leave)

    def _open(self, *, writes: bool) -> Engine:
        size: dict[str, Any] = (
            {"pool_size": 1, "max_overflow": 4} if writes else {"pool_size": 8, "max_overflow": 56}
        )
        if writes and self.dialect == "sqlite":
            size["max_overflow"] = (
                0  # One writer at a time anyway: better to queue here than there.
            )
        if self.dialect == "sqlite":
            engine = create_engine(
                self.url, poolclass=QueuePool, connect_args={"timeout": PATIENCE_S}, **size
            )
            event.listen(engine, "connect", _sqlite_writes if writes else _sqlite_reads)
            begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
            return engine
        url = self.url
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(ANSWER_WITHIN_S)})
        engine = create_engine(url, isolation_level=None if writes else "REPEATABLE READ", **size)
        event.listen(
            engine, "connect", self._postgresql_writes if writes else self._postgresql_reads
        )
        return engine

    def _postgresql_reads(self, connection: Any, _: Any) -> None:
        if self._role:
            _run(connection, f"SET ROLE {BOOK_ROLE}")

    def _postgresql_writes(self, connection: Any, record: Any) -> None:
        # psycopg picks the width of an array by its largest number and keeps the choice: fix it.
        for dumper in (Int8Dumper, Int8BinaryDumper):
            connection.adapters.register_dumper(int, dumper)
        connection.adapters.register_dumper("uuid.UUID", UUIDBinaryDumper)
        connection.adapters.register_dumper(list, ListBinaryDumper)
        self._postgresql_reads(connection, record)
        for setting in ("synchronous_commit", "fsync", "full_page_writes"):
            if _run(connection, f"SHOW {setting}") == "off":
                raise NotDurable(f"PostgreSQL runs with {setting}=off and could forget payments.")
        # What an administrator may change for all sessions, at a reload or as a default: keep it.
        _run(connection, f"SET synchronous_commit = {_run(connection, 'SHOW synchronous_commit')}")
        _run(connection, "SET default_transaction_isolation = 'read committed'")

    def _leave(self) -> None:
        """In a child process: leaves the inherited connections to the parent."""
        self.writer.dispose(close=False)
        self.reader.dispose(close=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the database, read only."""
        with self.reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction of a side table; the log itself is written by group commit alone."""
        with self.writer.begin() as connection:
            yield connection

    @property
    def lock(self) -> int:
        """The advisory lock that makes the order of positions the order of commits."""
        return crc32(f"book:{self.schema}".encode())

    def run_script(self, connection: Connection) -> None:
        """What the engine itself guards: triggers, and on PostgreSQL the appending function."""
        script = files("ledger.store").joinpath(f"{self.dialect}.sql").read_text("utf-8")
        script = script.replace("{schema}", str(self.schema)).replace("{lock}", str(self.lock))
        for statement in script.split("\n---\n"):
            connection.exec_driver_sql(statement.replace("%", "%%"))

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def in_children(fresh: Callable[[], None]) -> None:
    """From now on a forked child calls this method first of all, if its object still lives."""
    method = WeakMethod(fresh)

    def call() -> None:
        if (living := method()) is not None:
            living()

    os.register_at_fork(after_in_child=call)


def database_exists(url: str | URL) -> bool:
    """False only for an SQLite file that is not there yet; to look does not create it."""
    address = _address(url)
    return address.get_backend_name() != "sqlite" or Path(address.database or "").exists()


def _address(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: the port is no number.
        raise NotADatabase from None
    name = parsed.get_backend_name()
    if name in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if name == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    raise NotADatabase


def _run(connection: Any, statement: str) -> Any:
    """One statement outside any transaction of the caller's, on a raw psycopg connection."""
    before, connection.autocommit = connection.autocommit, True
    try:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.autocommit = before


def _sqlite_writes(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # Transactions are begun by the engine's own listener.
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-65536")
    if mode != "wal" or connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
        raise NotDurable("SQLite could not be set to WAL with synchronous=FULL on this disk.")


def _sqlite_reads(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA cache_size=-16384")


def reach(engines: Engines) -> None:
    """Raises DatabaseAway, in one sentence, when the database does not answer."""
    try:
        with engines.reader.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        cause = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else ""
        raise DatabaseAway(f"The database cannot be reached: {cause}") from error
