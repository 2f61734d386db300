"""Appends a batch on SQLite: one transaction, lines first and events last, all of it or nothing."""

from typing import Any

from sqlalchemy import Connection

from ledger.store.batch import LATE, OUTDATED, Batch, Refused, Written
from ledger.store.engines import Engines

_HEAD = "SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1"
_TAKEN = "SELECT 1 FROM events WHERE originator_id = ? AND originator_version = ?"
_TOLD = "SELECT count(*) FROM inbox WHERE connection = ? AND event_id = ?"
_TRACKED = "SELECT 1 FROM tracking WHERE application_name = ? AND notification_id >= ?"
_MOVED = "SELECT coalesce(max(position), 0) FROM directory"
_LINE = "INSERT INTO lines (position, line, entity, code, amount_vnd) VALUES (?, ?, ?, ?, ?)"
_BALANCE = (
    "INSERT INTO balances (entity, code, amount_vnd) VALUES (?, ?, ?) "
    "ON CONFLICT (entity, code) DO UPDATE SET amount_vnd = amount_vnd + excluded.amount_vnd"
)
_INBOX = (
    "INSERT INTO inbox (connection, event_id, digest, transfer_id, position, received_at, key, "
    "body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_DIRECTORY = "INSERT INTO directory (position) VALUES (?)"
_TRACKING = (
    "INSERT INTO tracking (application_name, notification_id) VALUES (?, ?) "
    "ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id"
)
_EVENT = (
    "INSERT INTO events (position, originator_id, originator_version, topic, state, salt, "
    "recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class SqliteAppend:
    """Writes all of a batch or says which commands came too late."""

    gather_s = 0.001
    """Each row lets go of the interpreter: callers who still build would crowd in between."""

    def __init__(self, engines: Engines) -> None:
        self._engine = engines.writer

    def __call__(self, batch: Batch, now_us: int) -> Written | Refused:
        with self._engine.begin() as connection:
            refused = _late(connection, batch)
            if refused:
                return Refused(refused)
            row = connection.exec_driver_sql(_HEAD).one_or_none()
            head, last_us = tuple(row) if row else (0, 0)
            _write(connection, batch, head, max(now_us, last_us))
        return Written(head)


def _late(connection: Connection, batch: Batch) -> dict[int, int]:
    """Which commands came too late, and why."""

    def one(statement: str, *values: Any) -> Any:
        return connection.exec_driver_sql(statement, values).scalar()

    late = {
        command: LATE
        for command, event, _ in batch.events()
        if one(_TAKEN, event.originator_id.bytes, event.originator_version)  # type: ignore[union-attr]
    }
    late.update(
        (command, LATE)
        for command, _, row in batch.inbox()
        if one(_TOLD, row.connection, row.event_id) != row.seen
    )
    late.update(
        (command, LATE)
        for command, tracking in batch.trackings()
        if one(_TRACKED, tracking.application_name, tracking.notification_id)
    )
    guards = batch.guards()
    moved_at = one(_MOVED) if guards else 0
    late.update((command, OUTDATED) for command, decided_on in guards if moved_at > decided_on)
    return late


def _write(connection: Connection, batch: Batch, head: int, now_us: int) -> None:
    def many(statement: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            connection.exec_driver_sql(statement, rows)

    lines = [
        (head + event + 1, number, entity.bytes, code, amount_vnd)
        for event, number, entity, code, amount_vnd in batch.lines()
    ]
    many(_LINE, lines)
    sums: dict[tuple[bytes, str], int] = {}
    for _, _, entity, code, amount_vnd in lines:
        sums[entity, code] = sums.get((entity, code), 0) + amount_vnd
    many(_BALANCE, [(*account, sums[account]) for account in sorted(sums)])
    many(
        _INBOX,
        [
            (
                row.connection,
                row.event_id,
                row.digest,
                row.transfer_id.bytes,
                head + event + 1,
                row.received_at_us,
                row.key,
                row.body,
            )
            for _, event, row in batch.inbox()
        ],
    )
    many(_DIRECTORY, [(head + event + 1,) for event in batch.directory()])
    many(_TRACKING, [(t.application_name, t.notification_id) for _, t in batch.trackings()])
    many(
        _EVENT,
        [
            (
                head + n,
                event.originator_id.bytes,  # type: ignore[union-attr]
                event.originator_version,
                event.topic,
                event.state.decode(),
                salt,
                now_us,
            )
            for n, (_, event, salt) in enumerate(batch.events(), 1)
        ],
    )
