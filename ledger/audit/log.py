"""The log itself: dense, in the order of time, and readable."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from ledger.audit.fault import Fault
from ledger.book import Book
from ledger.replay import stored_events
from ledger.store.mapper import UnreadableEvent, read


def events(connection: Connection, book: Book) -> Iterator[tuple[Any, Any, list[Fault]]]:
    """(row, its event or None when it cannot be read, faults) of each row in order."""
    expected, last_us = 1, 0
    for row in stored_events(connection, book):
        faults = []
        if row.position != expected:
            text = f"Position {expected} is missing: something was removed from the log."
            faults.append(Fault("gap", expected, text))
        if row.recorded_at < last_us:
            text = "Recorded before its predecessor: the log was written to from the side."
            faults.append(Fault("time_runs_back", row.position, text))
        expected, last_us = row.position + 1, max(last_us, row.recorded_at)
        event = None
        try:
            event = read(row.topic, row.state)
        except UnreadableEvent as error:
            faults.append(Fault("unreadable", row.position, str(error)))
        yield row, event, faults
