"""The follower's process: begun again when it dies, gone when its parent is, never in the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.web.door.serving import alive, eventually, kill_group

PARENT = """
import os, sys, time, signal
from pathlib import Path
from web.serve.follower_process import FollowerProcess

def follow(stop):
    with open(sys.argv[1], "a") as file:
        print(os.getpid(), file=file)
    if sys.argv[2] == "fails":
        raise ValueError("0912345678")
    stop.wait()
    if sys.argv[2] == "dawdles":
        time.sleep(600)

follower = FollowerProcess(follow, lambda: None)
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
while not stopping:
    follower.keep_alive()
    time.sleep(0.05)
follower.ask_to_stop()
follower.stop(time.monotonic() + 1)
"""


@contextmanager
def parent(begun: Path, way: str = "follows") -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(begun), way],
        stderr=begun.with_suffix(".log").open("wb"), start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)
        kill_group(process.pid)


def followers(begun: Path) -> list[int]:
    """The process ids of all that were ever begun."""
    return [int(line) for line in begun.read_text().split()] if begun.exists() else []


def test_a_killed_follower_is_begun_again(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with parent(begun):
        eventually(lambda: len(followers(begun)) == 1)
        os.kill(followers(begun)[0], signal.SIGKILL)
        eventually(lambda: len(followers(begun)) == 2)

    assert not any(map(alive, followers(begun)))


def test_a_follower_ends_when_its_parent_was_killed(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with parent(begun) as process:
        eventually(lambda: len(followers(begun)) == 1)
        process.kill()
        eventually(lambda: not any(map(alive, followers(begun))), within_s=5)


@pytest.mark.parametrize("way", ["follows", "dawdles"])
def test_a_follower_ends_in_time(tmp_path: Path, way: str) -> None:
    begun = tmp_path / "begun"
    with parent(begun, way) as process:
        eventually(lambda: len(followers(begun)) == 1)
        began = time.monotonic()
        process.terminate()
        process.wait(30)

    assert time.monotonic() - began < 5
    assert not any(map(alive, followers(begun)))


def test_a_follower_that_fails_says_where_and_is_tried_again_without_haste(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with parent(begun, "fails"):
        eventually(lambda: len(followers(begun)) >= 2)
        time.sleep(0.5)
        assert len(followers(begun)) == 2

    log = begun.with_suffix(".log").read_text()
    assert '"follower_failed"' in log
    assert "ValueError" in log
    assert "0912345678" not in log
