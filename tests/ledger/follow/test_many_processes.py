"""However many save, and whoever is killed: followers miss nothing and double nothing."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from ledger.follow.followers import Followers
from ledger.follow.rebuild import compare
from ledger.follow.status import statuses
from tests.builders import Market
from tests.faults.nursery import Child, Nursery, nursery
from tests.ledger.follow.programs import FOLLOWED
from tests.ledger.follow.shelves import follow, head, misses_nothing, shelf_of, sound
from tests.sample import sample

PROGRAMS = "tests.ledger.follow.programs"
PROCESSES, THREADS = 4, 16
FOR_EVER = 10**9


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Nursery]:
    with nursery(tmp_path) as children:
        yield children


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def until_it_follows(child: Child) -> None:
    until(lambda: child.said.exists() and child.lines)


def where(market: Market) -> tuple[str, str | None]:
    engines = market.book.store.engines
    return engines.url.render_as_string(hide_password=False), engines.schema


def test_a_follower_misses_nothing_while_many_threads_of_many_processes_save(
    market: Market, children: Nursery
) -> None:
    each = sample(12, soak=2_000)
    followers = Followers(market.book, FOLLOWED)
    followers.start()
    try:
        savers = [
            children.bear(PROGRAMS, "save", *where(market), f"P{n}", THREADS, each)
            for n in range(PROCESSES)
        ]
        saved = sum(saver.result() for saver in savers)
        assert head(market.book) == saved == PROCESSES * THREADS * each
        until(lambda: all(map(sound, followers.status())))

        assert misses_nothing(market.book, followers.shelf)
        assert compare(market.book, followers.shelf, FOLLOWED) == []
    finally:
        followers.stop()


def test_a_follower_killed_at_any_moment_goes_on_as_if_nothing_had_been(
    market: Market, children: Nursery, seed: int
) -> None:
    rng = Random(seed)
    kills = sample(5, soak=500)
    saver = children.bear(PROGRAMS, "save", *where(market), "P", 8, FOR_EVER)
    for _ in range(kills):
        follower = children.bear(PROGRAMS, "follow", *where(market))
        until_it_follows(follower)
        time.sleep(rng.uniform(0, 0.3))
        follower.kill()
        assert follower.ended() == -9
    saver.kill()
    assert saver.ended() == -9
    with shelf_of(market.book) as shelf:
        follow(market.book, shelf, *FOLLOWED)

        assert misses_nothing(market.book, shelf)
        assert compare(market.book, shelf, FOLLOWED) == []


def test_two_following_processes_do_each_other_no_harm(
    market: Market, children: Nursery, seed: int
) -> None:
    """One of them is killed half-way; on PostgreSQL the other then takes its place."""
    rng = Random(seed)
    saver = children.bear(PROGRAMS, "save", *where(market), "P", 4, sample(150, soak=10_000))
    one, other = (children.bear(PROGRAMS, "follow", *where(market)) for _ in range(2))
    until_it_follows(one)
    until_it_follows(other)
    time.sleep(rng.uniform(0, 0.5))
    one.kill()
    saver.result()
    with shelf_of(market.book) as shelf:
        until(lambda: all(map(sound, statuses(market.book, shelf, FOLLOWED))))
        other.kill()
        assert {one.ended(), other.ended()} == {-9}

        assert misses_nothing(market.book, shelf)
        assert compare(market.book, shelf, FOLLOWED) == []
