"""payOS's notices: signed over `data` alone, so nothing around it counts."""

import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.payos import PayOS
from integrations.payos.signed_text import as_javascript, signed_text
from integrations.wire import Number, read_object
from market.ports import BankNotice, Verdict
from tests.integrations.vectors import compact, webhook_vectors

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
SECRET = "1a54716c8f0efb2744fb28b6e38b25da"
DATA = {
    "orderCode": 123,
    "amount": 3000,
    "description": "VQRIO123",
    "accountNumber": "12345678",
    "reference": "TF230204212323",
    "transactionDateTime": "2023-02-04 18:25:00",
    "currency": "VND",
    "paymentLinkId": "124c33293c43417ab7879e14c8d9eb18",
    "code": "00",
    "desc": "Thành công",
    "counterAccountName": None,
    "virtualAccountNumber": "",
}


def text_over(data: dict[str, Any]) -> str:
    """The signed text of flat data, written apart from the adapter."""
    told = {key: "" if value is None else value for key, value in data.items()}
    return "&".join(f"{key}={told[key]}" for key in sorted(told))


def digest(message: str, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), message.encode(), "sha256").hex()


def judged(data: dict[str, Any], signature: object = None, **around: object) -> Verdict:
    """The verdict on `data`, signed unless a signature is given."""
    outside = {"code": "00", "desc": "success", "success": True} | around
    signature = digest(text_over(data)) if signature is None else signature
    body = compact(outside | {"data": data, "signature": signature})
    return PayOS().verify({}, body, [SECRET], NOW)


def notice(**but: object) -> BankNotice:
    verdict = judged(DATA | but)
    assert verdict.notice is not None, verdict.reason
    return verdict.notice


def test_a_genuine_notice_tells_the_banks_facts() -> None:
    assert judged(DATA) == Verdict(
        authentic=True,
        reason="ok",
        notice=BankNotice(
            event_id="124c33293c43417ab7879e14c8d9eb18:TF230204212323",
            direction="in",
            amount_vnd=3_000,
            booked_at=datetime(2023, 2, 4, 11, 25, tzinfo=UTC),
            bank=None,
            account_number="12345678",
            virtual_number=None,
            reference="TF230204212323",
            memo="VQRIO123",
            order_code="123",
        ),
    )


def test_the_documented_webhook_is_authentic() -> None:
    vector = webhook_vectors("payos_docs_webhook")
    verdict = PayOS().verify({}, compact(vector["body"]), [vector["checksum_key"]], NOW)

    assert verdict.notice is not None
    assert verdict.notice.amount_vnd == 3_000


def test_the_sdks_golden_bodies_are_signed_alike() -> None:
    vectors = webhook_vectors("payos_sdk_cases")
    bodies = [case for case in vectors["cases"] if case["type"] == "body"]

    assert bodies
    for case in bodies:
        message = signed_text(read_object(compact(case["payload"])))
        assert digest(message, vectors["key"]) == case["expect"], case["caseName"]


def test_the_sdks_golden_links_are_signed_alike_over_their_five_fields() -> None:
    vectors = webhook_vectors("payos_sdk_cases")
    links = [case for case in vectors["cases"] if case["type"] == "create-payment-link"]
    five = ("amount", "cancelUrl", "description", "orderCode", "returnUrl")

    assert links
    for case in links:
        message = signed_text(read_object(compact({name: case["payload"][name] for name in five})))
        assert digest(message, vectors["key"]) == case["expect"], case["caseName"]


def test_what_the_golden_cases_sign_otherwise_is_known() -> None:
    """`header` is for payouts, which we never ask for: URL-encoded, another scheme."""
    vectors = webhook_vectors("payos_sdk_cases")

    assert {case["type"] for case in vectors["cases"]} == {"body", "create-payment-link", "header"}


def test_the_golden_webhook_becomes_a_notice() -> None:
    vectors = webhook_vectors("payos_sdk_cases")
    case = next(case for case in vectors["cases"] if case["caseName"] == "webhook")
    body = compact({"data": case["payload"], "signature": case["expect"]})

    verdict = PayOS().verify({}, body, [vectors["key"]], NOW)

    assert verdict.notice is not None
    assert verdict.notice.event_id == "payment-link-id:FT-REFERENCE"


@pytest.mark.parametrize(
    "but",
    [{key: "other"} for key in DATA]
    + [{"amount": 3001}, {"orderCode": 1230}, {"reference": None}, {"added": ""}],
    ids=str,
)
def test_other_data_under_the_same_signature_is_refused(but: dict[str, object]) -> None:
    assert judged(DATA | but, digest(text_over(DATA))).reason == "bad_signature"


def test_a_field_left_out_is_refused() -> None:
    for key in DATA:
        rest = {name: DATA[name] for name in DATA if name != key}
        assert judged(rest, digest(text_over(DATA))).reason == "bad_signature"


@pytest.mark.parametrize(
    "around", [{"code": "99"}, {"success": False}, {"desc": None}, {"amount": 9_000_000}], ids=str
)
def test_what_stands_around_the_data_changes_nothing(around: dict[str, object]) -> None:
    assert judged(DATA, **around) == judged(DATA)


