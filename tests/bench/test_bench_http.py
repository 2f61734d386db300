"""The benchmarks of notices run, over HTTP and without, and say what they promise to say."""

from pathlib import Path
from typing import Any

import pytest

from web.bench import ingest, over_http

PROMISED = {"bench", "engine", "unit", "ours", "peers", "ratios", "concurrency", "rounds"}


def test_http_on_sqlite(tmp_path: Path) -> None:
    steps: list[int] = []
    lines = list(over_http.on_sqlite(tmp_path, 1, 0.2, lambda: steps.append(1)))

    assert [line["concurrency"] for line in lines] == list(over_http.CONNECTIONS)
    for line in lines:
        assert line.keys() >= PROMISED
        assert (line["bench"], line["engine"], line["workers"]) == ("http", "sqlite", 1)
        assert line["peers"].keys() == {"empty_handler"}
        assert line["ours"] > 0
    assert len(steps) == 4 * len(over_http.CONNECTIONS) <= over_http.steps(1)


@pytest.mark.soak
def test_http_on_postgresql(postgresql_server: str, tmp_path: Path) -> None:
    lines = list(over_http.on_postgresql(tmp_path, postgresql_server, 1, 0.2, 1, lambda: None))

    for line in lines:
        assert line["peers"].keys() == {"empty_handler", "pgbench_c16"}
        assert line["ratios"]["pgbench_c16"] > 0


def check_ingest(lines: list[dict[str, Any]], engine: str) -> None:
    assert [line["concurrency"] for line in lines] == list(ingest.CALLERS)
    for line in lines:
        assert line.keys() >= PROMISED
        assert (line["bench"], line["engine"]) == ("ingest", engine)
        assert line["ours"] > 0


def test_ingest_on_sqlite(tmp_path: Path) -> None:
    check_ingest(list(ingest.on_sqlite(tmp_path, 1, 0.1, lambda: None)), "sqlite")


@pytest.mark.soak
def test_ingest_on_postgresql(postgresql_server: str, tmp_path: Path) -> None:
    found = list(ingest.on_postgresql(tmp_path, postgresql_server, 1, 0.1, 1, lambda: None))

    check_ingest(found, "postgresql")
    assert found[0]["peers"].keys() == {"pgbench_c16", "pgbench_c64"}
