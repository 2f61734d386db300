"""kill -9 of a worker or of the server under load: nothing acknowledged is lost or doubled."""

import os
import signal
import socket
import time
from pathlib import Path
from random import Random

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.sample import sample
from tests.web.door.crowd import Crowd, faults_of
from tests.web.door.serving import alive, eventually, served
from web.bench.simulated import SimulatedMarket, simulated_market
from web.commands.throwaway_postgresql import throwaway_postgresql


def test_killed_workers_are_replaced_and_lose_nothing(
    market: SimulatedMarket, tmp_path: Path, seed: int
) -> None:
    random, url = Random(seed), market.settings.database_url
    with served(market, tmp_path / "log") as door, Crowd(door) as crowd:
        full = len(door.workers())
        for _ in range(sample(3, soak=50)):
            before = len(crowd.acknowledged)
            eventually(lambda before=before: len(crowd.acknowledged) > before + 30)
            time.sleep(random.random() / 10)
            victim = random.choice(door.workers())
            os.kill(victim, signal.SIGKILL)
            eventually(lambda victim=victim: victim not in door.workers())
            eventually(lambda: len(door.workers()) == full)
        before = len(crowd.acknowledged)
        eventually(lambda: len(crowd.acknowledged) > before + 30)
        crowd.leave()

        print(f"{len(crowd.acknowledged):,} acknowledged")
        assert faults_of(crowd, url) == []


def test_workers_begun_anew_lose_nothing(sqlite_market: SimulatedMarket, tmp_path: Path) -> None:
    with served(sqlite_market, tmp_path / "log") as door, Crowd(door) as crowd:
        before = door.workers()
        eventually(lambda: len(crowd.acknowledged) > 30)
        door.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(door.workers()) == 1 and door.workers() != before)
        began = len(crowd.acknowledged)
        eventually(lambda: len(crowd.acknowledged) > began + 30)
        crowd.leave()

        assert faults_of(crowd, sqlite_market.settings.database_url) == []


def test_a_killed_server_takes_its_workers_with_it_and_loses_nothing(
    market: SimulatedMarket, tmp_path: Path, seed: int
) -> None:
    random, url = Random(seed), market.settings.database_url
    acknowledged = 0
    for _ in range(sample(1, soak=50)):
        with served(market, tmp_path / "log", TMPDIR=str(tmp_path)) as door, Crowd(door) as crowd:
            workers = door.workers()
            eventually(lambda crowd=crowd: len(crowd.acknowledged) > 50)
            time.sleep(random.random() / 10)
            os.kill(door.process.pid, signal.SIGKILL)
            door.process.wait()
            began = time.monotonic()
            eventually(lambda workers=workers: not any(map(alive, workers)))
            took = time.monotonic() - began
            crowd.leave()

        acknowledged += len(crowd.acknowledged)
        assert took < 6
        assert faults_of(crowd, url) == []
        socket.create_server(("127.0.0.1", door.port)).close()
        assert list(tmp_path.glob("choso-counts-*")) == []
    print(f"{acknowledged:,} acknowledged")


def test_a_killed_database_comes_back_and_loses_nothing(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    with throwaway_postgresql() as url:
        market = simulated_market(tmp_path, url, 3)
        with served(market, tmp_path / "log") as door, Crowd(door) as crowd:
            for _ in range(sample(1, soak=50)):
                before = len(crowd.acknowledged)
                eventually(lambda before=before: len(crowd.acknowledged) > before + 30)
                time.sleep(random.random() / 10)
                os.kill(random.choice(backends(url)), signal.SIGKILL)  # All are ended for one.
            before = len(crowd.acknowledged)
            eventually(lambda: len(crowd.acknowledged) > before + 30)
            crowd.leave()

            print(f"{len(crowd.acknowledged):,} acknowledged")
            assert faults_of(crowd, url) == []


def backends(url: str) -> list[int]:
    """The server's processes that work for clients."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        query = (
            "SELECT pid FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return list(connection.exec_driver_sql(query).scalars())
