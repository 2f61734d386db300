"""The measuring of followers runs on both engines, says what the bench promises, leaves nothing."""

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from web.bench.follow import FOLDS, Size, on_postgresql, on_sqlite

QUICK = Size(rounds=1, events=1_000, seconds=0.2, one_by_one=50)
KEYS = {"bench", "engine", "unit", "ours", "peers", "ratios", "concurrency", "rounds"}


def checked(lines: list[dict[str, Any]], engine: str, steps: list[None]) -> None:
    assert all(found.keys() >= KEYS for found in lines)
    assert {(found["bench"], found["engine"]) for found in lines} == {("follow", engine)}
    rates = [found for found in lines if found["unit"] == "events/s"]
    assert [found["fold"] for found in rates] == [*(fold.name for fold in FOLDS), "all"]
    assert all(found["ratios"].keys() == {"library_projection"} for found in rates)
    lags = [found for found in lines if found["unit"] == "ms"]
    assert [found["woken"] for found in lags] == ["bell", "poll"]
    assert all(0 <= found["p50_ms"] <= found["p99_ms"] == found["ours"] for found in lags)
    assert len(steps) * 2 == QUICK.steps


def test_on_sqlite(tmp_path: Path) -> None:
    steps: list[None] = []

    checked(list(on_sqlite(tmp_path, QUICK, lambda: steps.append(None))), "sqlite", steps)


def test_on_postgresql(postgresql_url: str) -> None:
    def databases() -> set[str]:
        with create_engine(postgresql_url, poolclass=NullPool).connect() as connection:
            return set(connection.scalars(text("SELECT datname FROM pg_database")))

    steps: list[None] = []
    before = databases()

    lines = list(on_postgresql(postgresql_url, QUICK, lambda: steps.append(None)))

    checked(lines, "postgresql", steps)
    assert databases() == before
