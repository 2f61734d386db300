"""Appends a batch on PostgreSQL: one call of one function, because round trips decide."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from ledger.store.batch import Batch, Refused, Written
from ledger.store.engines import Engines

_BINDS = (
    "%b::bigint, "
    "%b::uuid[], %b::bigint[], %b::text[], %b::text[], %b::bytea[], %b::int[], "
    "%b::int[], %b::int[], %b::uuid[], %b::text[], %b::bigint[], "
    "%b::int[], %b::int[], %b::text[], %b::text[], %b::int[], %b::bytea[], %b::uuid[], "
    "%b::bigint[], %b::bytea[], %b::bytea[], "
    "%b::int[], %b::int[], %b::bigint[], %b::int[], %b::text[], %b::bigint[]"
)
"""The arguments of `events_append`, in its order."""


class PostgresqlAppend:
    """Calls `append`, which writes all of a batch or says which commands came too late."""

    gather_s = 0.0
    """The server writes one batch while our callers build the next: waiting would idle both."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._engine = engines.writer.execution_options(isolation_level="AUTOCOMMIT")
        self._call = f"SELECT head, taken, why FROM {engines.schema}.events_append({_BINDS})"

    def __call__(self, batch: Batch, now_us: int) -> Written | Refused:
        with self._engine.connect() as connection:
            row = connection.exec_driver_sql(self._call, _arrays(batch, now_us)).one()
        if row.taken:
            return Refused({n - 1: why for n, why in zip(row.taken, row.why, strict=True)})
        return Written(row.head)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width


def _arrays(batch: Batch, now_us: int) -> tuple[Any, ...]:
    events = [
        (e.originator_id, e.originator_version, e.topic, e.state.decode(), salt, command + 1)
        for command, e, salt in batch.events()
    ]
    lines = [
        (event + 1, number, entity, code, amount_vnd)
        for event, number, entity, code, amount_vnd in batch.lines()
    ]
    inbox = [
        (
            event + 1,
            command + 1,
            row.connection,
            row.event_id,
            row.seen,
            row.digest,
            row.transfer_id,
            row.received_at_us,
            row.key,
            row.body,
        )
        for command, event, row in batch.inbox()
    ]
    guards = [(command + 1, decided_on) for command, decided_on in batch.guards()]
    trackings = [
        (command + 1, tracking.application_name, tracking.notification_id)
        for command, tracking in batch.trackings()
    ]
    return tuple(
        chain(
            [now_us],
            _columns(events, 6),
            _columns(lines, 5),
            _columns(inbox, 10),
            [[event + 1 for event in batch.directory()]],
            _columns(guards, 2),
            _columns(trackings, 3),
        )
    )
