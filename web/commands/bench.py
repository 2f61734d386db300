"""`choso bench`: our figures beside others', measured on one machine and in one run."""

import json
import os
import platform
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from ledger.refusal import Refusal
from ledger.store.engines import Engines, NotADatabase, reach
from web.bench.contest import Size, on_postgresql, on_sqlite
from web.commands.progress import progress
from web.commands.throwaway_postgresql import throwaway_postgresql

TARGET, STRETCH, BULK_TARGET, BULK_STRETCH, BULK_RATIO = 3, 4, 30_000, 60_000, 6
"""With 64 callers, times pgbench -c 64; in bulk, payments a second, and times pgbench."""
MEMORY = {"tmpfs", "ramfs"}
EXPLANATION = """\
Medians of the rounds, and what they are times a peer's. Ours waits for its own commit of event,
lines and balances. notice: the same from a provider's words, encrypted into the inbox. bulk: one
caller's batches of 1,000, made beforehand; bulk, built: counting how they are made.
library_recorder: one event a commit and nothing else, in no more threads than its pool has
connections (15); its figures are with 1 and with 15 threads. It is left out on PostgreSQL where
psycopg_pool, which it needs, is missing."""


class NoDisk(Refusal):
    """Every temporary folder lies in memory, where nothing lasts: set TMPDIR to one on a disk."""

    code = "no_disk"


@click.group()
def bench() -> None:
    """Benchmarks: our figures beside others', in one run."""


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="print JSON Lines and nothing else")
@click.option(
    "--database", metavar="URL",
    help="a PostgreSQL to measure on, in a schema of its own; default a throwaway one",
)  # fmt: skip
@click.option("--rounds", type=click.IntRange(1, 100), help="turns of each contender  [default: 3]")
@click.option("--seconds", type=click.FloatRange(0.1, 600), help="of one turn  [default: 2.5]")
@click.option("--quick", is_flag=True, help="half a minute: shows that it runs, measures nothing")
def payments(
    as_json: bool, database: str | None, rounds: int | None, seconds: float | None, quick: bool
) -> None:
    """Durable payments a second, in process, beside pgbench and the library's own recorder."""
    size = (
        Size(rounds or 1, seconds or 0.2, scale=1)
        if quick
        else Size(rounds or 3, seconds or 2.5, scale=50)
    )
    with ExitStack() as stack:
        url = _postgresql(database) if database else stack.enter_context(throwaway_postgresql())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="choso-", dir=disk()))
        if as_json:
            for found in _measure(Path(folder), url, size, lambda: None):
                click.echo(json.dumps(found))
            return
        click.echo(_host(url))
        with progress("Payments", size.steps) as advance:
            lines = list(_measure(Path(folder), url, size, advance))
    _show(lines, quick)


def _postgresql(database: str) -> str:
    """The named database's address; refuses what is no PostgreSQL or does not answer."""
    try:
        name = make_url(database).get_backend_name()
    except ArgumentError:
        raise NotADatabase from None
    if name == "sqlite":
        sentence = "--database names a PostgreSQL; SQLite is always measured in a new file."
        raise click.BadParameter(sentence)
    engines = Engines(database)
    try:
        reach(engines)
    finally:
        engines.close()
    return database


