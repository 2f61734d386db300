"""A notice pays the request whose code it carries, whatever the amount and whenever it comes."""

from datetime import timedelta
from uuid import UUID

import pytest

from ledger.hearing import Heard
from ledger.payment_request import PaymentRequest, ReferenceTaken
from ledger.telling import Purpose
from market.stalls.code import code_of
from tests.builders import CODE, DAWN, NOON, Market, Seller

NUMBER, OTHER_NUMBER = "9900000001", "9900000002"
REQUEST = code_of(99)
SECOND = timedelta(seconds=1)


@pytest.fixture
def lan(market: Market) -> Seller:
    """Cô Lan, who sells at one stall."""
    lan = market.seller(NUMBER)
    market.stall(CODE, lan)
    return lan


def purpose(heard: Heard) -> Purpose:
    assert heard.stands is not None
    return heard.stands.purpose


def request(market: Market, wanted: UUID) -> PaymentRequest:
    found = market.book.find(PaymentRequest, wanted)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("paid", "state"), [(20_000, "underpaid"), (35_000, "paid"), (36_000, "overpaid")]
)
def test_a_request_takes_what_came_whatever_the_amount(
    market: Market, lan: Seller, paid: int, state: str
) -> None:
    asked = market.request(REQUEST, lan, market.register.stall(CODE).stall_id, 35_000)

    heard = market.hear(account_number=NUMBER, memo=REQUEST, amount_vnd=paid)

    assert (purpose(heard).code, purpose(heard).request_id) == (REQUEST, asked)
    assert purpose(heard).stall_id == market.register.stall(CODE).stall_id
    found = request(market, asked)
    assert (found.state(NOON), found.received_vnd, found.late) == (state, paid, False)


def test_a_request_paid_after_its_expiry_is_late(market: Market, lan: Seller) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)

    market.hear(account_number=NUMBER, memo=REQUEST, amount_vnd=35_000, booked_at=NOON + SECOND)

    assert request(market, asked).late


def test_a_request_is_paid_by_two_transfers(market: Market, lan: Seller) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)

    market.hear(account_number=NUMBER, memo=REQUEST, amount_vnd=20_000)
    market.hear(
        event_id="2", reference="FT2", account_number=NUMBER, memo=REQUEST, amount_vnd=15_000
    )

    assert request(market, asked).state(NOON) == "paid"


def test_a_request_of_another_owner_is_a_wrong_account_and_stays_unpaid(
    market: Market, lan: Seller
) -> None:
    asked = market.request(REQUEST, market.seller(OTHER_NUMBER), None, 35_000)

    heard = market.hear(account_number=NUMBER, memo=REQUEST, amount_vnd=35_000)

    assert purpose(heard).reason == "wrong_account"
    assert request(market, asked).state(DAWN) == "asked"


def test_asking_the_same_again_is_not_news_and_for_another_thing_is_refused(
    market: Market, lan: Seller
) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)
    before = market.book.log.max_notification_id()

    assert market.request(REQUEST, lan, None, 35_000) == asked
    assert market.book.log.max_notification_id() == before
    with pytest.raises(ReferenceTaken):
        market.request(REQUEST, lan, None, 36_000)


def test_a_contradicted_amount_pays_as_much_as_stands(market: Market, lan: Seller) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)

    market.hear("sepay", account_number=NUMBER, memo=REQUEST, amount_vnd=35_000)
    market.hear("casso", account_number=NUMBER, memo=REQUEST, amount_vnd=30_000)

    found = request(market, asked)
    assert (found.state(NOON), found.received_vnd) == ("underpaid", 30_000)


def test_a_code_in_a_later_telling_pays_the_request(market: Market, lan: Seller) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)

    market.hear("sepay", account_number=NUMBER, amount_vnd=35_000)
    assert request(market, asked).state(DAWN) == "asked"
    market.hear("casso", account_number=NUMBER, amount_vnd=35_000, memo=REQUEST)

    assert request(market, asked).state(NOON) == "paid"


def test_money_that_a_person_assigns_elsewhere_no_longer_pays(market: Market, lan: Seller) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)
    heard = market.hear(account_number=NUMBER, memo=REQUEST, amount_vnd=35_000)

    market.payments.assign(heard.transfer_id, Purpose("owner", "person"), market.directory.view)

    assert request(market, asked).state(DAWN) == "asked"


def test_an_unreferenced_telling_and_its_referenced_twin_pay_once(
    market: Market, lan: Seller
) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)

    told = {"account_number": NUMBER, "memo": REQUEST, "amount_vnd": 35_000}
    market.hear(**told, reference=None)
    market.hear(**told, reference="FT1")

    found = request(market, asked)
    assert (found.state(NOON), found.received_vnd) == ("paid", 35_000)


def test_money_that_the_bank_took_back_does_not_pay_a_second_time(
    market: Market, lan: Seller
) -> None:
    asked = market.request(REQUEST, lan, None, 35_000)
    came = market.hear(account_number=NUMBER, memo=REQUEST, amount_vnd=35_000)
    went = market.hear(
        event_id="2", reference="FT2", account_number=NUMBER, direction="out", amount_vnd=35_000
    )

    market.payments.reverse(came.transfer_id, went.transfer_id, market.directory.view)

    found = request(market, asked)
    assert (found.state(NOON), found.received_vnd) == ("asked", 0)
