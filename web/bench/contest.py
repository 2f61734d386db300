"""The contest of payments on one engine: our book and its peers take turns, and what came of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from web.bench.payments import BULK, OurBook
from web.bench.peers import (
    POOL,
    Library,
    Pgbench,
    library_on_postgresql,
    library_on_sqlite,
    own_schema,
)
from web.bench.rounds import Contender, line, take_rounds

CALLERS = (1, 16, 64, 256)
CLIENTS = (16, 64)
"""What pgbench is run with."""
NOTICED = 64
"""Callers of the full path, from a notice."""
WARM_UP_S = 0.5


@dataclass(frozen=True)
class Size:
    """How long a contest takes."""

    rounds: int
    seconds: float
    """Of one turn."""
    scale: int
    """Of pgbench: 100,000 accounts each."""

    @property
    def steps(self) -> int:
        """Turns on both engines, warming up included; an upper bound."""
        ours, libraries = len(CALLERS) + 3, 2
        return (self.rounds + 1) * (2 * (ours + libraries) + len(CLIENTS))


def on_sqlite(folder: Path, size: Size, advance: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """In new files of a folder, which should lie on a real disk."""
    with ExitStack() as stack:
        ours = OurBook(f"sqlite:///{folder / 'book.db'}", None)
        stack.callback(ours.close)
        ours.create()
        library = library_on_sqlite(folder / "library.db", ours.stored_state())
        stack.callback(library.close)
        yield from _contest("sqlite", ours, library, None, size, advance)


def on_postgresql(url: str, size: Size, advance: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """In a schema of its own, dropped at the end, of a database that may hold other things."""
    with ExitStack() as stack:
        schema = stack.enter_context(own_schema(url))
        pgbench = Pgbench(url, schema)
        pgbench.fill(size.scale)
        ours = OurBook(url, schema)
        stack.callback(ours.close)
        ours.create()
        library = library_on_postgresql(url, schema, ours.stored_state())
        if library is not None:
            stack.callback(library.close)
        yield from _contest("postgresql", ours, library, pgbench, size, advance)


def _contest(
    engine: str,
    ours: OurBook,
    library: Library | None,
    pgbench: Pgbench | None,
    size: Size,
    advance: Callable[[], None],
) -> Iterator[dict[str, Any]]:
    def at(seconds: float) -> dict[str, Contender]:
        return _contenders(ours, library, pgbench, seconds)

    take_rounds(at(min(WARM_UP_S, size.seconds)), 1, advance)
    turns = take_rounds(at(size.seconds), size.rounds, advance)
    head = {"bench": "payments", "engine": engine, "unit": "payments/s"}
    pgbenches = {name: turns[name] for name in turns if name.startswith("pgbench_")}
    beside = {"pgbench_scale": size.scale} if pgbench else {}
    for callers in CALLERS:
        peers, threads = dict(pgbenches), {}
        if library is not None:
            peers["library_recorder"] = turns[_library(callers)]
            threads = {"library_threads": min(callers, POOL)}
        found = line(head, turns[f"ours_{callers}"], peers, callers) | beside | threads
        if callers == NOTICED:
            notice = line(head, turns["notice"], {}, callers)
            found["notice"] = notice["ours"]
            found |= {f"notice_{key}": notice[key] for key in ("p50_ms", "p99_ms")}
            found["notice_rounds"] = notice["ours_rounds"]
        yield found
    for path in ("bulk", "bulk_built"):
        yield line({**head, "path": path, "batch": BULK}, turns[path], pgbenches, 1) | beside


def _contenders(
    ours: OurBook, library: Library | None, pgbench: Pgbench | None, seconds: float
) -> dict[str, Contender]:
    """In the order of their turns: whoever is compared stands close."""
    contenders: dict[str, Contender] = {}
    for callers in CALLERS:
        if library is not None:
            contenders.setdefault(_library(callers), partial(library.turn, callers, seconds))
        contenders[f"ours_{callers}"] = partial(ours.record, callers, seconds)
        if pgbench is not None and callers in CLIENTS:
            contenders[f"pgbench_c{callers}"] = partial(pgbench.turn, callers, seconds)
    contenders["notice"] = partial(ours.hear, NOTICED, seconds)
    contenders["bulk"] = partial(ours.bulk, seconds, building=False)
    contenders["bulk_built"] = partial(ours.bulk, seconds, building=True)
    return contenders


def _library(callers: int) -> str:
    """Its turns with the threads that its pool permits: the same for many callers."""
    return f"library_{min(callers, POOL)}"
