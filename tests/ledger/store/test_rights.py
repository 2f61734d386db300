"""PostgreSQL: the role that the program works under may add to the book and change nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.pool import NullPool

from ledger.bank_account import BankAccount
from ledger.book import Book
from ledger.fact import begin, first
from ledger.founding import Founded, found
from ledger.store import rights
from ledger.store.command import Taken
from ledger.store.engines import BOOK_ROLE
from ledger.telling import Purpose, Standing, Telling
from ledger.transfer import Transfer
from ledger.vault import Vault
from market.stalls.connections import table as connections_table
from tests.ledger.store.simple_log import VENDOR, told

AT = datetime(2026, 11, 21, 5, 30, tzinfo=UTC)
CLERK = "choso_test_clerk"

REFUSED = [
    "UPDATE events SET state = '{}'",
    "UPDATE events SET state = '{}' WHERE false",
    "DELETE FROM events",
    "TRUNCATE events",
    "UPDATE lines SET amount_vnd = 0",
    "DELETE FROM lines",
    "TRUNCATE lines",
    "DELETE FROM balances",
    "DELETE FROM inbox",
    "UPDATE inbox SET digest = ''",
    "UPDATE inbox SET transfer_id = NULL",
    "UPDATE directory SET position = 0",
    "DELETE FROM directory",
    "UPDATE title_page SET name = 'x'",
    "INSERT INTO title_page SELECT * FROM title_page",
    "ALTER TABLE events ADD COLUMN x int",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "ALTER TABLE events DISABLE TRIGGER events_for_ever",
    "ALTER TABLE lines DISABLE TRIGGER lines_balance",
    "ALTER TABLE events RENAME TO old",
    "ALTER TABLE events OWNER TO choso_book",
    "DROP TRIGGER events_for_ever ON events",
    "DROP TRIGGER lines_for_ever ON lines",
    "DROP TRIGGER lines_balance ON lines",
    "DROP TABLE events",
    "DROP TABLE lines CASCADE",
    "DROP FUNCTION events_are_for_ever CASCADE",
    "DROP SCHEMA public CASCADE",
    "CREATE RULE lost AS ON INSERT TO events DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON events EXECUTE FUNCTION events_are_for_ever()",
    "CREATE OR REPLACE FUNCTION public.events_are_for_ever() RETURNS trigger LANGUAGE plpgsql "
    "AS 'BEGIN RETURN NEW; END'",
    "CREATE OR REPLACE FUNCTION public.lines_balance() RETURNS trigger LANGUAGE plpgsql "
    "AS 'BEGIN RETURN NULL; END'",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.mine (x int)",
    "CREATE SCHEMA mine",
    "ALTER FUNCTION events_append OWNER TO choso_book",
    "SET session_replication_role = replica",
    "CREATE ROLE mine SUPERUSER",
    "COPY events TO PROGRAM 'true'",
    "SELECT lo_import('/etc/hostname')",
]
ALLOWED = [
    "SELECT count(*) FROM events, lines, balances, inbox, directory, tracking, title_page",
    "INSERT INTO events VALUES (2, gen_random_uuid(), 1, 'test.Paid', '{}', '', 0)",
    "INSERT INTO lines VALUES (2, 1, gen_random_uuid(), '1121', 0)",
    "UPDATE inbox SET key = NULL, body = NULL",
    "DELETE FROM person_keys",
    "DELETE FROM personal",
]


@pytest.fixture
def url(postgresql_url: str) -> str:
    """A book that its owner has founded, with one transfer in it."""
    book = Book(postgresql_url)
    connections_table(book.store.tables)
    done = found(book, vault(), book_id=UUID(int=7), name="Sổ mẫu", demonstration=True, at=AT)
    book.record(received(1))
    book.close()
    assert done == Founded(new=True, walled=True)
    return postgresql_url


def vault() -> Vault:
    return Vault((bytes(range(32)),))


def received(number: int) -> Transfer.Created:
    """Fifty thousand came to the vendor."""
    created = first(
        Transfer.Created,
        UUID(int=100 + number),
        account_key="a1" * 16,
        reference=f"FT{number}",
        telling=Telling("sepay", f"{number}", "d1" * 16, 50_000, AT, AT),
        stands=Standing("in", VENDOR, 50_000, Purpose("sale", "only_stall")),
    )
    assert isinstance(created, Transfer.Created)
    return created


@contextmanager
def under_the_role(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET ROLE {BOOK_ROLE}")
        yield connection


def may(url: str, statement: str) -> bool:
    """Whether the role has the right to it; any other fault of the statement fails the test."""
    with under_the_role(url) as connection:
        try:
            connection.exec_driver_sql(statement)
        except ProgrammingError as error:
            if isinstance(error.orig, InsufficientPrivilege):
                return False
            raise
    return True


def test_the_role_may_not_change_the_book(url: str) -> None:
    assert [statement for statement in REFUSED if may(url, statement)] == []


def test_the_role_may_add_to_the_book(url: str) -> None:
    with under_the_role(url) as connection:
        for statement in ALLOWED:
            connection.exec_driver_sql(statement)
        connection.rollback()


def test_the_triggers_hold_under_the_role_too(url: str) -> None:
    unbalanced = "INSERT INTO lines VALUES (2, 1, gen_random_uuid(), '1121', 5)"
    with under_the_role(url) as connection, pytest.raises(DBAPIError, match="balance"):
        connection.exec_driver_sql(unbalanced)


@pytest.fixture
def clerk_url(url: str) -> Iterator[str]:
    """The same book for a log-in that owns nothing and may only take the role."""
    owner = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with owner.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE IF EXISTS {CLERK}")
        connection.exec_driver_sql(f"CREATE ROLE {CLERK} LOGIN IN ROLE {BOOK_ROLE}")
    yield make_url(url).set(username=CLERK).render_as_string(hide_password=False)
    with owner.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE {CLERK}")


def test_a_book_works_fully_under_the_role(clerk_url: str) -> None:
    book = Book(clerk_url, role=True)
    try:
        with book.reading() as connection:
            assert connection.exec_driver_sql("SELECT current_user").scalar() == BOOK_ROLE
        assert rights.can_take_role(book.store.engines)

        heard = book.log.subscribe(gt=1)
        assert book.record(received(2), inbox=(told("2"),), decided_on=0) == 2
        assert next(heard).id == 2
        heard.stop()
        with pytest.raises(Taken):
            book.record(received(2))

        transfer = book.find(Transfer, UUID(int=102))
        assert transfer
        transfer.settle("line 1", 50_000, AT)
        book.save(transfer)
        facts = {"account_key": "a", "bank": "999999", "entity_id": UUID(int=1)}
        book.save(begin(first(BankAccount.Created, UUID(int=5), **facts)))
        assert [position for position, _ in book.directory_events(0)] == [4]

        again = book.find(Transfer, UUID(int=102))
        assert again
        assert again.settled_by == "line 1"
        with book.reading() as connection:
            balances = connection.exec_driver_sql(
                "SELECT code, amount_vnd FROM balances WHERE amount_vnd <> 0 ORDER BY code"
            ).all()
        assert [tuple(row) for row in balances] == [
            ("1120", 50_000), ("1121", 50_000), ("5110", -100_000),
        ]  # fmt: skip
    finally:
        book.close()


def test_founding_again_changes_nothing_and_gives_the_rights_back(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"GRANT UPDATE, DELETE ON events TO {BOOK_ROLE}, PUBLIC")
        connection.exec_driver_sql("ALTER TABLE lines DISABLE TRIGGER ALL")
        connection.exec_driver_sql("DROP TRIGGER events_for_ever ON events")

    book = Book(url)
    connections_table(book.store.tables)
    done = found(book, vault(), book_id=UUID(int=8), name="x", demonstration=False, at=AT)
    book.close()

    assert done == Founded(new=False, walled=True)
    assert [statement for statement in REFUSED if may(url, statement)] == []
    for statement in ("DELETE FROM events", "DELETE FROM lines"):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
            connection.exec_driver_sql(statement)
