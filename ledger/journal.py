"""The journal as it stands: balances of every entity, now or as of a past moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from ledger.as_of import position_at
from ledger.book import Book
from ledger.chart import CHART

Balances = Mapping[tuple[UUID, str], int]
"""(entity, code) -> đồng; a debit balance is positive."""


class TrialBalance(NamedTuple):
    """The balances of all accounts at one position; debits and credits are equal."""

    position: int
    balances: Balances

    @property
    def total_vnd(self) -> int:
        """Debits less credits: zero, or the book is broken."""
        return sum(self.balances.values())

    def rows(self) -> list[dict[str, Any]]:
        """{entity, code, name, debit_vnd, credit_vnd}, sorted by entity and code, without zeros."""
        return [
            {
                "entity": str(entity),
                "code": code,
                "name": CHART[code].name_vi if code in CHART else "?",
                "debit_vnd": max(vnd, 0),
                "credit_vnd": max(-vnd, 0),
            }
            for (entity, code), vnd in sorted(
                self.balances.items(), key=lambda item: (str(item[0][0]), item[0][1])
            )
            if vnd
        ]


def trial_balance(book: Book, as_of: datetime | None = None) -> TrialBalance:
    """The balances that the book keeps; with `as_of`, summed up from the lines until then."""
    tables = book.store.tables
    lines, kept = tables.lines.c, tables.balances.c
    with book.reading() as connection:
        head = connection.scalar(select(func.max(tables.events.c.position))) or 0
        if as_of is None:
            query = select(kept.entity, kept.code, kept.amount_vnd)
        else:
            head = position_at(connection, tables.events, as_of)
            query = (
                select(lines.entity, lines.code, func.sum(lines.amount_vnd))
                .where(lines.position <= head)
                .group_by(lines.entity, lines.code)
            )
        rows = connection.execute(query).all()
    return TrialBalance(head, {(entity, code): int(vnd) for entity, code, vnd in rows})
