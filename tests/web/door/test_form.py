"""Requests that are no notices, or not in the right form: answered plainly, never half read."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import sqlite_database
from tests.web.door.serving import Served, Told, movement, served, stored
from web.bench.simulated import simulated_market
from web.door.limits import BODY_BYTES

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that waits for a body for one second only."""
    folder = tmp_path_factory.mktemp("form")
    market = simulated_market(folder, sqlite_database(folder), 3)
    with served(market, folder / "log", CHOSO_DOOR_BODY_S="1") as one:
        yield one


def said(told: Told) -> tuple[int, str]:
    """Status and code of a refusal."""
    return told.status, json.loads(told.body)["error"]


@pytest.mark.parametrize("path", ["/hooks/napas", "/hooks/", "/hooks/sepay/", "/hooks/SEPAY"])
def test_an_unknown_provider_is_not_found(door: Served, path: str) -> None:
    assert said(door.ask("POST", path, JSON, b"{}")) == (404, "unknown_provider")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_is_told_the_right_one(door: Served, method: str) -> None:
    told = door.ask(method, "/hooks/sepay")

    assert said(told) == (405, "method_not_allowed")
    assert told.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
def test_what_is_only_read_cannot_be_posted_to(door: Served, path: str) -> None:
    told = door.ask("POST", path, JSON, b"{}")

    assert said(told) == (405, "method_not_allowed")
    assert "GET" in told.headers["allow"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
def test_a_head_request_gets_the_same_without_the_body(door: Served, path: str) -> None:
    told = door.ask("HEAD", path)

    assert (told.status, told.body) == (200, b"")


def test_a_notice_of_another_content_type_is_refused(door: Served) -> None:
    headers, body = door.signed(movement(door.market))

    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; a=b"):
        told = door.ask("POST", "/hooks/sepay", headers | {"Content-Type": kind}, body)
        assert said(told) == (415, "not_json")
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        told = door.ask("POST", "/hooks/sepay", headers | {"Content-Type": kind}, body)
        assert told.status == 200


def test_an_encoded_notice_is_refused(door: Served) -> None:
    headers, body = door.signed(movement(door.market))

    told = door.ask("POST", "/hooks/sepay", headers | {"Content-Encoding": "gzip"}, body)
    plain = door.ask("POST", "/hooks/sepay", headers | {"Content-Encoding": "identity"}, body)

    assert (said(told), told.headers["accept-encoding"]) == ((415, "encoded"), "identity")
    assert plain.status == 200


@pytest.mark.parametrize("path", ["/hooks/sepay", "/"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_and_the_answer_arrives(
    door: Served, path: str, chunked: bool
) -> None:
    body = b"x" * (BODY_BYTES + 1)
    pieces = [body[n : n + 4096] for n in range(0, len(body), 4096)]

    told = door.ask("POST", path, JSON, iter(pieces) if chunked else body)

    assert said(told) == (413, "too_large")


def test_a_huge_body_is_refused_before_it_is_sent(door: Served) -> None:
    with door.raw(
        b"POST /hooks/sepay HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 99999999999999999999\r\nExpect: 100-continue\r\n\r\n"
    ) as connection:
        answer = connection.recv(65_536)

    assert re.match(rb"HTTP/1.1 4\d\d ", answer), answer


def test_a_body_of_just_the_limit_is_read(door: Served) -> None:
    assert said(door.ask("POST", "/hooks/sepay", JSON, b"x" * BODY_BYTES))[0] == 401


def test_a_chunked_notice_is_read_whole(door: Served) -> None:
    told = movement(door.market)
    headers, body = door.signed(told)

    answer = door.ask("POST", "/hooks/sepay", headers, iter([body[:7], body[7:90], body[90:]]))

    assert answer.status == 200
    assert stored(door.market.settings.database_url)[-1].event_id == str(told.event_id)


@pytest.mark.parametrize("path", ["/hooks/sepay", "/"])
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 400\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n190\r\n"]
)
def test_half_a_body_is_never_taken_for_a_whole_one(
    door: Served, path: str, framing: bytes
) -> None:
    before = stored(door.market.settings.database_url)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()

    with door.raw(head + framing + b'{"id":') as connection:
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert b'"too_slow"' in answer
    assert stored(door.market.settings.database_url) == before


def test_a_client_that_leaves_half_way_leaves_nothing_behind(door: Served) -> None:
    before = stored(door.market.settings.database_url)
    headers, body = door.signed(movement(door.market))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /hooks/sepay HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(body)}\r\n\r\n"

    for _ in range(20):
        door.raw(head.encode() + body[:-1]).close()

    assert door.ask("GET", "/healthz").status == 200
    assert stored(door.market.settings.database_url) == before


def test_two_notices_in_one_breath_are_both_heard(door: Served) -> None:
    said_at_once = b""
    for _ in range(2):
        headers, body = door.signed(movement(door.market))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        said_at_once += (
            f"POST /hooks/sepay HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
    heard = b""

    with door.raw(said_at_once) as connection:
        while heard.count(b'{"success": true}') < 2 and (more := connection.recv(65_536)):
            heard += more

    assert heard.count(b"HTTP/1.1 200 OK") == 2


def test_gibberish_is_a_bad_request(door: Served) -> None:
    for words in (b"gibberish\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"):
        with door.raw(words) as connection:
            assert re.match(rb"HTTP/1.1 4\d\d ", connection.recv(65_536))
    with door.raw(b"GET /?a=\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        assert re.match(rb"HTTP/1.1 (4\d\d|200) ", connection.recv(65_536))
    with door.raw(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"y" * 70_000) as connection:
        assert re.match(rb"HTTP/1.1 4\d\d ", connection.recv(65_536))


def test_pages_say_no_in_the_same_shape_and_are_guarded(door: Served) -> None:
    front, nowhere = door.ask("GET", "/"), door.ask("GET", "/nowhere")

    assert front.status == 200
    assert "Chợ Số" in front.body.decode()
    assert said(nowhere) == (404, "not_found")
    for told in (front, nowhere):
        assert "default-src 'self'" in told.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in told.headers["content-security-policy"]
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["referrer-policy"] == "same-origin"


def test_a_websocket_is_turned_away(door: Served) -> None:
    words = (
        b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with door.raw(words) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 403 ")


def test_a_request_keeps_its_id_when_that_is_sane(door: Served) -> None:
    kept = door.ask("GET", "/healthz", {"X-Request-Id": "Bank-7.42_a"})
    page = door.ask("GET", "/", {"X-Request-Id": "Bank-7.42_b"})
    replaced = door.ask("GET", "/healthz", {"X-Request-Id": 'a"} {"level": "x'})
    too_long = door.ask("GET", "/healthz", {"X-Request-Id": "a" * 65})

    assert kept.headers["x-request-id"] == "Bank-7.42_a"
    assert page.headers["x-request-id"] == "Bank-7.42_b"
    for told in (replaced, too_long):
        assert re.fullmatch("[0-9a-f]{16}", told.headers["x-request-id"])


def test_the_log_is_json_with_ids_and_without_personal_data(door: Served) -> None:
    told = movement(door.market, memo="NGUYEN THI BI MAT 0912345678")
    headers, body = door.signed(told)
    door.ask("POST", "/hooks/sepay?phone=0912345678", headers | {"X-Request-Id": "find-me"}, body)
    door.ask("GET", "/nowhere/0912345678")
    door.tell(told, secret="a stranger's")

    lines = [json.loads(line) for line in Path(door.log).read_text().splitlines()]
    [mine] = [line for line in lines if line.get("request_id") == "find-me"]
    text = Path(door.log).read_text()

    assert mine["event"] == "request"
    assert (mine["method"], mine["route"], mine["status"]) == ("POST", "/hooks/sepay", 200)
    assert mine["outcome"] == "first"
    assert 0 <= mine["ms"] < 60_000
    for private in ("0912345678", "BI MAT", told.account_number, str(told.event_id), "127.0.0.1:"):
        assert private not in text.replace(f"127.0.0.1:{door.port}", "")
