"""A rebuild grows beside what is in use, is swapped in whole, and equals what was there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest
from sqlalchemy import inspect, text

from commune.indicators.turnover import TURNOVER
from ledger.follow.batch import Batch
from ledger.follow.carry import carry
from ledger.follow.generations import GROWING, IN_USE, RETIRED
from ledger.follow.lanes import begin, lanes, tidy
from ledger.follow.projection import Changes, Kept
from ledger.follow.rebuild import catch_up, rebuild
from ledger.follow.shelf import NotBuiltYet, Shelf
from market.stalls.feed import FEED
from market.stalls.work_list import WORK_LIST
from tests.builders import CODE, Market
from tests.ledger.follow.shelves import (
    EVENTS,
    PLACES,
    SUMS,
    follow,
    head,
    misses_nothing,
    rows,
    shelf_of,
    stumbling,
)
from tests.ledger.follow.troubled_day import TroubledDay
from tests.ledger.insider import PAID, tell
from tests.sample import sample

REAL = (TURNOVER, FEED, WORK_LIST)


@pytest.fixture
def shelf(market: Market) -> Iterator[Shelf]:
    with shelf_of(market.book) as shelf:
        yield shelf


def states(shelf: Shelf) -> list[str]:
    return [generation.state for generation in shelf.all()]


def contents(shelf: Shelf) -> list[object]:
    return [rows(shelf, p, sheet) for p in REAL for sheet in p.sheets]


def test_a_rebuild_is_swapped_in_and_the_old_one_goes_at_the_next_start(
    market: Market, shelf: Shelf
) -> None:
    tell(market)
    follow(market.book, shelf, EVENTS)
    before = rows(shelf, EVENTS, PLACES)

    rebuild(market.book, shelf, [EVENTS])

    assert states(shelf) == [RETIRED, IN_USE]
    assert rows(shelf, EVENTS, PLACES) == before
    tidy(shelf, [EVENTS])
    assert states(shelf) == [IN_USE]
    with shelf.engines.reading() as connection:
        tables = inspect(connection).get_table_names(schema=shelf.engines.schema)
    assert sorted(tables) == ["generations", "places__2", "sums__2"]


def test_readers_see_the_old_one_whole_until_the_new_one_is_whole(
    market: Market, shelf: Shelf
) -> None:
    tell(market)
    follow(market.book, shelf, EVENTS)
    before = rows(shelf, EVENTS, PLACES)
    with shelf.reading(EVENTS) as long_reader:
        rebuild(market.book, shelf, [stumbling(EVENTS, [PAID])])
        assert rows(shelf, EVENTS, PLACES) == before
        assert states(shelf) == [IN_USE, GROWING]

        rebuild(market.book, shelf, [EVENTS])
        market.hear(event_id="9", reference="FT9")
        follow(market.book, shelf, EVENTS)

        table = long_reader.table(PLACES)
        seen = long_reader.rows(table.select().order_by(table.c.position))
        assert [tuple(row) for row in seen] == before
    assert misses_nothing(market.book, shelf)


def test_a_rebuild_whose_fold_fails_leaves_the_old_one_in_use(market: Market, shelf: Shelf) -> None:
    tell(market)
    follow(market.book, shelf, EVENTS)

    rebuild(market.book, shelf, [stumbling(EVENTS, [PAID])])
    market.hear(event_id="9", reference="FT9")
    [status] = catch_up(market.book, shelf, [EVENTS])

    assert (status.lag, status.failed) == (0, None)
    assert misses_nothing(market.book, shelf)
    assert [g.failed is not None for g in shelf.all()] == [False, True]


def test_a_rebuild_heals_what_follows_another_history(market: Market, shelf: Shelf) -> None:
    tell(market)
    follow(market.book, shelf, EVENTS)
    with shelf.writing() as connection:
        connection.execute(text(f"UPDATE {shelf.kept} SET position = 1000"))
    [status] = catch_up(market.book, shelf, [EVENTS])
    assert status.failed is not None

    [status] = rebuild(market.book, shelf, [EVENTS])

    assert (status.position, status.failed) == (head(market.book), None)
    assert misses_nothing(market.book, shelf)


def test_events_that_come_during_a_rebuild_are_in_it(market: Market, shelf: Shelf) -> None:
    tell(market)
    enough = Event()

    def money_comes() -> None:
        n = 0
        while not enough.is_set():
            n += 1
            market.hear(event_id=f"E{n}", reference=f"FT{n}X", memo=CODE)

    def sees_it_whole() -> None:
        while not enough.is_set():
            seen = rows(shelf, EVENTS, PLACES)
            assert [row[0] for row in seen] == list(range(1, len(seen) + 1))
            assert len(seen) >= whole

    faults: list[BaseException] = []

    def run(act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except BaseException as fault:
            faults.append(fault)

    follow(market.book, shelf, EVENTS)
    whole = head(market.book)
    threads = [Thread(target=run, args=(act,)) for act in (money_comes, sees_it_whole)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        rebuild(market.book, shelf, [EVENTS])
    enough.set()
    for thread in threads:
        thread.join()
    follow(market.book, shelf, EVENTS)

    assert faults == []
    assert misses_nothing(market.book, shelf)


def test_a_new_version_builds_itself_and_an_older_program_leaves_it_alone(
    market: Market, shelf: Shelf
) -> None:
    tell(market)
    follow(market.book, shelf, EVENTS)
    wider = replace(SUMS, name="sums_of_events")

    def fold(batch: Batch, kept: Kept) -> Changes:
        changes = EVENTS.fold(batch, kept)
        changes.sums[wider.name] = changes.sums.pop(SUMS.name)
        return changes

    newer = replace(EVENTS, version=2, sheets=(PLACES, wider), fold=fold)
    with pytest.raises(NotBuiltYet):
        rows(shelf, newer, wider)
    follow(market.book, shelf, newer)

    assert rows(shelf, newer, wider) != []
    [status] = catch_up(market.book, shelf, [EVENTS])
    assert (status.state, status.failed is None) == ("newer", False)
    with pytest.raises(NotBuiltYet):
        rows(shelf, EVENTS, PLACES)
    tidy(shelf, [newer])
    assert states(shelf) == [IN_USE]


def test_deleting_the_read_models_and_following_again_is_a_rebuild(market: Market) -> None:
    tell(market)
    with shelf_of(market.book) as shelf:
        follow(market.book, shelf, EVENTS)
        if shelf.engines.schema is not None:
            with shelf.writing() as connection:
                connection.exec_driver_sql(f"DROP SCHEMA {shelf.engines.schema} CASCADE")
    if shelf.engines.schema is None:
        file = Path(str(shelf.engines.url.database))
        assert file.name == "book.read.sqlite3"
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
    with shelf_of(market.book) as shelf:
        follow(market.book, shelf, EVENTS)

        assert misses_nothing(market.book, shelf)


def test_whatever_the_batches_the_read_models_are_the_same(
    market: Market, shelf: Shelf, seed: int
) -> None:
    """Each batch ends where a stop could have ended it, from one event to all of them."""
    for _ in TroubledDay(market, sample(40, soak=1_000), seed):
        pass
    last, rng = head(market.book), Random(seed)
    follow(market.book, shelf, *REAL)
    due = contents(shelf)
    for most in (1, 40, *range(2, sample(3, soak=30))):
        growing = [begin(shelf, projection) for projection in REAL]
        while any(lane.generation.position < last for lane in growing):
            until = {
                lane.projection.name: min(lane.generation.position + rng.randint(0, most), last)
                for lane in growing
            }
            for outcome in carry(market.book, shelf, growing, until):
                assert outcome.became in ("moved", "idle"), outcome
            growing = [x for x in lanes(shelf, REAL) if x.generation.state == GROWING]
        follow(market.book, shelf, *REAL)

        assert contents(shelf) == due


def test_an_old_one_that_somebody_still_reads_stays_until_the_next_time(
    market: Market, shelf: Shelf
) -> None:
    """On PostgreSQL, where a table cannot go from under its reader; nobody is made to wait long."""
    tell(market)
    follow(market.book, shelf, EVENTS)
    with shelf.reading(EVENTS) as long_reader:
        before = long_reader.rows(long_reader.table(PLACES).select())
        rebuild(market.book, shelf, [EVENTS])
        tidy(shelf, [EVENTS])
        if shelf.engines.schema is not None:
            assert states(shelf) == [RETIRED, IN_USE]
        assert long_reader.rows(long_reader.table(PLACES).select()) == before
    tidy(shelf, [EVENTS])

    assert states(shelf) == [IN_USE]
