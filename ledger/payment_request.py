"""What we asked money for: an amount, a payee, a code; its receipts tell what came of it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from eventsourcing.domain import event

from ledger.fact import Fact
from ledger.identity import request_id
from ledger.money import amount
from ledger.refusal import Refusal


class AlreadyCancelled(Refusal):
    """This payment request has been cancelled."""

    code = "already_cancelled"


class ReferenceTaken(Refusal):
    """A payment request with this code exists already, for something else."""

    code = "reference_taken"


class Receipt(NamedTuple):
    """What one transfer brings to a request."""

    amount_vnd: int
    booked_at: datetime


class PaymentRequest(Fact):
    """Asked once, by our code; paid by the transfers that carry it."""

    TOPIC = "ledger.PaymentRequest"

    class Created(Fact.Created):
        """A shopper was shown an amount and a code."""

        TOPIC = "ledger.PaymentRequest.Created"
        code: str
        entity_id: UUID
        stall_id: UUID | None
        amount_vnd: int
        asked_at: datetime
        expires_at: datetime

    class Received(Fact.Event):
        """A transfer pays this much of it; zero when it turned out to be for something else."""

        TOPIC = "ledger.PaymentRequest.Received"
        transfer_id: UUID
        amount_vnd: int
        booked_at: datetime

    class Cancelled(Fact.Event):
        """The payee took the request back; money that comes all the same is still theirs."""

        TOPIC = "ledger.PaymentRequest.Cancelled"
        cancelled_at: datetime

    @staticmethod
    def create_id(book_id: UUID, code: str) -> UUID:
        return request_id(book_id, code)

    @event(Created)
    def __init__(
        self,
        code: str,
        entity_id: UUID,
        stall_id: UUID | None,
        amount_vnd: int,
        asked_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.code = code
        self.entity_id = entity_id
        self.stall_id = stall_id
        self.amount_vnd = amount(amount_vnd)
        self.asked_at = asked_at
        self.expires_at = expires_at
        self.receipts: dict[UUID, Receipt] = {}
        self.cancelled_at: datetime | None = None

    @property
    def received_vnd(self) -> int:
        """All that came."""
        return sum(receipt.amount_vnd for receipt in self.receipts.values())

    def state(self, at: datetime) -> str:
        """asked, expired, cancelled; or by what came: underpaid, paid, overpaid."""
        if received := self.received_vnd:
            if received == self.amount_vnd:
                return "paid"
            return "underpaid" if received < self.amount_vnd else "overpaid"
        if self.cancelled_at is not None:
            return "cancelled"
        return "expired" if at > self.expires_at else "asked"

    @property
    def late(self) -> bool:
        """Something came after the request had expired or was cancelled."""
        ends = min(self.expires_at, self.cancelled_at or self.expires_at)
        return any(receipt.booked_at > ends for receipt in self.receipts.values())

    def receive(self, transfer_id: UUID, amount_vnd: int, booked_at: datetime) -> None:
        """The transfer brings this much; saying the same again is not news."""
        known = self.receipts.get(transfer_id)
        if known is None and not amount_vnd:
            return
        if known != Receipt(amount_vnd, booked_at):
            self._received(transfer_id, amount_vnd, booked_at)

    @event(Received)
    def _received(self, transfer_id: UUID, amount_vnd: int, booked_at: datetime) -> None:
        if amount_vnd:
            self.receipts[transfer_id] = Receipt(amount_vnd, booked_at)
        else:
            self.receipts.pop(transfer_id, None)

    def cancel(self, at: datetime) -> None:
        """Cancelling twice is refused; cancelling what was paid changes nothing of the money."""
        if self.cancelled_at is not None:
            raise AlreadyCancelled
        self._cancelled(at)

    @event(Cancelled)
    def _cancelled(self, cancelled_at: datetime) -> None:
        self.cancelled_at = cancelled_at
