"""kill -9 at a random moment under load: what was acknowledged is stored, once, and whole."""

import os
import time
from pathlib import Path
from random import Random

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.faults.customers import Customers
from tests.faults.nursery import nursery
from tests.ledger.store.one_batch import until
from tests.ledger.store.simple_log import checked, open_log, paid
from tests.sample import sample
from web.commands.throwaway_postgresql import throwaway_postgresql

THREADS = 8
CYCLE = 1_000_000


def test_a_process_that_is_killed_keeps_its_word(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    cycles = sample(12, soak=1_000)
    acknowledged: set[int] = set()
    with nursery(tmp_path) as born:
        for cycle in range(cycles):
            first = CYCLE * (cycle + 1)
            child = born.bear(
                "tests.faults.programs", "pay_until_killed", database_url, first, THREADS
            )
            until(lambda child=child: child.said.exists() and child.lines)  # type: ignore[misc]
            time.sleep(random.uniform(0.0, 0.15))
            child.kill()
            assert child.ended() == -9
            acknowledged.update(map(int, child.lines))

    until_at_rest(database_url)
    stored = checked(database_url).histories
    whole = {history for history, version in stored if version == 2}
    print(f"{cycles} cycles, {len(acknowledged)} acknowledged, {len(whole)} stored")
    assert whole == {history for history, _ in stored}
    assert acknowledged <= whole
    assert len(whole - acknowledged) <= cycles * THREADS
    assert len(acknowledged) > cycles * THREADS


def until_at_rest(url: str) -> None:
    """A server may still be at what a killed process asked of it."""
    if not url.startswith("postgresql"):
        return
    engine = create_engine(url, poolclass=NullPool)
    others = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        until(lambda: connection.exec_driver_sql(others).scalar() == 0)


def test_a_server_that_is_killed_keeps_its_word(seed: int) -> None:
    """One of its processes dies by kill -9; PostgreSQL then ends all and recovers from its log."""
    random = Random(seed)
    with throwaway_postgresql() as url, open_log(url) as log:
        log.insert_events(**paid(1))
        with Customers(log, THREADS) as customers:
            for _ in range(sample(2, soak=50)):
                time.sleep(random.uniform(0.1, 0.3))
                pid = log_keeper(url)
                os.kill(pid, 9)
                until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]
                customers.have_paid(20)
        customers.agree_with(url)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def log_keeper(url: str) -> int:
    """The server's process that writes for the log."""
    query = (
        "SELECT pid FROM pg_stat_activity "
        "WHERE query LIKE 'SELECT head, taken%%' AND pid <> pg_backend_pid()"
    )
    engine = create_engine(url, poolclass=NullPool)
    found: list[int] = []

    def look() -> bool:
        with engine.connect() as connection:
            found.extend(connection.exec_driver_sql(query).scalars())
        return bool(found)

    until(look)
    return found[0]
