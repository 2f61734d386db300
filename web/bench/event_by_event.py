"""The library's way to follow, beside ours: event by event, each in a transaction of its own."""

from itertools import islice
from time import perf_counter
from typing import Any

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.projection import ApplicationSubscription, Projection
from sqlalchemy import BigInteger, Column, MetaData, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

from ledger.book import Book
from ledger.follow.shelf import Shelf
from ledger.market_day import market_day
from ledger.store.tracking import TableTrackingRecorder
from ledger.transfer import Transfer
from web.bench.callers import Turn


class DayView(TableTrackingRecorder):
    """One row a market day, as small as a read model can be."""

    def __init__(self, shelf: Shelf) -> None:
        metadata = MetaData(schema=shelf.engines.schema)
        tracking = Table(
            "bench_tracking",
            metadata,
            Column("application_name", Text, primary_key=True),
            Column("notification_id", BigInteger),
        )
        super().__init__(shelf.engines, tracking)
        self._days = Table(
            "bench_days",
            metadata,
            Column("day", Text, primary_key=True),
            Column("payments", BigInteger),
            Column("amount_vnd", BigInteger),
        )
        dialect = postgresql if shelf.engines.dialect == "postgresql" else sqlite
        row = dialect.insert(self._days)
        self._upsert = row.on_conflict_do_update(
            index_elements=[self._days.c.day],
            set_={n: self._days.c[n] + row.excluded[n] for n in ("payments", "amount_vnd")},
        )
        with shelf.under_lock() as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)

    def add(self, day: str, amount_vnd: int, tracking: Tracking) -> None:
        with self.following(tracking) as connection:
            row = {"day": day, "payments": 1, "amount_vnd": amount_vnd}
            connection.execute(self._upsert, row)


class Days(Projection[DayView]):
    """Payments and đồng by market day, of first words alone."""

    name = "bench_days"
    topics = (Transfer.Created.TOPIC,)

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)

    @process_event.register
    def _(self, domain_event: Transfer.Created, tracking: Tracking) -> None:
        day = market_day(domain_event.telling.booked_at).isoformat()
        self.view.add(day, domain_event.stands.amount_vnd, tracking)


class EventByEvent:
    """The library's subscription and projection, on the same database and shelf as ours."""

    def __init__(self, book: Book, shelf: Shelf) -> None:
        self._book, self._shelf = book, shelf

    def turn(self, events: int) -> Turn:
        """So many events, from the beginning of the log."""
        projection = Days(DayView(self._shelf))
        started = perf_counter()
        with ApplicationSubscription(self._book, gt=0, topics=Days.topics) as subscription:
            for event, tracking in islice(subscription, events):
                projection.process_event(event, tracking)
        return Turn(events / (perf_counter() - started))
