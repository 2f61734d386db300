"""What the processes of a test do with one book: save payments from many threads, or follow."""

import json
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID, uuid5

from commune.indicators.turnover import TURNOVER
from ledger.book import Book
from ledger.follow.followers import Followers
from ledger.telling import Telling
from ledger.transfer import Transfer
from market.stalls.feed import FEED
from market.stalls.work_list import WORK_LIST
from tests.builders import ACCOUNT, DAWN, VENDOR, first_word, town
from tests.ledger.follow.shelves import EVENTS

FOLLOWED = (EVENTS, TURNOVER, FEED, WORK_LIST)
OURS = UUID(int=77)


def payment(name: str, number: int) -> Transfer.Created:
    """A first word that nobody else tells: the tenth of each is nobody's, as its account is."""
    told = Telling(
        "sepay", f"{name}/{number}", f"{number:032x}", 1_000 + number,
        DAWN + timedelta(seconds=number), DAWN + timedelta(days=1),
    )  # fmt: skip
    account = ACCOUNT if number % 10 else f"{number:032x}"
    directory = town(stalls=[("CS00000B", VENDOR, ACCOUNT)])
    created = first_word(uuid5(OURS, f"{name}/{number}"), account, name, "in", told, directory)
    assert isinstance(created, Transfer.Created)
    return created


def save(url: str, schema: str | None, name: str, threads: int, payments: int) -> None:
    """So many threads, each saving so many payments one after the other."""
    book = Book(url, schema=schema)

    def one(thread: int) -> None:
        for number in range(payments):
            book.record(payment(f"{name}.{thread}", number))

    saving = [Thread(target=one, args=(thread,)) for thread in range(threads)]
    for thread in saving:
        thread.start()
    for thread in saving:
        thread.join()
    book.close()
    print(json.dumps(threads * payments))


def follow(url: str, schema: str | None) -> None:
    """Until it is killed."""
    book = Book(url, schema=schema)
    print("following", flush=True)
    Followers(book, FOLLOWED, rest_s=0).run(Event())
