"""A bank's notice arrives: whose account, which stall, which request; then the book hears it."""

from datetime import datetime
from typing import NamedTuple

from ledger.book import Book
from ledger.hearing import Heard, Hearing, Movement
from ledger.identity import account_key, bank_reference
from ledger.inbox import Word
from ledger.market_day import market_day
from ledger.money import amount
from ledger.store.command import Command
from market.ports import BankNotice
from market.stalls.banks import bin_of, reuses_references
from market.stalls.code import codes_in
from market.stalls.directory import Directory, DirectoryView


class Source(NamedTuple):
    """The connection through which a provider talks to us."""

    name: str
    """Names the connection for ever: event ids are unique within it."""
    bank: str | None
    """The bank of its accounts, for providers that do not say."""


class Reception:
    """Takes authentic notices only; who vouches for them is the dialects' business."""

    def __init__(self, book: Book, hearing: Hearing, directory: Directory, book_key: bytes) -> None:
        self._book = book
        self._hearing = hearing
        self._directory = directory
        self._book_key = book_key

    def receive(self, source: Source, notice: BankNotice, body: bytes, at: datetime) -> Heard:
        """Makes the notice a durable, balanced fact before it returns. `at`: when it was received.

        Raises OperationalError when the database cannot take it now: the bank shall tell it again.
        """
        word = Word(source.name, notice.event_id, body, at)

        def decision() -> Heard:
            view = self._directory.view
            return self._hearing.hear(self.understand(source, notice, word, view), view)

        return self._book.decide(decision, outdated=self._directory.refresh)

    def hope(
        self, source: Source, notice: BankNotice, body: bytes, at: datetime
    ) -> tuple[Command, Heard] | None:
        """For a caller that must not wait: what to write, and what to answer once it is written,
        if this is the first word of its transfer. Refused (Taken, Outdated), or None: `receive`."""
        view = self._directory.view
        if any(code not in view.stalls for code in _candidates(notice)):
            return None  # Perhaps a request's code: only the book can tell.
        word = Word(source.name, notice.event_id, body, at)
        return self._hearing.hope(self.understand(source, notice, word, view), view)

    def understand(
        self, source: Source, notice: BankNotice, word: Word, view: DirectoryView
    ) -> Movement:
        """The notice in the book's own terms, as far as the directory knows them."""
        said = notice.bank or source.bank or ""
        bank = bin_of(said) or f"?{said}"
        account = view.account(account_key(self._book_key, bank, notice.account_number))
        if notice.virtual_number:
            virtual = account_key(self._book_key, bank, notice.virtual_number)
            account = view.aliases.get(virtual, account)
        reference = bank_reference(notice.reference)
        if reference is not None and reuses_references(bank, market_day(notice.booked_at)):
            reference = f"{market_day(notice.booked_at):%Y-%m-%d}/{reference}"
        return Movement(
            word,
            account,
            notice.direction,
            amount(notice.amount_vnd),
            notice.booked_at,
            reference,
            view.known_codes(_candidates(notice)),
        )


def _candidates(notice: BankNotice) -> list[str]:
    """All that could be a code of ours, wherever the provider carries it."""
    return sorted({*codes_in(notice.memo), *codes_in(notice.order_code or "")})
