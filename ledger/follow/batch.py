"""A batch: the next events of the log in order, none missing, each read typed when it is wanted."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from sqlalchemy import bindparam, text

from ledger.book import Book
from ledger.refusal import Refusal
from ledger.store.mapper import read

MOST = 2_000
"""Events in one batch, at most."""
MOST_ASKED = 5_000
"""Facts whose histories are asked for with one question, at most."""


class Gap(Refusal):
    """A position is missing from the log: something was removed."""

    code = "gap"


class OtherHistory(Refusal):
    """This read model was made from another history than this book's; it has to be rebuilt."""

    code = "other_history"


class Place(NamedTuple):
    """How far somebody has followed: a position, and the salt by which its event is known."""

    position: int
    salt: bytes | None


START = Place(0, None)


class Happened(NamedTuple):
    """One event at its place in the log."""

    position: int
    fact: bytes | UUID
    """The originator's id as the engine gives it: a key, and fit to be stored again."""
    version: int
    recorded_at_us: int
    topic: str
    event: Any
    """The event's stored facts, typed (`ledger.store.mapper.shape`)."""

    @property
    def fact_id(self) -> UUID:
        return _uuid(self.fact)


class Batch:
    """Up to 2,000 events; several projections share it, and what one has decoded."""

    def __init__(self, book: Book, after: Place, rows: Sequence[Any]) -> None:
        self._book = book
        self._rows = rows
        self._decoded: list[Happened | None] = [None] * len(rows)
        self._stories: dict[bytes | UUID, list[tuple[int, int, Any]]] = {}
        self.after = after
        last = rows[-1]
        self.end = Place(last[0], bytes(last[5]))

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, topics: Collection[str]) -> list[Happened]:
        """The batch's events of these topics, in order."""
        found, decoded = [], self._decoded
        for n, row in enumerate(self._rows):
            if row[3] in topics:
                happened = decoded[n]
                if happened is None:
                    happened = decoded[n] = _decoded(row)
                found.append(happened)
        return found

    def begun(self, position: int) -> Any:
        """The fact that a first event of this batch begins, as it stood after that event."""
        row = self._rows[position - self.after.position - 1]
        return _domain_event(self._book, row).mutate(None)

    def changed(self, topics: Collection[str]) -> set[bytes | UUID]:
        """The facts to which something of these topics happened after their first event."""
        found = {row[1] for row in self._rows if row[2] > 1 and row[3] in topics}
        missing = [fact for fact in found if fact not in self._stories]
        for n in range(0, len(missing), MOST_ASKED):
            self._stories.update(_stories(self._book, missing[n : n + MOST_ASKED], self.end))
        return found

    def story(self, fact: bytes | UUID) -> Iterator[tuple[int, int, Any]]:
        """(position, recorded_at_us, the fact as it stood then) for each event of a changed fact,
        from its first to the end of the batch; the same object goes on changing."""
        aggregate: Any = None
        for position, recorded_at_us, event in self._stories[fact]:
            aggregate = event.mutate(aggregate)
            yield position, recorded_at_us, aggregate


def read_batch(book: Book, after: Place, most: int = MOST) -> Batch | None:
    """What follows after a place, or None at the head of the log.

    Raises OtherHistory when another event stands at that place, Gap when the next one is missing.
    """
    with book.reading() as connection:
        query = {"at": max(after.position, 1), "most": most + (after.position > 0)}
        result = connection.execute(_next(book), query)
        rows = result.cursor.fetchall()  # Plain tuples: half the time.
        result.close()
    if after.position > 0:
        if not rows or rows[0][0] != after.position or bytes(rows[0][5]) != after.salt:
            raise OtherHistory(
                f"At position {after.position} the book does not hold the event that this read "
                "model has seen there; it has to be rebuilt."
            )
        rows = rows[1:]
    dense = len(rows)
    if rows and rows[-1][0] != after.position + len(rows):
        dense = next(n for n, row in enumerate(rows) if row[0] != after.position + 1 + n)
        if not dense:
            missing = after.position + 1
            raise Gap(f"Position {missing} is missing: something was removed from the log.")
    return Batch(book, after, rows[:dense]) if dense else None


_COLUMNS = "position, originator_id, originator_version, topic, state, salt, recorded_at"


def _events(book: Book) -> str:
    return str(book.store.tables.events)


def _next(book: Book) -> Any:
    # As text, so that ids come as the engine has them: most of them are never looked at.
    return text(
        f"SELECT {_COLUMNS} FROM {_events(book)} WHERE position >= :at "
        "ORDER BY position LIMIT :most"
    )


def _decoded(row: Any) -> Happened:
    position, fact, version, topic, state, _, recorded_at_us = row
    return Happened(position, fact, version, recorded_at_us, topic, read(topic, state))


def _stories(
    book: Book, facts: Sequence[bytes | UUID], end: Place
) -> dict[bytes | UUID, list[tuple[int, int, Any]]]:
    """The whole histories of these facts up to the end of a batch."""
    query = text(
        f"SELECT {_COLUMNS} FROM {_events(book)} WHERE originator_id IN :facts "
        "AND position <= :end ORDER BY position"
    ).bindparams(bindparam("facts", expanding=True))
    found: dict[bytes | UUID, list[tuple[int, int, Any]]] = {fact: [] for fact in facts}
    with book.reading() as connection:
        rows = connection.execute(query, {"facts": list(facts), "end": end.position}).all()
    for row in rows:
        found[row.originator_id].append((row.position, row.recorded_at, _domain_event(book, row)))
    return found


def _domain_event(book: Book, row: Any) -> Any:
    _, fact, version, topic, state, *_ = row
    return book.mapper.to_domain_event(StoredEvent(_uuid(fact), version, topic, state.encode()))


def _uuid(fact: bytes | UUID) -> UUID:
    return fact if isinstance(fact, UUID) else UUID(bytes=bytes(fact))
