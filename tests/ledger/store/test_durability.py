"""A database that could forget what it has acknowledged is not used."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ledger.refusal import Refusal
from ledger.store.engines import Engines, NotADatabase, NotDurable
from tests.ledger.store.one_batch import Saving, sizes_of_batches, together
from tests.ledger.store.simple_log import checked, open_log, paid


@contextmanager
def administrator(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def test_postgresql_without_synchronous_commit_is_refused(postgresql_url: str) -> None:
    name = make_url(postgresql_url).database
    with administrator(postgresql_url) as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")

        with pytest.raises(NotDurable) as refusal, open_log(postgresql_url):
            pass

        assert isinstance(refusal.value, Refusal)
        assert str(refusal.value) == (
            "PostgreSQL runs with synchronous_commit=off and could forget payments."
        )
        for safe in ("local", "remote_write", "on", "remote_apply"):
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = {safe}")
            with open_log(postgresql_url) as log:
                log.max_notification_id()


def test_what_an_administrator_changes_for_all_does_not_reach_the_writer(
    postgresql_url: str,
) -> None:
    """A reload could take durability from a running session; another isolation its order."""
    name = make_url(postgresql_url).database
    with administrator(postgresql_url) as connection:
        connection.exec_driver_sql(
            f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"
        )
    with open_log(postgresql_url) as log, open_log(postgresql_url) as other:
        with log._engines.writing() as connection:
            query = "SELECT source, setting FROM pg_settings WHERE name = 'synchronous_commit'"
            assert connection.exec_driver_sql(query).one() == ("session", "on")

        saving = [Saving((log, other)[n % 2], paid(n)) for n in range(1, 201)]
        outcomes = [caller.outcome_in_time() for caller in saving]

    assert {type(outcome) for outcome in outcomes} == {list}
    assert len(checked(postgresql_url).events) == 200


def test_a_server_that_begins_to_forget_is_refused_by_all_who_wait(postgresql_url: str) -> None:
    """Durability goes while the program runs: the next connection sees it, at one look or two."""
    name = make_url(postgresql_url).database
    with administrator(postgresql_url) as connection, open_log(postgresql_url) as log:
        log.insert_events(**paid(1))
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        sizes = sizes_of_batches(log)

        outcomes = together(log, *map(paid, range(2, 202)))

        # The one that held the writer found its connection cut, and may or may not be written.
        assert {type(outcome) for outcome in outcomes} == {NotDurable}
        assert len(sizes) <= 4
        connection.exec_driver_sql(f"ALTER DATABASE {name} RESET synchronous_commit")
        assert log.insert_events(**paid(2)) == [2]
    assert checked(postgresql_url).histories == [(1, 1), (2, 1)]


def test_sqlite_writes_through_to_the_disk(sqlite_url: str) -> None:
    with open_log(sqlite_url) as log:
        log.insert_events(**paid(1))
        with log._engines.writing() as connection:
            settings = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous")
            ]
        with log._engines.reading() as connection, pytest.raises(DBAPIError, match="readonly"):
            connection.exec_driver_sql("INSERT INTO tracking VALUES ('x', 1)")

    assert settings == ["wal", 2]  # 2 is FULL.


def test_sqlite_that_cannot_keep_a_write_ahead_log_is_refused(sqlite_url: str) -> None:
    """As on a network disk: this way of locking knows no shared memory."""
    file = make_url(sqlite_url).database
    with (
        pytest.raises(NotDurable, match="WAL"),
        open_log(f"sqlite:///file:{file}?vfs=unix-dotfile&uri=true"),
    ):
        pass


@pytest.mark.parametrize(
    "address", ["", "book.db", "sqlite://", "sqlite:///:memory:", "mysql://localhost/book", "x:y:z"]
)
def test_an_address_of_no_database_of_ours_is_refused(address: str) -> None:
    with pytest.raises(NotADatabase):
        Engines(address)
