"""Notices a second without HTTP: each caller verifies received bytes and waits for their commit."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from web.bench.callers import Turn, take_turn
from web.bench.load import signed
from web.bench.peers import Pgbench, own_schema
from web.bench.rounds import Contender, line, take_rounds
from web.bench.simulated import SimulatedMarket, own_database, simulated_market
from web.simulated_bank import contracts, take_in
from web.wiring import Wiring, opened

CALLERS = (1, 16, 64)
CLIENTS = (16, 64)
"""What pgbench is run with."""
WARM_UP_S = 0.5


def steps(rounds: int) -> int:
    """Turns on both engines, warming up included."""
    return (rounds + 1) * (2 * len(CALLERS) + len(CLIENTS))


def on_sqlite(
    folder: Path, rounds: int, seconds: float, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """In new files of a folder, which should lie on a real disk."""
    market = simulated_market(folder, f"sqlite:///{folder / 'ingest.db'}")
    yield from _contest("sqlite", market, None, rounds, seconds, advance)


def on_postgresql(
    folder: Path, url: str, rounds: int, seconds: float, scale: int, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """In a database of its own beside the named one."""
    with ExitStack() as stack:
        pgbench = Pgbench(url, stack.enter_context(own_schema(url)))
        pgbench.fill(scale)
        market = simulated_market(folder, stack.enter_context(own_database(url)))
        for found in _contest("postgresql", market, pgbench, rounds, seconds, advance):
            yield found | {"pgbench_scale": scale}


def _contest(
    engine: str,
    market: SimulatedMarket,
    pgbench: Pgbench | None,
    rounds: int,
    seconds: float,
    advance: Callable[[], None],
) -> Iterator[dict[str, Any]]:
    with opened(market.settings) as wiring:
        act = _taking_in(wiring, market)

        def contenders(seconds: float) -> dict[str, Contender]:
            found: dict[str, Contender] = {
                f"ours_{callers}": partial(take_turn, act, callers, seconds) for callers in CALLERS
            }
            if pgbench is not None:
                for clients in CLIENTS:
                    found[f"pgbench_c{clients}"] = partial(pgbench.turn, clients, seconds)
            return found

        take_rounds(contenders(min(WARM_UP_S, seconds)), 1, advance)
        turns = take_rounds(contenders(seconds), rounds, advance)
    head = {"bench": "ingest", "engine": engine, "unit": "notices/s"}
    peers: dict[str, list[Turn]] = {name: turns[name] for name in turns if "pgbench" in name}
    for callers in CALLERS:
        yield line(head, turns[f"ours_{callers}"], peers, callers)


def _taking_in(wiring: Wiring, market: SimulatedMarket) -> Callable[[], object]:
    """What a caller does: SePay's notice arrives, is verified, matched and booked."""
    contract, secret = contracts(wiring)["sepay"], market.secrets["sepay"]
    numbers, run = count(), os.urandom(8).hex()

    def act() -> object:
        at = datetime.now(UTC)
        headers, body = signed(market.payees, secret, f"ingest/{run}", next(numbers), at)
        return take_in(wiring, contract, headers, body, at)

    return act
