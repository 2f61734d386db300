"""Rows come back as they were written, on both engines, whatever stands in them."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from ledger.follow import touched
from ledger.follow.batch import Batch
from ledger.follow.lanes import begin
from ledger.follow.projection import Changes, Field, Kept, Key, Order, Projection, Sheet, Values
from ledger.follow.shelf import Shelf
from tests.builders import Market
from tests.ledger.follow.shelves import shelf_of

WORDS = [
    "", " ", "NULL", "null", "{}", "{a,b}", '"', '""', "\\", '\\"', "a,b", "a\nb", "\t", "%s", "%",
    ":x", "?", "'", "Chợ Thoại Giang", "đồng ₫", "\u202f", "😀", "0", "1.0",
]  # fmt: skip
NUMBERS = [0, 1, -1, 50_000, 2**31, -(2**31), 2**63 - 1, -(2**63)]

ROWS = Sheet(
    "rows",
    key=(Field("word", "text"), Field("number", "number"), Field("id", "id")),
    values=(
        Field("word_again", "text", optional=True),
        Field("number_again", "number", optional=True),
        Field("id_again", "id", optional=True),
    ),
    orders=(Order(("number", "word")), Order(("id_again",), where="id_again IS NOT NULL")),
)
SUMS = Sheet(
    "sums",
    key=(Field("id", "id"),),
    values=(Field("one", "number"), Field("other", "number")),
    sums=True,
)


def _nothing(batch: Batch, kept: Kept) -> Changes:
    return Changes()


ANY = Projection("anything", 1, frozenset(), (ROWS, SUMS), _nothing)


@pytest.fixture
def shelf(market: Market) -> Iterator[Shelf]:
    with shelf_of(market.book) as shelf:
        begin(shelf, ANY)
        yield shelf


def write(shelf: Shelf, changes: Changes) -> None:
    with shelf.writing() as connection:
        touched.write(connection, ANY.sheets, shelf.tables(ANY, 1), changes)


def kept(shelf: Shelf, sheet: Sheet, keys: list[Key]) -> dict[Key, Values]:
    with shelf.writing() as connection:
        return dict(touched.looking_up(connection, shelf.tables(ANY, 1))(sheet, keys))


def test_whatever_stands_in_a_row_comes_back(shelf: Shelf) -> None:
    due: dict[Key, Values] = {
        (word, number, UUID(int=n)): (word, number, UUID(int=2**128 - 1 - n))
        for n, (word, number) in enumerate((w, n) for w in WORDS for n in NUMBERS)
    }
    due["none", 1, UUID(int=7)] = (None, None, None)
    changes = Changes()
    for key, values in due.items():
        changes.put(ROWS, key, *values)

    write(shelf, changes)

    assert kept(shelf, ROWS, list(due)) == due
    assert kept(shelf, ROWS, [("unknown", 0, UUID(int=0))]) == {}
    assert kept(shelf, ROWS, []) == {}


def test_the_last_word_about_a_row_counts(shelf: Shelf) -> None:
    one, other = ("a", 1, UUID(int=1)), ("b", 2, UUID(int=2))
    first = Changes()
    first.put(ROWS, one, "old", 1, None)
    first.put(ROWS, one, "new", 2, None)
    first.put(ROWS, other, "there", 3, None)
    first.drop(ROWS, other)
    write(shelf, first)
    assert kept(shelf, ROWS, [one, other]) == {one: ("new", 2, None)}

    second = Changes()
    second.drop(ROWS, one)
    second.drop(ROWS, other)
    second.put(ROWS, other, "again", 4, None)
    write(shelf, second)

    assert kept(shelf, ROWS, [one, other]) == {other: ("again", 4, None)}


def test_sums_add_up_and_a_row_of_zeros_goes(shelf: Shelf) -> None:
    one, other, third = ((UUID(int=n),) for n in range(3))
    for key, *values in (
        (one, 1, 100), (one, 2, -50), (other, 1, 70), (other, -1, -70), (third, 0, 0),
        (third, 1, -1),
    ):  # fmt: skip
        changes = Changes()
        changes.add(SUMS, key, *values)
        write(shelf, changes)

    assert kept(shelf, SUMS, [one, other, third]) == {one: (3, 50), third: (1, -1)}


def test_thousands_of_keys_are_looked_up(shelf: Shelf) -> None:
    due: dict[Key, Values] = {(f"w{n}", n, UUID(int=n)): (None, n, None) for n in range(5_000)}
    changes = Changes()
    for key, values in due.items():
        changes.put(ROWS, key, *values)
    write(shelf, changes)

    assert kept(shelf, ROWS, list(due)) == due
