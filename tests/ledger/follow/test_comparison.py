"""The audit follows everything anew and names the first row that a read model has otherwise."""

from collections.abc import Iterator
from random import Random
from threading import Thread

import pytest
from sqlalchemy import delete, insert, update

from commune.indicators.turnover import TURNOVER
from ledger.follow.batch import Batch
from ledger.follow.generations import CHECK, IN_USE
from ledger.follow.projection import Changes, Kept
from ledger.follow.rebuild import check, compare
from ledger.follow.shelf import Shelf
from market.stalls.feed import FEED
from market.stalls.work_list import WORK_LIST
from tests.builders import Market
from tests.ledger.follow.shelves import (
    EVENTS,
    PLACES,
    TOLD,
    folding,
    follow,
    head,
    rows,
    shelf_of,
    stumbling,
)
from tests.ledger.insider import PAID, tell

REAL = (TURNOVER, FEED, WORK_LIST)


@pytest.fixture
def shelf(market: Market) -> Iterator[Shelf]:
    with shelf_of(market.book) as shelf:
        yield shelf


def states(shelf: Shelf) -> list[str]:
    return [generation.state for generation in shelf.all()]


def contents(shelf: Shelf) -> list[object]:
    return [rows(shelf, p, sheet) for p in REAL for sheet in p.sheets]


def test_a_clean_read_model_equals_its_rebuild(market: Market, shelf: Shelf) -> None:
    tell(market)

    assert check(market.book, [EVENTS, TOLD, *REAL]) == []
    assert set(states(shelf)) == {IN_USE}, "nothing is left of the comparison"


@pytest.mark.parametrize("harm", ["changed", "removed", "invented"])
def test_a_row_that_is_not_what_the_book_says_is_named(
    market: Market, shelf: Shelf, harm: str
) -> None:
    tell(market)
    follow(market.book, shelf, EVENTS, TOLD)
    places = shelf.tables(EVENTS, 1)["places"]
    row = {"position": 99, "fact_id": market.title.book_id, "topic": "invented", "seen": 1}
    statement = {
        "changed": update(places).where(places.c.position == PAID).values(seen=2),
        "removed": delete(places).where(places.c.position == PAID),
        "invented": insert(places).values(row),
    }[harm]
    with shelf.writing() as connection:
        connection.execute(statement)

    [fault] = compare(market.book, shelf, [EVENTS, TOLD])

    assert (fault.code, fault.position) == ("read_model_differs", head(market.book))
    assert "every_event" in fault.message
    assert {"changed": "seen 2", "removed": "position 7", "invented": "no further row"}[harm] in (
        fault.message
    )


def test_a_projection_that_has_failed_is_a_fault_of_the_audit(market: Market) -> None:
    tell(market)

    faults = check(market.book, [stumbling(EVENTS, [PAID]), TOLD])

    assert [(fault.code, fault.position) for fault in faults] == [("projection_failed", PAID - 1)]
    assert "every_event" in faults[0].message


def test_a_fold_that_could_not_be_followed_anew_is_a_fault_of_the_audit(
    market: Market, shelf: Shelf
) -> None:
    tell(market)
    follow(market.book, shelf, EVENTS)

    [fault] = compare(market.book, shelf, [stumbling(EVENTS, [PAID])])

    assert (fault.code, fault.position) == ("projection_failed", PAID)
    assert "every_event cannot be rebuilt: ZeroDivisionError" in fault.message


def test_a_fold_that_is_not_a_function_of_the_book_is_found_out(
    market: Market, shelf: Shelf
) -> None:
    tell(market)
    chance = Random(7)

    def fold(batch: Batch, kept: Kept) -> Changes:
        changes = Changes()
        changes.put(PLACES, (1,), market.title.book_id, "chance", chance.randrange(10**9))
        return changes

    [fault] = compare(market.book, shelf, [folding(EVENTS, fold)])

    assert fault.code == "read_model_differs"


def test_two_comparisons_at_once_do_not_disturb_each_other(market: Market) -> None:
    tell(market)
    found: list[object] = []

    def run() -> None:
        found.append(check(market.book, [EVENTS, TOLD]))

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [[], [], []]
    with shelf_of(market.book) as shelf:
        assert CHECK not in states(shelf)
