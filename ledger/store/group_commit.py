"""One writer a process: takes all that waits, writes it as one transaction, wakes each caller."""

import atexit
import logging
import time
import weakref
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Protocol

from eventsourcing.persistence import DatabaseError, IntegrityError, OperationalError
from psycopg.errors import ProgramLimitExceeded
from sqlalchemy import exc

from ledger.refusal import Refusal
from ledger.store.batch import OUTDATED, Batch, Refused, Written
from ledger.store.command import Closed, Command, OutcomeUnknown, Outdated, Taken, Unpackable
from ledger.store.engines import in_children

LOG = logging.getLogger(__name__)

MOST = 1_000
"""Commands in one transaction, at most."""
BUSY = 4
"""The writer is busy when its last batch held more commands than this."""


class Append(Protocol):
    """Writes all of a batch, or nothing and says who came too late."""

    gather_s: float
    """How long a busy writer waits for more before it writes; a lone caller never waits."""

    def __call__(self, batch: Batch, now_us: int) -> Written | Refused: ...


Own = Callable[[Command], Sequence[int] | None]
"""The positions at which exactly this command's events stand already, if they do."""


class GroupCommit:
    """Safe under many threads; on a fork the child starts a writer of its own."""

    def __init__(
        self,
        append: Append,
        own: Own,
        *,
        clock_us: Callable[[], int],
        woken: Callable[[], None] = lambda: None,
    ) -> None:
        self._append = append
        self._gather_s = append.gather_s
        self._own = own
        self._clock_us = clock_us
        self._woken = woken
        self._last = 0
        self._closed = False
        self._fresh()
        in_children(self._fresh)
        atexit.register(_close, weakref.ref(self))

    def _fresh(self) -> None:
        self._queue: SimpleQueue[Command | None] = SimpleQueue()
        self._door = Lock()
        self._thread: Thread | None = None

    def submit(self, command: Command) -> Sequence[int]:
        """Waits until the command is durable; returns its positions or raises its refusal."""
        command.gate.acquire()
        self.enter(command)
        command.gate.acquire()
        if command.error is not None:
            raise command.error
        return command.positions

    def enter(self, command: Command) -> None:
        """Puts a command in the queue; its gate is released when its outcome is known.

        What nobody could store is refused here, in the caller's own time.
        """
        command.check()
        with self._door:
            if self._closed:
                raise Closed(Closed.__doc__)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="book-writer", daemon=True)
                self._thread.start()
            self._queue.put(command)

    def close(self) -> None:
        """Writes what waits, then stops. Later callers are refused."""
        with self._door:
            closed, self._closed = self._closed, True
            if self._thread is None:
                return
            if not closed:
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        stop = False
        while not stop:
            commands: list[Command] = []
            try:
                stop = self._take(commands)
                self._write(commands)
            except BaseException as error:  # Whatever happens, nobody is left waiting.
                for command in commands:
                    if not command.positions and command.error is None:
                        command.error = _in_our_words(error)
            finally:
                self._last = len(commands)
                for command in commands:
                    self._tell(command.gate.release)  # A broken one must not keep others shut.
            if any(command.positions for command in commands):
                self._tell(self._woken)

    def _tell(self, listener: Callable[[], object]) -> None:
        """A listener's fault is not the writer's: it is told, and the writer goes on."""
        try:
            listener()
        except Exception:
            LOG.exception("somebody who waited for the book's writer failed")

    def _take(self, commands: list[Command]) -> bool:
        """Adds everything that waits to `commands`; true when nothing comes after it."""
        first = self._queue.get()
        if first is None:
            return True
        commands.append(first)
        if self._last > BUSY and self._gather_s:
            time.sleep(self._gather_s)
        try:
            while len(commands) < MOST:
                following = self._queue.get_nowait()
                if following is None:
                    return True
                commands.append(following)
        except Empty:
            pass
        return False

    def _write(self, commands: Sequence[Command]) -> None:
        """Rounds of commands that do not touch one another; those held back are judged anew."""
        waiting = [(command, command.keys()) for command in commands]
        while waiting:
            now, later, keys = [], [], set[tuple[object, ...]]()
            directory = waiting[0][0].directory
            for command, wanted in waiting:
                if command.directory == directory and keys.isdisjoint(wanted):
                    now.append(command)
                else:
                    later.append((command, wanted))
                keys |= wanted
            self._write_round(now)
            waiting = later

    def _write_round(self, commands: Sequence[Command], *, tried: bool = False) -> None:
        """Writes those that can be written; a round that fails for one is halved to find it.

        `tried`: an earlier try of these commands may have been written all the same.
        """
        try:
            while commands:
                outcome, again = self._append_twice(Batch(commands))
                if isinstance(outcome, Written):
                    _tell_positions(commands, outcome.head)
                    return
                commands = self._refuse(commands, outcome, again or tried)
        except exc.DBAPIError as error:
            self._split(commands, error, hopeless=_nobody_can_write(error))
        except (OperationalError, Refusal, exc.SQLAlchemyError) as error:
            self._split(commands, error, hopeless=True)
        except Exception as error:
            self._split(commands, error, hopeless=False)

    def _append_twice(self, batch: Batch) -> tuple[Written | Refused, bool]:
        """The outcome, and whether it is of a second try, which may meet the first one's events."""
        try:
            return self._append(batch, self._clock_us()), False
        except exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
        try:
            return self._append(batch, self._clock_us()), True
        except (Refusal, exc.SQLAlchemyError) as error:
            if isinstance(error, exc.DBAPIError) and not _nobody_can_write(error):
                raise  # The same fault would have undone the first try.
            raise OutcomeUnknown(OutcomeUnknown.__doc__) from error

    def _refuse(self, commands: Sequence[Command], refused: Refused, again: bool) -> list[Command]:
        """Tells those who came too late; returns the others."""
        for n, why in refused.why.items():
            command = commands[n]
            try:
                positions = self._own(command) if again else None
            except exc.SQLAlchemyError as error:
                raise OutcomeUnknown(OutcomeUnknown.__doc__) from error
            if positions:
                command.positions = positions
            else:
                kind = Outdated if why == OUTDATED else Taken
                command.error = kind(kind.__doc__)
        return [command for n, command in enumerate(commands) if n not in refused.why]

    def _split(self, commands: Sequence[Command], error: Exception, *, hopeless: bool) -> None:
        if hopeless or len(commands) == 1:
            for command in commands:
                if not command.positions:
                    command.error = _in_our_words(error)
            return
        half = len(commands) // 2
        tried = not isinstance(error, exc.DBAPIError)  # What the database refused is not written.
        self._write_round(commands[:half], tried=tried)
        self._write_round(commands[half:], tried=tried)


