"""Door and follower are started, watched and stopped together, whichever of them is killed."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.web.door.serving import Served, alive, eventually, movement, served
from web.bench.simulated import SimulatedMarket, simulated_market

BOTH = """
import os, sys, web.serve.server
from web.cli import main

class WithFollower(web.serve.server.Server):
    def __init__(self, *words, **named):
        super().__init__(*words, **named | {"follow": follow})

def follow(stop):
    with open(os.environ["BEGUN"], "a") as file:
        print(os.getpid(), file=file)
    stop.wait()

web.serve.server.Server = WithFollower
main()
"""
COMMAND = (sys.executable, "-c", BOTH, "serve", "--attached")


def followers(begun: Path) -> list[int]:
    """The process ids of all that were ever begun."""
    return [int(line) for line in begun.read_text().split()] if begun.exists() else []


@pytest.fixture
def market(sqlite_url: str, tmp_path: Path) -> SimulatedMarket:
    return simulated_market(tmp_path, sqlite_url, 1)


def still_serves(door: Served) -> bool:
    return door.tell(movement(door.market)).status == 200


def test_a_killed_follower_is_replaced_while_the_door_serves_and_both_stop_together(
    market: SimulatedMarket, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    with served(market, tmp_path / "log", command=COMMAND, BEGUN=str(begun)) as door:
        eventually(lambda: len(followers(begun)) == 1)
        workers = set(door.workers()) - set(followers(begun))
        os.kill(followers(begun)[0], signal.SIGKILL)
        assert still_serves(door)
        eventually(lambda: len(followers(begun)) == 2)
        assert workers < set(door.workers())

        os.kill(workers.pop(), signal.SIGKILL)
        eventually(lambda: len(set(door.workers()) - set(followers(begun))) == 1)
        eventually(lambda: answers(door))
        assert len(followers(begun)) == 2
        everybody = [*door.workers(), *followers(begun)]
        door.stop()

    assert door.process.returncode == 0
    assert not any(map(alive, everybody))


def answers(door: Served) -> bool:
    try:
        return still_serves(door)
    except OSError:
        return False


def test_when_the_server_is_killed_both_end_and_the_port_is_free(
    market: SimulatedMarket, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    with served(market, tmp_path / "log", command=COMMAND, BEGUN=str(begun)) as door:
        eventually(lambda: len(followers(begun)) == 1)
        everybody = [*door.workers(), *followers(begun)]
        door.process.kill()
        eventually(lambda: not any(map(alive, everybody)), within_s=6)

    socket.create_server(("127.0.0.1", door.port)).close()
