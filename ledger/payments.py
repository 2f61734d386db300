"""The commands on money: each decides on loaded state and saves what follows all at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from ledger import inbox
from ledger.book import Book
from ledger.fact import begin, first
from ledger.identity import transfer_id, unreferenced_id
from ledger.payment_request import PaymentRequest, ReferenceTaken
from ledger.refusal import Refusal
from ledger.store.command import Command, Taken
from ledger.telling import Direction, Directory, Purpose, Standing, Telling
from ledger.transfer import Transfer, first_word
from ledger.vault import Vault, digest


class UnknownTransfer(Refusal):
    """No transfer in the book has this id."""

    code = "unknown_transfer"


class View(Directory, Protocol):
    """The directory as it was at one position; decisions on it hold only while it does."""

    @property
    def position(self) -> int: ...


class Movement(NamedTuple):
    """A provider's notice, understood: what moved where, in the book's own terms."""

    word: inbox.Word
    account_key: str
    direction: Direction
    amount_vnd: int
    booked_at: datetime
    reference: str | None
    """Normalised; where a bank reuses its references daily it begins with the booked day."""
    codes: tuple[str, ...]

    @property
    def transfer_id(self) -> UUID:
        if self.reference is None:
            return unreferenced_id(self.word.connection, self.word.event_id)
        return transfer_id(self.account_key, self.reference, self.direction)

    def told(self, key: bytes) -> Telling:
        return Telling(
            self.word.connection,
            self.word.event_id,
            digest(key, self.word.body).hex(),
            self.amount_vnd,
            self.booked_at,
            self.word.received_at,
            self.codes,
        )


class Heard(NamedTuple):
    """What the book made of a notice."""

    news: str
    """`first` word of a transfer, `further` word of a known one, or `not_news`."""
    transfer_id: UUID
    stands: Standing | None
    """How the transfer stands now; not told when it was not news."""


class Payments:
    """Commands on transfers and requests. `view` is always the directory they are decided on."""

    def __init__(self, book: Book, vault: Vault) -> None:
        self._book = book
        self._vault = vault

    def hear(self, movement: Movement, view: View) -> Heard:
        """A provider's notice. Raises Taken or Outdated when it must be decided anew.

        The usual notice is the first of its transfer: that is tried at once, without reading.
        """
        hoped = self.hope(movement, view)
        if hoped is not None:
            command, heard = hoped
            try:
                self._book.log.writer.submit(command)
            except Taken:
                pass  # Not the first word after all.
            else:
                return heard
        return self._hear_knowing(movement, view)

    def hope(self, movement: Movement, view: View) -> tuple[Command, Heard] | None:
        """What to write, and what to answer, if this is the first word of its transfer; it is
        refused as Taken when it is not. None where even a first word needs reading."""
        key = self._vault.new_key()
        event: Any = first_word(
            movement.transfer_id,
            movement.account_key,
            movement.reference,
            movement.direction,
            movement.told(key),
            view,
        )
        if event.stands.purpose.request_id is not None:
            return None
        wrapped = self._vault.wrap(key, movement.word.about)
        row = inbox.sealed(
            self._vault, movement.word, event.originator_id, seen=0, key=key, wrapped=wrapped
        )
        command = self._book.recording(event, (row,), view.position)
        return command, Heard("first", event.originator_id, event.stands)

    def _hear_knowing(self, movement: Movement, view: View) -> Heard:
        """The same, after reading what is known of this notice and of its transfer."""
        word = movement.word
        with self._book.reading() as connection:
            known = inbox.known_words(
                connection, self._book.store.tables, word.connection, word.event_id
            )
        key, wrapped = inbox.key_of(self._vault, word, known)
        said = digest(key, word.body)
        for row in known:
            if row.digest == said:
                return Heard("not_news", row.transfer_id, None)
        telling = movement.told(key)
        others = self._known_transfers(row.transfer_id for row in known)
        transfer, news = self._transfer_of(movement, telling, others, view)
        others = [other for other in others if other.id != transfer.id]
        for other in others:
            _reconcile_words(transfer, other, telling, view)
        assert transfer.pending_events, "a word that is not in the inbox is always news"
        sealed = inbox.sealed(
            self._vault, word, transfer.id, seen=len(known), key=key, wrapped=wrapped
        )
        self._save(transfer, *others, view=view, inbox=(sealed,))
        return Heard(news, transfer.id, transfer.stands)

    def _transfer_of(
        self, movement: Movement, telling: Telling, others: list[Transfer], view: View
    ) -> tuple[Transfer, str]:
        """The transfer that the notice speaks of, which has heard it, and whether it is new."""
        place = movement.account_key, movement.direction
        alike = [other for other in others if other.place == place]
        if movement.reference is None and alike:  # The same word spoke of it before.
            transfer: Transfer | None = min(alike, key=lambda other: other.id)
        else:
            transfer = self._standing(movement.transfer_id)
        if transfer is None:
            event = first_word(
                movement.transfer_id,
                movement.account_key,
                movement.reference,
                movement.direction,
                telling,
                view,
            )
            begun = begin(event)
            assert isinstance(begun, Transfer)
            return begun, "first"
        transfer.hear(telling, view)
        return transfer, "further"

    def _standing(self, wanted: UUID) -> Transfer | None:
        """The transfer, or the one that it turned out to be."""
        transfer = self._book.find(Transfer, wanted)
        while transfer is not None and transfer.same_as is not None:
            transfer = self._book.find(Transfer, transfer.same_as)
        return transfer

    def _known_transfers(self, ids: Iterable[UUID]) -> list[Transfer]:
        found: dict[UUID, Transfer] = {}
        for wanted in ids:
            transfer = self._standing(wanted)
            if transfer is not None:
                found.setdefault(transfer.id, transfer)
        return list(found.values())

    def _save(self, *transfers: Transfer, view: View, **beside: Any) -> None:
        """Saves the transfers with what they mean for the requests that they pay."""
        requests: dict[UUID, PaymentRequest] = {}
        for transfer in transfers:
            for request in _requests(transfer):
                if request not in requests:
                    found = self._book.find(PaymentRequest, request)
                    assert found is not None, "a purpose names only requests that exist"
                    requests[request] = found
                pays = transfer.same_as is None and request == transfer.stands.purpose.request_id
                requests[request].receive(
                    transfer.id, transfer.stands.amount_vnd if pays else 0, transfer.booked_at
                )
        self._book.save(*transfers, *requests.values(), decided_on=view.position, **beside)

    def _known(self, wanted: UUID) -> Transfer:
        transfer = self._book.find(Transfer, wanted)
        if transfer is None:
            raise UnknownTransfer
        return transfer

    def conclude(self, wanted: UUID, view: View) -> None:
        """Looks at a transfer again after the directory has changed."""
        transfer = self._known(wanted)
        transfer.conclude(view)
        if transfer.pending_events:
            self._save(transfer, view=view)

    def assign(self, wanted: UUID, purpose: Purpose, view: View) -> None:
        """A person says what a transfer was for."""
        transfer = self._known(wanted)
        transfer.assign(purpose)
        self._save(transfer, view=view)

    def decide_amount(self, wanted: UUID, amount_vnd: int, view: View) -> None:
        """A person says which amount of a contradicted transfer stands."""
        transfer = self._known(wanted)
        transfer.decide(amount_vnd)
        self._save(transfer, view=view)

    def settle(
        self, wanted: UUID, line: str, amount_vnd: int, booked_at: datetime, view: View
    ) -> None:
        """A booked line of a bank statement is this transfer."""
        transfer = self._known(wanted)
        transfer.settle(line, amount_vnd, booked_at)
        self._save(transfer, view=view)

    def reverse(self, wanted: UUID, by_id: UUID, view: View) -> None:
        """Transfer `by_id` is the bank's reversal of `wanted`: it debits what that credited."""
        transfer, back = self._known(wanted), self._known(by_id)
        transfer.reverse(by_id)
        back.assign(transfer.stands.purpose)
        self._save(transfer, back, view=view)

    def same(self, unreferenced: UUID, other: UUID, view: View) -> None:
        """A person or a statement says that an unreferenced transfer is another one."""
        transfer, stands = self._known(unreferenced), self._known(other)
        transfer.turn_out_same(stands, view)
        self._save(transfer, stands, view=view)

    def ask(
        self,
        book_id: UUID,
        code: str,
        entity_id: UUID,
        stall_id: UUID | None,
        amount_vnd: int,
        asked_at: datetime,
        expires_at: datetime,
    ) -> UUID:
        """Asks for money under a code; the same again is not news, another thing is refused."""
        wanted = PaymentRequest.create_id(book_id, code)
        facts = {
            "code": code,
            "entity_id": entity_id,
            "stall_id": stall_id,
            "amount_vnd": amount_vnd,
        }
        known = self._book.find(PaymentRequest, wanted)
        if known is None:
            event = _begun(wanted, facts | {"asked_at": asked_at, "expires_at": expires_at})
            self._book.save(event)
        elif any(getattr(known, name) != value for name, value in facts.items()):
            raise ReferenceTaken
        return wanted


def _begun(wanted: UUID, facts: dict[str, Any]) -> PaymentRequest:
    """A new request that still has to be saved."""
    request = begin(first(PaymentRequest.Created, wanted, **facts))
    assert isinstance(request, PaymentRequest)
    return request


def _requests(transfer: Transfer) -> set[UUID]:
    """The requests that the transfer pays, or paid before what is about to be saved."""
    standings = [transfer.stands]
    for event in transfer.pending_events:
        standings += [getattr(event, name) for name in ("stood", "stands") if hasattr(event, name)]
    return {
        standing.purpose.request_id
        for standing in standings
        if standing.purpose.request_id is not None
    }


def _reconcile_words(transfer: Transfer, other: Transfer, telling: Telling, view: View) -> None:
    """One event id of a provider now speaks of two transfers: the same one that has got its
    reference meanwhile, or two that contradict each other."""
    got_reference = other.reference is None and transfer.reference is not None
    if got_reference and other.place == transfer.place:
        other.turn_out_same(transfer, view)
        return
    other.contradict_elsewhere(telling)
    for known in other.tellings:
        if known.word == telling.word:
            transfer.contradict_elsewhere(known)
