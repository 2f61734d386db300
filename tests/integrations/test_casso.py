"""Casso's notices: signed over the sorted, compact JSON, whatever the order on the wire."""

import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations.casso import Casso, spellings
from integrations.wire import read_object
from market.ports import BankNotice, Verdict
from tests.integrations.vectors import compact, webhook_vectors

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
SIGNED_MS = int(NOW.timestamp() * 1000)
SECRET = "mgExMrjj4i7a1p8Cs6LmFbpCd8lbw4sS"
DATA = {
    "id": 218897,
    "reference": "FT24364030863634",
    "description": "SAP05 tien ca",
    "amount": 599000,
    "runningBalance": 25000000,
    "transactionDateTime": "2026-11-21 08:29:37",
    "accountNumber": "88888888",
    "bankName": "VPBank",
    "bankAbbreviation": "VPB",
    "virtualAccountNumber": "",
    "counterAccountName": "NGUYEN VAN A",
}


def header_over(message: str, signed_ms: object = SIGNED_MS) -> dict[str, str]:
    digest = hmac.digest(SECRET.encode(), f"{signed_ms}.{message}".encode(), "sha512").hex()
    return {"X-Casso-Signature": f"t={signed_ms},v1={digest}"}


def signed(told: object, signed_ms: object = SIGNED_MS) -> dict[str, str]:
    message = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return header_over(message, signed_ms)


def judged(told: object, at: datetime = NOW) -> Verdict:
    return Casso().verify(signed(told), compact(told), [SECRET], at)


def told(**but: object) -> dict[str, object]:
    return {"error": 0, "data": DATA | but}


def notice(**but: object) -> BankNotice:
    verdict = judged(told(**but))
    assert verdict.notice is not None, verdict.reason
    return verdict.notice


def test_a_genuine_notice_tells_the_banks_facts() -> None:
    assert judged(told()) == Verdict(
        authentic=True,
        reason="ok",
        notice=BankNotice(
            event_id="218897",
            direction="in",
            amount_vnd=599_000,
            booked_at=datetime(2026, 11, 21, 1, 29, 37, tzinfo=UTC),
            bank="VPB",
            account_number="88888888",
            virtual_number=None,
            reference="FT24364030863634",
            memo="SAP05 tien ca",
            order_code=None,
        ),
    )


def test_the_published_sample_is_authentic_at_its_own_time() -> None:
    vector = webhook_vectors("casso_v2_webhook")
    headers = {"X-Casso-Signature": vector["header"]}
    at = datetime.fromtimestamp(1727948258, UTC)
    body = json.dumps(vector["body"], indent=1).encode()

    assert Casso().verify(headers, body, [vector["checksum_key"]], at).reason == "ok"
    assert Casso().verify(headers, body, [vector["checksum_key"]], NOW).reason == "stale"
    assert Casso().verify(headers, body, ["another"], NOW).reason == "bad_signature"


def test_order_and_white_space_on_the_wire_do_not_matter() -> None:
    backwards = {"data": dict(reversed(DATA.items())), "error": 0}
    body = json.dumps(backwards, indent=4).encode()

    assert Casso().verify(signed(told()), body, [SECRET], NOW) == judged(told())


@pytest.mark.parametrize(
    "changed",
    [
        told(amount=5990000),
        told(reference="FT24364030863635"),
        told(description="SAP06 tien ca"),
        told(added=None),
        told() | {"error": 1},
        told() | {"more": {}},
        {"error": 0, "data": {key: DATA[key] for key in DATA if key != "counterAccountName"}},
    ],
)
def test_another_content_under_the_same_signature_is_refused(changed: object) -> None:
    assert Casso().verify(signed(told()), compact(changed), [SECRET], NOW).reason == "bad_signature"


@pytest.mark.parametrize("number", ["599000.0", "5.99e5", "5.99E5", "599e3"])
def test_a_number_is_signed_in_the_spelling_in_which_it_came(number: str) -> None:
    body = compact(told()).replace(b"599000", number.encode())
    message = json.dumps(told(), sort_keys=True, separators=(",", ":"))

    assert Casso().verify(header_over(message), body, [SECRET], NOW).reason == "bad_signature"
    respelled = header_over(message.replace("599000", number))
    verdict = Casso().verify(respelled, body, [SECRET], NOW)
    assert verdict.notice is not None
    assert verdict.notice.amount_vnd == 599_000