def test_a_word_that_is_not_about_success_tells_of_no_money() -> None:
    assert judged(DATA | {"code": "01"}) == Verdict(True, "not_money", None)
    assert judged(DATA | {"code": None}, code="00") == Verdict(True, "not_money", None)


def test_payos_signs_no_time_so_nothing_is_stale() -> None:
    body = compact({"data": DATA, "signature": digest(text_over(DATA))})

    for at in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)):
        assert PayOS().verify({}, body, ["old", SECRET], at).authentic


@pytest.mark.parametrize("signature", ["", None])
def test_without_a_signature_nothing_is_signed(signature: object) -> None:
    body = compact({"data": DATA, "signature": signature})

    assert PayOS().verify({}, body, [SECRET], NOW).reason == "no_signature"
    assert PayOS().verify({}, compact({"data": DATA}), [SECRET], NOW).reason == "no_signature"


@pytest.mark.parametrize("signature", [1, True, [], "0" * 64, "é", digest(text_over(DATA)).upper()])
def test_another_signature_is_refused(signature: object) -> None:
    assert judged(DATA, signature).reason == "bad_signature"


@pytest.mark.parametrize("empty", [None, "", "null", "undefined"])
def test_what_is_signed_as_empty_is_read_as_empty(empty: object) -> None:
    data = DATA | {"reference": empty}

    verdict = judged(data, digest(text_over(DATA | {"reference": ""})))

    assert verdict.notice is not None
    assert verdict.notice.reference is None
    assert verdict.notice.event_id == "124c33293c43417ab7879e14c8d9eb18:"


def test_arrays_and_truths_are_signed_as_javascript_writes_them() -> None:
    data = read_object(b'{"b":[{"y":1.0,"x":"ti\\u1ec1n/"},null,true],"a":false,"c":{"z":1,"d":2}}')

    assert signed_text(data) == 'a=false&b=[{"x":"tiền/","y":1},null,true]&c={"d":2,"z":1}'


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("3000", "3000"),
        ("3000.0", "3000"),
        ("30e2", "3000"),
        ("0.0", "0"),
        ("-0", "0"),
        ("-12.50", "-12.5"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("123456789012345678901", "123456789012345678901"),
        ("1000000000000000000000", "1e+21"),
        ("1.5e300", "1.5e+300"),
        ("12e-1", "1.2"),
        ("9007199254740993", "9007199254740993"),
    ],
)
def test_numbers_are_printed_as_javascript_does_but_never_rounded(
    written: str, printed: str
) -> None:
    assert as_javascript(Number(written)) == printed


def test_a_memo_cannot_pass_for_other_fields() -> None:
    """Nothing is escaped in the signed text: one signature would fit two readings."""
    memo = "x&orderCode=9&paymentLinkId=L&reference=FTNEW&transactionDateTime=2026-01-01 00:00:00"
    honest = DATA | {"description": memo}
    tail = text_over(honest).split(f"{memo}&")[1]
    recut = DATA | {
        "description": "x",
        "orderCode": 9,
        "paymentLinkId": "L",
        "reference": "FTNEW",
        "transactionDateTime": f"2026-01-01 00:00:00&{tail}",
    }
    del recut["virtualAccountNumber"]

    assert text_over(honest) == text_over(recut)
    assert judged(honest).reason == judged(recut).reason == "malformed"
    assert judged({"amount=1&code": "00"}).reason == "malformed"
    assert judged(DATA | {"description": "A & B = C&D"}).authentic


@pytest.mark.parametrize(
    "but",
    [
        {"amount": 0},
        {"amount": -3000},
        {"amount": "3000"},
        {"amount": None},
        {"amount": 2**53},
        {"currency": "USD"},
        {"orderCode": "123"},
        {"paymentLinkId": ""},
        {"accountNumber": None},
        {"transactionDateTime": "04/02/2023"},
    ],
    ids=str,
)
def test_signed_data_that_is_no_notice_is_malformed(but: dict[str, object]) -> None:
    assert judged(DATA | but) == Verdict(False, "malformed", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"signature":"x"}',
        b'{"signature":"x","data":null}',
        b'{"signature":"x","data":[]}',
        b'{"signature":"x","data":{"a":NaN}}',
        b'{"signature":"x","data":{"a":"\\ud800"}}',
        b'{"signature":"\\ud800","data":{"a":1}}',
        b'{"signature":"x","data":{"a":1,"a":2}}',
        b'{"signature":"x","data":{"a":1e99999999999}}',
        b'{"signature":"x","data":{"a":' + b"[" * 30_000,
        b'{"signature":"x","data":{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}}",
        json.dumps({"signature": "x", "data": DATA, "pad": "x" * 65_536}).encode(),
    ],
)
def test_bytes_that_are_no_notice_are_malformed(body: bytes) -> None:
    assert PayOS().verify({}, body, [SECRET], NOW) == Verdict(False, "malformed", None)


def test_an_order_without_a_code_is_told_without_one() -> None:
    assert notice(orderCode=None).order_code is None
