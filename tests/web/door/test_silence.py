"""Clients that keep the door waiting, on purpose or not: they are let go, honest ones come in."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.engines import sqlite_database
from tests.web.door.crowd import Crowd
from tests.web.door.serving import Served, eventually, locked, movement, served
from web.bench.simulated import simulated_market

MOST = 40
SLOW_REQUEST = b"POST /hooks/sepay HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with little patience, for few connections."""
    folder = tmp_path_factory.mktemp("silence")
    market = simulated_market(folder, sqlite_database(folder), 3)
    impatient = {
        "CHOSO_DOOR_HEAD_S": "1",
        "CHOSO_DOOR_IDLE_S": "1",
        "CHOSO_DOOR_BODY_S": "2",
        "CHOSO_DOOR_CONNECTIONS": str(MOST),
    }
    with served(market, folder / "log", **impatient) as one:
        yield one


@pytest.fixture(scope="module")
def wide_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the usual patience."""
    folder = tmp_path_factory.mktemp("wide")
    market = simulated_market(folder, sqlite_database(folder), 3)
    with served(market, folder / "log", CHOSO_DOOR_CONNECTIONS="600") as one:
        yield one


def heard_until_closed(connection: socket.socket) -> tuple[bytes, float]:
    """All that the door still says, and after how many seconds it closes."""
    began, heard = time.monotonic(), b""
    with suppress(ConnectionError):
        while more := connection.recv(65_536):
            heard += more
    return heard, time.monotonic() - began


def test_a_silent_connection_is_closed(door: Served) -> None:
    with door.raw() as connection:
        heard, lasted = heard_until_closed(connection)

    assert heard.startswith(b"HTTP/1.1 408 ")
    assert 0.5 < lasted < 5


def test_half_a_head_is_closed(door: Served) -> None:
    with door.raw(SLOW_REQUEST) as connection:
        heard, lasted = heard_until_closed(connection)

    assert heard.startswith(b"HTTP/1.1 408 ")
    assert 0.5 < lasted < 5


@pytest.mark.parametrize("words", [SLOW_REQUEST * 9, SLOW_REQUEST + b"Content-Length: 99\r\n\r\n"])
def test_a_byte_now_and_then_keeps_no_connection_open(door: Served, words: bytes) -> None:
    began = time.monotonic()

    with door.raw(words[:-9]) as connection:
        connection.settimeout(0.1)
        closed = False
        for n in range(-9, 100):
            with suppress(TimeoutError):
                try:
                    connection.sendall(words[n : n + 1] if n < 0 else b"x")
                    closed = not connection.recv(65_536)
                except ConnectionError:
                    closed = True
            if closed:
                break

    assert closed
    assert time.monotonic() - began < 8


def test_an_idle_connection_is_closed_and_a_busy_one_kept(door: Served) -> None:
    with door.raw() as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.4)
        heard, lasted = heard_until_closed(connection)

    assert heard == b""
    assert lasted < 5


def test_a_newcomer_takes_the_place_of_the_longest_silent_one(door: Served) -> None:
    with ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(door.raw(SLOW_REQUEST))
        time.sleep(0.3)
        for _ in range(5):
            assert door.tell(movement(door.market)).status == 200


def test_when_all_are_busy_one_more_is_told_to_come_again(door: Served) -> None:
    with Crowd(door, banks=MOST + 5) as crowd, locked(door.market.settings.database_url):
        eventually(lambda: full(door))
        with door.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
            heard, _ = heard_until_closed(connection)
        crowd.give_up()

    assert heard.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: " in heard
    assert b'{"error": "too_many_connections", ' in heard
    assert door.tell(movement(door.market)).status == 200


def full(door: Served) -> bool:
    return door.ask("GET", "/healthz").status == 503


def test_500_idle_connections_and_300_half_heads_keep_no_honest_notice_out(
    wide_door: Served,
) -> None:
    slowest = 0.0

    with ExitStack() as stack:
        for number, words in ((500, b""), (300, SLOW_REQUEST)):
            for _ in range(number):
                stack.enter_context(wide_door.raw(words))
            time.sleep(0.3)
            for _ in range(20):
                began = time.monotonic()
                assert wide_door.tell(movement(wide_door.market)).status == 200
                slowest = max(slowest, time.monotonic() - began)

    print(f"slowest honest notice beside 800 silent connections: {slowest * 1000:.0f} ms")
    assert slowest < 5


def test_a_client_that_reads_nothing_holds_nobody_up(wide_door: Served) -> None:
    with wide_door.raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 500):
        assert wide_door.tell(movement(wide_door.market)).status == 200
        assert wide_door.ask("GET", "/").status == 200
