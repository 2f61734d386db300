"""The tables of a book, as SQLAlchemy Core sees them on both engines."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

Position = BigInteger().with_variant(Integer, "sqlite")  # INTEGER PRIMARY KEY is the rowid there.

ORPHANED = "topic = 'ledger.Transfer.Created' AND {find}(state, '\"entity_id\"\\:null') > 0"
"""Picks first words about accounts that nobody owned; `find` is the engine's own function."""


class Id(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, sixteen bytes on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return value if value is None or isinstance(value, UUID) else UUID(bytes=value)


class Tables:
    """The tables of one schema (PostgreSQL) or file (SQLite)."""

    def __init__(self, schema: str | None = None) -> None:
        self.metadata = MetaData(schema=schema)
        self.events = _events(self.metadata)
        self.directory = _directory(self.metadata)
        self.lines = _lines(self.metadata)
        self.balances = _balances(self.metadata)
        self.inbox = _inbox(self.metadata)
        self.tracking = tracking(self.metadata)


def _events(metadata: MetaData) -> Table:
    table = Table(
        "events",
        metadata,
        Column("position", Position, primary_key=True, autoincrement=False),
        Column("originator_id", Id, nullable=False),
        Column("originator_version", BigInteger, nullable=False),
        Column("topic", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("salt", LargeBinary, nullable=False),
        Column("recorded_at", BigInteger, nullable=False),  # Microseconds since 1970, UTC.
        UniqueConstraint("originator_id", "originator_version", name="events_sequence"),
        # PostgreSQL refuses NUL in text by itself.
        CheckConstraint("instr(state, char(0)) = 0", name="events_no_nul").ddl_if(dialect="sqlite"),
    )
    # Transfers whose account nobody owned: few, and looked for when an account is claimed.
    Index(
        "events_orphans",
        table.c.position,
        postgresql_where=text(ORPHANED.format(find="strpos")),
        sqlite_where=text(ORPHANED.format(find="instr")),
    )
    return table


def _directory(metadata: MetaData) -> Table:
    """The positions of all changes of the directory."""
    return Table(
        "directory",
        metadata,
        Column("position", Position, primary_key=True, autoincrement=False),
    )


def _lines(metadata: MetaData) -> Table:
    return Table(
        "lines",
        metadata,
        Column("position", Position, primary_key=True, autoincrement=False),
        Column("line", Integer, primary_key=True, autoincrement=False),
        Column("entity", Id, nullable=False),
        Column("code", Text, nullable=False),
        Column("amount_vnd", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _balances(metadata: MetaData) -> Table:
    return Table(
        "balances",
        metadata,
        Column("entity", Id, primary_key=True),
        Column("code", Text, primary_key=True),
        Column("amount_vnd", BigInteger, nullable=False),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )


def _inbox(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("connection", Text, primary_key=True),
        Column("event_id", Text, primary_key=True),
        Column("digest", LargeBinary, primary_key=True),
        Column("transfer_id", Id, nullable=False),
        Column("position", Position, nullable=False),
        Column("received_at", BigInteger, nullable=False),  # Microseconds since 1970, UTC.
        Column("key", LargeBinary),
        Column("body", LargeBinary),
    )


def tracking(metadata: MetaData) -> Table:
    """How far each followed log was followed; read models have one of their own."""
    return Table(
        "tracking",
        metadata,
        Column("application_name", Text, primary_key=True),
        Column("notification_id", BigInteger, nullable=False),
    )
