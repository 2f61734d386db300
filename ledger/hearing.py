"""Hearing a notice: the first word of a transfer, a further word of one, or no news at all."""

from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from ledger import inbox
from ledger.book import Book
from ledger.fact import Fact, begin, first
from ledger.identity import transfer_id, unreferenced_id
from ledger.receipts import save
from ledger.store.command import Command, Taken
from ledger.telling import ORPHAN, Direction, Directory, Standing, Telling, View
from ledger.transfer import Transfer
from ledger.transfers import standing
from ledger.vault import Vault, digest

News = Literal["first", "further", "not_news"]


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

    news: News
    """`first` word of a transfer, `further` word of a known one, or `not_news`."""
    transfer_id: UUID
    stands: Standing | None
    """How the transfer stands now; not told when it was not news."""


def first_word(
    transfer_id: UUID,
    account_key: str,
    reference: str | None,
    direction: Direction,
    telling: Telling,
    directory: Directory,
) -> Fact.Created:
    """The event with which a movement enters the book."""
    owner = directory.owner_of(account_key, telling.booked_at)
    purpose = ORPHAN
    if owner is not None:
        purpose = directory.purpose_of(
            owner, account_key, direction, telling.codes, telling.booked_at
        )
    return first(
        Transfer.Created,
        transfer_id,
        account_key=account_key,
        reference=reference,
        telling=telling,
        stands=Standing(direction, owner, telling.amount_vnd, purpose),
    )


class Hearing:
    """Turns movements into facts. `view` is always the directory they are decided on."""

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
        found = (standing(self._book, row.transfer_id) for row in known)
        others = list({other.id: other for other in found if other is not None}.values())
        transfer, news = self._transfer_of(movement, telling, others, view)
        others = [other for other in others if other.id != transfer.id]
        for other in others:
            _reconcile_words(transfer, other, telling, view)
        assert transfer.pending_events, "a word that is not in the inbox is always news"
        sealed = inbox.sealed(
            self._vault, word, transfer.id, seen=len(known), key=key, wrapped=wrapped
        )
        save(self._book, transfer, *others, view=view, inbox=(sealed,))
        return Heard(news, transfer.id, transfer.stands)

    def _transfer_of(
        self, movement: Movement, telling: Telling, others: list[Transfer], view: View
    ) -> tuple[Transfer, News]:
        """The transfer that the notice speaks of, which has heard it, and whether it is new."""
        place = movement.account_key, movement.direction
        alike = [other for other in others if other.place == place]
        if movement.reference is None and alike:  # The same word spoke of it before.
            transfer: Transfer | None = min(alike, key=lambda other: other.id)
        else:
            transfer = standing(self._book, movement.transfer_id)
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
