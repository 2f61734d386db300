"""What the door counts is right whichever worker is asked, and survives a worker."""

import os
import re
import signal
from pathlib import Path

from tests.web.door.serving import Served, eventually, movement, served
from web.bench.simulated import SimulatedMarket


def counts(door: Served) -> dict[str, float]:
    """The counts as Prometheus reads them, by name and labels."""
    told = door.ask("GET", "/metrics")
    assert told.headers["content-type"].startswith("text/plain; version=")
    lines = told.body.decode().splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in lines
        if not line.startswith("#")
    }


def test_two_workers_count_together_and_a_dead_one_is_not_forgotten(
    postgresql_market: SimulatedMarket, tmp_path: Path
) -> None:
    first = 'choso_notices_total{outcome="first",provider="sepay"}'
    again = 'choso_notices_total{outcome="not_news",provider="sepay"}'
    forged = 'choso_notices_total{outcome="bad_signature",provider="sepay"}'
    with served(postgresql_market, tmp_path / "log", "--workers", "2") as door:
        for _ in range(20):
            told = movement(postgresql_market)
            door.tell(told)
            door.tell(told)
            door.tell(told, secret="a stranger's")
        for _ in range(6):  # Either worker answers.
            found = counts(door)
            assert (found[first], found[again], found[forged]) == (20, 20, 20)
            assert found['choso_requests_total{route="/hooks/sepay",status="200"}'] == 40
            assert found['choso_requests_total{route="/hooks/sepay",status="401"}'] == 20
            assert found['choso_request_seconds_count{route="/hooks/sepay"}'] == 60

        os.kill(door.workers()[0], signal.SIGKILL)
        eventually(lambda: len(door.workers()) == 2)
        door.tell(movement(postgresql_market))
        found = counts(door)
        with door.raw():
            eventually(lambda: counts(door)["choso_connections"] >= 1)

    assert found[first] == 21
    assert not [name for name in found if "pid=" in name]


def test_no_label_comes_from_a_client(sqlite_market: SimulatedMarket, tmp_path: Path) -> None:
    with served(sqlite_market, tmp_path / "log") as door:
        for path in ("/hooks/secret-1", "/secret-2", "/?secret-3", "/hooks/sepay?secret-4"):
            door.ask("POST", path, {"X-Request-Id": "secret-5"})
            door.ask("SECRET-6", path)
        found = counts(door)

    assert not [name for name in found if re.search("secret", name, re.IGNORECASE)]
