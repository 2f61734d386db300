"""Many banks that tell new money without end, and remember exactly what was acknowledged."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from types import TracebackType

from integrations.bank_simulator.delivery import Delivery
from integrations.bank_simulator.http import HttpBank
from tests.web.door.serving import Served, movement, positions, stored


class Crowd:
    """Tells from `__enter__` until `leave`; each notice again until it is acknowledged."""

    def __init__(self, door: Served, banks: int = 12) -> None:
        self._door = door
        self._banks = banks
        self._leaving = Event()
        self._http = HttpBank(
            door.url, door.market.secrets, lambda: datetime.now(UTC), self._pause, minute_s=0.05
        )
        self.acknowledged: list[str] = []
        """Event ids, in the order of their answers."""

    def __enter__(self) -> "Crowd":
        self._threads = ThreadPoolExecutor(self._banks, "crowd")
        self._runs = [self._threads.submit(self._tell) for _ in range(self._banks)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.leave()

    def give_up(self) -> None:
        """From now on nobody tells anything new."""
        self._leaving.set()

    def leave(self) -> None:
        """Waits for what is under way."""
        self.give_up()
        self._threads.shutdown()
        for run in self._runs:
            run.result()

    def _pause(self, seconds: float) -> None:
        self._leaving.wait(seconds)

    def _tell(self) -> None:
        while not self._leaving.is_set():
            told = movement(self._door.market)
            delivery = Delivery("first", told, told.booked_at)
            if self._http.send(delivery).acknowledged:
                self.acknowledged.append(str(told.event_id))
            else:
                time.sleep(0.01)


def faults_of(crowd: Crowd, url: str) -> list[str]:
    """What was acknowledged and is not stored, or not once; and gaps."""
    rows = [row.event_id for row in stored(url)]
    known = set(rows)
    found = [f"lost: {event_id}" for event_id in crowd.acknowledged if event_id not in known]
    if len(rows) != len(known):
        found.append(f"{len(rows) - len(known)} stored twice")
    places = positions(url)
    if places != list(range(1, len(places) + 1)):
        found.append("the positions are not dense")
    return found
