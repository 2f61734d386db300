"""How each projection fares: how far it has come, and why it has stopped if it has."""

from collections.abc import Sequence
from typing import NamedTuple

from ledger.book import Book
from ledger.follow.generations import GROWING, IN_USE
from ledger.follow.projection import Projection
from ledger.follow.shelf import Shelf


class Status(NamedTuple):
    """How a projection fares, for people and for probes."""

    name: str
    state: str
    """in_use; growing (not to be read yet); missing; or newer: another program's."""
    position: int
    head: int
    """The last position of the book."""
    failed: str | None
    """Why it is not followed any more."""

    @property
    def lag(self) -> int:
        """How many events it is behind."""
        return self.head - self.position


def statuses(book: Book, shelf: Shelf, projections: Sequence[Projection]) -> list[Status]:
    """One a projection, in their order. Raises what the database raises when it is away."""
    known = shelf.all()
    head = book.log.max_notification_id() or 0
    found = []
    for projection in projections:
        mine = [g for g in known if g.name == projection.name and g.state in (IN_USE, GROWING)]
        ours = [g for g in mine if g.version == projection.version]
        if any(g.version > projection.version for g in mine):
            why = "A newer program has rebuilt it; this one cannot read it."
            found.append(Status(projection.name, "newer", 0, head, why))
        elif not ours:
            found.append(Status(projection.name, "missing", 0, head, None))
        else:
            shown = next((g for g in ours if g.state == IN_USE), ours[-1])
            found.append(Status(projection.name, shown.state, shown.position, head, shown.failed))
    return found
