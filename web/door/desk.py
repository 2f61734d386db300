"""The desk where a notice waits for its commit: without a thread if it can, in one if it must."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from ledger.hearing import Heard
from ledger.store.command import Command, Outdated, Taken
from market.ports import BankNotice
from market.stalls.notice import Source
from web.door.answers import TurnedAway, busy
from web.door.commit_gate import Burst, CommitGate
from web.door.limits import HEARING_THREADS, Limits
from web.door.log import log, what
from web.door.open_book import OpenBook
from web.door.patience import Patience


class Desk:
    """Hands notices to the reception and waits, for so many at once and for so long."""

    def __init__(self, book: OpenBook, limits: Limits) -> None:
        self._book = book
        self._limits = limits
        self._threads = ThreadPoolExecutor(HEARING_THREADS, "hearing")
        self._loop = asyncio.get_running_loop()
        self._burst = Burst(self._loop)
        self._patience = Patience(limits.answer_s)
        self.waiting = 0
        """Notices that the writer, or a thread, has not finished with; asked for or given up."""

    async def hear(self, source: Source, notice: BankNotice, body: bytes, at: datetime) -> str:
        """What was new in it, once it is durable. Turned away with 503 when it cannot be written
        now, or nobody knows whether it was: the bank tells it again, and that harms nothing."""
        if self.waiting >= self._limits.notices:
            raise TurnedAway(busy("queue_full", "Too many notices are waiting; tell it again."))
        reception = self._book.wiring.reception
        try:
            with self._patience.wait():
                hoped = reception.hope(source, notice, body, at)
                if hoped is not None:
                    command, heard = hoped
                    if await self._written(command):
                        return heard.news
                job = self._threads.submit(reception.receive, source, notice, body, at)
                return (await self._done(job)).news
        except TimeoutError:
            raise TurnedAway(
                busy("too_long", "The commit takes too long; tell it again.")
            ) from None
        except (PersistenceError, SQLAlchemyError) as error:
            log.error("not_written", error=what(error))
            raise TurnedAway(
                busy("not_written", "The book cannot be written now; tell it again.")
            ) from error

    async def _written(self, command: Command) -> bool:
        """Whether the command stands in the book; False when it must be decided anew."""
        gate = CommitGate(self._burst, self._leave)
        command.gate = gate
        self._book.wiring.book.log.writer.enter(command)
        self.waiting += 1
        await gate.acquire()
        if command.error is None:
            return True
        if isinstance(command.error, Taken | Outdated):
            return False
        raise command.error

    async def _done(self, job: "Future[Heard]") -> Heard:
        self.waiting += 1
        job.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(job)

    def _leave(self) -> None:
        self.waiting -= 1

    def close(self) -> None:
        """Lets go of its threads; what they do is finished by the book or not at all."""
        self._threads.shutdown(wait=False, cancel_futures=True)
