"""Moments as read models keep them: microseconds since 1970, UTC, like the log's own times."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from ledger.market_day import market_day

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR_US = 3_600_000_000


def to_us(moment: datetime) -> int:
    """An aware moment as it is kept.

    >>> to_us(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (moment - EPOCH) // MICROSECOND


def from_us(us: int) -> datetime:
    """A moment as people and events have it, in UTC."""
    return EPOCH + us * MICROSECOND


def day_of(us: int) -> str:
    """The market day of a moment, as text that sorts: market days begin on whole hours.

    >>> day_of(to_us(datetime(2026, 1, 1, 22, 30, tzinfo=UTC)))
    '2026-01-02'
    """
    return _day(us // HOUR_US)


@lru_cache(maxsize=10_000)
def _day(hour: int) -> str:
    day: date = market_day(EPOCH + timedelta(hours=hour))
    return day.isoformat()
