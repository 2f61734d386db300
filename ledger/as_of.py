"""Where the log stood at a past moment."""

from datetime import datetime

from sqlalchemy import Connection, Table, select

from ledger.instant import microseconds


def position_at(connection: Connection, events: Table, moment: datetime) -> int:
    """The last position recorded at `moment` or before; 0 when there is none.

    Times never decrease along the log, so that halving finds it without an index.
    """
    c = events.c
    at_us = microseconds(moment)
    below, above = (
        0,
        connection.scalar(select(c.position).order_by(c.position.desc()).limit(1)) or 0,
    )
    while below < above:
        middle = (below + above + 1) // 2
        recorded_at = connection.scalar(select(c.recorded_at).where(c.position == middle))
        if recorded_at is not None and recorded_at <= at_us:
            below = middle
        else:
            above = middle - 1
    return below
