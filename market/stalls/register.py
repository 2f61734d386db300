"""The register of a market: vendors join, stalls open, change hands, move, close."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from ledger import transfers
from ledger.bank_account import BankAccount
from ledger.book import Book
from ledger.fact import Fact, begin, first
from ledger.identity import account_key
from ledger.payments import Payments
from ledger.persons import Persons
from ledger.refusal import Refusal
from ledger.title_page import TitlePage
from market.stalls.banks import DEMONSTRATION_BIN, bin_of
from market.stalls.directory import ALWAYS, Directory, DirectoryView, StallEntry
from market.stalls.place import Kind, Place, place_id
from market.stalls.stall import Stall, stall_id
from market.stalls.vendor import Vendor


class UnknownBank(Refusal):
    """No bank has this name or BIN."""

    code = "unknown_bank"


class UnknownStall(Refusal):
    """No stall has this code or number."""

    code = "unknown_stall"


class CodeTaken(Refusal):
    """Another stall has this code already."""

    code = "code_taken"


class NotTheirAccount(Refusal):
    """A stall is paid only on an account of the vendor who keeps it."""

    code = "not_their_account"


class RealBankInDemonstration(Refusal):
    """A demonstration book takes only accounts of the demonstration bank."""

    code = "real_bank_in_demonstration"


class Payee(NamedTuple):
    """Where a stall's money goes, as its QR code says it."""

    bank: str
    account_number: str
    name: str


