"""PostgreSQL: a connection may be lost at any moment; what was acknowledged is stored, once."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import count
from random import Random

import pytest
from eventsourcing.persistence import OperationalError, Tracking
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ledger.store import engines
from ledger.store.batch import Batch, Refused, Written
from ledger.store.command import OutcomeUnknown, Taken
from ledger.store.recorder import LogRecorder
from tests.faults.customers import Customers
from tests.faults.proxy import Place, Proxy
from tests.ledger.store.one_batch import together, until
from tests.ledger.store.simple_log import checked, event, lines, open_log, paid
from tests.sample import sample

TERMINATE_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[Proxy]:
    with Proxy(postgresql_url) as proxy:
        yield proxy


@pytest.fixture
def log(proxy: Proxy) -> Iterator[LogRecorder]:
    """Speaks to the server through the door, and has spoken once."""
    with open_log(proxy.url) as log:
        log.insert_events(**paid(1))
        yield log


def administrator(url: str) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def terminate_others(url: str) -> None:
    with administrator(url).connect() as connection:
        connection.exec_driver_sql(TERMINATE_OTHERS)


def test_backends_terminated_under_load_lose_nothing_and_double_nothing(
    log: LogRecorder, postgresql_url: str, seed: int
) -> None:
    random = Random(seed)
    killer = administrator(postgresql_url).connect()
    with Customers(log, 8) as customers:
        for _ in range(sample(40, soak=2_000)):
            customers.have_paid(1)
            time.sleep(random.uniform(0.0, 0.04))
            killer.exec_driver_sql(TERMINATE_OTHERS)
        customers.have_paid(50)
    killer.close()

    print(f"{len(customers.acknowledged)} acknowledged, {len(customers.errors)} unknown")
    customers.agree_with(postgresql_url)
    assert log.insert_events(**paid(2))


def test_connections_cut_under_load_lose_nothing_and_double_nothing(
    log: LogRecorder, proxy: Proxy, postgresql_url: str, seed: int
) -> None:
    random = Random(seed)
    places: list[Place] = ["request", "reply"]
    with Customers(log, 8) as customers:
        for _ in range(sample(60, soak=3_000)):
            customers.have_paid(1)
            time.sleep(random.uniform(0.0, 0.03))
            if random.random() < 0.3:
                proxy.cut_all()
            else:
                proxy.cut(random.choice(places), times=random.choice([1, 1, 1, 2]))
        until(lambda: proxy.accidents_left == 0)
        customers.have_paid(50)

    print(f"{len(customers.acknowledged)} acknowledged, {len(customers.errors)} unknown")
    customers.agree_with(postgresql_url)


def test_a_reply_lost_after_the_commit_is_known_by_its_salts(
    log: LogRecorder, proxy: Proxy, postgresql_url: str
) -> None:
    proxy.cut("reply")

    assert log.insert_events(**paid(2)) == [2]
    assert proxy.accidents_left == 0
    assert log.insert_events(**paid(3)) == [3]
    assert checked(postgresql_url).histories == [(1, 1), (2, 1), (3, 1)]


def test_a_request_that_never_arrived_is_sent_again(
    log: LogRecorder, proxy: Proxy, postgresql_url: str
) -> None:
    proxy.cut("request")

    assert log.insert_events(**paid(2)) == [2]
    assert proxy.accidents_left == 0
    assert checked(postgresql_url).histories == [(1, 1), (2, 1)]


def test_a_whole_batch_whose_reply_is_lost_gets_its_own_outcomes(
    log: LogRecorder, proxy: Proxy, postgresql_url: str
) -> None:
    """One is refused, the others are then written without it, and the reply to that is lost."""
    several = {"stored_events": [event(4), event(4, 2)], "lines": lines(7, of=1)}
    append = log.writer._append
    batches = count()

    def cutting(batch: Batch, now_us: int) -> Written | Refused:
        if next(batches) == 2:  # After the one that holds the writer, and the one with a refusal.
            proxy.cut("reply")
        return append(batch, now_us)

    log.writer._append = cutting
    outcomes = together(log, paid(2), paid(1), several, paid(5, decided_on=0))

    assert outcomes[0::2] == [[3], [4, 5]]
    assert isinstance(outcomes[1], Taken)
    assert outcomes[3] == [6]
    assert proxy.accidents_left == 0
    assert checked(postgresql_url).histories[2:] == [(2, 1), (4, 1), (4, 2), (5, 1)]


def test_somebody_else_who_writes_in_between_does_not_confuse_it(
    log: LogRecorder, proxy: Proxy, postgresql_url: str
) -> None:
    with open_log(postgresql_url) as other:
        proxy.cut("reply", first=lambda: other.insert_events(**paid(3)))
        assert log.insert_events(**paid(2)) == [2]

        # Here somebody else takes the very version in the very words, and only the salts tell.
        proxy.cut("request", first=lambda: other.insert_events(**paid(4)))
        with pytest.raises(Taken):
            log.insert_events(**paid(4))

    assert checked(postgresql_url).histories == [(1, 1), (2, 1), (3, 1), (4, 1)]


@pytest.mark.parametrize(("place", "written"), [("reply", True), ("request", False)])
def test_two_cuts_in_a_row_leave_it_unknown_and_sending_again_tells(
    log: LogRecorder, proxy: Proxy, postgresql_url: str, place: Place, written: bool
) -> None:
    proxy.cut(place, times=2)

    with pytest.raises(OutcomeUnknown):
        log.insert_events(**paid(2))
    with pytest.raises(Taken) if written else nullcontext():
        log.insert_events(**paid(2))
    assert checked(postgresql_url).histories == [(1, 1), (2, 1)]


def test_a_cut_while_looking_for_ones_own_leaves_it_unknown(
    log: LogRecorder, proxy: Proxy, postgresql_url: str
) -> None:
    proxy.cut("reply")
    proxy.cut("reply", pattern=b".salt =")

    with pytest.raises(OutcomeUnknown):
        log.insert_events(**paid(2))
    assert proxy.accidents_left == 0
    with pytest.raises(Taken):
        log.insert_events(**paid(2))
    assert checked(postgresql_url).histories == [(1, 1), (2, 1)]


def test_how_far_was_followed_cannot_be_told_apart_but_harms_nobody_beside_it(
    proxy: Proxy, postgresql_url: str
) -> None:
    """It has no salt of its own; only to look at how far the log was followed can tell."""
    with open_log(proxy.url, process=True) as log:
        log.insert_events(**paid(1))
        append = log.writer._append

        def cutting(batch: Batch, now_us: int) -> Written | Refused:
            if len(batch.commands) == 2:  # Not the one that holds the writer.
                proxy.cut("reply")
                log.writer._append = append
            return append(batch, now_us)

        log.writer._append = cutting
        followed = {"stored_events": [], "tracking": Tracking("upstream", 5)}
        outcomes = together(log, followed, paid(2))

    assert isinstance(outcomes[0], Taken)
    assert outcomes[1] == [3]
    assert proxy.accidents_left == 0
    assert checked(postgresql_url).histories[-1] == (2, 1)


def test_all_connections_lost_at_rest_are_noticed_by_nobody_who_saves(
    log: LogRecorder, postgresql_url: str
) -> None:
    log.max_notification_id()
    for n in (2, 3):
        terminate_others(postgresql_url)
        assert log.insert_events(**paid(n)) == [n]

    terminate_others(postgresql_url)
    with pytest.raises((OperationalError, DBAPIError)):  # A reader tells; the next one reads.
        log.max_notification_id()
    assert log.max_notification_id() == 3


def test_a_server_that_is_away_is_told_at_once_and_found_again(
    log: LogRecorder, proxy: Proxy, postgresql_url: str
) -> None:
    proxy.shut()
    begun = time.monotonic()
    with Customers(log, 16) as customers:
        time.sleep(0.5)
    with pytest.raises(OperationalError):
        log.insert_events(**paid(2))

    assert time.monotonic() - begun < 5
    assert len(customers.errors) >= 16
    assert customers.acknowledged == set()
    proxy.open()
    assert log.insert_events(**paid(2)) == [2]
    customers.agree_with(postgresql_url)


def test_a_server_that_comes_and_goes_loses_nothing(
    log: LogRecorder, proxy: Proxy, postgresql_url: str, seed: int
) -> None:
    random = Random(seed)
    with Customers(log, 8) as customers:
        for _ in range(sample(10, soak=300)):
            customers.have_paid(1)
            time.sleep(random.uniform(0.0, 0.05))
            proxy.shut()
            time.sleep(random.uniform(0.0, 0.04))
            proxy.open()
        customers.have_paid(50)

    customers.agree_with(postgresql_url)


def test_a_server_that_does_not_answer_is_not_waited_for_long(
    log: LogRecorder, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "ANSWER_WITHIN_S", 2)
    with open_log(proxy.url) as other:
        proxy.silent = True
        proxy.cut_all()
        begun = time.monotonic()
        with pytest.raises(OperationalError):
            other.insert_events(**paid(2))
        assert time.monotonic() - begun < 10

        proxy.silent = False
        assert other.insert_events(**paid(3))[0] in {2, 3}
