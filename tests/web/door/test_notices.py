"""What becomes of a notice: acknowledged when it is stored, refused without a trace, never lost."""

import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.bank_simulator.movement import retold
from tests.web.door.serving import Served, Told, eventually, movement, stored
from web.wiring import opened

JSON = {"Content-Type": "application/json"}


def refusal(told: Told) -> tuple[int, str]:
    """Status and code; the sentence is there, too."""
    said = json.loads(told.body)
    assert said.keys() == {"error", "message"}
    assert said["message"].endswith(".")
    return told.status, said["error"]


def inbox(door: Served) -> list[Any]:
    return stored(door.market.settings.database_url)


@pytest.mark.parametrize("provider", ["sepay", "casso", "payos"])
def test_a_notice_is_acknowledged_when_it_is_stored(door: Served, provider: str) -> None:
    told = movement(door.market, provider=provider)

    answer = door.tell(told)
    row = inbox(door)[-1]  # Looked at after the answer, through another connection.

    assert (answer.status, json.loads(answer.body)) == (200, {"success": True})
    assert answer.headers["x-choso-news"] == "first"
    assert row.connection == f"mau-{provider}"
    assert str(told.event_id) in row.event_id


def test_a_repeated_notice_is_not_news_and_acknowledged(door: Served) -> None:
    told = movement(door.market)
    door.tell(told)
    before = inbox(door)

    answer = door.tell(told)

    assert (answer.status, answer.headers["x-choso-news"]) == (200, "not_news")
    assert inbox(door) == before


def test_a_contradiction_is_acknowledged_and_kept(door: Served) -> None:
    told = movement(door.market)
    door.tell(told)
    before = len(inbox(door))

    answer = door.tell(replace(told, amount_vnd=told.amount_vnd + 1))

    assert (answer.status, answer.headers["x-choso-news"]) == (200, "further")
    assert len(inbox(door)) == before + 1


def test_another_provider_s_word_of_the_same_transfer_is_further_news(door: Served) -> None:
    told = movement(door.market)
    door.tell(told)

    answer = door.tell(retold(told, provider="casso"))

    assert (answer.status, answer.headers["x-choso-news"]) == (200, "further")


def test_a_word_that_tells_of_no_money_is_acknowledged_and_not_stored(door: Served) -> None:
    before = inbox(door)
    headers, body = door.signed(movement(door.market, provider="payos"))
    said = json.loads(body)
    said["data"]["code"] = "01"
    message = "&".join(f"{name}={value}" for name, value in sorted(said["data"].items()))
    said["signature"] = hmac_of(door.market.secrets["payos"], message)

    answer = door.ask("POST", "/hooks/payos", headers, json.dumps(said).encode())

    assert (answer.status, answer.headers["x-choso-news"]) == (200, "not_money")
    assert inbox(door) == before


def hmac_of(secret: str, message: str) -> str:
    return hmac.digest(secret.encode(), message.encode(), "sha256").hex()


def test_what_is_not_authentic_is_refused_and_not_stored(door: Served) -> None:
    before = inbox(door)
    told = movement(door.market)
    _, body = door.signed(told)
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    headers, nonsense = say_nonsense(door.market.secrets["sepay"])

    refused = [
        door.tell(told, secret="somebody else's"),
        door.tell(told, at=long_ago),
        door.ask("POST", "/hooks/sepay", JSON, body),
        door.ask("POST", "/hooks/sepay", headers, nonsense),
    ]

    assert [refusal(told) for told in refused] == [
        (401, "bad_signature"),
        (401, "stale"),
        (401, "no_signature"),
        (401, "malformed"),
    ]
    assert inbox(door) == before


def say_nonsense(secret: str) -> tuple[dict[str, str], bytes]:
    """Rightly signed, and not a notice."""
    at, body = str(int(datetime.now(UTC).timestamp())), b'{"id": 1}'
    digest = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    return JSON | {"X-SePay-Timestamp": at, "X-SePay-Signature": f"sha256={digest}"}, body


def test_a_new_secret_is_believed_at_once_and_an_old_one_until_it_is_taken_back(
    door: Served,
) -> None:
    old = door.market.secrets["casso"]
    with opened(door.market.settings) as wiring:
        wiring.connections.keep("mau-casso", "casso", None, ["the new one", old])
        eventually(lambda: believed(door, "the new one"))
        assert believed(door, old)
        wiring.connections.keep("mau-casso", "casso", None, ["the new one"])
        eventually(lambda: not believed(door, old))
        wiring.connections.keep("mau-casso", "casso", None, [old])
        eventually(lambda: believed(door, old))


def believed(door: Served, secret: str) -> bool:
    """Whether it is; a stranger's secret makes the door look for new ones."""
    door.tell(movement(door.market, provider="casso"), secret="a stranger's")
    return door.tell(movement(door.market, provider="casso"), secret=secret).status == 200


def test_the_contract_that_verifies_names_the_source(door: Served) -> None:
    with opened(door.market.settings) as wiring:
        wiring.connections.keep("another", "sepay", None, ["the other market's"])
    told = movement(door.market)

    eventually(lambda: door.tell(told, secret="the other market's").status == 200)

    assert inbox(door)[-1].connection == "another"


def test_money_for_nobody_and_money_with_a_request_s_code_are_acknowledged(door: Served) -> None:
    orphan = door.tell(movement(door.market, account_number="9911111111", memo=""))
    unknown_code = door.tell(movement(door.market, memo="tra tien CSZ00000E CSZ00001C"))

    assert [told.headers["x-choso-news"] for told in (orphan, unknown_code)] == ["first", "first"]
