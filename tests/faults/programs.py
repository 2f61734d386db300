"""What the processes of a test do with one log: save all sorts of things, read along, pay."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

from eventsourcing.persistence import IntegrityError
from sqlalchemy import func, select

from ledger.store.command import InboxRow, Line, Outdated, Taken, Unbalanced, Unpackable
from ledger.store.recorder import LogRecorder
from tests.ledger.store.simple_log import (
    BOARD,
    HISTORY,
    VENDOR,
    event,
    lines,
    open_log,
    paid,
    told,
)

SHARED = range(1, 6)
"""Histories that everyone continues."""
PLACES = 6
"""The history that changes the directory."""
OWN = 1_000
"""From here on a history is one thread's own."""
AMOUNTS = [1, 2, 5_000, 35_000, 50_000, 1_250_000, 2**31, 2**40]


@dataclass
class Account:
    """What one thread heard: this must be in the log, and that must not."""

    acknowledged: list[tuple[int, int, int]] = field(default_factory=list)
    """(position, history, version)"""
    notices: list[tuple[str, str, int]] = field(default_factory=list)
    """(event id, digest in hex, position)"""
    debited_vnd: int = 0
    refused: list[int] = field(default_factory=list)
    """Histories."""
    retries: int = 0


class Saver:
    """One thread's mixed work."""

    def __init__(self, log: LogRecorder, random: Random, first: int) -> None:
        self._log = log
        self._random = random
        self._next = first
        self.account = Account()

    def work(self, operations: int) -> None:
        kinds: list[Callable[[], None]] = [
            self.new, self.new, self.several, self.shared, self.shared, self.both,
            self.refused, self.notice, self.notice, self.directory, self.decided,
        ]  # fmt: skip
        for _ in range(operations):
            self._random.choice(kinds)()

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _lines(self, of: int = 0) -> list[Line]:
        entity = self._random.choice([VENDOR, BOARD])
        return lines(self._random.choice(AMOUNTS), of, entity)

    def _save(self, wish: dict[str, Any]) -> list[int]:
        positions = list(self._log.insert_events(**wish))
        self.account.debited_vnd += sum(max(line.amount_vnd, 0) for line in wish.get("lines", []))
        for position, saved in zip(positions, wish["stored_events"], strict=True):
            history = saved.originator_id.int - HISTORY
            self.account.acknowledged.append((position, history, saved.originator_version))
        return positions

    def _decide(self, decision: Callable[[], dict[str, Any] | None]) -> None:
        """Until nobody else was faster."""
        while True:
            wish = decision()
            if wish is None:
                return
            try:
                positions = self._save(wish)
            except (Taken, Outdated):
                self.account.retries += 1
                continue
            for row in wish.get("inbox", []):
                self.account.notices.append((row.event_id, row.digest.hex(), positions[0]))
            return

    def _following(self, history: int) -> Any:
        known = self._log.select_events(event(history).originator_id, desc=True, limit=1)
        return event(history, known[0].originator_version + 1 if known else 1)

    def new(self) -> None:
        self._save(paid(self._number(), lines=self._lines()))

    def several(self) -> None:
        number = self._number()
        events = [event(number, version) for version in (1, 2, 3)]
        self._save({"stored_events": events, "lines": self._lines(0) + self._lines(2)})

    def shared(self) -> None:
        history = self._random.choice(SHARED)
        self._decide(lambda: {"stored_events": [self._following(history)], "lines": self._lines()})

    def both(self) -> None:
        """Two shared histories and a new one, all or nothing."""
        one, other = self._random.sample(SHARED, 2)
        number = self._number()
        self._decide(
            lambda: {
                "stored_events": [self._following(one), event(number), self._following(other)],
                "lines": self._lines(1) + self._lines(2),
            }
        )

    def refused(self) -> None:
        number = self._number()
        self.account.refused.append(number)
        wish, why = self._random.choice(
            [
                (paid(number, lines=[Line(0, VENDOR, "1121", 1)]), Unbalanced),
                (paid(number, stored_events=[event(number, topic="\ud800")]), Unpackable),
                (paid(number, lines=lines(2**70)), Unpackable),
                (paid(number, stored_events=[event(number), event(number)]), IntegrityError),
            ]
        )
        try:
            self._log.insert_events(**wish)
        except why:
            return
        raise AssertionError(f"{wish} was not refused")

    def notice(self) -> None:
        """The same few notices come to everyone, some of them contradicting."""
        event_id, digest = f"{self._random.randrange(60)}", self._random.choice([b"a", b"b"])
        number = self._number()
        inbox = self._log.tables.inbox

        def decision() -> dict[str, Any] | None:
            with self._log._engines.reading() as connection:
                known = connection.scalars(
                    select(inbox.c.digest).where(inbox.c.event_id == event_id)
                ).all()
            if digest in known:
                return None
            row: InboxRow = told(event_id, seen=len(known), digest=digest)
            return paid(number, lines=self._lines(), inbox=[row])

        self._decide(decision)

    def directory(self) -> None:
        if self._random.random() < 0.3:
            self._decide(lambda: {"stored_events": [self._following(PLACES)], "directory": True})

    def decided(self) -> None:
        number = self._number()
        position = self._log.tables.directory.c.position

        def decision() -> dict[str, Any]:
            with self._log._engines.reading() as connection:
                seen = connection.scalar(select(func.coalesce(func.max(position), 0)))
            return paid(number, lines=self._lines(), decided_on=seen)

        self._decide(decision)


