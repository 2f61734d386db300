"""Notices a second over HTTP: signed, verified, matched, booked, and answered after the commit."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from ledger.refusal import Refusal
from web.bench.callers import Turn
from web.bench.empty_door import COMMAND as EMPTY
from web.bench.load import Came, Load, sending
from web.bench.peers import Pgbench, own_schema
from web.bench.rounds import Contender, line, take_rounds
from web.bench.simulated import SimulatedMarket, own_database, simulated_market
from web.commands.serve import cores
from web.serve.own_server import own_server

CONNECTIONS = (16, 64, 256)
CLIENTS = 16
"""What pgbench is run with."""
WARM_UP_S = 1.0


class NotAcknowledged(Refusal):
    """The door did not acknowledge every notice of the benchmark."""

    code = "not_acknowledged"


def steps(rounds: int) -> int:
    """Turns on both engines, warming up included."""
    return (rounds + 1) * (2 * 2 * len(CONNECTIONS) + 1)


def on_sqlite(
    folder: Path, rounds: int, seconds: float, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """In new files of a folder, which should lie on a real disk; one worker."""
    market = simulated_market(folder, f"sqlite:///{folder / 'http.db'}")
    yield from _contest("sqlite", market, 1, None, rounds, seconds, advance)


def on_postgresql(
    folder: Path, url: str, rounds: int, seconds: float, scale: int, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """In a database of its own beside the named one; one worker a core."""
    with ExitStack() as stack:
        pgbench = Pgbench(url, stack.enter_context(own_schema(url)))
        pgbench.fill(scale)
        market = simulated_market(folder, stack.enter_context(own_database(url)))
        for found in _contest("postgresql", market, cores(), pgbench, rounds, seconds, advance):
            yield found | {"pgbench_scale": scale}


def _contest(
    engine: str,
    market: SimulatedMarket,
    workers: int,
    pgbench: Pgbench | None,
    rounds: int,
    seconds: float,
    advance: Callable[[], None],
) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        serving = partial(own_server, "--workers", str(workers), environ=market.environ)
        ours = stack.enter_context(serving())
        empty = stack.enter_context(serving(command=EMPTY))
        send = stack.enter_context(sending())
        numbers = count()

        def contenders(seconds: float) -> dict[str, Contender]:
            found: dict[str, Contender] = {}
            for connections in CONNECTIONS:
                turn = partial(_turn, send, market, connections, seconds, numbers)
                found[f"ours_{connections}"] = partial(turn, ours)
                found[f"empty_{connections}"] = partial(turn, empty)
            if pgbench is not None:
                found[f"pgbench_c{CLIENTS}"] = partial(pgbench.turn, CLIENTS, seconds)
            return found

        take_rounds(contenders(min(WARM_UP_S, seconds)), 1, advance)
        turns = take_rounds(contenders(seconds), rounds, advance)
    head = {"bench": "http", "engine": engine, "unit": "notices/s"}
    for connections in CONNECTIONS:
        peers = {"empty_handler": turns[f"empty_{connections}"]}
        if pgbench is not None:
            peers[f"pgbench_c{CLIENTS}"] = turns[f"pgbench_c{CLIENTS}"]
        found = line(head, turns[f"ours_{connections}"], peers, connections)
        yield found | {"workers": workers}


def _turn(
    send: Callable[[Load], Came],
    market: SimulatedMarket,
    connections: int,
    seconds: float,
    numbers: "count[int]",
    url: str,
) -> Turn:
    """One turn of a load that a process of its own makes."""
    name = f"{os.getpid()}/{next(numbers)}"
    load = Load(url, market.secrets["sepay"], market.payees, connections, seconds, name)
    came = send(load)
    if set(came.answers) - {"200", "204"}:
        raise NotAcknowledged(f"The door answered {came.answers}.")
    return Turn(len(came.latencies_ms) / came.seconds, came.latencies_ms)
