"""A fresh database for each test, on the engines that Chợ Số runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

ENGINES = ("sqlite", "postgresql")
_numbers = count(1)


def sqlite_database(folder: Path) -> str:
    return f"sqlite:///{folder / 'book.db'}"


@contextmanager
def postgresql_database(server_url: str) -> Iterator[str]:
    """An empty database, dropped afterwards even when a test left connections open.

    Roles belong to the server: one that a test creates is still there for the next test.
    """
    name = f"choso_{next(_numbers)}"
    owner = create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with owner.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with owner.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
