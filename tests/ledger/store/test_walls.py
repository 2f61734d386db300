"""The database itself, whoever speaks to it, keeps every event and line as it was written."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg.errors import CheckViolation
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tests.ledger.store.simple_log import HISTORY, Stored, checked, event, open_log, paid

EVENT = "events (position, originator_id, originator_version, topic, state, salt, recorded_at)"
OTHER_AT_ITS_PLACE = (
    f"INTO {EVENT} SELECT position, originator_id, 9, 'x', '', salt, 0 FROM events "
    "WHERE position = 1"
)
OTHER_OF_ITS_VERSION = (
    f"INTO {EVENT} SELECT 9, originator_id, originator_version, 'x', '', salt, 0 FROM events "
    "WHERE position = 1"
)
OTHER_LINES = (
    "INTO lines (position, line, entity, code, amount_vnd) "
    "SELECT position, line, entity, code, 2 * amount_vnd FROM lines WHERE position = 1"
)
EVERYWHERE = [
    "UPDATE events SET state = '{}' WHERE position = 1",
    "UPDATE events SET position = 9 WHERE position = 2",
    "UPDATE events SET recorded_at = 0",
    "DELETE FROM events WHERE position = 2",
    "DELETE FROM events",
    f"INSERT {OTHER_AT_ITS_PLACE}",
    f"INSERT {OTHER_OF_ITS_VERSION}",
    f"INSERT {OTHER_AT_ITS_PLACE} ON CONFLICT (position) DO UPDATE SET state = 'x'",
    f"INSERT {OTHER_OF_ITS_VERSION} "
    "ON CONFLICT (originator_id, originator_version) DO UPDATE SET state = 'x'",
    "UPDATE lines SET amount_vnd = 2 * amount_vnd",
    "UPDATE lines SET position = 2 WHERE position = 1",
    "DELETE FROM lines WHERE position = 1",
    "DELETE FROM lines",
    f"INSERT {OTHER_LINES} ON CONFLICT (position, line) DO UPDATE SET amount_vnd = 0",
]
ON_SQLITE = [
    f"INSERT OR REPLACE {OTHER_AT_ITS_PLACE}",
    f"REPLACE {OTHER_OF_ITS_VERSION}",
    "UPDATE OR REPLACE events SET position = 2 WHERE position = 1",
    f"INSERT OR REPLACE {OTHER_LINES}",
    "UPDATE OR IGNORE events SET state = 'x'",
    "UPDATE OR REPLACE lines SET position = 2 WHERE position = 1",
]
ON_POSTGRESQL = [
    "TRUNCATE events",
    "TRUNCATE lines",
    "TRUNCATE events, lines CASCADE",
    "WITH gone AS (DELETE FROM lines RETURNING 1) SELECT count(*) FROM gone",
    "MERGE INTO events USING (SELECT 1) ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO lines USING (SELECT 1) ON true WHEN MATCHED THEN UPDATE SET amount_vnd = 0",
]


@contextmanager
def outsider(url: str) -> Iterator[Connection]:
    """A connection that has nothing of ours, as the owner of the database."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def stored(database_url: str) -> Stored:
    """Two payments."""
    with open_log(database_url) as log:
        log.insert_events(**paid(1))
        log.insert_events(**paid(2, amount_vnd=70_000))
    return checked(database_url)


def takes(url: str, statement: str) -> bool:
    try:
        write(url, [statement])
    except DBAPIError:
        return False
    return True


def test_what_is_written_is_never_changed_removed_or_replaced(
    stored: Stored, database_url: str
) -> None:
    dialect = make_url(database_url).get_backend_name()
    statements = EVERYWHERE + (ON_SQLITE if dialect == "sqlite" else ON_POSTGRESQL)

    assert [statement for statement in statements if takes(database_url, statement)] == []
    assert checked(database_url) == stored