def save_all_sorts(url: str, process: int, threads: int, operations: int, seed: int) -> None:
    """Says what each thread heard."""
    with open_log(url) as log:
        savers = [
            Saver(
                log, Random(f"{seed}:{process}:{n}"), OWN + (process * threads + n) * operations * 2
            )
            for n in range(threads)
        ]
        failed: list[BaseException] = []

        def work(saver: Saver) -> None:
            try:
                saver.work(operations)
            except BaseException as error:
                failed.append(error)

        running = [Thread(target=work, args=(saver,)) for saver in savers]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        if failed:
            raise failed[0]
    print(json.dumps([vars(saver.account) for saver in savers]))


def read_along(url: str, until: str) -> None:
    """Reads what is new, over and over, until that file is there and nothing more comes.

    Says how much it saw and a digest of it, and how often it found something.
    """
    digest, last, looks = hashlib.sha256(), 0, 0
    with open_log(url) as log:
        while True:
            ending = Path(until).exists()
            found = log.select_notifications(last, 100, inclusive_of_start=False)
            for n in found:
                assert n.id == last + 1, f"{n.id} after {last}"
                last = n.id
                digest.update(f"{n.id} {n.originator_id} {n.originator_version}\n".encode())
            looks += bool(found)
            if ending and not found:
                break
            time.sleep(0 if found else 0.002)
    print(json.dumps([last, digest.hexdigest(), looks]))


def listen_along(url: str, until: str) -> None:
    """The same with a subscription, which other processes' commits have to wake."""
    digest, last = hashlib.sha256(), 0
    with open_log(url) as log, log.subscribe(gt=0) as subscription:

        def stop() -> None:
            while not Path(until).exists():
                time.sleep(0.01)
            while last < (log.max_notification_id() or 0):
                time.sleep(0.01)
            subscription.stop()

        Thread(target=stop).start()
        for n in subscription:
            assert n.id == last + 1, f"{n.id} after {last}"
            last = n.id
            digest.update(f"{n.id} {n.originator_id} {n.originator_version}\n".encode())
    print(json.dumps([last, digest.hexdigest(), 0]))


def pay_until_killed(url: str, first: int, threads: int) -> None:
    """Each payment is two events; says its number only when both are stored."""
    with open_log(url) as log:

        def pay(number: int) -> None:
            while True:
                log.insert_events([event(number), event(number, 2)], lines=lines(7, of=1))
                os.write(1, b"%d\n" % number)
                number += threads

        payers = [Thread(target=pay, args=(first + n,)) for n in range(threads)]
        for payer in payers:
            payer.start()
        for payer in payers:
            payer.join()
