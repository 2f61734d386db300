"""Who may do what on PostgreSQL: the program's role can add to the book, not change it."""

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from ledger.store.engines import BOOK_ROLE, Engines

RIGHTS = {
    "events": "SELECT, INSERT",
    "lines": "SELECT, INSERT",
    "directory": "SELECT, INSERT",
    "inbox": "SELECT, INSERT, UPDATE (key, body)",  # A notice's key can be destroyed.
    "balances": "SELECT, INSERT, UPDATE",
    "tracking": "SELECT, INSERT, UPDATE",
    "title_page": "SELECT",
    "person_keys": "SELECT, INSERT, UPDATE, DELETE",
    "personal": "SELECT, INSERT, UPDATE, DELETE",
    "connections": "SELECT, INSERT, UPDATE, DELETE",
}
"""What the role may do with each table; nothing else is granted."""


def grant(connection: Connection, schema: str) -> bool:
    """Creates the role when it is missing and gives it its rights; False when we may not."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(
                f"DO $$ BEGIN CREATE ROLE {BOOK_ROLE} NOLOGIN; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
            connection.exec_driver_sql(f"GRANT {BOOK_ROLE} TO CURRENT_USER")
    except DBAPIError as error:
        if isinstance(error.orig, InsufficientPrivilege):
            return False
        raise
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {BOOK_ROLE}")
    there = set(inspect(connection).get_table_names(schema))
    for table in sorted(RIGHTS.keys() & there):
        rights = RIGHTS[table]
        connection.exec_driver_sql(f"REVOKE ALL ON {schema}.{table} FROM {BOOK_ROLE}, PUBLIC")
        connection.exec_driver_sql(f"GRANT {rights} ON {schema}.{table} TO {BOOK_ROLE}")
    return True


def can_take_role(engines: Engines) -> bool:
    """Whether this log-in may work under the role."""
    if engines.dialect != "postgresql":
        return False
    query = (
        "SELECT coalesce(bool_or(pg_has_role(current_user, oid, 'member')), false) "
        f"FROM pg_roles WHERE rolname = '{BOOK_ROLE}'"
    )
    with engines.reading() as connection:
        return bool(connection.exec_driver_sql(query).scalar())