class Register:
    """Commands on the directory. Each is idempotent: repeated, it changes nothing."""

    def __init__(
        self,
        book: Book,
        title: TitlePage,
        directory: Directory,
        persons: Persons,
        payments: Payments,
    ) -> None:
        self._book = book
        self._title = title
        self._directory = directory
        self._persons = persons
        self._payments = payments

    def open_place(self, slug: str, kind: Kind, name: str, commune: str) -> UUID:
        """A market or street joins, under a short name that stays."""
        wanted = place_id(self._title.book_id, slug)
        facts = {"slug": slug, "kind": kind, "name": name, "commune": commune}
        self._change(lambda view: _new(view.places.get(wanted), Place.Created, wanted, facts))
        return wanted

    def join(
        self,
        vendor_id: UUID,
        *,
        name: str,
        phone: str | None,
        bank: str,
        account_number: str,
        at: datetime,
    ) -> str:
        """A vendor joins and claims their bank account; returns its account key.

        Money that was told before anybody owned the account becomes theirs.
        """
        number, key = self._account(bank, account_number)
        account_id = BankAccount.create_id(key)

        def decision(view: DirectoryView) -> list[Fact]:
            changed: list[Fact] = []
            if self._book.find(Vendor, vendor_id) is None:
                changed.append(begin(first(Vendor.Created, vendor_id, joined_at=at)))
            account = self._book.find(BankAccount, account_id)
            if account is not None:
                account.claim(vendor_id)
                return changed
            facts = {"account_key": key, "bank": number, "entity_id": vendor_id}
            return [*changed, begin(first(BankAccount.Created, account_id, **facts))]

        self._change(decision)
        told = {"name": name, "phone": phone or "", _account_field(key): account_number}
        self._persons.keep(vendor_id, told)
        self.look_again(key, ALWAYS)
        return key

    def open_stall(self, code: str, place: UUID, number: str, trade: str) -> UUID:
        """A stall gets its code and place. A code that another stall has is refused."""
        wanted = stall_id(self._title.book_id, code)
        facts = {"code": code, "place_id": place, "number": number, "trade": trade}

        def decision(view: DirectoryView) -> list[Fact]:
            known = view.stalls.get(code)
            if known is not None and (known.place_id, known.number) != (place, number):
                raise CodeTaken
            return _new(known, Stall.Created, wanted, facts)

        self._change(decision)
        return wanted

    def assign(self, code: str, vendor_id: UUID, account: str, from_at: datetime) -> None:
        """From `from_at` on the vendor keeps the stall and is paid on this account of theirs."""

        def decision(view: DirectoryView) -> list[Fact]:
            if view.owner_of(account, max(from_at, view.owned_since(account))) != vendor_id:
                raise NotTheirAccount
            stall = self._stall(code)
            stall.assign(vendor_id, account, from_at)
            return [stall]

        self._change(decision)
        self.look_again(account, from_at)

    def move_stall(self, code: str, place: UUID, number: str) -> None:
        """The stall stands elsewhere now."""
        self._change_stall(code, lambda stall: stall.move(place, number))

    def vacate(self, code: str, from_at: datetime) -> None:
        """From `from_at` on nobody keeps the stall."""
        before = self.stall(code).keeper
        self._change_stall(code, lambda stall: stall.vacate(from_at))
        if before is not None and before.account_key is not None:
            self.look_again(before.account_key, from_at)

    def move_account(self, account: str, vendor_id: UUID, from_at: datetime) -> None:
        """From `from_at` on the account belongs to another vendor."""

        def decision(view: DirectoryView) -> list[Fact]:
            known = self._book.find(BankAccount, BankAccount.create_id(account))
            if known is None:
                raise NotTheirAccount
            known.move(vendor_id, from_at)
            return [known]

        self._change(decision)
        self.look_again(account, from_at)

    def add_alias(self, account: str, virtual_number: str) -> None:
        """A virtual number of the account's bank leads to it. What came on the number before
        becomes its owner's too, but stays known under the number."""
        bank = self._directory.refresh().banks.get(account)
        if bank is None:
            raise NotTheirAccount
        alias = account_key(self._title.key, bank, virtual_number)

        def decision(view: DirectoryView) -> list[Fact]:
            known = self._book.find(BankAccount, BankAccount.create_id(account))
            if known is None:
                raise NotTheirAccount
            known.add_alias(alias)
            return [known]

        self._change(decision)
        self.look_again(alias, ALWAYS)

    def stalls(self) -> dict[str, StallEntry]:
        """All stalls, by code."""
        return self._directory.refresh().stalls

    def keepers(self) -> dict[str, str]:
        """The stall numbers of each entity, for people who read a list of entities."""
        kept: dict[str, list[str]] = {}
        for stall in self.stalls().values():
            if stall.keeper is not None:
                kept.setdefault(str(stall.keeper.vendor_id), []).append(stall.number)
        return {entity: "quầy " + ", ".join(sorted(numbers)) for entity, numbers in kept.items()}

    def has_real_accounts(self) -> bool:
        """Whether any account is at a bank that exists: then no simulated money may come in."""
        return any(b != DEMONSTRATION_BIN for b in self._directory.refresh().banks.values())

    def stall(self, wanted: str) -> StallEntry:
        """By code, or by number where only one stall has it; whatever the case of its letters."""
        view = self._directory.refresh()
        word = wanted.strip().upper()
        if word in view.stalls:
            return view.stalls[word]
        numbered = [stall for stall in view.stalls.values() if stall.number.upper() == word]
        if len(numbered) != 1:
            raise UnknownStall
        return numbered[0]

    def payee(self, stall: StallEntry) -> Payee | None:
        """Whom a payer of the stall pays; None while it is vacant or its keeper was erased."""
        keeper = stall.keeper
        if keeper is None or keeper.vendor_id is None or keeper.account_key is None:
            return None
        known = self._persons.read(keeper.vendor_id)
        number = known.get(_account_field(keeper.account_key))
        if number is None:
            return None
        return Payee(self._directory.view.banks[keeper.account_key], number, known["name"])

    def look_again(self, account: str, since: datetime) -> None:
        """Looks again at the transfers that a change of the account or its stalls may concern.

        Runs after the change is durable, so that no transfer decided since can have missed it;
        stopped half way, it is finished by repeating the command.
        """
        wanted = dict.fromkeys(transfers.orphans_of(self._book, account))
        if since > ALWAYS:
            wanted |= dict.fromkeys(transfers.told_since(self._book, account, since))
        for transfer in wanted:
            self._book.decide(
                lambda transfer=transfer: self._payments.conclude(transfer, self._directory.view),  # type: ignore[misc]
                outdated=self._directory.refresh,
            )

    def finish(self) -> None:
        """Finishes what an interrupted change left: orphans whose account has an owner by now."""
        view = self._directory.refresh()
        for account in transfers.orphaned_accounts(self._book):
            if view.account(account) in view.owners:
                self.look_again(account, ALWAYS)

    def _account(self, bank: str, account_number: str) -> tuple[str, str]:
        number = bin_of(bank)
        if number is None:
            raise UnknownBank
        if self._title.demonstration and number != DEMONSTRATION_BIN:
            raise RealBankInDemonstration
        return number, account_key(self._title.key, number, account_number)

    def _stall(self, code: str) -> Stall:
        found = self._book.find(Stall, stall_id(self._title.book_id, code))
        if found is None:
            raise UnknownStall
        return found

    def _change_stall(self, code: str, change: Callable[[Stall], None]) -> None:
        def decision(view: DirectoryView) -> list[Fact]:
            stall = self._stall(code)
            change(stall)
            return [stall]

        self._change(decision)

    def _change(self, decision: Callable[[DirectoryView], list[Any]]) -> None:
        """Decides on the newest view and saves as a change of the directory."""

        def once() -> None:
            view = self._directory.refresh()
            changed = [fact for fact in decision(view) if fact.pending_events]
            if changed:
                self._book.save(*changed, decided_on=view.position)

        self._book.decide(once)
        self._directory.refresh()


def _account_field(account: str) -> str:
    """The personal field that holds the number of one of a vendor's accounts."""
    return f"account {account}"


def _new(
    known: object, kind: type[Fact.Created], wanted: UUID, facts: dict[str, Any]
) -> list[Fact]:
    """What begins, unless the directory knows it already."""
    return [] if known is not None else [begin(first(kind, wanted, **facts))]
