"""Threads that pay one payment after another, whatever happens to the database meanwhile."""

from threading import Event, Thread

from eventsourcing.persistence import OperationalError

from ledger.store.command import OutcomeUnknown
from ledger.store.recorder import LogRecorder
from tests.ledger.store.one_batch import until
from tests.ledger.store.simple_log import checked, paid

FIRST = 10
"""From this number on a history is a customer's."""


class Customers:
    """They pay for the length of a `with` block, and keep what they heard of each payment."""

    def __init__(self, log: LogRecorder, threads: int) -> None:
        self.acknowledged: set[int] = set()
        self.errors: dict[int, BaseException] = {}
        self._log = log
        self._stop = Event()
        self._threads = [Thread(target=self._pay, args=(n,)) for n in range(threads)]

    def __enter__(self) -> "Customers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)

    def _pay(self, first: int) -> None:
        number = FIRST + first
        while not self._stop.is_set():
            try:
                self._log.insert_events(**paid(number))
            except BaseException as error:
                self.errors[number] = error
            else:
                self.acknowledged.add(number)
            number += len(self._threads)

    def have_paid(self, more: int) -> None:
        """Waits until so many more payments are acknowledged, however slow the machine."""
        enough = len(self.acknowledged) + more
        until(lambda: len(self.acknowledged) >= enough)

    def agree_with(self, url: str) -> None:
        """Acknowledged is stored; refused is not; only of the unknown nobody can tell."""
        stored = {history for history, _ in checked(url).histories if history >= FIRST}
        unknown = {n for n, error in self.errors.items() if isinstance(error, OutcomeUnknown)}
        assert {type(error) for error in self.errors.values()} <= {OutcomeUnknown, OperationalError}
        assert self.acknowledged <= stored <= self.acknowledged | unknown
