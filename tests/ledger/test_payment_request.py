"""A payment request is asked once; what came of it is told by its receipts."""

from datetime import timedelta
from uuid import UUID

import pytest

from ledger.fact import begin, first
from ledger.money import NotAnAmount
from ledger.payment_request import AlreadyCancelled, PaymentRequest
from tests.builders import CODE, DAWN, NOON, STALL, VENDOR, facts

ONE, OTHER = UUID(int=101), UUID(int=102)
LATER = NOON + timedelta(seconds=1)


def request(amount_vnd: int = 35_000) -> PaymentRequest:
    """Asked at dawn, until noon."""
    begun = begin(
        first(
            PaymentRequest.Created,
            UUID(int=50),
            code=CODE,
            entity_id=VENDOR,
            stall_id=STALL,
            amount_vnd=amount_vnd,
            asked_at=DAWN,
            expires_at=NOON,
        )
    )
    assert isinstance(begun, PaymentRequest)
    return begun


def test_it_is_asked_until_it_expires() -> None:
    tea = request()

    assert (tea.state(DAWN), tea.state(NOON), tea.state(LATER)) == ("asked", "asked", "expired")
    assert facts(tea) == ["Created"]


@pytest.mark.parametrize(
    ("paid", "state"), [(20_000, "underpaid"), (35_000, "paid"), (40_000, "overpaid")]
)
def test_what_came_says_its_state(paid: int, state: str) -> None:
    tea = request(35_000)

    tea.receive(ONE, paid, DAWN)

    assert (tea.state(DAWN), tea.state(LATER)) == (state, state)
    assert tea.received_vnd == paid
    assert not tea.late


def test_two_transfers_pay_together() -> None:
    tea = request(35_000)

    tea.receive(ONE, 20_000, DAWN)
    tea.receive(OTHER, 15_000, NOON)

    assert tea.state(LATER) == "paid"
    assert facts(tea) == ["Created", "Received", "Received"]


def test_paid_twice_is_overpaid() -> None:
    tea = request(35_000)

    tea.receive(ONE, 35_000, DAWN)
    tea.receive(OTHER, 35_000, DAWN)

    assert (tea.state(NOON), tea.received_vnd) == ("overpaid", 70_000)


def test_the_same_receipt_again_is_not_news() -> None:
    tea = request()

    tea.receive(ONE, 35_000, DAWN)
    tea.receive(ONE, 35_000, DAWN)

    assert facts(tea) == ["Created", "Received"]


def test_a_corrected_amount_takes_the_place_of_the_first() -> None:
    tea = request(35_000)

    tea.receive(ONE, 35_000, DAWN)
    tea.receive(ONE, 30_000, DAWN)

    assert (tea.state(NOON), tea.received_vnd) == ("underpaid", 30_000)


def test_money_that_was_for_something_else_does_not_pay() -> None:
    tea = request()

    tea.receive(ONE, 35_000, DAWN)
    tea.receive(ONE, 0, DAWN)

    assert tea.state(NOON) == "asked"
    assert facts(tea) == ["Created", "Received", "Received"]


def test_that_a_stranger_brings_nothing_is_not_news() -> None:
    tea = request()

    tea.receive(ONE, 0, DAWN)

    assert facts(tea) == ["Created"]


def test_money_after_the_expiry_is_late_and_still_pays() -> None:
    tea = request()

    tea.receive(ONE, 35_000, LATER)

    assert (tea.state(LATER), tea.late) == ("paid", True)


def test_money_at_the_last_moment_is_not_late() -> None:
    tea = request()

    tea.receive(ONE, 35_000, NOON)

    assert not tea.late


def test_a_late_receipt_that_was_for_something_else_makes_nothing_late() -> None:
    tea = request()
    tea.receive(ONE, 35_000, LATER)

    tea.receive(ONE, 0, LATER)

    assert not tea.late


def test_a_cancelled_request_stays_cancelled_after_its_expiry() -> None:
    tea = request()

    tea.cancel(DAWN)

    assert (tea.state(DAWN), tea.state(LATER)) == ("cancelled", "cancelled")


def test_money_after_the_cancellation_is_late_and_still_the_payees() -> None:
    tea = request()
    tea.cancel(DAWN)

    tea.receive(ONE, 35_000, DAWN + timedelta(minutes=1))

    assert (tea.state(NOON), tea.late) == ("paid", True)


def test_cancelling_what_is_paid_changes_nothing_of_the_money() -> None:
    tea = request()
    tea.receive(ONE, 35_000, DAWN)

    tea.cancel(NOON)

    assert (tea.state(NOON), tea.late) == ("paid", False)


def test_cancelling_twice_is_refused() -> None:
    tea = request()
    tea.cancel(DAWN)

    with pytest.raises(AlreadyCancelled):
        tea.cancel(NOON)

    assert facts(tea) == ["Created", "Cancelled"]


@pytest.mark.parametrize("amount_vnd", [0, -1, 1.5, True, 2**53])
def test_one_asks_for_a_whole_number_of_dong(amount_vnd: int) -> None:
    with pytest.raises(NotAnAmount):
        request(amount_vnd)
