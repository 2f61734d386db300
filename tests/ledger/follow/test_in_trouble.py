"""A database that goes away, is full or is locked makes the followers wait, and then they go on."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ledger.book import Book
from ledger.follow import shelf as shelves
from ledger.follow.followers import Followers
from ledger.follow.shelf import NoShelf
from tests.builders import Market, open_market
from tests.ledger.follow.shelves import EVENTS, TOLD, follow, misses_nothing, shelf_of, sound
from tests.ledger.insider import tell


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@contextmanager
def following(book: Book) -> Iterator[Followers]:
    followers = Followers(book, [EVENTS, TOLD])
    followers.start()
    try:
        yield followers
    finally:
        followers.stop()


def at_the_head(followers: Followers) -> bool:
    try:
        return all(map(sound, followers.status()))
    except DBAPIError:
        return False  # Still away.


def waits(caplog: pytest.LogCaptureFixture) -> int:
    """How often it was told that the followers wait."""
    return sum("The followers wait." in record.getMessage() for record in caplog.records)


def administer(url: str, *statements: str) -> None:
    engine = create_engine(
        make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_database_that_goes_away_is_waited_for(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = make_url(postgresql_url).database
    with open_market(postgresql_url) as market, following(market.book) as followers:
        tell(market)
        until(lambda: at_the_head(followers))
        for n in range(2):
            administer(
                postgresql_url,
                f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{name}' AND pid <> pg_backend_pid()",
            )
            until(lambda n=n: waits(caplog) > n)  # type: ignore[misc]
            administer(postgresql_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            market.hear(event_id=f"A{n}", reference=f"FT{n}A")
            until(lambda: at_the_head(followers))

        assert misses_nothing(market.book, followers.shelf)
        assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


def test_a_full_disk_is_waited_for(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with open_market(sqlite_url) as market, following(market.book) as followers:
        tell(market)
        until(lambda: at_the_head(followers))
        _let_grow(followers, pages=1)  # No more than there are.
        for n in range(300):
            market.hear(event_id=f"A{n}", reference=f"FT{n}A")
        until(lambda: waits(caplog) > 0)
        assert "full" in caplog.text
        _let_grow(followers, pages=1_000_000)
        until(lambda: at_the_head(followers))

        assert waits(caplog) == 1, "told once, not every time"
        assert misses_nothing(market.book, followers.shelf)


def _let_grow(followers: Followers, pages: int) -> None:
    """The shelf's writer has one connection on SQLite, which keeps the limit."""
    with followers.shelf.engines.writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_a_shelf_that_somebody_holds_does_not_make_the_writer_wait(sqlite_url: str) -> None:
    with open_market(sqlite_url) as market, following(market.book) as followers:
        tell(market)
        until(lambda: at_the_head(followers))
        with shelf_of(market.book) as other, other.writing():
            for n in range(50):
                market.hear(event_id=f"A{n}", reference=f"FT{n}A")
            assert not at_the_head(followers)
        until(lambda: at_the_head(followers))

        assert misses_nothing(market.book, followers.shelf)


@pytest.fixture
def walled(postgresql_url: str) -> Iterator[Market]:
    """A book whose owner has founded it, with what it tells, and no shelf yet."""
    with open_market(postgresql_url) as market:
        administer_schema(market, "DROP SCHEMA IF EXISTS choso_read CASCADE")
        tell(market)
        yield market


def administer_schema(market: Market, statement: str) -> None:
    with market.book.store.engines.writing() as connection:
        connection.exec_driver_sql(statement)


def test_the_programs_role_may_build_read_models_and_nothing_more(
    walled: Market, postgresql_url: str
) -> None:
    with walled.book.store.under_lock() as connection:
        shelves.found(connection, "public")
    book = Book(postgresql_url, role=True)
    try:
        with shelf_of(book) as shelf:
            follow(book, shelf, EVENTS, TOLD)
            assert misses_nothing(book, shelf)
            for statement in (
                "DELETE FROM public.events",
                "UPDATE public.lines SET amount_vnd = 0",
                "CREATE TABLE public.mine (x int)",
                "CREATE SCHEMA mine",
                "DROP SCHEMA choso_read CASCADE",
            ):
                refused = pytest.raises(DBAPIError, match=r"permission denied|must be owner")
                with refused, shelf.writing() as connection:
                    connection.exec_driver_sql(statement)
    finally:
        book.close()


def test_without_a_schema_the_programs_role_says_what_is_missing_and_waits_for_it(
    walled: Market, postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    book = Book(postgresql_url, role=True)
    try:
        with shelf_of(book) as shelf, pytest.raises(NoShelf):
            follow(book, shelf, EVENTS)
        with following(book) as followers:
            until(lambda: waits(caplog) == 1)
            assert "choso init" in caplog.text
            with walled.book.store.under_lock() as connection:
                shelves.found(connection, "public")
            until(lambda: at_the_head(followers))

            assert misses_nothing(book, followers.shelf)
    finally:
        book.close()
