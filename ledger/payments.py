"""What people and statements decide about money; each saves all that follows at once."""

from datetime import datetime
from uuid import UUID

from ledger.book import Book
from ledger.fact import begin, first
from ledger.payment_request import PaymentRequest, ReferenceTaken
from ledger.receipts import save
from ledger.refusal import Refusal
from ledger.telling import Purpose, View
from ledger.transfer import Transfer


class UnknownTransfer(Refusal):
    """No transfer in the book has this id."""

    code = "unknown_transfer"


class NotAReversal(Refusal):
    """A reversal takes money that came in out of the same account again."""

    code = "not_a_reversal"


class Payments:
    """Commands on transfers and requests. `view` is the directory they are decided on."""

    def __init__(self, book: Book) -> None:
        self._book = book

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
            save(self._book, transfer, view=view)

    def assign(self, wanted: UUID, purpose: Purpose, view: View) -> None:
        """A person says what a transfer was for."""
        transfer = self._known(wanted)
        transfer.assign(purpose)
        save(self._book, transfer, view=view)

    def decide_amount(self, wanted: UUID, amount_vnd: int, view: View) -> None:
        """A person says which amount of a contradicted transfer stands."""
        transfer = self._known(wanted)
        transfer.decide(amount_vnd)
        save(self._book, transfer, view=view)

    def settle(
        self, wanted: UUID, line: str, amount_vnd: int, booked_at: datetime, view: View
    ) -> None:
        """A booked line of a bank statement is this transfer."""
        transfer = self._known(wanted)
        transfer.settle(line, amount_vnd, booked_at)
        save(self._book, transfer, view=view)

    def reverse(self, wanted: UUID, by_id: UUID, view: View) -> None:
        """Transfer `by_id` is the bank's reversal of `wanted`: it debits what that credited."""
        transfer, back = self._known(wanted), self._known(by_id)
        if back.place != (transfer.account_key, "out") or transfer.stands.direction != "in":
            raise NotAReversal
        transfer.reverse(by_id)
        back.assign(transfer.stands.purpose)
        save(self._book, transfer, back, view=view)

    def same(self, unreferenced: UUID, other: UUID, view: View) -> None:
        """A person or a statement says that an unreferenced transfer is another one."""
        transfer, stands = self._known(unreferenced), self._known(other)
        transfer.turn_out_same(stands, view)
        save(self._book, transfer, stands, view=view)

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
            event = begin(
                first(
                    PaymentRequest.Created,
                    wanted,
                    **facts | {"asked_at": asked_at, "expires_at": expires_at},
                )
            )
            self._book.save(event)
        elif any(getattr(known, name) != value for name, value in facts.items()):
            raise ReferenceTaken
        return wanted
