"""Callers that each wait for their own answer: how many a second, how long each took."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from time import perf_counter
from typing import NamedTuple

Act = Callable[[], object]
"""What a caller does over and over: asks for something and waits until it is done."""


class Turn(NamedTuple):
    """What came of one contender's turn."""

    rate: float
    """Things done a second, of all callers together."""
    latencies_ms: Sequence[float] = ()
    """How long each of them took; empty where it is not known."""


def take_turn(act: Act, callers: int, seconds: float) -> Turn:
    """So many threads act for about so long; what is under way at the end is waited for."""
    latencies: list[list[float]] = [[] for _ in range(callers)]
    faults: list[BaseException] = []
    gate = Barrier(callers + 1)

    def caller(mine: list[float]) -> None:
        gate.wait()
        before, until = perf_counter(), started + seconds
        try:
            while before < until:
                act()
                after = perf_counter()
                mine.append((after - before) * 1_000)
                before = after
        except BaseException as fault:
            faults.append(fault)

    threads = [Thread(target=caller, args=(mine,), daemon=True) for mine in latencies]
    for thread in threads:
        thread.start()
    started = perf_counter()
    gate.wait()
    for thread in threads:
        thread.join()
    lasted = perf_counter() - started
    if faults:
        raise faults[0]
    return Turn(sum(map(len, latencies)) / lasted, [ms for mine in latencies for ms in mine])


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of them do not exceed.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 50)
    2.0
    """
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]
