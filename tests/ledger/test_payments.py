"""The commands on money: decided on what the book knows, and saved with all that follows."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest

from ledger.journal import trial_balance
from ledger.payments import UnknownTransfer
from ledger.posting import lines_of
from ledger.refusal import Refusal
from ledger.telling import Purpose
from tests.builders import CODE, DAWN, Market, Seller

NUMBER, OTHER_NUMBER = "9900000001", "9900000002"
NOBODY = UUID(int=404)


@pytest.fixture
def lan(market: Market) -> Seller:
    """Cô Lan, who sells at one stall."""
    lan = market.seller(NUMBER)
    market.stall(CODE, lan)
    return lan


def balances(market: Market, of: Seller) -> dict[str, int]:
    return {
        code: vnd
        for (entity, code), vnd in trial_balance(market.book).balances.items()
        if vnd and entity == of.id
    }


def head(market: Market) -> int:
    return market.book.log.max_notification_id() or 0


def test_each_command_on_a_transfer_that_does_not_exist_is_refused(market: Market) -> None:
    payments, view = market.payments, market.directory.view
    commands: list[Callable[[], object]] = [
        lambda: payments.conclude(NOBODY, view),
        lambda: payments.assign(NOBODY, Purpose("sale", "person"), view),
        lambda: payments.decide_amount(NOBODY, 1, view),
        lambda: payments.settle(NOBODY, "line 1", 1, DAWN, view),
        lambda: payments.reverse(NOBODY, NOBODY, view),
        lambda: payments.same(NOBODY, NOBODY, view),
    ]
    for command in commands:
        with pytest.raises(UnknownTransfer):
            command()


def test_notified_settled_and_what_a_person_decided(market: Market, lan: Seller) -> None:
    paid = market.hear(account_number=NUMBER).transfer_id
    view = market.directory.view
    assert balances(market, lan) == {"1121": 50_000, "5110": -50_000}

    market.payments.decide_amount(paid, 49_000, view)
    assert balances(market, lan) == {"1121": 49_000, "5110": -49_000}

    market.payments.settle(paid, "line 1", 48_000, DAWN, view)
    assert balances(market, lan) == {"1120": 48_000, "5110": -48_000}

    market.payments.assign(paid, Purpose("owner", "person"), view)
    assert balances(market, lan) == {"1120": 48_000, "3390": -48_000}


def test_a_banks_reversal_debits_what_the_reversed_one_credited(
    market: Market, lan: Seller
) -> None:
    came = market.hear(account_number=NUMBER).transfer_id
    went = market.hear(event_id="2", reference="FT2", account_number=NUMBER, direction="out")

    for _ in range(2):
        market.payments.reverse(came, went.transfer_id, market.directory.view)

    assert balances(market, lan) == {}
    assert market.transfer(came).marks == ("reversed",)
    assert market.transfer(went.transfer_id).stands.purpose.kind == "sale"


@pytest.mark.parametrize("by", ["money that came", "itself", "money of another account"])
def test_only_money_that_left_the_same_account_reverses(
    market: Market, lan: Seller, by: str
) -> None:
    came = market.hear(account_number=NUMBER).transfer_id
    market.seller(OTHER_NUMBER)
    told = {
        "money that came": {"account_number": NUMBER},
        "itself": {"event_id": "1", "reference": "FT1", "account_number": NUMBER},
        "money of another account": {"account_number": OTHER_NUMBER, "direction": "out"},
    }[by]
    other = market.hear(**{"event_id": "2", "reference": "FT2"} | told).transfer_id
    before = head(market)

    with pytest.raises(Refusal):
        market.payments.reverse(came, other, market.directory.view)

    assert head(market) == before


def test_two_transfers_that_a_person_calls_the_same_count_once(market: Market, lan: Seller) -> None:
    one = market.hear(account_number=NUMBER, reference=None).transfer_id
    other = market.hear("casso", account_number=NUMBER).transfer_id
    assert balances(market, lan)["1121"] == 100_000

    market.payments.same(one, other, market.directory.view)

    assert balances(market, lan) == {"1121": 50_000, "5110": -50_000}
    assert market.transfer(one).same_as == other


@pytest.mark.parametrize("command", ["assign", "decide_amount", "settle"])
def test_a_command_on_what_was_another_transfer_moves_no_money_of_its_own(
    market: Market, lan: Seller, command: str
) -> None:
    """Somebody may still have the old one on the screen: refused, or led to the other."""
    one = market.hear(account_number=NUMBER, reference=None).transfer_id
    other = market.hear("casso", account_number=NUMBER).transfer_id
    view = market.directory.view
    market.payments.same(one, other, view)
    words: dict[str, tuple[object, ...]] = {
        "assign": (Purpose("owner", "person"),),
        "decide_amount": (40_000,),
        "settle": ("line 1", 50_000, DAWN),
    }

    with suppress(Refusal):
        getattr(market.payments, command)(one, *words[command], view)

    stands = lines_of(market.transfer(other).stands)
    assert balances(market, lan) == {
        code: vnd
        for code in ("1120", "1121", "3390", "5110")
        if (vnd := sum(line.amount_vnd for line in stands if line.code == code))
    }


@pytest.mark.parametrize(
    "purpose",
    [Purpose("gift", "person"), Purpose("sale", "person", CODE, None, NOBODY)],
    ids=["a kind that there is not", "a request that there is not"],
)
def test_a_purpose_that_there_is_not_is_refused(
    market: Market, lan: Seller, purpose: Purpose
) -> None:
    paid = market.hear(account_number=NUMBER).transfer_id

    with pytest.raises(Refusal):
        market.payments.assign(paid, purpose, market.directory.view)

    assert balances(market, lan) == {"1121": 50_000, "5110": -50_000}
