"""Many processes and threads on one log: nothing lost, nothing doubled, no gap."""

import hashlib
from pathlib import Path
from typing import Any

from tests.faults.nursery import nursery
from tests.faults.programs import PLACES, SHARED
from tests.ledger.store.simple_log import Stored, checked
from tests.sample import sample

PROGRAMS = "tests.faults.programs"
PROCESSES, THREADS = 4, 16


def test_four_processes_of_sixteen_threads_lose_nothing_and_double_nothing(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    """They all begin on an empty database, while two others read along."""
    operations, done = sample(15, soak=600), tmp_path / "done"
    with nursery(tmp_path) as born:
        readers = [
            born.bear(PROGRAMS, reader, database_url, str(done))
            for reader in ("read_along", "listen_along")
        ]
        savers = [
            born.bear(PROGRAMS, "save_all_sorts", database_url, n, THREADS, operations, seed)
            for n in range(PROCESSES)
        ]
        accounts = [account for saver in savers for account in saver.result()]
        done.touch()
        read = [reader.result() for reader in readers]

    stored = checked(database_url)
    agree(stored, accounts)
    digest = hashlib.sha256()
    for e in stored.events:
        digest.update(f"{e.position} {e.originator_id} {e.originator_version}\n".encode())
    assert [(last, seen) for last, seen, _ in read] == [
        (len(stored.events), digest.hexdigest())
    ] * 2
    retries = sum(account["retries"] for account in accounts)
    print(f"{len(stored.events)} events, {retries} decided again, read in {read[0][2]} looks")
    assert retries > 10
    assert read[0][2] > 5


def agree(stored: Stored, accounts: list[dict[str, Any]]) -> None:
    """What the threads heard is exactly what the log holds."""
    heard = sorted(tuple(one) for account in accounts for one in account["acknowledged"])
    assert heard == [(position, *event) for position, event in enumerate(stored.histories, 1)]
    histories = {history for history, _ in stored.histories}
    assert histories.isdisjoint(n for account in accounts for n in account["refused"])
    for shared in (*SHARED, PLACES):
        versions = [version for history, version in stored.histories if history == shared]
        assert versions == list(range(1, len(versions) + 1))
        assert len(versions) > 10
    assert sum(account["debited_vnd"] for account in accounts) == sum(
        line.amount_vnd for line in stored.lines if line.amount_vnd > 0
    )
    notices = sorted(tuple(one) for account in accounts for one in account["notices"])
    assert notices == sorted(
        (row.event_id, bytes(row.digest).hex(), row.position) for row in stored.inbox
    )
    assert len({(event_id, digest) for event_id, digest, _ in notices}) == len(notices)
