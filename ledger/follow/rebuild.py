"""Rebuilds read models beside the ones in use, and proves that these equal a rebuild."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Table, select

from ledger.audit.fault import Fault
from ledger.book import Book
from ledger.follow.carry import Outcome, carry, cause_of
from ledger.follow.generations import CHECK, GROWING
from ledger.follow.lanes import Lane, begin, lanes, take_down_one
from ledger.follow.projection import Projection, Sheet
from ledger.follow.shelf import Model, Shelf
from ledger.follow.status import Status, statuses
from ledger.refusal import Refusal
from ledger.replay import PAGE

Progress = Callable[[int], None]


class Disturbed(Refusal):
    """The followers were started anew while read models were compared; compare again."""

    code = "comparison_disturbed"


def catch_up(
    book: Book,
    shelf: Shelf,
    projections: Sequence[Projection],
    progress: Progress = lambda _: None,
) -> list[Status]:
    """Follows in the caller's thread up to the head, as it is now; returns how each then fares.

    Harmless beside a running follower. Raises what the database raises when it is away.
    """
    head = book.log.max_notification_id() or 0
    behind = lanes(shelf, projections)
    while behind:
        for outcome in carry(book, shelf, behind):
            _raise_when_away(outcome)
            progress(outcome.lane.generation.position)
        behind = [
            lane
            for lane in lanes(shelf, projections)
            if lane.generation.position < head or lane.generation.state == GROWING
        ]
    return statuses(book, shelf, projections)


def rebuild(
    book: Book,
    shelf: Shelf,
    projections: Sequence[Projection],
    progress: Progress = lambda _: None,
) -> list[Status]:
    """Builds these read models anew, then swaps each in; readers see the old or the new, whole.

    A running follower helps, and goes on from there. A fold that fails leaves the old one in use.
    """
    for projection in projections:
        begin(shelf, projection)
    return catch_up(book, shelf, projections, progress)


def compare(
    book: Book,
    shelf: Shelf,
    projections: Sequence[Projection],
    progress: Progress = lambda _: None,
) -> list[Fault]:
    """Catches up, folds everything anew and compares all rows; a fault names the projection and
    the first row that differs, or why it could not be followed.

    Beside a running follower it compares what that had made of the book at one moment.
    """
    fared = {status.name: status for status in catch_up(book, shelf, projections, progress)}
    sound = [p for p in projections if fared[p.name].failed is None]
    faults = [
        Fault("projection_failed", status.position, f"{status.name}: {status.failed}")
        for status in fared.values()
        if status.failed is not None
    ]
    with ExitStack() as stack:
        kept = {p.name: stack.enter_context(shelf.reading(p)) for p in sound}
        checks = [begin(shelf, projection, CHECK) for projection in sound]
        try:
            until = {name: model.position for name, model in kept.items()}
            for lane, cause in _folded(book, shelf, checks, until, progress):
                if cause is None:
                    faults += _differences(shelf, kept[lane.projection.name], lane)
                else:
                    said = f"{lane.projection.name} cannot be rebuilt: {cause_of(cause)}"
                    faults.append(Fault("projection_failed", lane.generation.position + 1, said))
        finally:
            for lane in checks:
                take_down_one(shelf, lane)
    return faults


def check(
    book: Book, projections: Sequence[Projection], progress: Progress = lambda _: None
) -> list[Fault]:
    """What the audit asks: are the read models what the book says? Empty when they are."""
    shelf = Shelf(book)
    try:
        return compare(book, shelf, projections, progress)
    finally:
        shelf.close()


def _folded(
    book: Book, shelf: Shelf, checks: Sequence[Lane], until: dict[str, int], progress: Progress
) -> Iterator[tuple[Lane, Exception | None]]:
    """The lanes, each once it has reached its end, or why it cannot; they share batches."""
    going = list(checks)
    while going:
        outcomes = carry(book, shelf, going, until)
        going = []
        for outcome in outcomes:
            _raise_when_away(outcome)
            if outcome.became == "overtaken":
                raise Disturbed
            progress(outcome.lane.generation.position)
            if outcome.became == "moved":
                going.append(outcome.lane)
            else:
                yield outcome.lane, outcome.cause


def _raise_when_away(outcome: Outcome) -> None:
    if outcome.became == "away" and outcome.cause is not None:
        raise outcome.cause


def _differences(shelf: Shelf, kept: Model, lane: Lane) -> Iterator[Fault]:
    """The first row of each sheet that is not what a rebuild makes of the book."""
    rebuilt = shelf.tables(lane.projection, lane.generation.number)
    with shelf.engines.reading() as connection:
        for sheet in lane.projection.sheets:
            pairs = zip_longest(
                _rows(kept.connection, kept.table(sheet), sheet),
                _rows(connection, rebuilt[sheet.name], sheet),
            )
            for is_, due in pairs:
                if is_ != due:
                    said = f"In the read model {lane.projection.name}, {sheet.name} holds "
                    said += f"{_told(sheet, is_)}; a rebuild makes {_told(sheet, due)} of the book."
                    yield Fault("read_model_differs", kept.position, said)
                    break


def _rows(connection: Connection, table: Table, sheet: Sheet) -> Iterator[tuple[Any, ...]]:
    query = select(table).order_by(*(table.c[field.name] for field in sheet.key))
    streamed = connection.execution_options(stream_results=True, yield_per=PAGE)
    return (tuple(row) for row in streamed.execute(query))


def _told(sheet: Sheet, row: tuple[Any, ...] | None) -> str:
    if row is None:
        return "no further row"
    told = (f"{f.name} {value}" for f, value in zip(sheet.fields, row, strict=True))
    return "(" + ", ".join(told) + ")"
