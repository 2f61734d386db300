"""Books with a small market, and servers that several tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import ENGINES, postgresql_database, sqlite_database
from tests.web.door.serving import Served, served
from web.bench.simulated import SimulatedMarket, simulated_market

STALLS = 3


@pytest.fixture
def market(database_url: str, tmp_path: Path) -> SimulatedMarket:
    """A book of its own on either engine, with three stalls."""
    return simulated_market(tmp_path, database_url, STALLS)


@pytest.fixture
def sqlite_market(sqlite_url: str, tmp_path: Path) -> SimulatedMarket:
    return simulated_market(tmp_path, sqlite_url, STALLS)


@pytest.fixture
def postgresql_market(postgresql_url: str, tmp_path: Path) -> SimulatedMarket:
    return simulated_market(tmp_path, postgresql_url, STALLS)


@pytest.fixture(scope="module", params=ENGINES)
def door(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server that the tests of a module share, once an engine."""
    folder = tmp_path_factory.mktemp("door")
    if request.param == "sqlite":
        with served(
            simulated_market(folder, sqlite_database(folder), STALLS), folder / "log"
        ) as one:
            yield one
        return
    with (
        postgresql_database(request.getfixturevalue("postgresql_server")) as url,
        served(simulated_market(folder, url, STALLS), folder / "log", "--workers", "2") as one,
    ):
        yield one
