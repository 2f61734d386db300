"""Moments as the log keeps them: whole microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Exact, also where a float would round.

    >>> microseconds(datetime(2026, 11, 22, 0, 0, 0, 1, tzinfo=UTC))
    1795305600000001
    """
    return (moment - EPOCH) // MICROSECOND


def moment(us: int) -> datetime:
    """The aware moment, in UTC.

    >>> moment(1795305600000001).isoformat()
    '2026-11-22T00:00:00.000001+00:00'
    """
    return EPOCH + us * MICROSECOND
