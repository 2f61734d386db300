"""Founds a book, or brings an older one up to date: tables, rights, title page."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger import persons, title_page
from ledger.book import Book
from ledger.store import rights
from ledger.vault import Vault


class Founded(NamedTuple):
    """What was done."""

    new: bool
    """The book did not exist before."""
    walled: bool
    """On PostgreSQL: the role without the right to change events stands. Always true on SQLite."""


def found(
    book: Book, vault: Vault, *, book_id: UUID, name: str, demonstration: bool, at: datetime
) -> Founded:
    """Creates what is missing; what is there stays. Run it as the owner of the database."""
    store, tables = book.store, book.store.tables
    title_page.table(tables)
    persons.tables_of(tables)
    store.create()
    with store.under_lock() as connection:
        new = title_page.write(
            connection,
            tables,
            vault,
            book_id=book_id,
            name=name,
            demonstration=demonstration,
            at=at,
        )
        walled = store.engines.schema is None or rights.grant(connection, store.engines.schema)
    return Founded(new, walled)
