"""Generations of a read model: one is in use, the next may grow beside it, then they swap."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from ledger.follow.batch import Place

IN_USE, GROWING, RETIRED, CHECK = "in_use", "growing", "retired", "check"
"""The states of a generation; a check is made for comparison alone and never used."""
LONGEST_CAUSE = 500


class Generation(NamedTuple):
    """One building of one read model, and how far it has come."""

    name: str
    number: int
    version: int
    state: str
    place: Place
    tables: tuple[str, ...]
    """By their full names."""
    failed: str | None = None
    """Why it is not followed any more, until somebody says so or the follower starts anew."""

    @property
    def position(self) -> int:
        return self.place.position


def table(metadata: MetaData) -> Table:
    """One row a generation: what it is, and the place up to which it has followed."""
    return Table(
        "generations",
        metadata,
        Column("name", Text, primary_key=True),
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("version", Integer, nullable=False),
        Column("state", Text, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("salt", LargeBinary),
        Column("tables", Text, nullable=False),
        Column("failed", Text),
    )


def of(kept: Table, names: Collection[str]) -> Select[Any]:
    """The generations of these read models, by name and number."""
    return select(kept).where(kept.c.name.in_(names)).order_by(kept.c.name, kept.c.generation)


def read(row: Any) -> Generation:
    salt = None if row.salt is None else bytes(row.salt)
    place = Place(row.position, salt)
    tables = tuple(row.tables.split())
    return Generation(row.name, row.generation, row.version, row.state, place, tables, row.failed)


def enter(connection: Connection, kept: Table, generation: Generation) -> None:
    """A new generation that has followed nothing yet; its tables are the caller's business."""
    connection.execute(
        insert(kept).values(
            name=generation.name,
            generation=generation.number,
            version=generation.version,
            state=generation.state,
            position=generation.position,
            tables=" ".join(generation.tables),
        )
    )


def move_on(connection: Connection, kept: Table, generation: Generation, to: Place) -> bool:
    """Notes the new place, in the transaction that also writes what follows from the batch; False
    when another process was faster, or the generation is no more."""
    c = kept.c
    moved = (
        update(kept)
        .where(c.name == generation.name, c.generation == generation.number)
        .where(c.position == generation.position, c.state != RETIRED)
        .values(position=to.position, salt=to.salt)
    )
    return connection.execute(moved).rowcount == 1


def put_in_use(connection: Connection, kept: Table, generation: Generation) -> bool:
    """Swaps a grown generation for the one in use; False while that one is sound and ahead, or when
    another process has done it."""
    c = kept.c
    mine = c.name == generation.name
    used = select(c.position).where(mine, c.state == IN_USE, c.failed.is_(None))
    ahead = connection.scalar(used.with_for_update())
    if ahead is not None and ahead > generation.position:
        return False
    this = (mine, c.generation == generation.number, c.state == GROWING)
    if connection.execute(update(kept).where(*this).values(state=IN_USE)).rowcount != 1:
        return False
    others = (mine, c.generation != generation.number, c.state == IN_USE)
    connection.execute(update(kept).where(*others).values(state=RETIRED))
    return True


def note_failure(connection: Connection, kept: Table, generation: Generation, cause: str) -> None:
    this = (kept.c.name == generation.name, kept.c.generation == generation.number)
    connection.execute(update(kept).where(*this).values(failed=cause[:LONGEST_CAUSE]))


def forgive(connection: Connection, kept: Table, names: Collection[str]) -> None:
    """Failures of these read models are forgotten: they are tried again."""
    connection.execute(update(kept).where(kept.c.name.in_(names)).values(failed=None))


def strike(connection: Connection, kept: Table, generation: Generation) -> None:
    this = (kept.c.name == generation.name, kept.c.generation == generation.number)
    connection.execute(delete(kept).where(*this))
