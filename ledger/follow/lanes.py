"""Lanes: which generations are to be followed, and those that begin, are swapped or go away."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, exc

from ledger.follow import generations
from ledger.follow.batch import START
from ledger.follow.generations import CHECK, GROWING, IN_USE, RETIRED, Generation
from ledger.follow.projection import Projection
from ledger.follow.shelf import Shelf

log = logging.getLogger("choso.follow")

PATIENCE = "1s"
"""How long PostgreSQL waits for the last readers of a table that is to go."""


class Lane(NamedTuple):
    """One projection on the way of one of its generations."""

    projection: Projection
    generation: Generation


def lanes(shelf: Shelf, projections: Sequence[Projection]) -> list[Lane]:
    """The generation in use of each projection, and the one that grows beside it.

    A projection that has none of its version begins one; one that a newer program has taken over
    is left to that program. Those that failed are left out.
    """
    known = shelf.all()
    found = []
    for projection in projections:
        mine = [g for g in known if g.name == projection.name and g.state in (IN_USE, GROWING)]
        if any(g.version > projection.version for g in mine):
            continue
        current = [Lane(projection, g) for g in mine if g.version == projection.version]
        found += current or [_begin_first(shelf, projection)]
    return [lane for lane in found if lane.generation.failed is None]


def begin(shelf: Shelf, projection: Projection, state: str = GROWING) -> Lane:
    """A generation that starts from nothing; one that was still growing goes away."""
    with shelf.under_lock() as connection:
        return _begin(connection, shelf, projection, state)


def _begin_first(shelf: Shelf, projection: Projection) -> Lane:
    """The first of its version, unless another process has just begun it."""
    with shelf.under_lock() as connection:
        for known in _known(connection, shelf, projection.name):
            if known.version == projection.version and known.state in (IN_USE, GROWING):
                return Lane(projection, known)
        return _begin(connection, shelf, projection, GROWING)


def _begin(connection: Connection, shelf: Shelf, projection: Projection, state: str) -> Lane:
    mine = _known(connection, shelf, projection.name)
    if state == GROWING:
        _take_down(connection, shelf, [g for g in mine if g.state in (GROWING, RETIRED)])
    number = max((g.number for g in mine), default=0) + 1
    tables = shelf.tables(projection, number).values()
    for table in tables:
        table.create(connection)
    begun = Generation(
        projection.name, number, projection.version, state, START, tuple(map(str, tables))
    )
    generations.enter(connection, shelf.kept, begun)
    return Lane(projection, begun)


def swap(shelf: Shelf, lane: Lane) -> bool:
    """The grown generation is in use from now on; readers see the one or the other, whole."""
    with shelf.writing() as connection:
        swapped = generations.put_in_use(connection, shelf.kept, lane.generation)
    if swapped:
        log.info("%s: generation %d is in use", lane.projection.name, lane.generation.number)
    return swapped


def take_down(shelf: Shelf, projections: Sequence[Projection], states: Iterable[str]) -> None:
    """Removes generations that nobody will read any more."""
    names, wanted = {p.name for p in projections}, set(states)
    if any(g.name in names and g.state in wanted for g in shelf.all()):
        with shelf.under_lock() as connection:
            for name in names:
                mine = _known(connection, shelf, name)
                _take_down(connection, shelf, [g for g in mine if g.state in wanted])


def tidy(shelf: Shelf, projections: Sequence[Projection]) -> None:
    """What earlier swaps and broken-off comparisons have left behind."""
    take_down(shelf, projections, (RETIRED, CHECK))


def take_down_one(shelf: Shelf, lane: Lane) -> None:
    with shelf.under_lock() as connection:
        _take_down(connection, shelf, [lane.generation])


def _known(connection: Connection, shelf: Shelf, name: str) -> list[Generation]:
    rows = connection.execute(generations.of(shelf.kept, [name]))
    return [generations.read(row) for row in rows]


def _take_down(connection: Connection, shelf: Shelf, gone: Sequence[Generation]) -> None:
    """What somebody is still reading stays until the next time."""
    for generation in gone:
        try:
            with connection.begin_nested():
                if shelf.engines.schema is not None:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                for table in generation.tables:  # An older version's may bear other names.
                    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
                generations.strike(connection, shelf.kept, generation)
        except exc.OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            log.info("%s: generation %d is still read", generation.name, generation.number)
