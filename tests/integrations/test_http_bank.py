"""The simulated bank over HTTP tries like SePay: eight times in 33 minutes, each signed afresh."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from integrations.bank_simulator.delivery import Delivery, Kind
from integrations.bank_simulator.http import HttpBank
from integrations.bank_simulator.movement import Movement
from integrations.sepay import SePay

NOON = datetime(2026, 11, 21, 5, tzinfo=UTC)
SECRET = "the secret"
PAYMENT = Movement("sepay", 7, "9900000001", 50_000, NOON, "FT1", "CSZ00000E")


class Market:
    """Answers as it is told to, and remembers what it heard; 0 hangs up without an answer, as a
    server may do with a connection that was idle: that is not a try of its own."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.connections = 0

    @contextmanager
    def open(self) -> Iterator[str]:
        market = self

        class Window(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                market.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                market.heard.append((dict(self.headers), body))
                answer = market.answers.pop(0) if len(market.answers) > 1 else market.answers[0]
                if not answer:
                    self.close_connection = True
                    return
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.send_header("X-Choso-News", "first")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Window)
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()


class Clock:
    """A clock that only pausing moves on."""

    def __init__(self) -> None:
        self.at = NOON
        self.pauses: list[float] = []

    def now(self) -> datetime:
        return self.at

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += timedelta(seconds=seconds)


def delivery(kind: Kind = "first") -> Delivery:
    return Delivery(
        kind,
        PAYMENT,
        NOON,
        forgery="wrong_key" if kind == "forged" else None,
        age_s=400 if kind == "stale" else 0,
    )


def test_a_notice_is_tried_until_it_is_acknowledged_and_signed_afresh_each_time() -> None:
    market, clock = Market(503, 0, 401, 500, 200), Clock()
    with market.open() as door:
        sent = HttpBank(door, {"sepay": SECRET}, clock.now, clock.pause).send(delivery())

    assert (sent.status, sent.became, sent.tries) == (200, "first", 4)
    assert clock.pauses == [60, 60, 120]
    assert len({headers["X-SePay-Timestamp"] for headers, _ in market.heard}) == 4
    headers, body = market.heard[-1]
    assert SePay().verify(headers, body, [SECRET], clock.at).authentic


def test_after_eight_tries_in_33_minutes_it_is_given_up() -> None:
    market, clock = Market(503), Clock()
    with market.open() as door:
        sent = HttpBank(door, {"sepay": SECRET}, clock.now, clock.pause, 0.5).send(delivery())

    assert (sent.status, sent.became, sent.tries) == (503, "unanswered", 8)
    assert clock.pauses == [0.5, 0.5, 1, 1.5, 2.5, 4, 6.5]
    assert sum(clock.pauses) == 33 * 0.5


@pytest.mark.parametrize("kind", ["forged", "stale"])
@pytest.mark.parametrize("refusal", [401, 429])
def test_a_forger_does_not_come_back(kind: Kind, refusal: int) -> None:
    market, clock = Market(refusal), Clock()
    with market.open() as door:
        sent = HttpBank(door, {"sepay": SECRET}, clock.now, clock.pause).send(delivery(kind))

    assert (sent.became, sent.tries) == ("refused", 1)


def test_a_door_that_is_not_there_is_tried_again() -> None:
    clock = Clock()

    sent = HttpBank("http://127.0.0.1:1", {"sepay": SECRET}, clock.now, clock.pause).send(
        delivery()
    )

    assert (sent.status, sent.became, sent.tries) == (0, "unanswered", 8)


def test_connections_are_kept_open() -> None:
    market, clock = Market(200), Clock()
    with market.open() as door:
        bank = HttpBank(door, {"sepay": SECRET}, clock.now, clock.pause)
        became = [sent.became for sent in bank.send_all([delivery()] * 40, senders=4)]

    assert became == ["first"] * 40
    assert market.connections <= 4
