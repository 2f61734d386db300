"""SePay's notices: signed over time and raw body, believed only within five minutes."""

import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations.sepay import SePay
from market.ports import BankNotice, Verdict
from tests.integrations.vectors import compact, webhook_vectors

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
TIMESTAMP = str(int(NOW.timestamp()))
SECRET = "khóa của chợ"
TOLD = {
    "id": 92704,
    "gateway": "Vietcombank",
    "transactionDate": "2026-11-21 08:29:37",
    "accountNumber": "0123499999",
    "code": None,
    "content": "QR SAP05 tiền cá",
    "transferType": "in",
    "transferAmount": 2277000,
    "accumulated": 19077000,
    "subAccount": None,
    "referenceCode": "MBVCB.3278907687",
    "description": "",
}


def signature(body: bytes, timestamp: str = TIMESTAMP, secret: str = SECRET) -> str:
    message = timestamp.encode() + b"." + body
    return "sha256=" + hmac.digest(secret.encode(), message, "sha256").hex()


def signed(body: bytes, timestamp: str = TIMESTAMP) -> dict[str, str]:
    return {
        "X-SePay-Signature": signature(body, timestamp),
        "X-SePay-Timestamp": timestamp,
    }


def judged(body: bytes, headers: dict[str, str] | None = None, at: datetime = NOW) -> Verdict:
    return SePay().verify(signed(body) if headers is None else headers, body, [SECRET], at)


def told(**but: object) -> bytes:
    return compact(TOLD | but)


def notice(**but: object) -> BankNotice:
    verdict = judged(told(**but))
    assert verdict.notice is not None, verdict.reason
    return verdict.notice


def test_a_genuine_notice_tells_the_banks_facts() -> None:
    assert judged(told()) == Verdict(
        authentic=True,
        reason="ok",
        notice=BankNotice(
            event_id="92704",
            direction="in",
            amount_vnd=2_277_000,
            booked_at=datetime(2026, 11, 21, 1, 29, 37, tzinfo=UTC),
            bank="Vietcombank",
            account_number="0123499999",
            virtual_number=None,
            reference="MBVCB.3278907687",
            memo="QR SAP05 tiền cá",
            order_code=None,
        ),
    )


def test_the_sample_is_authentic_at_its_own_time() -> None:
    vector = webhook_vectors("sepay_webhook")
    headers = {name: vector[name] for name in ("X-SePay-Timestamp", "X-SePay-Signature")}
    at = datetime.fromtimestamp(int(vector["X-SePay-Timestamp"]), UTC)
    body = vector["raw_body"].encode()

    assert SePay().verify(headers, body, [vector["secret"]], at).reason == "ok"
    assert SePay().verify(headers, body + b" ", [vector["secret"]], at).reason == "bad_signature"
    assert SePay().verify(headers, body, [vector["secret"]], NOW).reason == "stale"


def test_header_names_are_read_in_any_case() -> None:
    headers = {name.upper(): value for name, value in signed(told()).items()}

    assert judged(told(), headers).authentic


@pytest.mark.parametrize(
    "changed",
    [
        told(transferAmount=22_770_000),
        told(accountNumber="0123499998"),
        told() + b"\n",
        told().replace(b'"id":92704', b'"id": 92704'),
    ],
)
def test_another_body_under_the_same_signature_is_refused(changed: bytes) -> None:
    assert judged(changed, signed(told())).reason == "bad_signature"


def test_another_time_under_the_same_signature_is_refused() -> None:
    later = signed(told()) | {"X-SePay-Timestamp": str(int(TIMESTAMP) + 1)}

    assert judged(told(), later).reason == "bad_signature"


def test_a_key_that_is_being_rotated_out_still_counts() -> None:
    headers = signed(told())

    assert SePay().verify(headers, told(), ["new", SECRET], NOW).authentic
    assert SePay().verify(headers, told(), [SECRET, "new"], NOW).authentic
    assert SePay().verify(headers, told(), ["new"], NOW).reason == "bad_signature"
    assert SePay().verify(headers, told(), [], NOW).reason == "bad_signature"


def test_an_empty_key_signs_nothing() -> None:
    headers = signed(told()) | {"X-SePay-Signature": signature(told(), secret="")}

    assert SePay().verify(headers, told(), [""], NOW).reason == "bad_signature"


