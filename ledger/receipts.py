"""What transfers mean for the requests that they pay: saved with them, in one transaction."""

from typing import Any
from uuid import UUID

from ledger.book import Book
from ledger.payment_request import PaymentRequest
from ledger.refusal import Refusal
from ledger.telling import View
from ledger.transfer import Transfer


class UnknownRequest(Refusal):
    """There is no such payment request."""

    code = "unknown_request"


def save(book: Book, *transfers: Transfer, view: View, **beside: Any) -> None:
    """Saves the transfers with what they mean for the requests that they pay."""
    requests: dict[UUID, PaymentRequest] = {}
    for transfer in transfers:
        for request in _requests(transfer):
            if request not in requests:
                found = book.find(PaymentRequest, request)
                if found is None:
                    raise UnknownRequest
                requests[request] = found
            brings_vnd = transfer.stands.amount_vnd if _pays(transfer, request) else 0
            requests[request].receive(transfer.id, brings_vnd, transfer.booked_at)
    book.save(*transfers, *requests.values(), decided_on=view.position, **beside)


def _pays(transfer: Transfer, request: UUID) -> bool:
    """It came in for this request, and stayed."""
    return (
        transfer.stands.purpose.request_id == request
        and transfer.stands.direction == "in"
        and transfer.same_as is None
        and transfer.reversed_by is None
    )


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
