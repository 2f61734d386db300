"""Contenders take turns, round by round, since a machine is the same only from minute to minute."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from web.bench.callers import Turn, percentile

Contender = Callable[[], Turn]


def take_rounds(
    contenders: Mapping[str, Contender], rounds: int, advance: Callable[[], None]
) -> dict[str, list[Turn]]:
    """Each contender's turns; every other round goes backwards, so that drift favours nobody."""
    turns: dict[str, list[Turn]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders) if number % 2 == 0 else list(reversed(list(contenders)))
        for name in names:
            turns[name].append(contenders[name]())
            advance()
    return turns


def line(
    head: Mapping[str, Any],
    ours: Sequence[Turn],
    peers: Mapping[str, Sequence[Turn]],
    concurrency: int,
) -> dict[str, Any]:
    """One result: medians of both sides, their ratios, and the rounds from which they come."""
    rates = [turn.rate for turn in ours]
    others = {name: [turn.rate for turn in turns] for name, turns in peers.items()}
    latencies = [ms for turn in ours for ms in turn.latencies_ms]
    return {
        **head,
        "ours": round(median(rates), 1),
        "peers": {name: round(median(theirs), 1) for name, theirs in others.items()},
        "ratios": {
            name: round(median(rates) / median(theirs), 2) for name, theirs in others.items()
        },
        "concurrency": concurrency,
        "rounds": len(rates),
        "median_round_ratios": {
            name: round(median(a / b for a, b in zip(rates, theirs, strict=True)), 2)
            for name, theirs in others.items()
        },
        "ours_rounds": [round(rate, 1) for rate in rates],
        "peers_rounds": {
            name: [round(rate, 1) for rate in theirs] for name, theirs in others.items()
        },
        "p50_ms": round(percentile(latencies, 50), 3),
        "p99_ms": round(percentile(latencies, 99), 3),
    }