@pytest.mark.parametrize(
    "spelled",
    ['"a/b tiền 🐟"', r'"a\/b ti\u1ec1n \ud83d\udc1f"', r'"a/b ti\u1ec1n \ud83d\udc1f"'],
    ids=["javascript", "php", "python"],
)
def test_each_way_in_which_casso_may_escape_letters_is_accepted(spelled: str) -> None:
    sent = told(description="a/b tiền 🐟")
    message = json.dumps(sent, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    headers = header_over(message.replace('"a/b tiền 🐟"', spelled))

    verdict = Casso().verify(headers, compact(sent), [SECRET], NOW)

    assert verdict.notice is not None
    assert verdict.notice.memo == "a/b tiền 🐟"


def test_every_accepted_spelling_reads_back_as_the_same_body() -> None:
    sent = read_object(compact(told(description='a/b "tiền" \\u1ec1 \t🐟')))

    assert len(spellings(sent)) == 3
    assert all(read_object(spelling.encode()) == sent for spelling in spellings(sent))


@pytest.mark.parametrize(("drift_s", "reason"), [(300, "ok"), (301, "stale"), (-301, "stale")])
def test_a_signed_time_counts_for_five_minutes_either_way(drift_s: int, reason: str) -> None:
    assert judged(told(), at=NOW + timedelta(seconds=drift_s)).reason == reason


def test_another_time_under_the_same_signature_is_refused() -> None:
    later = signed(told())["X-Casso-Signature"].replace(f"t={SIGNED_MS}", f"t={SIGNED_MS + 1}")
    verdict = Casso().verify({"X-Casso-Signature": later}, compact(told()), [SECRET], NOW)

    assert verdict.reason == "bad_signature"


def test_without_its_header_a_notice_is_unsigned() -> None:
    for headers in ({}, {"X-Casso-Signature": ""}, {"secure-token": SECRET}):
        assert Casso().verify(headers, compact(told()), [SECRET], NOW).reason == "no_signature"


@pytest.mark.parametrize("signed_ms", ["١٢٣", " 12", "1e3", "", "-1", "9" * 400])
def test_a_time_that_is_no_plain_number_is_refused_even_when_signed(signed_ms: str) -> None:
    verdict = Casso().verify(signed(told(), signed_ms), compact(told()), [SECRET], NOW)

    assert verdict.reason == "bad_signature"


def test_header_names_are_read_in_any_case() -> None:
    headers = {"x-casso-signature": signed(told())["X-Casso-Signature"]}

    assert Casso().verify(headers, compact(told()), [SECRET], NOW).authentic


def test_a_key_twice_in_one_object_is_malformed() -> None:
    body = compact(told()).replace(b'"amount":599000', b'"amount":1,"amount":599000')

    assert Casso().verify(signed(told()), body, [SECRET], NOW).reason == "malformed"


@pytest.mark.parametrize(
    "sent",
    [
        {"error": 0},
        {"error": 0, "data": None},
        {"error": 0, "data": [DATA]},
        {"error": "none", "data": DATA},
        told(id=None),
        told(amount=0),
        told(amount="599000"),
        told(amount=True),
        told(amount=599000.5),
        told(amount=2**53),
        told(amount=-(2**53)),
        told(accountNumber=""),
        told(transactionDateTime=""),
        told(description={}),
    ],
)
def test_signed_json_that_is_no_notice_is_malformed(sent: object) -> None:
    assert judged(sent) == Verdict(False, "malformed", None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b'{"a":NaN}', b'{"a":' * 9_000, b"{" + b" " * 70_000]
)
def test_bytes_that_are_no_json_object_are_malformed(body: bytes) -> None:
    assert Casso().verify(signed(told()), body, [SECRET], NOW).reason == "malformed"


def test_deep_nesting_is_refused_and_does_not_raise() -> None:
    for depth in (100, 300, 400, 600, 900, 2_000, 30_000):
        body = b'{"error":0,"data":' + b"[" * depth + b"]" * depth + b"}"
        verdict = Casso().verify(signed(told()), body, [SECRET], NOW)
        assert verdict.reason in {"bad_signature", "malformed"}


def test_a_negative_amount_is_money_that_left() -> None:
    left = notice(amount=-599000)

    assert (left.direction, left.amount_vnd) == ("out", 599_000)


def test_the_banks_name_stands_in_for_its_abbreviation() -> None:
    assert notice(bankAbbreviation="").bank == "VPBank"
    assert notice(bankAbbreviation=None, bankName=None).bank is None


def test_a_reported_failure_tells_of_no_money() -> None:
    assert judged(told() | {"error": 1}) == Verdict(True, "not_money", None)
