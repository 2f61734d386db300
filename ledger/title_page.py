"""The title page of a book: whose it is, its id, and its own key, wrapped by the master key."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    insert,
    inspect,
    select,
)

from ledger.instant import microseconds
from ledger.store.engines import Engines
from ledger.store.tables import Id, Tables
from ledger.vault import Vault

ABOUT = b"choso book key"


class TitlePage(NamedTuple):
    """What every reader of the book starts from."""

    book_id: UUID
    name: str
    demonstration: bool
    """Invented people and a bank that does not exist; simulated money may be paid in."""
    key: bytes
    """Under which accounts are known by digests; never rotates."""


def table(tables: Tables) -> Table:
    """One row, written once."""
    known = tables.metadata.tables
    name = (
        "title_page" if tables.metadata.schema is None else f"{tables.metadata.schema}.title_page"
    )
    if name in known:
        return known[name]
    return Table(
        "title_page",
        tables.metadata,
        Column("book_id", Id, primary_key=True),
        Column("name", Text, nullable=False),
        Column("demonstration", Boolean, nullable=False),
        Column("created_at", BigInteger, nullable=False),  # Microseconds since 1970, UTC.
        Column("key", LargeBinary, nullable=False),
    )


def write(
    connection: Connection,
    tables: Tables,
    vault: Vault,
    *,
    book_id: UUID,
    name: str,
    demonstration: bool,
    at: datetime,
) -> bool:
    """Writes the title page of a new book; False for a book that has one and keeps it."""
    page = table(tables)
    if connection.execute(select(page.c.book_id)).first() is not None:
        return False
    connection.execute(
        insert(page).values(
            book_id=book_id,
            name=name,
            demonstration=demonstration,
            created_at=microseconds(at),
            key=vault.wrap(vault.new_key(), ABOUT),
        )
    )
    return True


def exists(engines: Engines, tables: Tables) -> bool:
    """Whether a book was ever founded here."""
    page = table(tables)
    with engines.reading() as connection:
        there = inspect(connection).has_table("title_page", schema=tables.metadata.schema)
        return there and connection.execute(select(page.c.book_id)).first() is not None


def read(engines: Engines, tables: Tables, vault: Vault) -> TitlePage:
    """Raises WrongKey when the configured master key is not this book's."""
    with engines.reading() as connection:
        row = connection.execute(select(table(tables))).one()
    return TitlePage(row.book_id, row.name, row.demonstration, vault.unwrap(row.key, ABOUT))
