"""The work list shows each transfer under its open marks, and nothing else."""

from collections import Counter
from random import Random

from ledger.follow.rebuild import compare
from ledger.follow.shelf import Shelf
from ledger.telling import Purpose
from ledger.transfer import Transfer
from market.stalls.work_list import MARKS, WORK_LIST, Work, counts, listed, of_transfer
from tests.builders import CODE, DAWN, OTHER_CODE, Market
from tests.ledger.follow.shelves import follow, shelf_of
from tests.ledger.follow.troubled_day import TroubledDay
from tests.sample import sample


def marks(shelf: Shelf, transfer: Transfer) -> list[str]:
    return [work.mark for work in of_transfer(shelf, transfer.id)]


def test_it_shows_the_marks_of_every_transfer_of_a_day_with_every_trouble(
    market: Market, seed: int
) -> None:
    rng = Random(seed)
    with shelf_of(market.book) as shelf:
        day = TroubledDay(market, sample(80, soak=5_000), seed)
        for _ in day:
            if rng.random() < 0.1:
                follow(market.book, shelf, WORK_LIST)
        follow(market.book, shelf, WORK_LIST)

        seen: Counter[str] = Counter()
        for transfer in day.transfers():
            work = of_transfer(shelf, transfer.id)
            due = set(transfer.marks) & set(MARKS)
            if transfer.same_as is not None:
                due = set()
            elif transfer.decided or transfer.settled_by is not None:
                due -= {"contradicted", "repeated_reference", "unreferenced"}
            assert {each.mark for each in work} == due
            assert all(described(each) == description(transfer) for each in work)
            seen.update(due)
        assert set(seen) == set(MARKS), "the day had every trouble"
        assert counts(shelf) == dict(seen)
        for mark in MARKS:
            work = listed(shelf, mark)
            assert len(work) == seen[mark]
            assert [each.position for each in work] == sorted(each.position for each in work)
            assert listed(shelf, mark, after=work[0].position, most=1) == work[1:2]
        assert compare(market.book, shelf, [WORK_LIST]) == []


def described(work: Work) -> tuple[object, ...]:
    return (
        work.transfer_id, work.entity_id, work.stall_id, work.account_key, work.reference,
        work.direction, work.amount_vnd, work.booked_at,
    )  # fmt: skip


def description(transfer: Transfer) -> tuple[object, ...]:
    stands = transfer.stands
    return (
        transfer.id, stands.entity_id, stands.purpose.stall_id, transfer.account_key,
        transfer.reference, stands.direction, stands.amount_vnd, transfer.booked_at,
    )  # fmt: skip


def test_an_orphan_goes_when_its_account_is_claimed(market: Market) -> None:
    with shelf_of(market.book) as shelf:
        wanted = market.hear().transfer_id
        follow(market.book, shelf, WORK_LIST)
        [work] = listed(shelf, "orphan")
        assert (work.transfer_id, work.amount_vnd, work.heard_at) == (wanted, 50_000, DAWN)

        market.seller()
        follow(market.book, shelf, WORK_LIST)

        assert marks(shelf, market.transfer(wanted)) == ["unmatched"]


def test_what_a_person_assigns_is_no_work_any_more(market: Market) -> None:
    seller = market.seller()
    stall, _ = market.stall(CODE, seller), market.stall(OTHER_CODE, seller)
    with shelf_of(market.book) as shelf:
        wanted = market.hear(account_number=seller.number).transfer_id
        follow(market.book, shelf, WORK_LIST)
        assert counts(shelf)["unmatched"] == 1

        sale = Purpose("sale", "person", CODE, stall)
        market.payments.assign(wanted, sale, market.directory.view)
        follow(market.book, shelf, WORK_LIST)

        assert set(counts(shelf).values()) == {0}


def test_a_contradiction_is_work_until_somebody_decides(market: Market) -> None:
    seller = market.seller()
    market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        wanted = market.hear(account_number=seller.number, memo=CODE).transfer_id
        market.hear("casso", account_number=seller.number, memo=CODE, amount_vnd=40_000)
        follow(market.book, shelf, WORK_LIST)
        [work] = listed(shelf, "contradicted")
        assert work.amount_vnd == 40_000

        market.payments.decide_amount(wanted, 45_000, market.directory.view)
        follow(market.book, shelf, WORK_LIST)

        assert "contradicted" in market.transfer(wanted).marks
        assert listed(shelf, "contradicted") == []


def test_an_unreferenced_word_is_work_until_it_turns_out_to_be_another(market: Market) -> None:
    seller = market.seller()
    market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        mine = {"account_number": seller.number, "memo": CODE}
        lone = market.hear(**mine, reference=None).transfer_id
        follow(market.book, shelf, WORK_LIST)
        assert marks(shelf, market.transfer(lone)) == ["unreferenced"]

        market.hear(**mine)
        follow(market.book, shelf, WORK_LIST)

        assert marks(shelf, market.transfer(lone)) == []
        assert counts(shelf)["unreferenced"] == 0


def test_a_plain_payment_is_no_work(market: Market) -> None:
    seller = market.seller()
    market.stall(CODE, seller)
    with shelf_of(market.book) as shelf:
        wanted = market.hear(account_number=seller.number, memo=CODE).transfer_id
        market.hear("casso", account_number=seller.number, memo=CODE)
        follow(market.book, shelf, WORK_LIST)

        assert marks(shelf, market.transfer(wanted)) == []
        assert set(counts(shelf).values()) == {0}
