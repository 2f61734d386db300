"""A log with nothing in it but simple payments: to open, to write to, and to check all over."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import Environment
from sqlalchemy import Row, func, select

from ledger.store import StoreFactory
from ledger.store.command import InboxRow, Line
from ledger.store.engines import Engines
from ledger.store.recorder import LogProcessRecorder, LogRecorder
from ledger.store.tables import Tables

VENDOR, BOARD = UUID(int=1), UUID(int=2)
HISTORY = 1_000
"""From this number on a UUID is a history's."""


@contextmanager
def open_log(url: str, *, process: bool = False, **options: Any) -> Iterator[LogRecorder]:
    """The log of this database, made when it is missing. `options`: a clock, a source of salts."""
    factory = StoreFactory(Environment("test", {"DATABASE_URL": url}))
    factory.create()
    kind = LogProcessRecorder if process else LogRecorder
    log = kind(factory.engines, factory.tables, **options)
    try:
        yield log
    finally:
        log.close()
        factory.close()


def event(
    history: int, version: int = 1, topic: Any = "test.Paid", state: bytes = b"{}"
) -> StoredEvent:
    return StoredEvent(UUID(int=HISTORY + history), version, topic, state)


def lines(amount_vnd: Any, of: int = 0, entity: Any = VENDOR) -> list[Line]:
    """Dr 1121 / Cr 5110."""
    return [Line(of, entity, "1121", amount_vnd), Line(of, entity, "5110", -amount_vnd)]


def paid(history: int, version: int = 1, amount_vnd: int = 50_000, **but: Any) -> dict[str, Any]:
    """What `insert_events` takes for one payment: an event and its two lines."""
    return {"stored_events": [event(history, version)], "lines": lines(amount_vnd)} | but


def told(event_id: str = "1", seen: int = 0, digest: bytes = b"digest", **but: Any) -> InboxRow:
    row = InboxRow(0, "sepay", event_id, seen, digest, UUID(int=HISTORY), 0, b"key", b"body")
    return row._replace(**but)


class Stored(NamedTuple):
    """All that a log holds, in order."""

    events: Sequence[Row[Any]]
    lines: Sequence[Row[Any]]
    inbox: Sequence[Row[Any]]

    @property
    def histories(self) -> list[tuple[int, int]]:
        """(history, version) of each event."""
        return [(e.originator_id.int - HISTORY, e.originator_version) for e in self.events]


def checked(url: str) -> Stored:
    """What is stored, once everything holds that must hold whatever happened."""
    engines = Engines(url)
    tables = Tables(engines.schema)
    events, lines, balances, inbox = tables.events, tables.lines, tables.balances, tables.inbox
    by_account = (
        select(lines.c.entity, lines.c.code, func.sum(lines.c.amount_vnd))
        .group_by(lines.c.entity, lines.c.code)
        .order_by(lines.c.entity, lines.c.code)
    )
    with engines.reading() as connection:
        stored = Stored(
            connection.execute(select(events).order_by(events.c.position)).all(),
            connection.execute(select(lines).order_by(lines.c.position, lines.c.line)).all(),
            connection.execute(select(inbox).order_by(inbox.c.position)).all(),
        )
        sums = connection.execute(by_account).all()
        standing = connection.execute(
            select(balances).order_by(balances.c.entity, balances.c.code)
        ).all()
    engines.close()

    positions = {row.position for row in stored.events}
    times = [row.recorded_at for row in stored.events]
    assert [row.position for row in stored.events] == list(range(1, len(positions) + 1))
    assert times == sorted(times), "recorded_at never decreases"
    assert len(set(stored.histories)) == len(stored.events), "nothing is doubled"
    assert len({bytes(row.salt) for row in stored.events}) == len(stored.events)
    assert {len(row.salt) for row in stored.events} <= {16}
    assert {row.position for row in stored.lines} <= positions, "a line has an event"
    assert {row.position for row in stored.inbox} <= positions, "a notice has an event"
    assert set(_sums_by_posting(stored.lines).values()) <= {0}, "lines balance"
    assert [tuple(row) for row in standing] == [tuple(row) for row in sums], "balances"
    assert {type(row.amount_vnd) for row in stored.lines} <= {int}
    return stored


def _sums_by_posting(lines: Sequence[Row[Any]]) -> dict[tuple[int, UUID], int]:
    """By event and entity."""
    sums: dict[tuple[int, UUID], int] = {}
    for line in lines:
        posting = line.position, line.entity
        sums[posting] = sums.get(posting, 0) + line.amount_vnd
    return sums
