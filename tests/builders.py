"""Ready-made things for tests. Say only what the test is about."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.utils import Environment
from sqlalchemy import MetaData, select

from ledger.book import Book
from ledger.fact import Fact, begin
from ledger.founding import found
from ledger.hearing import Heard, Hearing, first_word
from ledger.payments import Payments
from ledger.persons import Persons
from ledger.posting import post
from ledger.store import StoreFactory
from ledger.store.recorder import LogRecorder
from ledger.telling import Direction, Purpose, Standing, Telling
from ledger.title_page import TitlePage, read
from ledger.transfer import Transfer
from ledger.vault import Vault
from market.ports import BankNotice
from market.stalls.code import code_of
from market.stalls.connections import table as connections_table
from market.stalls.directory import ALWAYS, Directory, DirectoryView, Keeper, StallEntry
from market.stalls.notice import Reception, Source
from market.stalls.register import Register

DAWN = datetime(
    2026, 11, 20, 22, 30, tzinfo=UTC
)  # In the market it is 21 November, half past five.
NOON = DAWN + timedelta(hours=6, minutes=30)
BANK = "999999"
MASTER_KEY = bytes(range(32, 64))
BOOK_ID = UUID(int=7)

VENDOR, NEIGHBOUR, STRANGER = UUID(int=1), UUID(int=2), UUID(int=3)
STALL, OTHER_STALL = UUID(int=11), UUID(int=12)
CODE, OTHER_CODE = code_of(11), code_of(12)
ACCOUNT, OTHER_ACCOUNT = "a1" * 16, "b2" * 16

SALE = Purpose("sale", "code", CODE, STALL)
UNMATCHED = Purpose("unmatched", "no_code")


def telling(**but: Any) -> Telling:
    """A provider's word; `event_id` and `digest` tell it from another."""
    facts: dict[str, Any] = {
        "connection": "sepay",
        "event_id": "1",
        "digest": "d1" * 16,
        "amount_vnd": 50_000,
        "booked_at": DAWN,
        "received_at": DAWN + timedelta(seconds=3),
    }
    return Telling(**facts | but)


def standing(**but: Any) -> Standing:
    facts: dict[str, Any] = {
        "direction": "in",
        "entity_id": VENDOR,
        "amount_vnd": 50_000,
        "purpose": SALE,
    }
    return Standing(**facts | but)


def town(
    owners: Mapping[str, UUID] | None = None, stalls: Iterable[tuple[str, UUID, str]] = ()
) -> DirectoryView:
    """A directory of account owners, and of stalls by (code, vendor who keeps it, account)."""
    entries = {
        code: StallEntry(
            uuid5(BOOK_ID, code), code, BOOK_ID, code, "rau", (Keeper(ALWAYS, vendor, account),)
        )
        for code, vendor, account in stalls
    }
    served: dict[str, tuple[str, ...]] = {}
    for code, entry in entries.items():
        account = str(entry.keepers[0].account_key)
        served[account] = (*served.get(account, ()), code)
    owned = {ACCOUNT: VENDOR} if owners is None else owners
    return DirectoryView(
        lambda code: None,
        stalls=entries,
        owners={account: ((ALWAYS, owner),) for account, owner in owned.items()},
        served=served,
    )


NOBODYS = town(owners={})


def transfer(
    directory: DirectoryView | None = None,
    *,
    reference: str | None = "FT1",
    direction: Direction = "in",
    account: str = ACCOUNT,
    number: int = 1,
    **told: Any,
) -> Transfer:
    """A transfer that was told once; its first event is still to be saved."""
    begun = begin(
        first_word(
            UUID(int=100 + number),
            account,
            reference,
            direction,
            telling(**told),
            town() if directory is None else directory,
        )
    )
    assert isinstance(begun, Transfer)
    return begun


def facts(fact: Fact) -> list[str]:
    """The names of the events that are still to be saved."""
    return [type(event).__name__ for event in fact.pending_events]


def posted(*happened: Fact) -> dict[tuple[UUID, str], int]:
    """What the facts' pending events do to the accounts, without zeros."""
    sums: dict[tuple[UUID, str], int] = {}
    for event in (event for fact in happened for event in fact.pending_events):
        for entity, code, vnd in post(event.TOPIC, event):
            sums[entity, code] = sums.get((entity, code), 0) + vnd
    return {account: vnd for account, vnd in sums.items() if vnd}


def notice(**but: Any) -> BankNotice:
    """A bank's word in our words: 50.000 came, with a reference and no memo."""
    facts: dict[str, Any] = {
        "event_id": "1",
        "direction": "in",
        "amount_vnd": 50_000,
        "booked_at": DAWN,
        "bank": BANK,
        "account_number": "9900000001",
        "virtual_number": None,
        "reference": "FT1",
        "memo": "",
        "order_code": None,
    }
    return BankNotice(**facts | but)


