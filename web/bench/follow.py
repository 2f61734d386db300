"""How fast read models follow the book: events a second a fold, and the lag as money comes."""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep
from typing import Any, NamedTuple

from msgspec.structs import replace

from commune.indicators.turnover import TURNOVER
from ledger.book import Book
from ledger.fact import begin
from ledger.follow.carry import Outcome
from ledger.follow.followers import Followers
from ledger.follow.rebuild import rebuild
from ledger.follow.shelf import Shelf
from ledger.posting import post
from ledger.store.append_postgresql import PostgresqlAppend
from ledger.store.append_sqlite import SqliteAppend
from ledger.store.batch import Batch
from ledger.store.command import Command, Line
from ledger.store.recorder import SALT_BYTES, now_us
from ledger.transfer import Transfer
from market.stalls.feed import FEED
from market.stalls.work_list import WORK_LIST
from web.bench.callers import Turn
from web.bench.event_by_event import EventByEvent
from web.bench.payments import Market
from web.bench.rounds import Contender, line, take_rounds
from web.bench.simulated import own_database

FOLDS = (TURNOVER, FEED, WORK_LIST)
CALLERS = 16
PAYMENTS_S = 1_000
"""Payments a second while the lag is measured."""
BULK = 1_000
AGAIN = 20
"""Every so manieth transfer of the history is told again; every other time with another amount."""


class Size(NamedTuple):
    """How much is followed, and for how long the lag is watched."""

    rounds: int
    events: int
    seconds: float
    one_by_one: int
    """Events that the peer is given: it would take minutes over all."""

    @property
    def steps(self) -> int:
        """Turns on both engines."""
        return 2 * self.rounds * (len(FOLDS) + 4)


def on_sqlite(folder: Path, size: Size, advance: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """In new files of a folder, which should lie on a real disk."""
    yield from _measure("sqlite", f"sqlite:///{folder / 'follow.db'}", size, advance)


def on_postgresql(url: str, size: Size, advance: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """In a database of its own beside the named one."""
    with own_database(url) as mine:
        yield from _measure("postgresql", mine, size, advance)


def _measure(
    engine: str, url: str, size: Size, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        book, market = Book(url), Market()
        stack.callback(book.close)
        book.store.create()
        _fill(book, market, size.events)
        shelf = Shelf(book)
        stack.callback(shelf.close)
        yield from _rates(engine, book, shelf, size, advance)
        other = Book(url)  # Its bell is not rung by the first one's writer: it has to look.
        stack.callback(other.close)
        for woken, reader in (("bell", book), ("poll", other)):
            turns = []
            for _ in range(size.rounds):
                turns.append(_lag(book, reader, market, size.seconds))
                advance()
            head = {"bench": "follow", "engine": engine, "unit": "ms", "woken": woken}
            found = line(head, turns, {}, CALLERS)
            rate, late = found["ours"], found["p99_ms"]
            yield found | {"ours": late, "payments_per_second": rate, "folds": len(FOLDS)}


def _rates(
    engine: str, book: Book, shelf: Shelf, size: Size, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """Each fold alone, all of them together, and the library's way of doing it."""
    peer = EventByEvent(book, shelf)
    contenders: dict[str, Contender] = {
        fold.name: partial(_follow, book, shelf, [fold]) for fold in FOLDS
    }
    contenders["all"] = partial(_follow, book, shelf, FOLDS)
    contenders["library_projection"] = partial(peer.turn, size.one_by_one)
    turns = take_rounds(contenders, size.rounds, advance)
    peers = {"library_projection": turns.pop("library_projection")}
    for name, ours in turns.items():
        head = {"bench": "follow", "engine": engine, "unit": "events/s", "fold": name}
        found = line(head, ours, peers, 1) | {"events": book.log.max_notification_id()}
        del found["p50_ms"], found["p99_ms"]  # Of a whole turn: they say nothing.
        yield found


def _follow(book: Book, shelf: Shelf, folds: Sequence[Any]) -> Turn:
    """From nothing to the head, swapping included."""
    started = perf_counter()
    fared = rebuild(book, shelf, folds)
    lasted = perf_counter() - started
    assert all(status.failed is None for status in fared), fared
    return Turn(fared[0].head / lasted, [lasted * 1_000])


def _fill(book: Book, market: Market, events: int) -> None:
    """A history: mostly payments that were told once."""
    engines = book.store.engines
    append = (PostgresqlAppend if engines.dialect == "postgresql" else SqliteAppend)(engines)
    numbers, written = count(), 0
    while written < events:
        commands = [_command(book, market, next(numbers)) for _ in range(BULK)]
        append(Batch(commands), now_us())
        written += sum(len(command.events) for command in commands)


def _command(book: Book, market: Market, number: int) -> Command:
    happened: list[Any] = [market.first_word()]
    if number % AGAIN == 0:
        transfer = begin(happened[0])
        assert isinstance(transfer, Transfer)
        [told] = transfer.tellings
        less_vnd = 1_000 if number % (2 * AGAIN) == 0 else 0
        transfer.hear(
            replace(told, connection="casso", amount_vnd=told.amount_vnd - less_vnd), market
        )
        happened = list(transfer.pending_events)
    return Command(
        [book.mapper.to_stored_event(event) for event in happened],
        [os.urandom(SALT_BYTES) for _ in happened],
        [Line(n, *entry) for n, event in enumerate(happened) for entry in post(event.TOPIC, event)],
    )


class _Timed(Followers):
    """Notes when it had carried everything up to which position."""

    def __init__(self, book: Book) -> None:
        super().__init__(book, FOLDS)
        self.times: list[float] = []
        self.positions: list[int] = []

    def _round(self) -> list[Outcome]:
        outcomes = super()._round()
        if outcomes:
            self.positions.append(min(o.lane.generation.position for o in outcomes))
            self.times.append(perf_counter())
        return outcomes


def _lag(book: Book, reader: Book, market: Market, seconds: float) -> Turn:
    """Payments come steadily; how long after its commit each stands in all read models."""
    followers = _Timed(reader)
    followers.start()
    try:
        while any(status.lag or status.state != "in_use" for status in followers.status()):
            sleep(0.05)
        paid, lasted = _pay(book, market, seconds)
        last = max(position for _, position in paid)
        while not followers.positions or followers.positions[-1] < last:
            sleep(0.01)
    finally:
        followers.stop()
    lags = []
    for done, position in paid:
        reached = followers.times[bisect_left(followers.positions, position)]
        lags.append(max(0.0, reached - done) * 1_000)
    return Turn(len(paid) / lasted, lags)


def _pay(book: Book, market: Market, seconds: float) -> tuple[list[tuple[float, int]], float]:
    """(when it was acknowledged, position) of each payment, and how long all of it took."""
    paid: list[tuple[float, int]] = []
    started = perf_counter()

    def caller(first: int) -> None:
        for number in range(first, int(PAYMENTS_S * seconds), CALLERS):
            sleep(max(0.0, started + number / PAYMENTS_S - perf_counter()))
            position = book.record(market.first_word())
            paid.append((perf_counter(), position))

    callers = [Thread(target=caller, args=(first,)) for first in range(CALLERS)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    return paid, perf_counter() - started
