"""What a test may ask for: a database on either engine, and a run that is the same each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.engines import ENGINES, postgresql_database, sqlite_database
from tests.sample import SEED, SOAK, sample
from web.commands.throwaway_postgresql import throwaway_postgresql

settings.register_profile(
    "choso",
    deadline=None,  # A busy machine is not a defect; nor is a slow generator.
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    max_examples=sample(100, soak=10_000),
    derandomize=not SOAK,  # A soak takes its examples from the seed instead.
)
settings.load_profile("choso")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(SEED)


def pytest_report_header() -> str:
    size = "full sizes (CHOSO_SOAK=1)" if SOAK else "a sample; full sizes with make soak"
    return f"choso: seed {SEED} (CHOSO_SEED), {size}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SOAK:
        return
    held_back = [item for item in items if item.get_closest_marker("soak")]
    items[:] = [item for item in items if item not in held_back]
    config.hook.pytest_deselected(items=held_back)


@pytest.fixture
def seed() -> int:
    """For a test that makes its own random cases; printed at the head of the run."""
    return SEED


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A real PostgreSQL, started when the first test asks, gone with the run."""
    with throwaway_postgresql() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return sqlite_database(tmp_path)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    with postgresql_database(postgresql_server) as url:
        yield url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; the test runs once an engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