PAYER = "NGUYỄN THỊ BÍ MẬT 0912345678"
"""Stands in every notice's body, and must stand nowhere in clear."""


def body_of(told: BankNotice) -> bytes:
    return f"{PAYER}|{'|'.join(map(str, astuple(told)))}".encode()


class Clock:
    """The log's clock: stands still until a test moves it."""

    def __init__(self, at: datetime = DAWN) -> None:
        self.at = at

    def us(self) -> int:
        return (self.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


class TimedFactory(StoreFactory):
    """Opens a log that asks a given clock."""

    clock: Clock

    def application_recorder(self) -> ApplicationRecorder:
        recorder: ApplicationRecorder = self._log(partial(LogRecorder, clock_us=self.clock.us))
        return recorder


class TimedBook(Book):
    """A book whose events bear the times that a test says."""

    def __init__(self, url: str, clock: Clock, schema: str | None = None) -> None:
        self._clock = clock
        super().__init__(url, schema=schema)

    def construct_factory(self, env: Environment) -> StoreFactory:
        self.store = TimedFactory(env)
        self.store.clock = self._clock
        return self.store


class Seller(NamedTuple):
    """A vendor who has joined, with their account."""

    id: UUID
    number: str
    account: str


@dataclass
class Market:
    """An open book with the market around it, and short ways to make things happen in it."""

    clock: Clock
    book: Book
    vault: Vault
    title: TitlePage
    payments: Payments
    directory: Directory
    persons: Persons
    register: Register
    reception: Reception

    def seller(self, number: str = "9900000001", name: str = "Cô Lan") -> Seller:
        """Joins with this account number; the same number again is the same seller."""
        vendor_id = uuid5(BOOK_ID, number)
        account = self.register.join(
            vendor_id, name=name, phone=None, bank=BANK, account_number=number, at=DAWN
        )
        return Seller(vendor_id, number, account)

    def stall(self, code: str, keeper: Seller, since: datetime = ALWAYS) -> UUID:
        """A stall that this seller keeps, paid on their account."""
        place = self.register.open_place("cho", "market", "Chợ Mẫu", "xã Mẫu")
        stall = self.register.open_stall(code, place, f"quầy {code}", "rau củ")
        self.register.assign(code, keeper.id, keeper.account, since)
        return stall

    def request(self, code: str, payee: Seller, stall: UUID | None, amount_vnd: int) -> UUID:
        """Asks for money from dawn until noon."""
        return self.payments.ask(self.title.book_id, code, payee.id, stall, amount_vnd, DAWN, NOON)

    def hear(self, connection: str = "sepay", **but: Any) -> Heard:
        """The reception takes in an authentic notice."""
        told = notice(**but)
        source = Source(connection, BANK)
        return self.reception.receive(source, told, body_of(told), self.clock.at)

    def transfer(self, wanted: UUID) -> Transfer:
        found = self.book.find(Transfer, wanted)
        assert found is not None
        return found


@contextmanager
def open_market(
    url: str, *, schema: str | None = None, clock: Clock | None = None
) -> Iterator[Market]:
    """The book in this database, founded when it is missing; every run makes the same ids."""
    clock = clock or Clock()
    vault = Vault((MASTER_KEY,), random_bytes=Random(7).randbytes)
    book = TimedBook(url, clock, schema)
    try:
        engines, tables = book.store.engines, book.store.tables
        connections_table(tables)
        found(book, vault, book_id=BOOK_ID, name="Sổ mẫu", demonstration=True, at=clock.at)
        title = read(engines, tables, vault)
        payments, directory = Payments(book), Directory(book, title.book_id)
        directory.refresh()
        persons = Persons(engines, tables, vault)
        register = Register(book, title, directory, persons, payments)
        reception = Reception(book, Hearing(book, vault), directory, title.key)
        yield Market(clock, book, vault, title, payments, directory, persons, register, reception)
    finally:
        book.close()


def everything_stored(market: Market) -> bytes:
    """Every value of every table, and SQLite's files: to look for what must not be there."""
    engines = market.book.store.engines
    everything = bytearray()
    found = MetaData(schema=engines.schema)
    with engines.reading() as connection:
        found.reflect(connection)
        for table in found.sorted_tables:
            for row in connection.execute(select(table)):
                for value in row:
                    raw = isinstance(value, bytes | memoryview)
                    everything += bytes(value) if raw else str(value).encode()
                    everything += b"\n"
    if engines.dialect == "sqlite":
        file = Path(str(engines.url.database))
        for part in file.parent.glob(f"{file.name}*"):
            everything += part.read_bytes()
    return bytes(everything)
