"""A projection: one question to the book; its sheets, its fold and its queries share a file."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text, text

from ledger.follow.batch import Batch
from ledger.store.tables import Id

Key = tuple[Any, ...]
Values = tuple[Any, ...]

COLUMNS: dict[str, type[Any]] = {"id": Id, "number": BigInteger, "text": Text}


class Field(NamedTuple):
    """A column. Days are text (2026-11-22), moments are numbers (microseconds since 1970, UTC)."""

    name: str
    kind: Literal["id", "number", "text"]
    optional: bool = False


class Order(NamedTuple):
    """An index: by which columns rows are looked for, beside their key."""

    fields: tuple[str, ...]
    where: str | None = None


@dataclass(frozen=True)
class Sheet:
    """One table of a read model."""

    name: str
    key: tuple[Field, ...]
    values: tuple[Field, ...]
    sums: bool = False
    """Values are whole numbers that are added up; a row of zeros does not stay."""
    orders: tuple[Order, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.key + self.values

    def table(self, metadata: MetaData, generation: int) -> Table:
        """The sheet as a table: `turnover__2` in the second generation."""
        name = f"{self.name}__{generation}"
        table = Table(
            name,
            metadata,
            *(
                Column(f.name, COLUMNS[f.kind], primary_key=True, autoincrement=False)
                for f in self.key
            ),
            *(Column(f.name, COLUMNS[f.kind], nullable=f.optional) for f in self.values),
            sqlite_with_rowid=False,
        )
        for order in self.orders:
            where = None if order.where is None else text(order.where)
            Index(
                f"{name}__{'_'.join(order.fields)}",
                *(table.c[field] for field in order.fields),
                postgresql_where=where,
                sqlite_where=where,
            )
        return table


Kept = Callable[[Sheet, Collection[Key]], Mapping[Key, Values]]
"""Looks up rows of the read model by key, as they stood before the batch."""


class Changes:
    """The rows that a batch touches: each is written once, whatever happened to it in between."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Values | None]] = {}
        self.sums: dict[str, dict[Key, list[int]]] = {}

    def put(self, sheet: Sheet, key: Key, *values: Any) -> None:
        """The row is now so."""
        self.rows.setdefault(sheet.name, {})[key] = values

    def drop(self, sheet: Sheet, key: Key) -> None:
        """The row is gone, if it was there."""
        self.rows.setdefault(sheet.name, {})[key] = None

    def add(self, sheet: Sheet, key: Key, *values: int) -> None:
        """The row's sums grow (or shrink) by these values."""
        rows = self.sums.setdefault(sheet.name, {})
        known = rows.get(key)
        if known is None:
            rows[key] = list(values)
        else:
            for n, value in enumerate(values):
                known[n] += value


Fold = Callable[[Batch, Kept], Changes]
"""Pure: what follows from a batch, from earlier events of its facts and from rows that are kept."""


@dataclass(frozen=True)
class Projection:
    """What a follower needs to know of it; queries read its sheets through the shelf."""

    name: str
    """Short, and its own for ever."""
    version: int
    """Raised whenever sheets or fold change: the read model is then rebuilt and swapped."""
    topics: frozenset[str]
    """Events of other topics are passed over unread."""
    sheets: tuple[Sheet, ...]
    fold: Fold
