"""The database goes away and comes back: the bank is told to come again, and nothing is lost."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.proxy import Proxy
from tests.web.door.serving import (
    Served,
    alive,
    eventually,
    locked,
    movement,
    served,
    stored,
)
from web.bench.simulated import SimulatedMarket


@pytest.fixture
def proxy(postgresql_market: SimulatedMarket) -> Iterator[Proxy]:
    with Proxy(postgresql_market.settings.database_url) as proxy:
        yield proxy


def said(door: Served, path: str) -> int:
    return door.ask("GET", path).status


def test_postgresql_away_is_a_503_and_its_return_is_noticed(
    postgresql_market: SimulatedMarket, proxy: Proxy, tmp_path: Path
) -> None:
    url, market = postgresql_market.settings.database_url, postgresql_market
    before, during = movement(market), movement(market)
    with served(market, tmp_path / "log", "--workers", "1", CHOSO_DATABASE_URL=proxy.url) as door:
        [worker] = door.workers()
        assert door.tell(before).status == 200
        proxy.shut()
        away = door.tell(during)
        eventually(lambda: said(door, "/readyz") == 503)
        assert json.loads(door.ask("GET", "/readyz").body)["fault"] == "database_away"
        assert said(door, "/healthz") == 200
        assert door.tell(before).status == 503  # Not even a repetition can be told from news.
        assert door.tell(during, secret="a stranger's").status in (401, 503)

        os.kill(worker, signal.SIGKILL)  # Another one begins without a database.
        eventually(lambda: door.workers() not in ([], [worker]))
        eventually(lambda: answers(door, 503))
        proxy.open()
        eventually(lambda: door.tell(during).status == 200)
        eventually(lambda: said(door, "/readyz") == 200)
        assert door.tell(before).headers["x-choso-news"] == "not_news"
        assert alive(door.process.pid)

    assert (away.status, away.headers["retry-after"]) == (503, "5")
    assert sorted(row.event_id for row in stored(url)) == sorted(
        str(told.event_id) for told in (before, during)
    )


def answers(door: Served, status: int) -> bool:
    """Whether a notice gets this answer; while no worker is there it gets none."""
    try:
        return door.tell(movement(door.market)).status == status
    except OSError:
        return False


def test_a_postgresql_that_says_nothing_more_keeps_no_bank_waiting_for_long(
    postgresql_market: SimulatedMarket, proxy: Proxy, tmp_path: Path
) -> None:
    market = postgresql_market
    impatient = {"CHOSO_DATABASE_URL": proxy.url, "CHOSO_DOOR_ANSWER_S": "1"}
    with served(market, tmp_path / "log", "--workers", "1", **impatient) as door:
        assert door.tell(movement(market)).status == 200
        proxy.silent = True
        proxy.cut_all()
        began = time.monotonic()
        first, second = door.tell(movement(market)), door.tell(movement(market))
        took = time.monotonic() - began
        assert said(door, "/healthz") == 200
        assert said(door, "/readyz") == 503
        proxy.silent = False
        proxy.cut_all()
        eventually(lambda: door.tell(movement(market)).status == 200)

    assert (first.status, second.status) == (503, 503)
    assert took < 8


def test_a_locked_sqlite_is_a_503_and_its_release_is_noticed(
    sqlite_market: SimulatedMarket, tmp_path: Path
) -> None:
    told = movement(sqlite_market)
    with served(sqlite_market, tmp_path / "log", CHOSO_DOOR_ANSWER_S="1") as door:
        with locked(sqlite_market.settings.database_url):
            assert door.tell(told).status == 503
            assert said(door, "/healthz") == 200
            assert said(door, "/") == 200
        eventually(lambda: door.tell(told).status == 200)

    assert [row.event_id for row in stored(sqlite_market.settings.database_url)] == [
        str(told.event_id)
    ]
