"""The one place that knows every concrete class. Everything else is handed what it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from integrations.bank_simulator.day import PayableStall, Plan, plan_day
from integrations.bank_simulator.delivery import Delivery
from integrations.bank_simulator.http import HttpBank
from integrations.bank_simulator.movement import Movement, identity
from integrations.bank_simulator.words import say
from integrations.casso import Casso
from integrations.payos import PayOS
from integrations.sepay import SePay
from ledger.book import Book
from ledger.founding import Founded, found
from ledger.hearing import Hearing
from ledger.payments import Payments
from ledger.persons import Persons
from ledger.refusal import Refusal
from ledger.store.engines import database_exists, reach
from ledger.store.rights import can_take_role
from ledger.title_page import TitlePage, exists, read
from ledger.vault import Vault
from market.ports import BankDialect
from market.stalls.connections import Connections
from market.stalls.connections import table as connections_table
from market.stalls.directory import Directory
from market.stalls.notice import Reception
from market.stalls.register import Register
from web.config import Settings, master_keys

DIALECTS: dict[str, BankDialect] = {
    dialect.provider: dialect for dialect in (SePay(), Casso(), PayOS())
}

__all__ = [
    "DIALECTS",
    "Delivery",
    "HttpBank",
    "Movement",
    "PayableStall",
    "Plan",
    "Wiring",
    "establish",
    "identity",
    "is_founded",
    "opened",
    "plan_day",
    "say",
]


class NoBook(Refusal):
    """There is no book in this database yet; `choso init` makes one."""

    code = "no_book"


class NoRights(Refusal):
    """In production the program works under the role choso_book; run `choso init` as the owner."""

    code = "no_rights"


@dataclass(frozen=True)
class Wiring:
    """An open book with everything around it."""

    book: Book
    title: TitlePage
    payments: Payments
    directory: Directory
    register: Register
    reception: Reception
    connections: Connections


def establish(settings: Settings, *, name: str, demonstration: bool) -> Founded:
    """Founds the book of these settings, or brings it up to date."""
    book = Book(settings.database_url)
    try:
        reach(book.store.engines)
        there = exists(book.store.engines, book.store.tables)
        vault = Vault(master_keys(settings, create=not there))  # A lost key is not made anew.
        connections_table(book.store.tables)
        founded = found(
            book,
            vault,
            book_id=uuid4(),
            name=name,
            demonstration=demonstration,
            at=datetime.now(UTC),
        )
        if settings.production and not founded.walled:
            raise NoRights
        return founded
    finally:
        book.close()


def is_founded(settings: Settings) -> bool:
    """Whether there is a book at all."""
    if not database_exists(settings.database_url):
        return False
    book = Book(settings.database_url)
    try:
        reach(book.store.engines)
        return exists(book.store.engines, book.store.tables)
    finally:
        book.close()


@contextmanager
def opened(settings: Settings) -> Iterator[Wiring]:
    """The book of these settings, open; what waits is written before it closes."""
    book = _book(settings)
    try:
        engines, tables = book.store.engines, book.store.tables
        if not exists(engines, tables):
            raise NoBook
        vault = Vault(master_keys(settings))
        title = read(engines, tables, vault)
        payments = Payments(book)
        directory = Directory(book, title.book_id)
        persons = Persons(engines, tables, vault)
        yield Wiring(
            book,
            title,
            payments,
            directory,
            Register(book, title, directory, persons, payments),
            Reception(book, Hearing(book, vault), directory, title.key),
            Connections(engines, tables, vault),
        )
    finally:
        book.close()


def _book(settings: Settings) -> Book:
    """On PostgreSQL under the role that may not change events, wherever it can be taken."""
    if not database_exists(settings.database_url):
        raise NoBook
    book = Book(settings.database_url)
    reach(book.store.engines)
    if book.store.engines.dialect != "postgresql":
        return book
    role = can_take_role(book.store.engines)
    book.close()
    if settings.production and not role:
        raise NoRights
    return Book(settings.database_url, role=role)