def _measure(
    folder: Path, url: str, size: Size, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    yield from on_sqlite(folder, size, advance)
    yield from on_postgresql(url, size, advance)


def disk() -> Path:
    """A temporary folder that lies on a disk, not in memory."""
    for folder in ("/var/tmp", tempfile.gettempdir(), "/tmp"):
        if os.access(folder, os.W_OK | os.X_OK) and _file_system(Path(folder)) not in MEMORY:
            return Path(folder)
    raise NoDisk


def _file_system(folder: Path) -> str | None:
    """Its kind, where the system lists its mounts; None elsewhere."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return None
    rows = [line.split() for line in mounts.read_text().splitlines()]
    above = [row for row in rows if folder.resolve().is_relative_to(row[1])]
    return max(reversed(above), key=lambda row: len(row[1]), default=["", "", None])[2]


def _host(url: str) -> str:
    engines = Engines(url)
    try:
        with engines.reading() as connection:
            server = connection.exec_driver_sql("SHOW server_version").scalar()
    finally:
        engines.close()
    where = make_url(url).host or "a socket of this machine"
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"PostgreSQL {server} at {where}; callers, database and peers share the machine"
    )


def _show(lines: list[dict[str, Any]], quick: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for engine in ("sqlite", "postgresql"):
        mine = [found for found in lines if found["engine"] == engine]
        console.print(_table(mine, engine))
        for sentence in _beside(mine):
            console.print(f"  {sentence}")
    console.print(f"\n{EXPLANATION}")
    if quick:
        console.print("This was a quick run: it shows that the bench works; ignore its figures.")
        return
    for sentence in targets(lines):
        console.print(sentence)


def _table(lines: list[dict[str, Any]], engine: str) -> Table:
    table = Table(box=SIMPLE_HEAD, title=f"{engine}: payments a second", title_justify="left")
    peers = list(lines[0]["peers"])
    for name in (
        "callers",
        "ours",
        "p50 ms",
        "p99 ms",
        *(peer.replace("_", "\n") for peer in peers),
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for found in lines:
        ratios = [f"x {found['ratios'][name]}" if name in found["ratios"] else "" for name in peers]
        waited = (f"{found[key]:,.1f}" for key in ("p50_ms", "p99_ms"))
        table.add_row(_who(found), f"{found['ours']:,.0f}", *waited, *ratios)
    return table


def _who(found: dict[str, Any]) -> str:
    return found.get("path", "").replace("_", ", ") or str(found["concurrency"])


def _beside(lines: list[dict[str, Any]]) -> Iterator[str]:
    """The rounds behind the medians, ours and the peers', and our figures from notices."""
    for found in lines:
        yield f"ours, {_who(found)}: {_rates(found['ours_rounds'])}"
        if "notice" in found:
            yield (
                f"ours, {_who(found)}, notice: {found['notice']:,.0f} of "
                f"{_rates(found['notice_rounds'])}, p99 {found['notice_p99_ms']:,.1f} ms"
            )
    for name in lines[0]["peers"]:
        rounds = (tuple(found["peers_rounds"][name]) for found in lines if name in found["peers"])
        told = "; ".join(
            f"{median(rates):,.0f} of {_rates(rates)}" for rates in dict.fromkeys(rounds)
        )
        yield f"{name}: {told}"


def _rates(rounds: Iterable[float]) -> str:
    return " ".join(f"{rate:,.0f}" for rate in rounds)


def targets(lines: list[dict[str, Any]]) -> list[str]:
    """What the project set out to reach, and whether this run did; a sentence each."""
    on_postgresql = [found for found in lines if found["engine"] == "postgresql"]
    at_64 = next(f for f in on_postgresql if f["concurrency"] == 64 and "path" not in f)
    bulk = next(f for f in on_postgresql if f.get("path") == "bulk")
    ratio, by_round = at_64["ratios"]["pgbench_c64"], at_64["median_round_ratios"]["pgbench_c64"]
    times = min(bulk["ratios"].values())
    return [
        f"64 callers on PostgreSQL: {ratio:.2f} x pgbench -c 64 (median of the rounds' own ratios "
        f"{by_round:.2f}). Target {TARGET} x: {_met(ratio >= TARGET)}; stretch {STRETCH} x: "
        f"{_met(ratio >= STRETCH)}.",
        f"Bulk on PostgreSQL: {bulk['ours']:,.0f}/s, {times:.1f} x the faster pgbench. Target "
        f"{BULK_TARGET:,}/s: {_met(bulk['ours'] >= BULK_TARGET)}, and {BULK_RATIO} x: "
        f"{_met(times >= BULK_RATIO)}; then {BULK_STRETCH:,}/s: "
        f"{_met(bulk['ours'] >= BULK_STRETCH)}.",
    ]


def _met(true: bool) -> str:
    return "met" if true else "not met"