def _close(writer: weakref.ref[GroupCommit]) -> None:
    """At the end of the process, what waits is still written."""
    if (alive := writer()) is not None:
        alive.close()


def _tell_positions(commands: Sequence[Command], head: int) -> None:
    at = head + 1
    for command in commands:
        command.positions = range(at, at + len(command.events))
        at += len(command.events)


def _nobody_can_write(error: exc.DBAPIError) -> bool:
    """The fault is the database's (away, full, locked), not one command's (a value too long)."""
    return error.connection_invalidated or (
        isinstance(error, exc.OperationalError | exc.InterfaceError)
        and not isinstance(error.orig, ProgramLimitExceeded)
    )


def _in_our_words(error: BaseException) -> BaseException:
    """The event-sourcing library's name for an error; what it has no name for, as it is."""
    words: BaseException = error
    if isinstance(error, exc.IntegrityError):
        words = IntegrityError(str(error.orig))
    elif isinstance(error, exc.DBAPIError) and isinstance(error.orig, ProgramLimitExceeded):
        words = Unpackable(f"{Unpackable.__doc__} {error.orig}")
    elif isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        words = OperationalError(str(error))
    elif isinstance(error, exc.DataError):
        words = Unpackable(f"{Unpackable.__doc__} {error.orig}")
    elif isinstance(error, exc.DBAPIError):
        words = DatabaseError(str(error.orig))
    elif isinstance(error, ArithmeticError | AttributeError | TypeError | ValueError):
        words = Unpackable(f"{Unpackable.__doc__} {error}")
    elif isinstance(error, MemoryError) or not isinstance(error, Exception):
        words = OutcomeUnknown(OutcomeUnknown.__doc__)
    if words is not error:
        words.__cause__ = error
    return words
