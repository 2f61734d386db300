"""A market for each test, on both engines; on PostgreSQL in a schema of its own, like a commune."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.builders import Market, open_market
from tests.engines import ENGINES, postgresql_database, sqlite_database

_numbers = count(1)


@pytest.fixture(scope="session")
def communes(postgresql_server: str) -> Iterator[str]:
    """One database for all: to make one takes longer than most tests."""
    with postgresql_database(postgresql_server) as url:
        yield url


@pytest.fixture(params=ENGINES)
def market(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Market]:
    """A founded book without any event."""
    if request.param == "sqlite":
        with open_market(sqlite_database(tmp_path)) as market:
            yield market
    else:
        url = request.getfixturevalue("communes")
        with open_market(url, schema=f"commune_{next(_numbers)}") as market:
            yield market
