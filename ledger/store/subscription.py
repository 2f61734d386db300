"""Live subscriptions to the log: a bell rung by our own writer, a light poll for others'."""

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

from eventsourcing.persistence import (
    ApplicationRecorder,
    ListenNotifySubscription,
    OperationalError,
)
from sqlalchemy.exc import SQLAlchemyError

from ledger.store.engines import in_children

POLL_S = 0.05
"""How often the head of the log is looked at for the sake of other processes' writers."""


class Bell:
    """Wakes listeners when the log has grown; looks by itself only while somebody listens."""

    def __init__(self, head: Callable[[], int | None]) -> None:
        self._head = head
        self._fresh()
        in_children(self._fresh)

    def _fresh(self) -> None:
        self._listeners: set[Event] = set()
        self._lock = Lock()
        self._stopped = Event()
        self._poller: Thread | None = None

    def listen(self, listener: Event) -> None:
        with self._lock:
            self._listeners.add(listener)
            if self._poller is None:
                self._poller = Thread(target=self._poll, name="book-bell", daemon=True)
                self._poller.start()

    def unlisten(self, listener: Event) -> None:
        with self._lock:
            self._listeners.discard(listener)

    def ring(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.set()

    def stop(self) -> None:
        self._stopped.set()
        if self._poller is not None:
            self._poller.join()

    def _poll(self) -> None:
        last = None
        while not self._stopped.wait(POLL_S):
            if not self._listeners:
                continue
            try:
                head = self._head()
            except (SQLAlchemyError, OperationalError):
                continue  # The database is away; the listeners' own reading tells them so.
            if head != last:
                last = head
                self.ring()


class LogSubscription(ListenNotifySubscription[ApplicationRecorder]):
    """The library's pulling subscription, woken by the bell."""

    def __init__(
        self,
        recorder: ApplicationRecorder,
        bell: Bell,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._bell = bell
        self._bell.listen(self._has_been_notified)

    def stop(self) -> None:
        super().stop()
        self._bell.unlisten(self._has_been_notified)
