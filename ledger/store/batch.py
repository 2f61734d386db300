"""Many commands laid end to end, to be written as one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent, Tracking

from ledger.store.command import Command, InboxRow

LATE, OUTDATED = 1, 2
"""Why a command is refused: what it would write is taken; the directory has moved on."""


class Written(NamedTuple):
    """All is written; the first event stands at `head + 1`."""

    head: int


class Refused(NamedTuple):
    """Nothing is written, because of these commands (counted from 0) and for these reasons."""

    why: Mapping[int, int]


class Batch:
    """The rows of some commands, numbered through: events from 0 over the whole batch."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = commands
        self.first: list[int] = []
        """The number of each command's first event."""
        n = 0
        for command in commands:
            self.first.append(n)
            n += len(command.events)

    def events(self) -> Iterator[tuple[int, StoredEvent, bytes]]:
        """(command, event, its salt)."""
        for n, command in enumerate(self.commands):
            for event, salt in zip(command.events, command.salts, strict=True):
                yield n, event, salt

    def lines(self) -> Iterator[tuple[int, int, UUID, str, int]]:
        """(event, line within the event, entity, code, amount_vnd)."""
        for first, command in zip(self.first, self.commands, strict=True):
            numbers: dict[int, int] = {}
            for of, entity, code, amount_vnd in command.lines:
                numbers[of] = number = numbers.get(of, 0) + 1
                yield first + of, number, entity, code, amount_vnd

    def inbox(self) -> Iterator[tuple[int, int, InboxRow]]:
        """(command, event, row)."""
        for n, (first, command) in enumerate(zip(self.first, self.commands, strict=True)):
            for row in command.inbox:
                yield n, first + row.of, row

    def directory(self) -> list[int]:
        """The events that change the directory."""
        return [
            first + n
            for first, command in zip(self.first, self.commands, strict=True)
            if command.directory
            for n in range(len(command.events))
        ]

    def guards(self) -> list[tuple[int, int]]:
        """(command, the directory's position it was decided on)."""
        return [
            (n, command.decided_on)
            for n, command in enumerate(self.commands)
            if command.decided_on is not None
        ]

    def trackings(self) -> list[tuple[int, Tracking]]:
        """(command, tracking)."""
        return [
            (n, command.tracking)
            for n, command in enumerate(self.commands)
            if command.tracking is not None
        ]
