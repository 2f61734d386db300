"""The clock on the market's wall: a market day is a local day, not a UTC one."""

from datetime import UTC, date, datetime, time, timedelta, timezone

MARKET_TIME = timezone(
    timedelta(hours=7), "ICT"
)  # Asia/Ho_Chi_Minh, without summer time since 1975.


def market_day(moment: datetime) -> date:
    """The day on which the market would say that something happened.

    >>> market_day(datetime.fromisoformat("2026-01-01T22:30:00+00:00"))
    datetime.date(2026, 1, 2)
    """
    return moment.astimezone(MARKET_TIME).date()


def end_of_market_day(day: date) -> datetime:
    """The last microsecond of a market day, in UTC.

    >>> end_of_market_day(date(2026, 1, 2)).isoformat()
    '2026-01-02T16:59:59.999999+00:00'
    """
    return datetime.combine(day, time.max, MARKET_TIME).astimezone(UTC)
