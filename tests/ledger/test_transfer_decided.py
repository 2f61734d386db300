"""A statement or a person decides which amount of a transfer stands, and whether it does at all."""

from contextlib import suppress

import pytest

from ledger.money import NotAnAmount
from ledger.refusal import Refusal
from ledger.telling import Purpose
from ledger.transfer import AlreadySettled, NotAlike, NotUnreferenced, Transfer
from tests.builders import (
    ACCOUNT,
    CODE,
    DAWN,
    NEIGHBOUR,
    NOBODYS,
    OTHER_ACCOUNT,
    VENDOR,
    facts,
    posted,
    telling,
    town,
    transfer,
)

ONE_STALL = town(stalls=[(CODE, VENDOR, ACCOUNT)])
REFUND = Purpose("refund", "person")


def test_a_person_decides_which_amount_stands_and_it_stays() -> None:
    paid = transfer(ONE_STALL)
    paid.hear(telling(connection="casso", digest="d2", amount_vnd=45_000), ONE_STALL)

    paid.decide(50_000)
    paid.hear(telling(connection="payos", digest="d3", amount_vnd=40_000), ONE_STALL)

    assert facts(paid) == ["Created", "Contradicted", "Decided", "Contradicted"]
    assert paid.stands.amount_vnd == 50_000
    assert posted(paid)[VENDOR, "1121"] == 50_000


def test_deciding_for_what_stands_anyway_is_news_once() -> None:
    paid = transfer()

    paid.decide(50_000)
    paid.decide(50_000)

    assert facts(paid) == ["Created", "Decided"]


def test_a_statement_line_settles_once() -> None:
    paid = transfer(ONE_STALL)

    paid.settle("line 1", 50_000, DAWN)
    paid.settle("line 1", 50_000, DAWN)

    assert facts(paid) == ["Created", "Settled"]
    assert posted(paid) == {(VENDOR, "1120"): 50_000, (VENDOR, "5110"): -50_000}


def test_the_settled_amount_stands_against_all_tellings() -> None:
    paid = transfer(ONE_STALL)

    paid.settle("line 1", 48_000, DAWN)
    paid.hear(telling(connection="casso", digest="d2", amount_vnd=45_000), ONE_STALL)

    assert paid.stands.amount_vnd == 48_000
    assert posted(paid) == {(VENDOR, "1120"): 48_000, (VENDOR, "5110"): -48_000}
    assert paid.marks == ("contradicted",)


def test_another_statement_line_or_a_person_cannot_speak_against_a_settlement() -> None:
    paid = transfer()
    paid.settle("line 1", 50_000, DAWN)

    with pytest.raises(AlreadySettled):
        paid.settle("line 2", 50_000, DAWN)
    with pytest.raises(AlreadySettled):
        paid.decide(40_000)

    assert facts(paid) == ["Created", "Settled"]


def test_an_orphans_settlement_waits_for_its_owner() -> None:
    paid = transfer(NOBODYS)
    paid.settle("line 1", 50_000, DAWN)
    assert posted(paid) == {}

    paid.conclude(ONE_STALL)

    assert posted(paid) == {(VENDOR, "1120"): 50_000, (VENDOR, "5110"): -50_000}


@pytest.mark.parametrize("amount_vnd", [0, -5, 1.5, True, 2**53])
def test_no_person_and_no_statement_makes_an_amount_that_is_none(amount_vnd: int) -> None:
    paid = transfer()

    with pytest.raises(NotAnAmount):
        paid.decide(amount_vnd)
    with pytest.raises(NotAnAmount):
        paid.settle("line 1", amount_vnd, DAWN)

    assert facts(paid) == ["Created"]


def test_a_reversal_only_marks() -> None:
    paid, back = transfer(ONE_STALL), transfer(ONE_STALL, direction="out", number=2)

    paid.reverse(back.id)
    paid.reverse(back.id)

    assert facts(paid) == ["Created", "Reversed"]
    assert paid.marks == ("reversed",)
    assert posted(paid)[VENDOR, "5110"] == -50_000


def test_an_outgoing_transfer_is_the_owners_until_somebody_says_what_it_was() -> None:
    went = transfer(ONE_STALL, direction="out", codes=(CODE,))

    assert (went.stands.purpose.kind, went.stands.purpose.reason) == ("owner", "outgoing")
    assert posted(went) == {(VENDOR, "3390"): 50_000, (VENDOR, "1121"): -50_000}

    went.assign(REFUND)

    assert posted(went) == {(VENDOR, "3320"): 50_000, (VENDOR, "1121"): -50_000}


def test_an_unreferenced_transfer_that_was_another_one_is_undone_and_heard_there() -> None:
    unreferenced = transfer(ONE_STALL, reference=None)
    paid = transfer(ONE_STALL, number=2, connection="casso", digest="d2")

    unreferenced.turn_out_same(paid, ONE_STALL)
    unreferenced.turn_out_same(paid, ONE_STALL)

    assert facts(unreferenced) == ["Created", "SameAs"]
    assert facts(paid) == ["Created", "ToldAgain"]
    assert unreferenced.marks == ("same_as", "unreferenced")
    assert posted(unreferenced) == {}
    assert posted(unreferenced, paid) == {(VENDOR, "1121"): 50_000, (VENDOR, "5110"): -50_000}


def test_what_the_unreferenced_one_was_told_may_contradict_the_other() -> None:
    unreferenced = transfer(ONE_STALL, reference=None, amount_vnd=45_000)
    paid = transfer(ONE_STALL, number=2, connection="casso", digest="d2")

    unreferenced.turn_out_same(paid, ONE_STALL)

    assert paid.stands.amount_vnd == 45_000
    assert posted(unreferenced, paid)[VENDOR, "1121"] == 45_000


def test_only_an_unreferenced_transfer_can_be_another_one_and_only_once() -> None:
    unreferenced, paid = transfer(reference=None), transfer(number=2)

    for one, other in ((paid, unreferenced), (unreferenced, unreferenced)):
        with pytest.raises(NotUnreferenced):
            one.turn_out_same(other, town())
    unreferenced.turn_out_same(paid, town())
    with pytest.raises(NotUnreferenced):
        unreferenced.turn_out_same(transfer(number=3), town())


def test_transfers_on_two_accounts_or_in_two_directions_are_never_the_same() -> None:
    unreferenced = transfer(reference=None)

    for other in (transfer(number=2, account=OTHER_ACCOUNT), transfer(number=3, direction="out")):
        with pytest.raises(NotAlike):
            unreferenced.turn_out_same(other, town())


@pytest.mark.parametrize("word", ["assign", "decide", "settle", "hear", "conclude"])
def test_nothing_said_of_a_transfer_that_was_another_one_moves_money(word: str) -> None:
    """Its lines are undone for ever; a refusal is as good as silence."""
    unreferenced, paid = transfer(ONE_STALL, reference=None), transfer(ONE_STALL, number=2)
    unreferenced.turn_out_same(paid, ONE_STALL)

    with suppress(Refusal):
        say(word, unreferenced)

    assert posted(unreferenced) == {}


def say(word: str, of: Transfer) -> None:
    match word:
        case "assign":
            of.assign(Purpose("owner", "person"))
        case "decide":
            of.decide(40_000)
        case "settle":
            of.settle("line 1", 50_000, DAWN)
        case "hear":
            of.hear(telling(connection="casso", digest="d3", amount_vnd=40_000), ONE_STALL)
        case "conclude":
            of.conclude(town(owners={ACCOUNT: NEIGHBOUR}))
