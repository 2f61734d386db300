"""Writes the rows that a batch has touched: one upsert a row, all rows of a sheet at once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table

from ledger.follow.projection import Changes, Field, Kept, Key, Sheet, Values

MOST_BINDS = 10_000
"""Values in one SQLite statement, at most (it takes 32,766)."""
_ARRAYS = {"id": "uuid[]", "number": "bigint[]", "text": "text[]"}


def write(
    connection: Connection, sheets: Iterable[Sheet], tables: Mapping[str, Table], changes: Changes
) -> None:
    """All changes, in the caller's transaction; a row whose sums have come to zero goes."""
    for sheet in sheets:
        words = _words(connection, tables[sheet.name], sheet)
        if sheet.sums:
            sums = changes.sums.get(sheet.name, {})
            grown = {key: row for key, row in sums.items() if any(row)}
            _run(connection, words.upsert, sheet.fields, [(*k, *row) for k, row in grown.items()])
            shrunk = [key for key, row in grown.items() if min(row) < 0]
            _run(connection, words.clear, sheet.key, shrunk)
        else:
            rows = changes.rows.get(sheet.name, {})
            put = [(*key, *row) for key, row in rows.items() if row is not None]
            _run(connection, words.upsert, sheet.fields, put)
            _run(connection, words.drop, sheet.key, [k for k, row in rows.items() if row is None])


def looking_up(connection: Connection, tables: Mapping[str, Table]) -> Kept:
    """Looks rows up by key in these tables, within the caller's transaction."""

    def kept(sheet: Sheet, keys: Collection[Key]) -> Mapping[Key, Values]:
        width = len(sheet.key)
        words = _words(connection, tables[sheet.name], sheet)
        return {
            row[:width]: row[width:]
            for found in words.look_up(connection, list(keys))
            for row in _typed(found, sheet.fields)
        }

    return kept


class _Words:
    """What to say to one engine about one table."""

    def __init__(self, dialect: str, table: str, sheet: Sheet) -> None:
        self._postgresql = dialect == "postgresql"
        self._table, self._sheet = table, sheet
        key = ", ".join(f.name for f in sheet.key)
        now = "{n} = t.{n} + excluded.{n}" if sheet.sums else "{n} = excluded.{n}"
        news = ", ".join(now.format(n=f.name) for f in sheet.values)
        same = " AND ".join(f"t.{f.name} = {{}}{f.name}" for f in sheet.key)
        zero = " AND ".join(f"t.{f.name} = 0" for f in sheet.values)
        names = ", ".join(f.name for f in sheet.fields)
        conflict = f"ON CONFLICT ({key}) DO UPDATE SET {news}"
        if self._postgresql:
            fresh, gone = self._unnest(sheet.fields), self._unnest(sheet.key)
            self.upsert = f"INSERT INTO {table} AS t ({names}) SELECT * FROM {fresh} {conflict}"
            self.drop = f"DELETE FROM {table} AS t USING {gone} WHERE {same.format(*['u.'] * 9)}"
        else:
            marks = ", ".join("?" * len(sheet.fields))
            self.upsert = f"INSERT INTO {table} AS t ({names}) VALUES ({marks}) {conflict}"
            mine = " AND ".join(f"t.{f.name} = ?" for f in sheet.key)
            self.drop = f"DELETE FROM {table} AS t WHERE {mine}"
        self.clear = f"{self.drop} AND {zero}"

    def _unnest(self, fields: Sequence[Field]) -> str:
        arrays = ", ".join(f"%s::{_ARRAYS[f.kind]}" for f in fields)
        return f"unnest({arrays}) AS u ({', '.join(f.name for f in fields)})"

    def look_up(self, connection: Connection, keys: list[Key]) -> Iterator[Sequence[Any]]:
        sheet = self._sheet
        key = ", ".join(f.name for f in sheet.key)
        names = ", ".join(f"t.{f.name}" for f in sheet.fields)
        rest = f"JOIN {self._table} t USING ({key})"
        if self._postgresql:
            if keys:
                query = f"SELECT {names} FROM {self._unnest(sheet.key)} {rest}"
                yield connection.exec_driver_sql(query, _arrays(keys, sheet.key)).all()
            return
        most = MOST_BINDS // len(sheet.key)
        for n in range(0, len(keys), most):
            some = keys[n : n + most]
            marks = ", ".join([f"({', '.join('?' * len(sheet.key))})"] * len(some))
            # SQLite does not reorder a CROSS JOIN: each wanted key is looked up in the table.
            query = f"WITH u ({key}) AS (VALUES {marks}) SELECT {names} FROM u CROSS {rest}"
            binds = tuple(value for row in _raw(some, sheet.key) for value in row)
            yield connection.exec_driver_sql(query, binds).all()


@cache
def _cached(dialect: str, table: str, sheet: Sheet) -> _Words:
    return _Words(dialect, table, sheet)


def _words(connection: Connection, table: Table, sheet: Sheet) -> _Words:
    return _cached(connection.dialect.name, str(table), sheet)


def _run(
    connection: Connection, statement: str, fields: Sequence[Field], rows: list[tuple[Any, ...]]
) -> None:
    if rows and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(statement, _arrays(rows, fields))
    elif rows:
        connection.exec_driver_sql(statement, sorted(_raw(rows, fields)))  # Neighbours together.


def _arrays(rows: Sequence[tuple[Any, ...]], fields: Sequence[Field]) -> tuple[str, ...]:
    """Columns as PostgreSQL writes arrays: half the time of handing it each value by itself."""
    columns = zip(zip(*rows, strict=True), fields, strict=True)
    return tuple("{" + ",".join(_WRITTEN[f.kind](column)) + "}" for column, f in columns)


def _numbers(column: tuple[Any, ...]) -> Iterable[str]:
    return ["NULL" if value is None else str(value) for value in column]


def _ids(column: tuple[Any, ...]) -> Iterable[str]:
    return ["NULL" if value is None else value.hex for value in column]


def _texts(column: tuple[Any, ...]) -> Iterable[str]:
    return ["NULL" if value is None else _quoted(value) for value in column]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_WRITTEN = {"id": _ids, "number": _numbers, "text": _texts}


def _raw(rows: list[tuple[Any, ...]], fields: Sequence[Field]) -> list[tuple[Any, ...]]:
    """Rows as SQLite stores them: an id is sixteen bytes."""
    if all(f.kind != "id" for f in fields):
        return rows
    return list(zip(*map(_raw_column, zip(*rows, strict=True), fields), strict=True))


def _raw_column(column: tuple[Any, ...], field: Field) -> Iterable[Any]:
    if field.kind != "id":
        return column
    return [value.bytes if isinstance(value, UUID) else value for value in column]


def _typed(rows: Sequence[Any], fields: Sequence[Field]) -> Iterator[tuple[Any, ...]]:
    """Rows as a fold knows them: an id is a UUID."""
    readers: list[Callable[[Any], Any]] = [_id if f.kind == "id" else _as_is for f in fields]
    for row in rows:
        yield tuple(read(value) for read, value in zip(readers, row, strict=True))


def _id(value: Any) -> UUID | None:
    return value if value is None or isinstance(value, UUID) else UUID(bytes=bytes(value))


def _as_is(value: Any) -> Any:
    return value
