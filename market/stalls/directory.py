"""The directory: who owns which account and keeps which stall, at any time."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

from ledger.bank_account import BankAccount
from ledger.book import Book
from ledger.identity import request_id
from ledger.payment_request import PaymentRequest
from ledger.telling import Direction, Purpose
from market.stalls.place import Place
from market.stalls.stall import Stall

ALWAYS = datetime.min.replace(tzinfo=UTC)


class Keeper(NamedTuple):
    """Who keeps a stall from a time on; nobody while it is vacant."""

    from_at: datetime
    vendor_id: UUID | None
    account_key: str | None


@dataclass(frozen=True)
class StallEntry:
    """A stall as the directory shows it."""

    stall_id: UUID
    code: str
    place_id: UUID
    number: str
    trade: str
    keepers: tuple[Keeper, ...] = ()

    def keeper_at(self, at: datetime) -> Keeper | None:
        """Who kept it then, if anybody."""
        n = bisect_right([keeper.from_at for keeper in self.keepers], at)
        keeper = self.keepers[n - 1] if n else None
        return keeper if keeper is not None and keeper.vendor_id is not None else None

    @property
    def keeper(self) -> Keeper | None:
        """Who keeps it last of all."""
        return self.keepers[-1] if self.keepers and self.keepers[-1].vendor_id else None


Owners = tuple[tuple[datetime, UUID], ...]


@dataclass(frozen=True)
class DirectoryView:
    """The directory as it was at one position of the log; it never changes."""

    find_request: Callable[[str], PaymentRequest | None]
    position: int = 0
    places: dict[UUID, Place.Created] = field(default_factory=dict)
    stalls: dict[str, StallEntry] = field(default_factory=dict)
    owners: dict[str, Owners] = field(default_factory=dict)
    banks: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    served: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The codes of the stalls that were ever paid on an account."""

    def account(self, account_key: str) -> str:
        """The account itself, where this is a virtual number that leads to it."""
        return self.aliases.get(account_key, account_key)

    def owner_of(self, account_key: str, booked_at: datetime) -> UUID | None:
        """The entity that owned the account at that time."""
        owners = self.owners.get(self.account(account_key), ())
        n = bisect_right([from_at for from_at, _ in owners], booked_at)
        return owners[n - 1][1] if n else None

    def owned_since(self, account_key: str) -> datetime:
        """Since when its present owner has the account."""
        owners = self.owners.get(account_key, ())
        return owners[-1][0] if owners else ALWAYS

    def known_codes(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """Those that are codes of ours: a stall's, or a request's."""
        return tuple(
            code
            for code in candidates
            if code in self.stalls or self.find_request(code) is not None
        )

    def purpose_of(
        self,
        entity_id: UUID,
        account_key: str,
        direction: Direction,
        codes: Sequence[str],
        booked_at: datetime,
    ) -> Purpose:
        """By our code when it belongs to the account's owner; without any, by the account's only
        stall. A request's code says more than a stall's; of several the first in order stands."""
        if direction == "out":
            return Purpose("owner", "outgoing")
        own, foreign = [], False
        for code in codes:
            owner, purpose = self._what_is(code, booked_at)
            if owner == entity_id and purpose is not None:
                own.append(purpose)
            elif owner is not None:
                foreign = True
        if own:
            best = min(own, key=lambda purpose: (purpose.request_id is None, purpose.code))
            reason = "code" if len(own) == 1 else "several_codes"
            return Purpose("sale", reason, best.code, best.stall_id, best.request_id)
        if foreign:
            return Purpose("unmatched", "wrong_account")
        account = self.account(account_key)
        stalls = [
            stall.stall_id
            for stall in map(self.stalls.__getitem__, self.served.get(account, ()))
            if (keeper := stall.keeper_at(booked_at)) is not None
            and (keeper.vendor_id, keeper.account_key) == (entity_id, account)
        ]
        if len(stalls) == 1:
            return Purpose("sale", "only_stall", stall_id=stalls[0])
        return Purpose("unmatched", "no_code")

    def _what_is(self, code: str, at: datetime) -> tuple[UUID | None, Purpose | None]:
        """Whose code it was at that time, and what it stands for."""
        stall = self.stalls.get(code)
        if stall is not None:
            keeper = stall.keeper_at(at)
            return (keeper and keeper.vendor_id), Purpose("sale", "code", code, stall.stall_id)
        request = self.find_request(code)
        if request is None:
            return None, None
        return request.entity_id, Purpose("sale", "code", code, request.stall_id, request.id)


class Directory:
    """Keeps the newest view of the directory in memory; every thread decides on one view."""

    def __init__(self, book: Book, book_id: UUID) -> None:
        self._book = book
        self._book_id = book_id
        self._lock = Lock()
        self._requests: dict[str, PaymentRequest] = {}
        self._view = DirectoryView(self._find_request)
        self._read = False

    @property
    def view(self) -> DirectoryView:
        """The newest view that was read; the first time it is asked for, it is read."""
        return self._view if self._read else self.refresh()

    def refresh(self) -> DirectoryView:
        """Takes in what has changed since; returns the newest view."""
        with self._lock:
            changes = self._book.directory_events(self._view.position)
            if changes:
                self._view = _fold(self._view, changes)
            self._read = True
            return self._view

    def _find_request(self, code: str) -> PaymentRequest | None:
        """What a request asks for never changes once asked: what was found is kept."""
        found = self._requests.get(code)
        if found is None:
            found = self._book.find(PaymentRequest, request_id(self._book_id, code))
            if found is not None:
                if len(self._requests) > 10_000:
                    self._requests.clear()
                self._requests[code] = found
        return found


def _fold(view: DirectoryView, changes: Sequence[tuple[int, Any]]) -> DirectoryView:
    places, stalls = dict(view.places), dict(view.stalls)
    owners, banks, aliases = dict(view.owners), dict(view.banks), dict(view.aliases)
    served = dict(view.served)
    codes = {stall.stall_id: code for code, stall in stalls.items()}

    def change(event: Any, **values: Any) -> None:
        code = codes[event.originator_id]
        stalls[code] = replace(stalls[code], **values)

    def keep(event: Any, keeper: Keeper) -> None:
        change(event, keepers=(*stalls[codes[event.originator_id]].keepers, keeper))

    for _, event in changes:
        match event:
            case Place.Created():
                places[event.originator_id] = event
            case Stall.Created():
                codes[event.originator_id] = event.code
                stalls[event.code] = StallEntry(
                    event.originator_id, event.code, event.place_id, event.number, event.trade
                )
            case Stall.Assigned():
                keep(event, Keeper(event.from_at, event.vendor_id, event.account_key))
                before = served.get(event.account_key, ())
                code = codes[event.originator_id]
                served[event.account_key] = before if code in before else (*before, code)
            case Stall.Vacated():
                keep(event, Keeper(event.from_at, None, None))
            case Stall.Moved():
                change(event, place_id=event.place_id, number=event.number)
            case BankAccount.Created():
                owners[event.account_key] = ((ALWAYS, event.entity_id),)
                banks[event.account_key] = event.bank
            case BankAccount.Moved():
                moved = (event.from_at, event.entity_id)
                owners[event.account_key] = (*owners[event.account_key], moved)
            case BankAccount.AliasAdded():
                aliases[event.alias_key] = event.account_key
    return replace(
        view,
        position=changes[-1][0],
        places=places,
        stalls=stalls,
        owners=owners,
        banks=banks,
        aliases=aliases,
        served=served,
    )
