"""What the door counts, for Prometheus: right also when several workers count at once.

Imported only where something is counted: prometheus-client decides at its import, by
PROMETHEUS_MULTIPROC_DIR, whether the workers of one server share their counts.
"""

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Tally:
    """One worker's counts. Labels have few values; none of them comes from a client."""

    def __init__(self) -> None:
        self._folder = os.environ.get(FOLDER)
        if self._folder is not None:
            os.makedirs(self._folder, exist_ok=True)  # Cleaners of temporary folders exist.
        mine = self._registry = CollectorRegistry()
        self._requests = Counter(
            "choso_requests", "Requests answered.", ["route", "status"], registry=mine
        )
        self._seconds = Histogram(
            "choso_request_seconds", "How long they took.", ["route"], registry=mine,
            buckets=_SECONDS,
        )  # fmt: skip
        self._notices = Counter(
            "choso_notices", "Notices, and what became of them.", ["provider", "outcome"],
            registry=mine,
        )  # fmt: skip
        self._full = Counter(
            "choso_door_full", "Turned away, or closed, to keep within a cap.", ["cap"],
            registry=mine,
        )  # fmt: skip
        self._now = {
            name: Gauge(f"choso_{name}", said, registry=mine, multiprocess_mode="livesum")
            for name, said in (
                ("connections", "Connections open now."),
                ("notices_waiting", "Notices waiting for their commit now."),
                ("pages_waiting", "Pages being made now."),
            )
        }
        self._known_requests: dict[tuple[str, int], Counter] = {}
        self._known_seconds: dict[str, Histogram] = {}
        self._known_notices: dict[tuple[str, str], Counter] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        known = self._known_requests.get((route, status))
        if known is None:
            known = self._requests.labels(route, str(status))
            self._known_requests[route, status] = known
        known.inc()
        timed = self._known_seconds.get(route)
        if timed is None:
            timed = self._known_seconds[route] = self._seconds.labels(route)
        timed.observe(seconds)

    def notice(self, provider: str, outcome: str) -> None:
        """One notice was answered: `first`, `not_news`, `bad_signature`, ..."""
        known = self._known_notices.get((provider, outcome))
        if known is None:
            known = self._notices.labels(provider, outcome)
            self._known_notices[provider, outcome] = known
        known.inc()

    def full(self, cap: str) -> None:
        """A cap was reached: `connections`, `silent` (one made room) or `pages`."""
        self._full.labels(cap).inc()

    def now(self, connections: int, notices_waiting: int, pages_waiting: int) -> None:
        """How things stand in this worker at the moment."""
        self._now["connections"].set(connections)
        self._now["notices_waiting"].set(notices_waiting)
        self._now["pages_waiting"].set(pages_waiting)

    def told(self) -> bytes:
        """The counts of all workers together, in the words of Prometheus. Reads files."""
        registry = self._registry
        if self._folder is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
