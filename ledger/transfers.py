"""Finds transfers in the log: what one turned out to be, and those that a new owner may concern."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Select, select, text

from ledger.as_of import position_at
from ledger.book import Book
from ledger.store.mapper import read
from ledger.store.tables import ORPHANED
from ledger.transfer import Transfer

CLOCKS_DIFFER = timedelta(days=1)
"""A bank may book in its own future by no more than this."""


def standing(book: Book, wanted: UUID) -> Transfer | None:
    """The transfer, or the one that it turned out to be; None when the book knows neither."""
    transfer = book.find(Transfer, wanted)
    while transfer is not None and transfer.same_as is not None:
        transfer = book.find(Transfer, transfer.same_as)
    return transfer


def orphans_of(book: Book, account_key: str) -> list[UUID]:
    """Transfers that came while nobody owned the account; some may have been claimed since."""
    events = book.store.tables.events
    query = (
        _orphans(book, events.c.originator_id)
        .where(events.c.state.startswith(f'{{"account_key":"{account_key}"', autoescape=True))
        .order_by(events.c.position)
    )
    with book.reading() as connection:
        return list(connection.scalars(query))


def orphaned_accounts(book: Book) -> set[str]:
    """The accounts of all transfers that came while nobody owned them."""
    with book.reading() as connection:
        states = connection.scalars(_orphans(book, book.store.tables.events.c.state))
        return {read(Transfer.Created.TOPIC, state).account_key for state in states}


def _orphans(book: Book, wanted: Column[Any]) -> Select[Any]:
    """Through the index that holds them alone."""
    find = "strpos" if book.store.engines.dialect == "postgresql" else "instr"
    return select(wanted).where(text(ORPHANED.format(find=find)))


def told_since(book: Book, account_key: str, since: datetime) -> list[UUID]:
    """Transfers of the account that may have been booked at `since` or later."""
    events = book.store.tables.events
    with book.reading() as connection:
        after = position_at(connection, events, since - CLOCKS_DIFFER)
        query = (
            select(events.c.originator_id)
            .where(events.c.position > after, events.c.topic == Transfer.Created.TOPIC)
            .where(events.c.state.startswith(f'{{"account_key":"{account_key}"', autoescape=True))
            .order_by(events.c.position)
        )
        return list(connection.scalars(query))
