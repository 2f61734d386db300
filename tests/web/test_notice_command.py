"""`choso notice verify`: the market's judgement of a notice, for a person at a terminal."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from integrations.bank_simulator.movement import Movement, identity
from integrations.bank_simulator.words import say
from tests.integrations.vectors import compact, webhook_vectors
from web.commands.notice import notice

AT = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
SECRET = "khóa của chợ"


def spoken(provider: str) -> tuple[list[str], bytes]:
    """The options and the body of a genuine notice."""
    names = identity("a test")
    movement = Movement(
        provider=provider,
        event_id=names.event_id(provider),
        account_number="10000000",
        amount_vnd=50_000,
        booked_at=AT,
        reference=names.reference,
        memo="SAP07 tiền cá",
        order_code="42" if provider == "payos" else None,
    )
    headers, body = say(provider, movement, AT, SECRET)
    options = ["--provider", provider, "--secret", SECRET, "--at", "2026-11-21T01:30:00Z"]
    for name, value in headers.items():
        options += ["--header", f"{name}: {value}"]
    return options, body


def verified(*options: str, body: bytes = b"") -> Result:
    source = [] if "--body" in options else ["--body", "-"]
    return CliRunner().invoke(notice, ["verify", *options, *source], input=body)


@pytest.mark.parametrize("provider", ["sepay", "casso", "payos"])
def test_a_genuine_notice_is_told_in_json(provider: str) -> None:
    options, body = spoken(provider)
    result = verified(*options, "--json", body=body)
    told = json.loads(result.stdout)

    assert result.exit_code == 0
    assert list(told) == ["authentic", "reason", "notice"]
    assert (told["authentic"], told["reason"]) == (True, "ok")
    assert told["notice"]["amount_vnd"] == 50_000
    assert told["notice"]["booked_at"] == "2026-11-21T01:30:00+00:00"
    assert told["notice"]["memo"] == "SAP07 tiền cá"
    assert set(told["notice"]) == {
        "event_id",
        "direction",
        "amount_vnd",
        "booked_at",
        "bank",
        "account_number",
        "virtual_number",
        "reference",
        "memo",
        "order_code",
    }


def test_a_genuine_notice_is_told_in_words() -> None:
    options, body = spoken("sepay")
    result = verified(*options, body=body)

    assert result.exit_code == 0
    assert "50.000\u00a0₫ arrived on account 10000000" in result.stdout
    assert result.stderr == ""


def test_the_body_may_lie_in_a_file(tmp_path: Path) -> None:
    options, body = spoken("casso")
    (tmp_path / "body.json").write_bytes(body)

    assert verified(*options, "--body", str(tmp_path / "body.json")).exit_code == 0


def test_several_keys_may_be_in_force() -> None:
    options, body = spoken("sepay")

    assert verified("--secret", "new", *options, body=body).exit_code == 0


def test_an_altered_notice_exits_1_and_says_why() -> None:
    options, body = spoken("sepay")
    altered = body.replace(b"50000", b"500000")
    result = verified(*options, body=altered)
    as_json = verified(*options, "--json", body=altered)

    assert (result.exit_code, as_json.exit_code) == (1, 1)
    assert result.stderr.startswith("The signature does not fit")
    assert result.stdout == as_json.stderr == ""
    assert json.loads(as_json.stdout) == {
        "authentic": False,
        "reason": "bad_signature",
        "notice": None,
    }


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2026-11-21T01:35:00", None),  # Naive: UTC.
        ("2026-11-21T08:35:00+07:00", None),
        ("2026-11-21T01:35:01", "The signature is genuine, but made more than five minutes away"),
        ("2026-11-21T08:30:00", "The signature is genuine, but made more than five minutes away"),
    ],
)
def test_it_judges_as_of_any_time(at: str, reason: str | None) -> None:
    options, body = spoken("sepay")
    result = verified(*options, "--at", at, body=body)

    assert result.exit_code == (1 if reason else 0)
    assert result.stderr.startswith(reason or "")


def test_without_a_time_it_judges_as_of_now() -> None:
    options, body = spoken("sepay")
    at = options.index("--at")
    result = verified(*options[:at], *options[at + 2 :], body=body)

    assert result.exit_code == 1  # Signed in one November; whenever this runs, it is another time.
    assert "more than five minutes away" in result.stderr


def test_each_reason_has_its_sentence() -> None:
    options = ["--provider", "sepay", "--secret", "s"]

    assert verified(*options).stderr == "The request carries no signature of sepay.\n"
    assert "not a notice" in verified("--provider", "payos", "--secret", "s", body=b"?").stderr


def test_a_word_about_no_money_is_authentic() -> None:
    vector = webhook_vectors("payos_sdk_cases")
    case = next(case for case in vector["cases"] if case["caseName"] == "pending payment link")
    body = compact({"data": case["payload"], "signature": case["expect"]})
    options = ["--provider", "payos", "--secret", vector["key"]]

    assert verified(*options, body=body).stdout == "Authentic, but payos tells of no money.\n"
    assert json.loads(verified(*options, "--json", body=body).stdout) == {
        "authentic": True,
        "reason": "not_money",
        "notice": None,
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--provider", "momo", "--secret", "s"], "No provider is called 'momo'; known: sepay,"),
        (["--provider", "sepay", "--secret", ""], "An empty --secret signs nothing."),
        (
            ["--provider", "sepay", "--secret", "s", "--header", "no colon"],
            "A --header is written 'Name: value', not 'no colon'.",
        ),
        (["--provider", "sepay", "--secret", "s", "--header", ": x"], "A --header is written"),
        (["--provider", "sepay", "--secret", "s", "--at", "noon"], "--at is an ISO time like"),
        (
            ["--provider", "sepay", "--secret", "s", "--body", "/no/such/file"],
            "The body file '/no/such/file' cannot be read: No such file or directory.",
        ),
        (["--provider", "sepay", "--secret", "s", "--body", "/"], "The body file '/' cannot"),
        (["--provider", "sepay", "--secret", "s", "--body", "\0"], "The body file"),
    ],
)
def test_a_bad_option_is_one_clear_sentence(options: list[str], sentence: str) -> None:
    for more in ([], ["--json"]):
        result = verified(*options, *more)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"Error: {sentence}")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""


def test_without_a_provider_or_a_key_there_is_nothing_to_judge() -> None:
    assert verified("--secret", "s").exit_code == 2
    assert verified("--provider", "sepay").exit_code == 2
