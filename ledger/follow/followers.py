"""The followers of a process: one thread that carries every event on as soon as it is written."""

import logging
from collections.abc import Sequence
from threading import Event, Thread

from ledger.book import Book
from ledger.follow import generations
from ledger.follow.batch import MOST
from ledger.follow.carry import Outcome, carry, cause_of
from ledger.follow.lanes import Lane, lanes, tidy
from ledger.follow.projection import Projection
from ledger.follow.shelf import Shelf
from ledger.follow.sole import SoleFollower
from ledger.follow.status import Status, statuses

log = logging.getLogger("choso.follow")

REST_S = 0.02
"""A pause after each round, so that a busy writer is not woken into tiny batches."""
PATIENCE_S = 0.5
"""How long to wait for the bell before looking anyway; and after the database went away."""
ROUNDS = 32
"""After so many rounds without a quiet moment, who is who is looked up again."""


class Followers:
    """Follows a book with these projections, until it is stopped."""

    def __init__(self, book: Book, projections: Sequence[Projection], *, rest_s: float = REST_S):
        self.shelf = Shelf(book)
        self._book = book
        self._projections = tuple(projections)
        self._rest_s = rest_s
        self._bell = Event()
        self._stopped = Event()
        self._sole = SoleFollower(self.shelf.engines)
        self._anew = Event()
        self._lanes: list[Lane] = []
        self._away = ""
        self._thread: Thread | None = None

    def start(self) -> None:
        """Follows in a thread of its own; whatever failed before is tried again."""
        self._thread = Thread(
            target=self.run, args=(self._stopped,), name="book-follower", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Finishes the batch that is under way, then lets go of the shelf. Safe to call twice."""
        self._stopped.set()
        self._bell.set()
        if self._thread is not None:
            self._thread.join()
        self.shelf.close()

    def run(self, stopped: Event) -> None:
        """Follows in the caller's thread until the event is set, by whomever, and a moment longer;
        survives whatever happens."""
        self._book.log.bell.listen(self._bell)
        began, rounds = False, 0
        while not stopped.is_set():
            self._bell.clear()
            try:
                if not began:
                    self._begin()
                    began = True
                if self._anew.is_set() or rounds % ROUNDS == 0:
                    self._anew.clear()
                    self._lanes = lanes(self.shelf, self._sole.of(self._projections))
                outcomes = self._round()
            except Exception as error:
                self._tell(error)
                self._anew.set()
                stopped.wait(PATIENCE_S)
                continue
            rounds += 1
            if max((outcome.events for outcome in outcomes), default=0) < MOST:
                stopped.wait(self._rest_s)
            if all(outcome.became not in ("moved", "overtaken") for outcome in outcomes):
                rounds = rounds if self._bell.wait(PATIENCE_S) else 0
        self._book.log.bell.unlisten(self._bell)
        self._sole.let_go()

    def retry(self, name: str) -> None:
        """A projection that failed is tried again, by whichever process follows it."""
        with self.shelf.writing() as connection:
            generations.forgive(connection, self.shelf.kept, [name])
        self._anew.set()
        self._bell.set()

    def status(self) -> list[Status]:
        """How each projection fares; any process may ask. Raises when the database is away."""
        return statuses(self._book, self.shelf, self._projections)

    def _begin(self) -> None:
        with self.shelf.under_lock() as connection:
            names = [projection.name for projection in self._projections]
            generations.forgive(connection, self.shelf.kept, names)
        tidy(self.shelf, self._projections)

    def _round(self) -> list[Outcome]:
        """One batch for each lane; raises when the database is away from all of them."""
        outcomes = carry(self._book, self.shelf, self._lanes)
        if any(outcome.became in ("overtaken", "failed") for outcome in outcomes):
            self._anew.set()
        self._lanes = [outcome.lane for outcome in outcomes if outcome.became != "failed"]
        away = [outcome.cause for outcome in outcomes if outcome.cause and outcome.became == "away"]
        if away and len(away) == len(outcomes):
            raise away[0]
        for error in away:
            self._tell(error)
        if self._away and not away:
            self._away = ""
            log.info("The followers go on.")
        return outcomes

    def _tell(self, error: Exception) -> None:
        """Once, until something else is the matter."""
        said = cause_of(error)
        if said != self._away:
            log.warning("The followers wait. %s", said, exc_info=error)
        self._away = said
