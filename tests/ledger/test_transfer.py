"""A transfer is one movement of money, whoever tells it, however often and in whatever order."""

from datetime import timedelta

import pytest

from ledger.telling import Purpose
from ledger.transfer import OwnerUnknown
from tests.builders import (
    ACCOUNT,
    CODE,
    DAWN,
    NEIGHBOUR,
    NOBODYS,
    OTHER_CODE,
    SALE,
    VENDOR,
    facts,
    posted,
    telling,
    town,
    transfer,
)

ONE_STALL = town(stalls=[(CODE, VENDOR, ACCOUNT)])
TWO_STALLS = town(stalls=[(CODE, VENDOR, ACCOUNT), (OTHER_CODE, VENDOR, ACCOUNT)])


def test_the_first_word_says_how_it_stands() -> None:
    paid = transfer(ONE_STALL, codes=(CODE,))

    assert facts(paid) == ["Created"]
    assert (paid.stands.entity_id, paid.stands.amount_vnd) == (VENDOR, 50_000)
    assert (paid.stands.purpose.kind, paid.stands.purpose.reason) == ("sale", "code")
    assert paid.marks == ()


def test_the_same_telling_twice_is_not_news() -> None:
    paid = transfer()

    paid.hear(telling(), town())

    assert facts(paid) == ["Created"]


def test_another_provider_tells_it_again() -> None:
    paid = transfer(ONE_STALL)

    paid.hear(telling(connection="casso", digest="d2"), ONE_STALL)

    assert facts(paid) == ["Created", "ToldAgain"]
    assert paid.marks == ()


def test_the_same_provider_with_another_event_id_is_a_repeated_reference() -> None:
    paid = transfer(ONE_STALL)

    paid.hear(telling(event_id="2", digest="d2"), ONE_STALL)

    assert facts(paid) == ["Created", "ToldAgain"]
    assert paid.marks == ("repeated_reference",)


def test_a_person_need_not_look_again_at_what_two_providers_told_once_each() -> None:
    paid = transfer(ONE_STALL)
    for connection in ("casso", "payos"):
        paid.hear(telling(connection=connection, digest=connection), ONE_STALL)

    assert "repeated_reference" not in paid.marks


@pytest.mark.parametrize(("told", "later"), [(50_000, 45_000), (45_000, 50_000)])
def test_of_two_amounts_the_smaller_one_stands_in_whatever_order(told: int, later: int) -> None:
    paid = transfer(ONE_STALL, amount_vnd=told)

    paid.hear(telling(connection="casso", digest="d2", amount_vnd=later), ONE_STALL)

    assert facts(paid) == ["Created", "Contradicted"]
    assert paid.stands.amount_vnd == 45_000
    assert posted(paid) == {(VENDOR, "1121"): 45_000, (VENDOR, "5110"): -45_000}
    assert paid.marks == ("contradicted",)


def test_a_third_word_does_not_lift_the_amount_again() -> None:
    paid = transfer(ONE_STALL)
    paid.hear(telling(connection="casso", digest="d2", amount_vnd=45_000), ONE_STALL)

    paid.hear(telling(connection="payos", digest="d3", amount_vnd=50_000), ONE_STALL)

    assert paid.stands.amount_vnd == 45_000
    assert posted(paid)[VENDOR, "1121"] == 45_000


def test_the_same_event_id_with_another_body_contradicts_even_at_the_same_amount() -> None:
    paid = transfer(ONE_STALL)

    paid.hear(telling(digest="d2"), ONE_STALL)

    assert facts(paid) == ["Created", "Contradicted"]
    assert paid.stands.amount_vnd == 50_000
    assert paid.marks == ("contradicted",)


def test_it_was_booked_when_the_earliest_word_says() -> None:
    paid = transfer()

    paid.hear(telling(connection="casso", booked_at=DAWN - timedelta(hours=1)), town())

    assert paid.booked_at == DAWN - timedelta(hours=1)


def test_an_event_id_used_for_another_transfer_too_marks_both_once() -> None:
    paid = transfer(ONE_STALL)

    paid.contradict_elsewhere(telling(digest="d2"))
    paid.contradict_elsewhere(telling(digest="d2"))

    assert facts(paid) == ["Created", "ContradictedElsewhere"]
    assert paid.marks == ("contradicted",)
    assert paid.stands.amount_vnd == 50_000


def test_an_orphan_posts_nothing_until_it_is_claimed() -> None:
    paid = transfer(NOBODYS)

    assert (paid.marks, posted(paid)) == (("orphan",), {})

    paid.conclude(ONE_STALL)

    assert facts(paid) == ["Created", "Claimed"]
    assert posted(paid) == {(VENDOR, "1121"): 50_000, (VENDOR, "5110"): -50_000}
    assert paid.marks == ()


def test_to_conclude_again_is_not_news() -> None:
    paid = transfer(NOBODYS)

    paid.conclude(ONE_STALL)
    paid.conclude(ONE_STALL)

    assert facts(paid) == ["Created", "Claimed"]


def test_an_owner_is_learned_and_never_unlearned() -> None:
    paid = transfer(ONE_STALL)

    paid.conclude(NOBODYS)

    assert facts(paid) == ["Created"]
    assert paid.stands.entity_id == VENDOR


def test_a_code_in_a_later_telling_assigns() -> None:
    paid = transfer(TWO_STALLS)
    assert paid.marks == ("unmatched",)

    paid.hear(telling(connection="casso", digest="d2", codes=(CODE,)), TWO_STALLS)

    assert facts(paid) == ["Created", "ToldAgain", "Assigned"]
    assert posted(paid) == {(VENDOR, "1121"): 50_000, (VENDOR, "5110"): -50_000}
    assert paid.marks == ()


def test_two_codes_of_one_owner_are_a_sale_that_a_person_should_see() -> None:
    paid = transfer(TWO_STALLS, codes=(CODE,))

    paid.hear(telling(connection="casso", digest="d2", codes=(OTHER_CODE,)), TWO_STALLS)

    assert paid.codes == (CODE, OTHER_CODE)
    assert (paid.stands.purpose.kind, paid.marks) == ("sale", ("several_codes",))


def test_a_persons_word_stands_against_later_codes() -> None:
    paid = transfer(TWO_STALLS)
    paid.assign(Purpose("owner", "anything"))

    paid.hear(telling(connection="casso", digest="d2", codes=(CODE,)), TWO_STALLS)

    assert facts(paid) == ["Created", "Assigned", "ToldAgain"]
    assert (paid.stands.purpose.kind, paid.stands.purpose.reason) == ("owner", "person")
    assert posted(paid) == {(VENDOR, "1121"): 50_000, (VENDOR, "3390"): -50_000}


def test_a_persons_word_falls_when_the_account_proves_to_be_anothers() -> None:
    paid = transfer()
    paid.assign(Purpose("owner", "person"))

    paid.conclude(town(owners={ACCOUNT: NEIGHBOUR}))

    assert facts(paid) == ["Created", "Assigned", "Claimed"]
    assert paid.stands.purpose.reason == "no_code"
    assert posted(paid) == {(NEIGHBOUR, "1121"): 50_000, (NEIGHBOUR, "3380"): -50_000}


def test_assigning_the_same_again_is_not_news() -> None:
    paid = transfer()

    paid.assign(SALE)
    paid.assign(SALE)

    assert facts(paid) == ["Created", "Assigned"]


def test_an_orphans_money_cannot_be_assigned() -> None:
    with pytest.raises(OwnerUnknown):
        transfer(NOBODYS).assign(SALE)
