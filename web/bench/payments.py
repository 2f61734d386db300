"""Durable payments a second through our own book: one a caller, as sealed notices, and in bulk."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from uuid import UUID, uuid4

from ledger.book import Book
from ledger.fact import Fact
from ledger.hearing import Hearing, Movement, first_word
from ledger.identity import transfer_id
from ledger.inbox import Word
from ledger.posting import post
from ledger.store.append_postgresql import PostgresqlAppend
from ledger.store.append_sqlite import SqliteAppend
from ledger.store.batch import Batch, Written
from ledger.store.command import Command, Line
from ledger.store.recorder import SALT_BYTES, now_us
from ledger.telling import Direction, Purpose, Telling
from ledger.transfer import Transfer
from ledger.vault import KEY_BYTES, Vault
from web.bench.callers import Turn, take_turn

ACCOUNTS = 200
"""Vendors who are paid: each has one account and one stall."""
BULK = 1_000
"""Commands in one batch of a bulk import."""
BODY = (
    '{"id":%d,"gateway":"MBBank","transactionDate":"2026-11-22 07:30:15","accountNumber":"%s",'
    '"subAccount":null,"code":"%s","content":"NGUYEN VAN BINH chuyen tien %s FT26326548711",'
    '"transferType":"in","description":"BankAPINotify","transferAmount":%d,'
    '"referenceCode":"%s","accumulated":0}'
)
"""A provider's notice, in its own words: some 300 bytes."""


class Market:
    """The benchmark's input: payments that all differ, into accounts that all have an owner.

    Serves as the directory on which they are decided, which never changes.
    """

    position = 0

    def __init__(self) -> None:
        self._keys = keys = [uuid4().hex for _ in range(ACCOUNTS)]
        self._vendors = {key: uuid4() for key in keys}
        self._purposes = {
            key: Purpose("sale", "code", f"CS{n:05d}", uuid4()) for n, key in enumerate(keys)
        }
        self._numbers = count(uuid4().int >> 84)

    def owner_of(self, account_key: str, booked_at: datetime) -> UUID | None:
        return self._vendors[account_key]

    def purpose_of(
        self,
        entity_id: UUID,
        account_key: str,
        direction: Direction,
        codes: Sequence[str],
        booked_at: datetime,
    ) -> Purpose:
        return self._purposes[account_key]

    def first_word(self) -> Fact.Created:
        """A payment that was never told before, as the event that enters the book."""
        n, account_key, reference, amount_vnd = self._next()
        now = datetime.now(UTC)
        codes = (self._purposes[account_key].code or "",)
        telling = Telling("sepay", str(n), f"{n:032x}", amount_vnd, now, now, codes)
        wanted = transfer_id(account_key, reference, "in")
        return first_word(wanted, account_key, reference, "in", telling, self)

    def movement(self) -> Movement:
        """A payment that was never told before, as a provider's notice tells it."""
        n, account_key, reference, amount_vnd = self._next()
        now = datetime.now(UTC)
        code = self._purposes[account_key].code or ""
        body = BODY % (n, account_key[:13], code, code, amount_vnd, reference)
        word = Word("sepay", str(n), body.encode(), now)
        return Movement(word, account_key, "in", amount_vnd, now, reference, (code,))

    def _next(self) -> tuple[int, str, str, int]:
        """Its number, account key, bank reference and amount (5,000 to 2,000,000 đồng)."""
        n = next(self._numbers)
        return n, self._keys[n * 7_919 % ACCOUNTS], f"FT{n:014d}", 5_000 + n * 7_919 % 1_996 * 1_000


class OurBook:
    """Our side: a book in a database (and schema) that is the benchmark's alone."""

    def __init__(self, url: str, schema: str | None) -> None:
        self.book = Book(url, schema=schema)
        self._market = Market()
        self._hearing = Hearing(self.book, Vault((os.urandom(KEY_BYTES),)))
        engines = self.book.store.engines
        append = PostgresqlAppend if engines.dialect == "postgresql" else SqliteAppend
        self._append: PostgresqlAppend | SqliteAppend = append(engines)

    def create(self) -> None:
        """Creates the tables, in an empty database or schema."""
        self.book.store.create()

    def record(self, callers: int, seconds: float) -> Turn:
        """Each caller builds a payment and waits for its commit: event, lines and balances."""
        return take_turn(lambda: self.book.record(self._market.first_word()), callers, seconds)

    def hear(self, callers: int, seconds: float) -> Turn:
        """The same from a notice: its raw body goes into the inbox, under a key of its own."""
        market = self._market
        return take_turn(lambda: self._hearing.hear(market.movement(), market), callers, seconds)

    def bulk(self, seconds: float, *, building: bool) -> Turn:
        """Batches that are handed to the database by one caller, one after the other.

        `building`: whether making the payments and their stored form counts, or the writing alone.
        """
        done, lasted, latencies = 0, 0.0, []
        while lasted < seconds:
            started = perf_counter()
            batch = Batch([self._command() for _ in range(BULK)])
            built = perf_counter()
            outcome = self._append(batch, now_us())
            ended = perf_counter()
            assert isinstance(outcome, Written), "payments of the benchmark are all different"
            latencies.append((ended - built) * 1_000)
            lasted += ended - (started if building else built)
            done += BULK
        return Turn(done / lasted, latencies)

    def _command(self) -> Command:
        event = self._market.first_word()
        lines = [Line(0, *entry) for entry in post(Transfer.Created.TOPIC, event)]
        stored = self.book.mapper.to_stored_event(event)
        return Command([stored], [os.urandom(SALT_BYTES)], lines)

    def stored_state(self) -> bytes:
        """The state of a payment as it is stored, for peers that want one of the same size."""
        return self.book.mapper.to_stored_event(self._market.first_word()).state

    def close(self) -> None:
        """Writes what waits and lets go of the database."""
        self.book.close()
