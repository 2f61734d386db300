"""An insider: somebody with every right to the database, who has taken the triggers away."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Table, create_engine, delete, insert, select, text, update
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import Executable

from ledger.audit import verify
from ledger.store.tables import Tables
from tests.builders import CODE, DAWN, Market

VENDOR, ACCOUNT, PLACE, STALL, ASSIGNED = 1, 2, 3, 4, 5
PAID, TOLD_AGAIN, SECOND, CONTRADICTED, ORPHAN, SETTLED, LAST = 6, 7, 8, 9, 10, 11, 12
"""What stands at which position of the book that `tell` tells."""


def tell(market: Market) -> None:
    """Twelve events: a vendor with a stall, and four transfers with what became of them."""
    seller = market.seller()
    market.stall(CODE, seller)
    mine = {"account_number": seller.number, "memo": CODE}
    paid = market.hear(**mine).transfer_id
    market.hear("casso", **mine)
    market.hear(**mine, event_id="2", reference="FT2", amount_vnd=30_000)
    market.hear("casso", **mine, event_id="2", reference="FT2", amount_vnd=25_000)
    market.hear(event_id="3", reference="FT3", account_number="9911112222", amount_vnd=70_000)
    market.payments.settle(paid, "line 1", 50_000, DAWN, market.directory.view)
    market.clock.at += timedelta(seconds=1)
    market.hear(**mine, event_id="4", reference="FT4", amount_vnd=15_000)


def faults(book: Market) -> list[tuple[str, int]]:
    """The faults that the audit finds, each with a code, a position and a sentence."""
    verdict = verify(book.book)
    assert verdict.ok == (not verdict.faults)
    assert all(fault.code and fault.message for fault in verdict.faults)
    return [(fault.code, fault.position) for fault in verdict.faults]


class Insider:
    """Changes what nobody may change, and puts it back at the end of a test."""

    def __init__(self, market: Market) -> None:
        self.tables: Tables = market.book.store.tables
        self._engine = create_engine(market.book.store.engines.url, poolclass=NullPool)
        self._all: Sequence[Table] = self.tables.metadata.sorted_tables
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                for name in connection.scalars(triggers).all():
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                for table in self._all:
                    connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self._before = [(table, self.rows(table)) for table in self._all]

    def rows(self, table: Table) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(table))]

    def does(self, *statements: Executable) -> None:
        with self._engine.begin() as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount, "the insider met nothing"

    def repents(self) -> None:
        """All rows are again as they were."""
        with self._engine.begin() as connection:
            for table, rows in self._before:
                connection.execute(delete(table))
                if rows:
                    connection.execute(insert(table), rows)

    def event(self, position: int) -> dict[str, Any]:
        return next(row for row in self.rows(self.tables.events) if row["position"] == position)

    def changes_event(self, position: int, **values: Any) -> None:
        events = self.tables.events
        self.does(update(events).where(events.c.position == position).values(values))

    def rewrites(self, position: int, old: str, new: str, times: int = -1) -> None:
        """Replaces words in an event's state."""
        state = self.event(position)["state"]
        assert old in state
        self.changes_event(position, state=state.replace(old, new, times))

    def removes_event(self, position: int) -> None:
        events = self.tables.events
        self.does(delete(events).where(events.c.position == position))
