"""Followers carry every event on, once; what fails stops only itself, and says so."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from sqlalchemy import text

from ledger.follow.batch import Batch
from ledger.follow.followers import Followers
from ledger.follow.projection import Changes, Kept, Projection
from ledger.follow.rebuild import catch_up
from ledger.follow.shelf import NotBuiltYet, Shelf
from ledger.follow.status import Status
from ledger.transfer import Transfer
from tests.builders import CODE, Market
from tests.ledger.follow.shelves import (
    EVENTS,
    MONEY,
    SUMS,
    TOLD,
    folding,
    follow,
    head,
    misses_nothing,
    rows,
    shelf_of,
    sound,
    stumbling,
)
from tests.ledger.insider import ORPHAN, PAID, TOLD_AGAIN, Insider, tell

CREATED = Transfer.Created.TOPIC


@contextmanager
def following(market: Market, *projections: Projection) -> Iterator[Followers]:
    followers = Followers(market.book, projections)
    followers.start()
    try:
        yield followers
    finally:
        followers.stop()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def statuses(followers: Followers) -> dict[str, Status]:
    return {status.name: status for status in followers.status()}


def has_followed(followers: Followers, *names: str) -> None:
    """Waits until these (all, when none is named) are at the head."""

    def there() -> bool:
        return all(
            sound(s) for name, s in statuses(followers).items() if name in names or not names
        )

    until(there)


def test_it_carries_everything_on_and_what_comes_while_it_follows(market: Market) -> None:
    tell(market)
    with following(market, EVENTS, TOLD) as followers:
        has_followed(followers)
        market.hear(event_id="9", reference="FT9", amount_vnd=7_000)
        has_followed(followers)

        assert misses_nothing(market.book, followers.shelf)
        assert rows(followers.shelf, TOLD, MONEY) == [(CREATED, 172_000)]


def test_an_empty_book_is_followed_too(market: Market) -> None:
    with following(market, EVENTS) as followers:
        has_followed(followers)

        assert rows(followers.shelf, EVENTS, SUMS) == []


def test_a_lone_event_is_carried_on_as_soon_as_it_is_written(market: Market) -> None:
    """The writer's bell wakes the follower of its process: nobody waits for the next look."""
    seller = market.seller()
    with following(market, EVENTS) as followers:
        has_followed(followers)
        took = []
        for n in range(20):
            time.sleep(0.03)
            market.hear(account_number=seller.number, event_id=str(n), reference=f"FT{n}")
            began = time.monotonic()
            until(lambda: statuses(followers)["every_event"].lag == 0)
            took.append(time.monotonic() - began)

        assert sorted(took)[len(took) // 2] < 0.5  # Generous: a busy machine is no defect.


def test_nobody_reads_what_is_still_being_built(market: Market) -> None:
    tell(market)
    with shelf_of(market.book) as shelf:
        with pytest.raises(NotBuiltYet), shelf.reading(EVENTS):
            pass
        [status] = catch_up(market.book, shelf, [stumbling(EVENTS, [PAID])])

        assert (status.state, status.position) == ("growing", PAID - 1)
        with pytest.raises(NotBuiltYet), shelf.reading(EVENTS):
            pass


def test_a_fold_that_fails_stops_only_itself_at_the_event_that_it_cannot_take(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    tell(market)
    faults = [ORPHAN]
    with following(market, stumbling(EVENTS, faults), TOLD) as followers:
        until(lambda: statuses(followers)["every_event"].failed is not None)
        market.hear(event_id="9", reference="FT9")
        has_followed(followers, "money_told")

        failed = statuses(followers)["every_event"]
        assert (failed.position, failed.lag) == (ORPHAN - 1, head(market.book) - ORPHAN + 1)
        assert failed.failed == (
            f"At position {ORPHAN}: ZeroDivisionError: this fold cannot take it"
        )
        told = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
        assert len(told) == 1
        assert f"every_event stopped after position {ORPHAN - 1}." in told[0]

        faults.clear()
        market.hear(event_id="10", reference="FT10")
        has_followed(followers, "money_told")
        assert statuses(followers)["every_event"].position == ORPHAN - 1, "nobody told it to go on"

        followers.retry("every_event")
        has_followed(followers)
        assert misses_nothing(market.book, followers.shelf)


def test_what_has_failed_is_tried_again_by_a_new_start(market: Market) -> None:
    tell(market)
    with following(market, stumbling(EVENTS, [PAID])) as followers:
        until(lambda: statuses(followers)["every_event"].failed is not None)
    with following(market, EVENTS) as followers:
        has_followed(followers)

        assert misses_nothing(market.book, followers.shelf)


def test_a_batch_and_its_place_are_written_together_or_not_at_all(market: Market) -> None:
    """The rows of the first sheet are written before the second one's turn out to be unwritable."""
    tell(market)

    def fold(batch: Batch, kept: Kept) -> Changes:
        changes = EVENTS.fold(batch, kept)
        if batch.end.position >= PAID:
            changes.add(SUMS, (CREATED,), "not a number")  # type: ignore[arg-type]
        return changes

    with shelf_of(market.book) as shelf:
        [status] = catch_up(market.book, shelf, [folding(EVENTS, fold)])
        assert (status.position, status.failed is None) == (PAID - 1, False)

        with shelf.writing() as connection:
            connection.execute(text(f"UPDATE {shelf.kept} SET failed = NULL"))
        follow(market.book, shelf, EVENTS)
        assert misses_nothing(market.book, shelf)


def test_an_event_that_cannot_be_read_stops_those_who_want_to_read_it(market: Market) -> None:
    tell(market)
    insider = Insider(market)
    insider.changes_event(TOLD_AGAIN, topic="ledger.Transfer.Unheard")
    everything = folding(EVENTS, lambda batch, kept: _read_all(batch))
    with shelf_of(market.book) as shelf:
        one, other = catch_up(market.book, shelf, [everything, TOLD])

        assert (one.position, other.position) == (TOLD_AGAIN - 1, head(market.book))
        assert one.failed is not None
        assert f"At position {TOLD_AGAIN}" in one.failed
        assert "ledger.Transfer.Unheard" in one.failed


def _read_all(batch: Batch) -> Changes:
    class Everything(set[str]):
        def __contains__(self, topic: object) -> bool:
            return True

    batch.of(Everything())
    return Changes()


def test_a_gap_in_the_log_is_refused_loudly_after_all_that_stands_before_it(
    market: Market,
) -> None:
    tell(market)
    Insider(market).removes_event(ORPHAN)
    with following(market, EVENTS, TOLD) as followers:
        until(lambda: all(status.failed for status in followers.status()))

        for status in followers.status():
            assert status.position == ORPHAN - 1
            assert status.failed == (
                f"Position {ORPHAN} is missing: something was removed from the log."
            )


@pytest.mark.parametrize("harm", ["removed", "replaced"])
def test_a_book_that_holds_another_event_where_one_stood_is_refused(
    market: Market, harm: str
) -> None:
    """As after an older backup was put back, and other money has come since."""
    tell(market)
    insider = Insider(market)
    with shelf_of(market.book) as shelf:
        follow(market.book, shelf, EVENTS)
        last = head(market.book)
        if harm == "removed":
            insider.removes_event(last)
        else:
            insider.changes_event(last, salt=bytes(16))

        [status] = catch_up(market.book, shelf, [EVENTS])
        assert status.failed is not None
        assert "rebuilt" in status.failed


def test_two_followers_at_once_carry_each_batch_once(market: Market) -> None:
    tell(market)
    begin, faults = Event(), list[BaseException]()

    def run(shelf: Shelf) -> None:
        begin.wait()
        try:
            for _ in range(30):
                catch_up(market.book, shelf, [EVENTS, TOLD])
        except BaseException as fault:
            faults.append(fault)

    with shelf_of(market.book) as one, shelf_of(market.book) as other:
        threads = [Thread(target=run, args=(shelf,)) for shelf in (one, other, one)]
        for thread in threads:
            thread.start()
        begin.set()
        for n in range(60):
            market.hear(event_id=f"E{n}", reference=f"FT{n}X", memo=CODE)
        for thread in threads:
            thread.join()
        follow(market.book, one, EVENTS)

        assert faults == []
        assert misses_nothing(market.book, one)


def test_of_two_who_follow_one_stands_by_and_takes_over(market: Market) -> None:
    """On PostgreSQL; on SQLite both follow, and neither does harm."""
    tell(market)
    with following(market, EVENTS) as first:
        has_followed(first)
        with following(market, EVENTS) as second:
            market.hear(event_id="9", reference="FT9")
            has_followed(first)
            if market.book.store.engines.dialect == "postgresql":
                assert second._lanes == []
            first.stop()
            market.hear(event_id="10", reference="FT10")
            has_followed(second)

            assert misses_nothing(market.book, second.shelf)
