"""Who vouches for a notice: the connections of its provider, remembered, looked up anew in time."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from ledger.vault import WrongKey
from market.ports import BankDialect, BankNotice, Verdict
from market.stalls.connections import Connection
from market.stalls.notice import Source
from web.door.answers import TurnedAway, busy
from web.door.log import log, what
from web.door.open_book import OpenBook

AGAIN_S = 1.0
"""How often, at most, an unknown signature makes us look whether there is a new secret."""
LOOK_S = 2.0
"""How long a notice waits for that."""
REFRESH_S = 10.0
"""How long a secret may still be believed after it was taken back."""
_TELLING = ("stale", "malformed", "bad_signature", "no_signature")
"""Of several refusals the one that says most: a stale notice was signed with a right key."""


class Judged(NamedTuple):
    """A verdict, and through which connection the provider spoke, if it was one."""

    verdict: Verdict
    source: Source | None

    @property
    def notice(self) -> BankNotice | None:
        return self.verdict.notice


class Contracts:
    """The connections as last read; several of one provider are tried in the order of names."""

    def __init__(self, book: OpenBook, dialects: Mapping[str, BankDialect]) -> None:
        self._book = book
        self._dialects = dialects
        self._known: dict[str, list[Connection]] | None = None
        self._read_at = float("-inf")
        self._reading: asyncio.Task[bool] | None = None

    async def judge(
        self, provider: str, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> Judged:
        """Verifies the received bytes; a signature that nobody knows is tried on fresh secrets."""
        if self._known is None and not await self._look_again():
            raise TurnedAway(busy("secrets_unknown", "The secrets cannot be read; tell it again."))
        judged = self._judge(provider, headers, body, at)
        if judged.source is None and judged.verdict.reason != "no_signature":
            before = self._known
            if await self._look_again() and self._known != before:
                judged = self._judge(provider, headers, body, at)
        return judged

    def _judge(
        self, provider: str, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> Judged:
        dialect = self._dialects[provider]
        reasons = {}
        for connection in (self._known or {}).get(provider, ()):
            verdict = dialect.verify(headers, body, connection.secrets, at)
            if verdict.authentic:
                return Judged(verdict, connection.source)
            reasons[verdict.reason] = verdict
        for reason in _TELLING:
            if reason in reasons:
                return Judged(reasons[reason], None)
        return Judged(dialect.verify(headers, body, (), at), None)

    async def _look_again(self) -> bool:
        """Whether the secrets are known afresh; looks at most once a second, all together."""
        if self._reading is None and self._age_s < AGAIN_S:
            return False
        reading = self._begin_reading()
        done, _ = await asyncio.wait([reading], timeout=LOOK_S)
        return reading in done and reading.result()

    def refresh_when_old(self) -> None:
        """Called now and then, so that a secret that was taken back is soon refused."""
        if self._age_s >= REFRESH_S:
            self._begin_reading()

    @property
    def _age_s(self) -> float:
        return asyncio.get_running_loop().time() - self._read_at

    def _begin_reading(self) -> "asyncio.Task[bool]":
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._end_reading)
        return self._reading

    def _end_reading(self, reading: "asyncio.Task[bool]") -> None:
        self._reading = None
        if not reading.cancelled() and (error := reading.exception()) is not None:
            log.error("contracts_not_read", error=what(error))

    async def _read(self) -> bool:
        """Whether the connections could be read; else those known before stay in force."""
        try:
            connections = self._book.wiring.connections
            self._read_at = asyncio.get_running_loop().time()
            found = await asyncio.to_thread(connections.all)
        except TurnedAway:
            return False  # The book is not open yet; OpenBook tells of that.
        except (PersistenceError, SQLAlchemyError, WrongKey) as error:
            log.error("contracts_not_read", error=what(error))
            return False
        known: dict[str, list[Connection]] = {}
        for connection in found:
            known.setdefault(connection.provider, []).append(connection)
        self._known = known
        return True
