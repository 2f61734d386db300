"""The audit: replays everything and names each place where the book and its events disagree."""

from collections.abc import Callable
from uuid import UUID

from ledger.audit import beside, entries, histories, log
from ledger.audit.fault import Fault, Verdict
from ledger.book import Book
from ledger.replay import PAGE

__all__ = ["Fault", "Verdict", "verify"]

ENOUGH = 100
"""Faults named at most; a book with more of them needs a person, not a longer list."""


def verify(book: Book, progress: Callable[[int], None] = lambda _: None) -> Verdict:
    """Replays the whole log in one consistent view of the database.

    Checks: positions dense from 1, times never decreasing, every event readable, histories
    without holes and each going on from where it stood, each event's lines equal to its posting
    rule and balanced within each entity, balances equal to the sum of lines, every word in the
    inbox with the event that it caused, every change of the directory listed there.
    `progress` is told the position now and then.
    """
    faults: list[Fault] = []
    position = 0
    with book.reading() as connection:
        balances: dict[tuple[UUID, str], int] = {}
        lines = entries.booked(connection, book)
        for row, event, found in log.events(connection, book):
            position = row.position
            faults += found
            faults += entries.differ(row, event, lines(position), balances)
            if event is not None:
                faults += histories.goes_on(connection, book, row, event)
            if position % PAGE == 0:
                progress(position)
            if len(faults) >= ENOUGH:
                break
        else:
            faults += histories.holes(connection, book)
            faults += entries.without_event(connection, book)
            faults += entries.balances_differ(connection, book, balances, position)
            faults += beside.inbox_differs(connection, book)
            faults += beside.directory_differs(connection, book)
    faults.sort(key=lambda fault: fault.position)
    return Verdict(not faults, position, faults[:ENOUGH])