def test_sqlite_says_why_and_cannot_be_talked_out_of_it(sqlite_url: str) -> None:
    with open_log(sqlite_url) as log:
        log.insert_events(**paid(1))
    before = checked(sqlite_url)
    file = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)
    for pragma in ("recursive_triggers=OFF", "ignore_check_constraints=ON", "foreign_keys=OFF"):
        file.execute(f"PRAGMA {pragma}")

    for statement in ("DELETE FROM events", f"INSERT OR REPLACE {OTHER_AT_ITS_PLACE}"):
        with pytest.raises(sqlite3.IntegrityError, match="events are never changed or removed"):
            file.execute(statement)
    file.close()

    assert checked(sqlite_url) == before


class Words:
    """Statements as this engine writes them."""

    def __init__(self, url: str) -> None:
        sqlite = make_url(url).get_backend_name() == "sqlite"
        self._id, self._bytes = ("X'{}'", "X'{}'") if sqlite else ("'{}'", "'\\x{}'")
        self.events_first = not sqlite

    def lines(self, *rows: tuple[int, int, int, int]) -> str:
        """An INSERT of lines (position, number, entity, amount)."""
        values = ", ".join(
            f"({position}, {number}, {self._id.format(f'{entity:032x}')}, '1121', {amount_vnd})"
            for position, number, entity, amount_vnd in rows
        )
        return f"INSERT INTO lines (position, line, entity, code, amount_vnd) VALUES {values}"

    def event(self, position: int) -> str:
        """An INSERT of an event."""
        history = f"{HISTORY + position:032x}"
        return (
            f"INSERT INTO {EVENT} VALUES ({position}, {self._id.format(history)}, 1, "
            f"'test.Paid', '{{}}', {self._bytes.format(history)}, 9000000000000000)"
        )

    def posting(self, *rows: tuple[int, int, int, int]) -> list[str]:
        """Event 3 and these lines, in the order in which the engine wants them."""
        both = [self.lines(*rows), self.event(3)]
        return both[::-1] if self.events_first else both


def write(url: str, statements: list[str]) -> None:
    """In one transaction."""
    with outsider(url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


UNBALANCED = [
    [(3, 1, 1, 5)],
    [(3, 1, 1, 5), (3, 2, 1, -4)],
    [(3, 1, 1, 5), (3, 2, 2, -5)],  # Between two entities.
    [(3, 1, 1, 5), (4, 1, 1, -5)],  # Between two events.
]


def test_lines_that_do_not_balance_are_refused(stored: Stored, database_url: str) -> None:
    """SQLite looks when the event is written, PostgreSQL when the lines are."""
    for rows in UNBALANCED:
        with pytest.raises(DBAPIError, match="balance within each entity"):
            write(database_url, Words(database_url).posting(*rows))

    assert checked(database_url) == stored


def test_lines_that_balance_are_taken(stored: Stored, database_url: str) -> None:
    """So it is the balance alone that is refused above."""
    write(database_url, Words(database_url).posting((3, 1, 1, 5), (3, 2, 1, -5)))

    with outsider(database_url) as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM lines").scalar()
    assert found == len(stored.lines) + 2


def test_lines_that_are_copied_in_are_looked_at_too(postgresql_url: str) -> None:
    with open_log(postgresql_url) as log:
        log.insert_events(**paid(1))
    with (
        outsider(postgresql_url) as connection,
        pytest.raises(CheckViolation, match="balance within each entity"),
        connection.connection.cursor().copy(
            "COPY lines (position, line, entity, code, amount_vnd) FROM STDIN"
        ) as copy,
    ):
        copy.write(f"1\t9\t{1:032x}\t1121\t5\n")
    checked(postgresql_url)


def test_on_sqlite_no_line_is_added_after_its_event(sqlite_url: str) -> None:
    with open_log(sqlite_url) as log:
        log.insert_events(**paid(1))
        log.insert_events([event(2)])
    before = checked(sqlite_url)

    for position in (1, 2):
        late = Words(sqlite_url).lines((position, 8, 1, 5), (position, 9, 1, -5))
        with pytest.raises(DBAPIError, match="with their event, not after it"):
            write(sqlite_url, [late])

    assert checked(sqlite_url) == before
