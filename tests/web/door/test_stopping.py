"""Stopped in the middle of a burst: what was acknowledged is stored, and nothing is left behind."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.sample import SOAK
from tests.web.door.crowd import Crowd, faults_of
from tests.web.door.serving import Served, alive, eventually, locked, movement, served
from web.bench.simulated import SimulatedMarket, simulated_market
from web.door.limits import Limits

ENDINGS = ["sqlite-interrupt", "postgresql-terminate"]
if SOAK:
    ENDINGS += ["sqlite-terminate", "postgresql-interrupt"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_stopped_in_a_burst_it_keeps_what_it_acknowledged_and_leaves_nothing(
    request: pytest.FixtureRequest, ending: str, tmp_path: Path
) -> None:
    engine, _, way = ending.partition("-")
    url = request.getfixturevalue(f"{engine}_url")
    market = simulated_market(tmp_path, url, 3)
    with served(market, tmp_path / "log", TMPDIR=str(tmp_path)) as door, Crowd(door) as crowd:
        processes = [door.process.pid, *door.workers()]
        eventually(lambda: len(crowd.acknowledged) > 100)
        if way == "interrupt":  # As a terminal does: everybody hears Ctrl-C.
            os.killpg(door.process.pid, signal.SIGINT)
        took = door.stop()
        crowd.leave()

    assert door.process.returncode == 0
    assert took < Limits.graceful_s
    assert faults_of(crowd, url) == []
    assert [pid for pid in processes if alive(pid)] == []
    assert list(tmp_path.glob("choso-counts-*")) == []
    with locked(url):  # Nobody else holds it.
        pass
    socket.create_server(("127.0.0.1", door.port)).close()


def test_what_cannot_be_written_does_not_keep_it_from_stopping(
    sqlite_market: SimulatedMarket, tmp_path: Path
) -> None:
    url = sqlite_market.settings.database_url
    with (
        served(sqlite_market, tmp_path / "log", CHOSO_DOOR_GRACEFUL_S="3") as door,
        Crowd(door, banks=4) as crowd,
        locked(url),
    ):
        eventually(lambda: waiting(door) >= 4)
        took = door.stop()

    assert took < 5
    assert faults_of(crowd, url) == []
    assert [pid for pid in (door.process.pid, *door.workers()) if alive(pid)] == []


def waiting(door: Served) -> float:
    """Notices that wait for their commit."""
    text = door.ask("GET", "/metrics").body.decode()
    return next(
        (
            float(line.split()[1])
            for line in text.splitlines()
            if line.startswith("choso_notices_waiting ")
        ),
        0,
    )


def test_a_half_request_does_not_keep_it_from_stopping(
    sqlite_market: SimulatedMarket, tmp_path: Path
) -> None:
    with served(sqlite_market, tmp_path / "log") as door:
        assert door.tell(movement(sqlite_market)).status == 200
        with door.raw(), door.raw(b"POST /hooks/sepay HTTP/1.1\r\nHo"), door.raw() as kept:
            kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert kept.recv(65_536).startswith(b"HTTP/1.1 200 ")
            took = door.stop()

    assert took < Limits.graceful_s / 2
