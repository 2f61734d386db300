"""The shelf where read models stand, apart from the book: a file of their own, or a schema."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from eventsourcing.utils import strtobool
from sqlalchemy import Connection, MetaData, Row, Table, event, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.sql import Executable

from ledger.book import Book
from ledger.follow import generations
from ledger.follow.generations import Generation
from ledger.follow.projection import Projection, Sheet
from ledger.refusal import Refusal
from ledger.store.engines import BOOK_ROLE, Engines


class NoShelf(Refusal):
    """The read models have no schema in this database yet; `choso init` makes it."""

    code = "no_shelf"


class NotBuiltYet(Refusal):
    """This read model is still being built from the book; try again in a moment."""

    code = "not_built_yet"


class Model(NamedTuple):
    """One consistent view of a read model, for the length of a `with` block."""

    connection: Connection
    generation: Generation
    tables: dict[str, Table]

    @property
    def position(self) -> int:
        """How far into the book it has followed."""
        return self.generation.position

    def table(self, sheet: Sheet) -> Table:
        return self.tables[sheet.name]

    def rows(self, query: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
        return self.connection.execute(query).all()


class Shelf:
    """The read models of one book. Rebuildable, so that less is paid for safety than in the book:
    after a power cut they may be a little behind, and follow again."""

    def __init__(self, book: Book) -> None:
        engines = book.store.engines
        role = strtobool(book.store.env.get(book.store.DATABASE_ROLE, "no"))
        self.engines = Engines(_beside(engines), schema_beside(engines.schema), role=role)
        sqlite = self.engines.dialect == "sqlite"
        event.listen(self.engines.writer, "connect", _lighter if sqlite else _straight)
        self.kept = generations.table(MetaData(schema=self.engines.schema))
        self._tables: dict[tuple[str, int], dict[str, Table]] = {}
        self._there = False

    def tables(self, projection: Projection, generation: int) -> dict[str, Table]:
        """The projection's tables in that generation, by the names of their sheets."""
        known = self._tables.get((projection.name, generation))
        if known is None:
            metadata = MetaData(schema=self.engines.schema)
            known = {sheet.name: sheet.table(metadata, generation) for sheet in projection.sheets}
            self._tables[projection.name, generation] = known
        return known

    @contextmanager
    def reading(self, projection: Projection) -> Iterator[Model]:
        """The read model in use. Raises NotBuiltYet while there is none of this version."""
        with self.engines.reading() as connection:
            found = self._in_use(connection, projection)
            yield Model(connection, found, self.tables(projection, found.number))

    def _in_use(self, connection: Connection, projection: Projection) -> Generation:
        if not self._there:
            self._there = inspect(connection).has_table(self.kept.name, schema=self.engines.schema)
        if self._there:
            for row in connection.execute(generations.of(self.kept, [projection.name])):
                found = generations.read(row)
                if found.state == generations.IN_USE and found.version == projection.version:
                    return found
        raise NotBuiltYet

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction on the shelf."""
        with self.engines.writing() as connection:
            yield connection

    @contextmanager
    def under_lock(self) -> Iterator[Connection]:
        """A transaction in which nobody else puts up or takes down tables."""
        with self.engines.writing() as connection:
            schema = self.engines.schema
            if schema is not None:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({self.engines.lock})")
                if not _has_schema(connection, schema):
                    if not _may_create_schemas(connection):
                        raise NoShelf
                    connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
            self.kept.create(connection, checkfirst=True)
            yield connection

    def all(self) -> list[Generation]:
        """Every generation of every read model, by name and number; empty on a new shelf."""
        with self.engines.reading() as connection:
            if not inspect(connection).has_table(self.kept.name, schema=self.engines.schema):
                return []
            order = (self.kept.c.name, self.kept.c.generation)
            return [
                generations.read(r) for r in connection.execute(select(self.kept).order_by(*order))
            ]

    def close(self) -> None:
        self.engines.close()


def schema_beside(schema: str | None) -> str | None:
    """The schema of the read models beside the book's: `choso_read` for the usual one."""
    if schema is None:
        return None
    return "choso_read" if schema == "public" else f"{schema}_read"


def found(connection: Connection, schema: str | None) -> None:
    """For the owner who founds the book in `schema`: makes the read models' schema and lets the
    program's role build in it. Nothing to do on SQLite."""
    beside = schema_beside(schema)
    if beside is None:
        return
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {beside}")
    query = f"SELECT 1 FROM pg_roles WHERE rolname = '{BOOK_ROLE}'"
    if connection.exec_driver_sql(query).first() is not None:
        connection.exec_driver_sql(f"GRANT USAGE, CREATE ON SCHEMA {beside} TO {BOOK_ROLE}")


def _beside(engines: Engines) -> URL:
    if engines.dialect != "sqlite":
        return engines.url
    return engines.url.set(
        database=str(Path(str(engines.url.database)).with_suffix(".read.sqlite3"))
    )


def _lighter(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint=8000")  # Pages: 32 MB written before they move.


def _straight(connection: Any, _: Any) -> None:
    """Commits need not wait for the disk; young tables are looked up by key, never hashed."""
    before, connection.autocommit = connection.autocommit, True
    for setting in (
        "synchronous_commit",
        "enable_seqscan",
        "enable_hashjoin",
        "enable_mergejoin",
    ):
        connection.execute(f"SET {setting} = off")
    connection.autocommit = before


def _has_schema(connection: Connection, schema: str) -> bool:
    query = f"SELECT 1 FROM pg_namespace WHERE nspname = '{schema}'"
    return connection.exec_driver_sql(query).first() is not None


def _may_create_schemas(connection: Connection) -> bool:
    query = "SELECT has_database_privilege(current_database(), 'CREATE')"
    return bool(connection.exec_driver_sql(query).scalar())
