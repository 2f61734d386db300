"""Carries one batch to each lane: what follows from it and the new place, in one transaction."""

import logging
import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import exc

from ledger.book import Book
from ledger.follow import generations, touched
from ledger.follow.batch import MOST, Batch, Gap, OtherHistory, Place, read_batch
from ledger.follow.generations import GROWING
from ledger.follow.lanes import Lane, swap
from ledger.follow.shelf import Shelf
from ledger.refusal import Refusal

log = logging.getLogger("choso.follow")

AWAY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
AWAY |= {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL}
"""What SQLite says when it is its disk or another process, not our statement."""
READ_ONLY = "25006"
"""What PostgreSQL says while it stands by for another server."""


class Overtaken(Exception):
    """Another process has carried this batch already, or the generation is no more."""


class Outcome(NamedTuple):
    """What became of a lane."""

    lane: Lane
    became: Literal["moved", "idle", "overtaken", "failed", "away"]
    events: int = 0
    """How many it was carried past."""
    cause: Exception | None = None


def carry(
    book: Book, shelf: Shelf, lanes: Sequence[Lane], until: dict[str, int] | None = None
) -> list[Outcome]:
    """At most one batch for each lane; lanes at the same place share it.

    `until`: positions, by projection, beyond which nothing is carried. Never raises for a fault
    of the database, the log or a fold: the outcome tells. A grown lane that is idle is swapped in.
    """
    groups: dict[tuple[Place, int], list[Lane]] = {}
    for lane in lanes:
        place = lane.generation.place
        most = MOST if until is None else min(MOST, until[lane.projection.name] - place.position)
        groups.setdefault((place, most), []).append(lane)
    return [
        outcome
        for (place, most), group in groups.items()
        for outcome in _carry_group(book, shelf, group, place, most)
    ]


def _carry_group(
    book: Book, shelf: Shelf, group: list[Lane], place: Place, most: int
) -> list[Outcome]:
    if most <= 0:
        return [Outcome(lane, "idle") for lane in group]
    try:
        batch = read_batch(book, place, most)
    except (Gap, OtherHistory) as error:
        return [_fail(shelf, lane, error) for lane in group]
    except exc.SQLAlchemyError as error:
        return [Outcome(lane, "away", cause=error) for lane in group]
    if batch is None:
        return [_arrived(shelf, lane) for lane in group]
    return [_carry_one(book, shelf, lane, batch) for lane in group]


def _arrived(shelf: Shelf, lane: Lane) -> Outcome:
    """At the head: a lane that was growing is now in use."""
    if lane.generation.state == GROWING:
        try:
            swap(shelf, lane)
        except exc.SQLAlchemyError as error:
            return Outcome(lane, "away", cause=error)
        return Outcome(lane, "overtaken")  # Look again who is who.
    return Outcome(lane, "idle")


def _carry_one(book: Book, shelf: Shelf, lane: Lane, batch: Batch) -> Outcome:
    try:
        return Outcome(_apply(shelf, lane, batch), "moved", len(batch))
    except Overtaken:
        return Outcome(lane, "overtaken")
    except Exception as error:
        if is_away(error):
            return Outcome(lane, "away", cause=error)
        return _narrow(book, shelf, lane, len(batch), error)


def _apply(shelf: Shelf, lane: Lane, batch: Batch) -> Lane:
    projection, generation = lane
    tables = shelf.tables(projection, generation.number)
    with shelf.writing() as connection:
        if not generations.move_on(connection, shelf.kept, generation, batch.end):
            raise Overtaken
        changes = projection.fold(batch, touched.looking_up(connection, tables))
        touched.write(connection, projection.sheets, tables, changes)
    return Lane(projection, generation._replace(place=batch.end))


def _narrow(book: Book, shelf: Shelf, lane: Lane, failed: int, error: Exception) -> Outcome:
    """A batch of `failed` events failed: halves it until the culprit stands alone, and carries all
    that stands before it."""
    end = lane.generation.position + failed
    while failed > 1:
        batch = read_batch(book, lane.generation.place, failed // 2)
        assert batch is not None, "it was there a moment ago"
        try:
            lane = _apply(shelf, lane, batch)
        except Overtaken:
            return Outcome(lane, "overtaken")
        except Exception as again:
            if is_away(again):
                return Outcome(lane, "away", cause=again)
            error, failed = again, len(batch)
        else:
            if lane.generation.position >= end:
                return Outcome(lane, "moved")  # It has come to its senses.
    return _fail(shelf, lane, error)


def _fail(shelf: Shelf, lane: Lane, error: Exception) -> Outcome:
    """Stops this lane, loudly, until somebody says so or the follower starts anew."""
    at, said = lane.generation.position, cause_of(error)
    if not isinstance(error, Gap | OtherHistory):
        said = f"At position {at + 1}: {said}"
    log.error("%s stopped after position %d. %s", lane.projection.name, at, said, exc_info=error)
    try:
        with shelf.writing() as connection:
            generations.note_failure(connection, shelf.kept, lane.generation, said)
    except exc.SQLAlchemyError as away:
        return Outcome(lane, "away", cause=away)
    return Outcome(lane, "failed", cause=error)


def cause_of(error: Exception) -> str:
    """In one line, without the statement and its values."""
    if isinstance(error, Refusal):
        return str(error)
    known = error.orig if isinstance(error, exc.DBAPIError) else error
    return f"{type(known).__name__}: {str(known).strip()}".splitlines()[0]


def is_away(error: BaseException) -> bool:
    """The database is away, locked or full: nobody's fault here, and it will pass."""
    if isinstance(error, exc.TimeoutError):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, exc.InterfaceError):
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in AWAY
    return isinstance(error, exc.OperationalError) or (
        getattr(error.orig, "sqlstate", None) == READ_ONLY
    )
