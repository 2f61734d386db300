"""What one caller wants written, all of it or nothing: events and the rows that go with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple, Protocol
from uuid import UUID

from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent, Tracking


class Line(NamedTuple):
    """One line of a posting: a debit is positive, a credit negative."""

    of: int
    """Which of the command's events posts it, counted from 0."""
    entity: UUID
    code: str
    amount_vnd: int


class InboxRow(NamedTuple):
    """What a provider told us, as it lies in the inbox."""

    of: int
    """Which of the command's events it caused, counted from 0."""
    connection: str
    event_id: str
    seen: int
    """How many other words the provider had said under this id when the command was decided."""
    digest: bytes
    transfer_id: UUID
    received_at_us: int
    key: bytes | None
    """The notice's own key, wrapped; None when an earlier row of the same id carries it."""
    body: bytes
    """The raw body under that key."""


class Taken(IntegrityError):
    """Someone else has written what this command wanted to write: load again and decide again."""


class Outdated(IntegrityError):
    """The directory has changed since this was decided: look again and decide again."""


class Unbalanced(IntegrityError):
    """The lines of an event do not sum to zero within each entity."""


class Unpackable(IntegrityError):
    """A value of the command cannot be stored."""


class OutcomeUnknown(OperationalError):
    """The commit broke off: it may be written or not; send it again."""


class Closed(OperationalError):
    """The book is closed; nothing more is written."""


class Gate(Protocol):
    """What a caller waits at: a lock for a thread, something else for an event loop."""

    def acquire(self) -> object: ...

    def release(self) -> None: ...


@dataclass(slots=True, eq=False)
class Command:
    """One caller's wish, and, once the writer is done with it, its outcome."""

    events: Sequence[StoredEvent]
    salts: Sequence[bytes]
    lines: Sequence[Line] = ()
    inbox: Sequence[InboxRow] = ()
    directory: bool = False
    """These events change the directory (places, stalls, accounts)."""
    decided_on: int | None = None
    """The directory's position on which this was decided; a newer one makes it Outdated."""
    tracking: Tracking | None = None
    positions: Sequence[int] = ()
    error: BaseException | None = None
    gate: Gate = field(default_factory=Lock)
    """Released by the writer when the outcome is known."""

    def keys(self) -> set[tuple[object, ...]]:
        """What no other command of the same batch may touch."""
        wanted: set[tuple[object, ...]] = {
            (event.originator_id, event.originator_version) for event in self.events
        }
        wanted.update((row.connection, row.event_id) for row in self.inbox)
        if self.tracking is not None:
            wanted.add(("tracking", self.tracking.application_name))
        return wanted

    def check(self) -> None:
        """Raises Unpackable or Unbalanced for what nobody may store."""
        self._check_values()
        self._check_balance()

    def _check_values(self) -> None:
        """Raises Unpackable for what one engine would refuse and the other keep, or round."""
        events = range(len(self.events))
        sound = (
            all(
                isinstance(event.originator_id, UUID)
                and type(event.originator_version) is int
                and _is_text(event.topic)
                and isinstance(event.state, bytes)
                and b"\0" not in event.state
                for event in self.events
            )
            and all(
                isinstance(line, Line)
                and line.of in events
                and isinstance(line.entity, UUID)
                and _is_text(line.code)
                and type(line.amount_vnd) is int
                for line in self.lines
            )
            and all(
                row.of in events
                and _is_text(row.connection)
                and _is_text(row.event_id)
                and isinstance(row.digest, bytes)
                and isinstance(row.body, bytes)
                for row in self.inbox
            )
            and (self.tracking is None or _is_sound(self.tracking))
        )
        if not sound:
            raise Unpackable(Unpackable.__doc__)

    def _check_balance(self) -> None:
        """Raises Unbalanced unless each event's lines sum to zero within each entity."""
        sums: dict[tuple[int, UUID], int] = {}
        for of, entity, _, amount_vnd in self.lines:
            sums[of, entity] = sums.get((of, entity), 0) + amount_vnd
        if any(sums.values()):
            raise Unbalanced(Unbalanced.__doc__)


def _is_text(value: object) -> bool:
    return type(value) is str and "\0" not in value


def _is_sound(tracking: Tracking) -> bool:
    return _is_text(tracking.application_name) and type(tracking.notification_id) is int