@pytest.mark.parametrize(("drift_s", "reason"), [(300, "ok"), (301, "stale"), (-301, "stale")])
def test_a_signed_time_counts_for_five_minutes_either_way(drift_s: int, reason: str) -> None:
    assert judged(told(), at=NOW + timedelta(seconds=drift_s)).reason == reason


def test_a_forgery_is_never_called_stale() -> None:
    headers = signed(told(), "1000000000") | {"X-SePay-Signature": "sha256=" + "0" * 64}

    assert judged(told(), headers).reason == "bad_signature"


@pytest.mark.parametrize("timestamp", ["١٢٣", " 12", "12 ", "1e3", "+1", "-1", "0x1", "9" * 400])
def test_a_time_that_is_no_plain_number_is_refused_even_when_signed(timestamp: str) -> None:
    assert judged(told(), signed(told(), timestamp)).reason == "bad_signature"


@pytest.mark.parametrize("missing", ["X-SePay-Signature", "X-SePay-Timestamp"])
def test_half_a_signature_is_none(missing: str) -> None:
    headers = signed(told())

    assert judged(told(), headers | {missing: ""}).reason == "no_signature"
    del headers[missing]
    assert judged(told(), headers).reason == "no_signature"


def test_an_api_key_signs_nothing() -> None:
    assert judged(told(), {"Authorization": f"Apikey {SECRET}"}).reason == "no_signature"


@pytest.mark.parametrize("prefix", ["", "sha1=", "SHA256=", "sha256", "sha256=="])
def test_only_the_published_form_of_the_signature_counts(prefix: str) -> None:
    digest = signature(told()).removeprefix("sha256=")
    headers = signed(told()) | {"X-SePay-Signature": prefix + digest}

    assert judged(told(), headers).reason == "bad_signature"


@pytest.mark.parametrize("amount", ["2277000", "2277000.0", "2.277e6"])
def test_a_whole_amount_may_be_written_in_any_way_of_json(amount: str) -> None:
    body = told().replace(b"2277000,", amount.encode() + b",", 1)

    verdict = judged(body)

    assert verdict.notice is not None
    assert verdict.notice.amount_vnd == 2_277_000


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "-1", "0.5", "2277000.5", "9007199254740992", "1e400", "1e-999999999"),
        *("1e999999999999999999999", "true", "null", "[1]", '"2277000"'),
        *("NaN", "Infinity", "01", "1_0"),
    ],
)
def test_what_is_no_amount_is_malformed(amount: str) -> None:
    body = told().replace(b'"transferAmount":2277000', f'"transferAmount":{amount}'.encode())

    assert judged(body) == Verdict(False, "malformed", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"\xef\xbb\xbf" + told(),
        told()[:-1],
        told() + told(),
        told()[:-1] + b',"id":92704}',
        told(transferType="IN"),
        told(transferType=None),
        told(id=None),
        told(id=True),
        told(id=1.5),
        told(accountNumber=None),
        told(accountNumber="  "),
        told(accountNumber=123499999),
        told(content=["SAP05"]),
        told(referenceCode="9" * 256),
        told(transactionDate="21/11/2026"),
        told(transactionDate="2026-02-30 00:00:00"),
        told(transactionDate="0001-01-01 00:00:00"),
        told(transactionDate="٢٠٢٦-11-21 08:29:37"),
        json.dumps(TOLD | {"content": "\ud800"}).encode(),
        b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        told(content="x" * 70_000),
    ],
)
def test_signed_bytes_that_are_no_notice_are_malformed(body: bytes) -> None:
    assert judged(body) == Verdict(False, "malformed", None)


def test_a_book_is_not_even_checked_for_a_signature() -> None:
    assert judged(b" " * (64 * 1024 + 1), headers={}).reason == "malformed"
    assert judged(b" " * (64 * 1024), headers={}).reason == "no_signature"


def test_money_that_left_is_told_as_out() -> None:
    assert notice(transferType="out").direction == "out"


@pytest.mark.parametrize("reference", [None, "", "   ", "\u0000"])
def test_a_blank_reference_is_none(reference: str | None) -> None:
    assert notice(referenceCode=reference).reference is None


def test_names_are_trimmed_and_printable() -> None:
    assert notice(referenceCode=" FT\u000026\n").reference == "FT26"


def test_a_virtual_account_and_an_order_code_are_passed_on() -> None:
    paid = notice(subAccount="V3CAS001", code="DH123")

    assert (paid.virtual_number, paid.order_code) == ("V3CAS001", "DH123")
