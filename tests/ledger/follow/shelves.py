"""Shelves for tests, and small read models that show at once whether an event is missing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from ledger.book import Book
from ledger.fact import known_events
from ledger.follow.batch import Batch
from ledger.follow.projection import Changes, Field, Fold, Kept, Projection, Sheet
from ledger.follow.rebuild import catch_up
from ledger.follow.shelf import Shelf
from ledger.follow.status import Status
from ledger.transfer import Transfer

PLACES = Sheet(
    "places",
    key=(Field("position", "number"),),
    values=(Field("fact_id", "id"), Field("topic", "text"), Field("seen", "number")),
)
SUMS = Sheet("sums", key=(Field("topic", "text"),), values=(Field("events", "number"),), sums=True)


def _fold(batch: Batch, kept: Kept) -> Changes:
    """Notes each event, how often it has seen it, and how many there are of each kind."""
    changes = Changes()
    happened = batch.of(set(known_events()))
    before = kept(PLACES, [(each.position,) for each in happened])
    for each in happened:
        seen = before[each.position,][2] if (each.position,) in before else 0
        changes.put(PLACES, (each.position,), each.fact, each.topic, seen + 1)
        changes.add(SUMS, (each.topic,), 1)
    return changes


EVENTS = Projection("every_event", version=1, topics=frozenset(), sheets=(PLACES, SUMS), fold=_fold)

MONEY = Sheet("money", key=(Field("topic", "text"),), values=(Field("vnd", "number"),), sums=True)


def _count_money(batch: Batch, kept: Kept) -> Changes:
    changes = Changes()
    for each in batch.of({Transfer.Created.TOPIC}):
        changes.add(MONEY, (each.topic,), each.event.stands.amount_vnd)
    return changes


TOLD = Projection(
    "money_told",
    version=1,
    topics=frozenset({Transfer.Created.TOPIC}),
    sheets=(MONEY,),
    fold=_count_money,
)
"""How much was told first, in all."""


def stumbling(projection: Projection, at: Sequence[int]) -> Projection:
    """The same projection; its fold fails as long as `at` holds a position of the batch."""

    def fold(batch: Batch, kept: Kept) -> Changes:
        for position in at:
            if batch.after.position < position <= batch.end.position:
                raise ZeroDivisionError("this fold cannot take it")
        return projection.fold(batch, kept)

    return folding(projection, fold)


def folding(projection: Projection, fold: Fold) -> Projection:
    return replace(projection, fold=fold)


@contextmanager
def shelf_of(book: Book) -> Iterator[Shelf]:
    shelf = Shelf(book)
    try:
        yield shelf
    finally:
        shelf.close()


def follow(book: Book, shelf: Shelf, *projections: Projection) -> None:
    """Up to the head, without any fault."""
    for status in catch_up(book, shelf, projections):
        assert sound(status), status


def sound(status: Status) -> bool:
    return (status.state, status.lag, status.failed) == ("in_use", 0, None)


def rows(shelf: Shelf, projection: Projection, sheet: Sheet) -> list[tuple[Any, ...]]:
    with shelf.reading(projection) as model:
        table = model.table(sheet)
        query = select(table).order_by(*(table.c[field.name] for field in sheet.key))
        return [tuple(row) for row in model.rows(query)]


def head(book: Book) -> int:
    return book.log.max_notification_id() or 0


def misses_nothing(book: Book, shelf: Shelf) -> bool:
    """Every event of the book stands in the read model, each seen once."""
    c = book.store.tables.events.c
    with book.reading() as connection:
        query = select(c.position, c.originator_id, c.topic).order_by(c.position)
        due = [(*row, 1) for row in connection.execute(query)]
    sums: dict[str, int] = {}
    for _, _, topic, _ in due:
        sums[topic] = sums.get(topic, 0) + 1
    return rows(shelf, EVENTS, PLACES) == due and rows(shelf, EVENTS, SUMS) == sorted(sums.items())
