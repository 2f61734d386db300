"""The simulated bank over HTTP: keeps connections open, signs each try afresh, tries like SePay."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from threading import local
from typing import NamedTuple
from urllib.parse import urlsplit

from integrations.bank_simulator.delivery import Delivery

TRIES_AFTER_MIN = (0, 1, 1, 2, 3, 5, 8, 13)
"""Minutes before each try: eight tries in 33 minutes, then SePay gives up."""
TIME_OUT_S = 30
"""How long SePay waits for an answer."""
REFUSED = (401, 429)
"""What a forger hears; he does not come back with the same forgery."""


class Sent(NamedTuple):
    """What became of one delivery."""

    status: int
    """Of the last answer; 0 when there was none."""
    news: str
    """What the door found new in it; empty when it was not acknowledged."""
    tries: int

    @property
    def acknowledged(self) -> bool:
        """Whether the door took it in."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the door did not believe it."""
        return self.status in REFUSED

    @property
    def became(self) -> str:
        """In one word: first, further, not_news, not_money, refused or unanswered."""
        return self.news if self.acknowledged else "refused" if self.refused else "unanswered"


class HttpBank:
    """Tells a market's door what happened. Many threads may send at once."""

    def __init__(
        self,
        door: str,
        secrets: Mapping[str, str],
        now: Callable[[], datetime],
        pause: Callable[[float], object],
        minute_s: float = 60,
    ) -> None:
        """`door`: http://host:port. `secrets` by provider. `minute_s`: how many seconds a minute
        between two tries takes (a simulation compresses them)."""
        parts = urlsplit(door)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._secrets = secrets
        self._now = now
        self._pause = pause
        self._minute_s = minute_s
        self._mine = local()

    def send_all(self, deliveries: Iterable[Delivery], senders: int) -> Iterator[Sent]:
        """Sends them in their order, so many under way at once; what became of each, in order."""
        with ThreadPoolExecutor(senders, "bank") as threads:
            yield from threads.map(self.send, deliveries)

    def send(self, delivery: Delivery) -> Sent:
        """Tries until it is acknowledged, refused as the forgery it is, or given up."""
        sent = Sent(0, "", 0)
        for tries, minutes in enumerate(TRIES_AFTER_MIN, 1):
            if minutes:
                self._pause(minutes * self._minute_s)
            provider, headers, body = delivery.signed(self._now(), self._secrets)
            sent = self.post(provider, headers, body)._replace(tries=tries)
            if sent.acknowledged or (sent.refused and delivery.kind in ("forged", "stale")):
                break
        return sent

    def post(self, provider: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """One try. A connection that the door had closed meanwhile is opened anew, once."""
        kept = getattr(self._mine, "connection", None)
        if kept is not None:
            sent = self._post(kept, provider, headers, body)
            if sent.status:
                return sent
        fresh = HTTPConnection(self._host, self._port, timeout=TIME_OUT_S)
        return self._post(fresh, provider, headers, body)

    def _post(
        self, connection: HTTPConnection, provider: str, headers: Mapping[str, str], body: bytes
    ) -> Sent:
        try:
            connection.request("POST", f"/hooks/{provider}", body, dict(headers))
            response = connection.getresponse()
            response.read()
        except (OSError, HTTPException):  # Nobody answered: that is what the next try is for.
            connection.close()
            self._mine.connection = None
            return Sent(0, "", 1)
        self._mine.connection = None if response.will_close else connection
        return Sent(response.status, response.headers.get("X-Choso-News", ""), 1)
