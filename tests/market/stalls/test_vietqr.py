"""VietQR codes: what we write, what we read, and what we refuse."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.refusal import Refusal
from market.stalls import qr_fields, vietqr
from market.stalls.qr_fields import checksum, field, sealed
from market.stalls.vietqr import Reading, TransferCode, decode, encode
from market.stalls.vietqr_oddities import ODDITIES

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / os.environ.get("CHOSO_VECTORS", "../shared/data") / "vietqr_vectors.json"

ACCOUNT = field("00", "970436") + field("01", "0011012345678")
PAYEE = field("00", "A000000727") + field("01", ACCOUNT) + field("02", "QRIBFTTA")
STATIC = {"00": "01", "01": "11", "38": PAYEE, "53": "704", "58": "VN"}
DYNAMIC = {"00": "01", "01": "12", "38": PAYEE, "53": "704", "54": "50000", "58": "VN"}


def vectors(*kinds: str) -> list[Any]:
    """The conformance vectors of these kinds, as parameters of a test."""
    if not VECTORS.exists():
        reason = "conformance vectors were not run: CHOSO_VECTORS names no folder that has them"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason), id="not-run")]
    cases = json.loads(VECTORS.read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["id"]) for case in cases if case["kind"] in kinds]


def code(fields: dict[str, str], **but: str | None) -> str:
    """A payload of these fields with a right CRC; `f54=None` leaves one out, `f54="1"` sets it."""
    kept = fields | {id.removeprefix("f"): value for id, value in but.items() if value is not None}
    gone = {id.removeprefix("f") for id, value in but.items() if value is None}
    return sealed("".join(field(id, kept[id]) for id in sorted(kept) if id not in gone))


def paying(account: str, service: str = "QRIBFTTA", guid: str = "A000000727") -> str:
    """A field 38 around an account part."""
    return field("00", guid) + field("01", account) + (field("02", service) if service else "")


def told(reading: Reading) -> dict[str, object]:
    """A reading in the words of the vectors."""
    added = {"01": reading.bill, "03": reading.store, "05": reading.reference, "08": reading.memo}
    facts = {
        "method": reading.method,
        "bin": reading.bin,
        "account": reading.account,
        "service": reading.service,
        "amount": None if reading.amount_vnd is None else str(reading.amount_vnd),
        "mcc": reading.mcc,
        "name": reading.name,
        "city": reading.city,
        "add": {id: value for id, value in added.items() if value is not None},
        "other": dict(reading.other),
    }
    return {name: value for name, value in facts.items() if value not in (None, {})}


@pytest.mark.parametrize("case", vectors("positive"))
def test_a_correct_code_is_read_without_a_warning(case: dict[str, Any]) -> None:
    reading = decode(case["payload"])

    assert (told(reading), reading.warnings) == (case["decoded"], ())


@pytest.mark.parametrize("case", vectors("wild"))
def test_a_code_from_the_wild_is_read_with_a_warning(case: dict[str, Any]) -> None:
    reading = decode(case["payload"])

    assert told(reading) == case["decoded"]
    assert reading.warnings


@pytest.mark.parametrize("case", vectors("negative"))
def test_a_damaged_code_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        decode(case["payload"])


@pytest.mark.parametrize("case", vectors("crc_only"))
def test_a_right_checksum_does_not_excuse_wrong_lengths(case: dict[str, Any]) -> None:
    payload = case["payload"]

    assert checksum(payload[:-4]) == payload[-4:]
    with pytest.raises(qr_fields.Malformed):
        decode(payload)


@pytest.mark.parametrize("case", vectors("positive"))
def test_what_others_write_by_the_book_we_write_alike(case: dict[str, Any]) -> None:
    want = case["decoded"]
    added = want.get("add", {})
    if want["service"] not in ("QRIBFTTA", "QRIBFTTC") or set(added) - {"08"}:
        return  # Fields that we never write.
    amount_vnd = int(want["amount"]) if "amount" in want else None

    ours = TransferCode(want["bin"], want["account"], want["service"], amount_vnd, added.get("08"))

    assert encode(ours) == case["payload"]


def test_a_printed_code_is_static_and_one_with_an_amount_is_dynamic() -> None:
    assert encode(TransferCode("970415", "123456789")) == (
        "00020101021138530010A0000007270123000697041501091234567890208QRIBFTTA53037045802VN63046376"
    )
    assert encode(TransferCode("970416", "257678859", amount_vnd=10_000, memo="Chuyen tien")) == (
        "00020101021238530010A0000007270123000697041601092576788590208QRIBFTTA"
        "53037045405100005802VN62150811Chuyen tien630453E6"
    )


def test_a_checksum_keeps_its_leading_zero() -> None:
    assert encode(TransferCode("970407", "19030413601018")).endswith("63040283")


@pytest.mark.parametrize("amount_vnd", [1, 499_999_999])
def test_the_smallest_and_the_largest_amount_are_written(amount_vnd: int) -> None:
    payload = encode(TransferCode("970436", "0011012345678", amount_vnd=amount_vnd))

    assert decode(payload).amount_vnd == amount_vnd


@pytest.mark.parametrize(
    ("but", "refusal"),
    [
        ({"bin": "97043"}, vietqr.BadBin),
        ({"bin": "9704366"}, vietqr.BadBin),
        ({"bin": "97043\u0666"}, vietqr.BadBin),  # An Arabic six: isdigit says yes.
        ({"bin": "97043²"}, vietqr.BadBin),
        ({"bin": "970436\n"}, vietqr.BadBin),
        ({"bin": 970436}, vietqr.BadBin),
        ({"account": ""}, vietqr.BadAccount),
        ({"account": "1" * 20}, vietqr.BadAccount),
        ({"account": "0011 0123"}, vietqr.BadAccount),
        ({"account": "đồng"}, vietqr.BadAccount),
        ({"account": "٠١٢"}, vietqr.BadAccount),
        ({"service": "QRPUSH"}, vietqr.BadService),
        ({"amount_vnd": 0}, vietqr.BadAmount),
        ({"amount_vnd": -1}, vietqr.BadAmount),
        ({"amount_vnd": 500_000_000}, vietqr.BadAmount),
        ({"amount_vnd": True}, vietqr.BadAmount),
        ({"amount_vnd": 50_000.0}, vietqr.BadAmount),
        ({"amount_vnd": "50000"}, vietqr.BadAmount),
        ({"memo": ""}, vietqr.BadMemo),
        ({"memo": "a" * 26}, vietqr.BadMemo),
        ({"memo": "cà phê"}, vietqr.BadMemo),
        ({"memo": "A-1"}, vietqr.BadMemo),
        ({"memo": "A\u00a01"}, vietqr.BadMemo),
        ({"memo": "A1\n"}, vietqr.BadMemo),
    ],
)
def test_a_strict_writer_refuses(but: dict[str, Any], refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        TransferCode(**{"bin": "970436", "account": "0011012345678"} | but)


def test_white_space_of_a_scanner_is_ignored() -> None:
    assert decode(f" \t{code(STATIC)}\r\n") == decode(code(STATIC))


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        ("", vietqr.NotVietQr),
        ("   ", vietqr.NotVietQr),
        ("https://example.vn/pay", vietqr.NotVietQr),
        ("000201", qr_fields.ChecksumWrong),
        ("0002016304", qr_fields.Malformed),
        (code(STATIC) + "x", qr_fields.Malformed),
        (code(STATIC)[:-1], qr_fields.Malformed),
        (code(STATIC)[:-1] + "é", qr_fields.ChecksumWrong),
        (code(STATIC).replace("VN", "Vn"), qr_fields.ChecksumWrong),
        (code(STATIC).replace("5303704", "53²3704"), qr_fields.Malformed),
        (code(STATIC).replace("5303704", "53٠3704"), qr_fields.Malformed),
        (code(STATIC).replace("5802VN", "5802\x00N"), qr_fields.Malformed),
        (code(STATIC).replace("5802VN", "5802\ud800N"), qr_fields.Malformed),
        (code(STATIC) + " " * 1_000, qr_fields.TooLong),
        (sealed("000201010211" + "5802VN" * 2), qr_fields.DuplicateField),
        (sealed("000201010211" + "5900" + "5802VN"), qr_fields.Malformed),
        (code(STATIC, f38=PAYEE + "0399x"), qr_fields.Malformed),
        (code(STATIC, f38=paying(ACCOUNT[:-1])), qr_fields.Malformed),
        (code(DYNAMIC, f62="0805abc"), qr_fields.Malformed),
        (code(DYNAMIC, f62="0801a0801b"), qr_fields.DuplicateField),
        (code(DYNAMIC, f64="0005vi"), qr_fields.Malformed),
        (code(STATIC, f38=None), vietqr.NoBankAccount),
        (code(STATIC, f38=None, f26=field("00", "A000000775")), vietqr.VnpayCode),
        (code(STATIC, f38=paying(ACCOUNT, guid="A000000728")), vietqr.NoBankAccount),
        (code(STATIC, f38=field("00", "A000000727")), vietqr.UnreadableAccount),
        (code(STATIC, f38=paying(field("00", "970436"))), vietqr.UnreadableAccount),
        (code(STATIC, f38=paying(field("00", "97043") + "01011")), vietqr.UnreadableAccount),
        (code(STATIC, f38=paying(field("00", "97043²") + "01011")), vietqr.UnreadableAccount),
        (code(STATIC, f38=paying(field("00", "970436") + "0103a b")), vietqr.UnreadableAccount),
        (code(STATIC, f38=paying(field("00", "970436") + "0101٣")), vietqr.UnreadableAccount),
        (code(STATIC, f01=None), vietqr.BadMethod),
        (code(STATIC, f01="13"), vietqr.BadMethod),
        (code(STATIC, f53=None), vietqr.OtherCurrency),
        (code(STATIC, f53="840"), vietqr.OtherCurrency),
        (code(STATIC, f58=None), vietqr.OtherCountry),
        (code(STATIC, f58="US"), vietqr.OtherCountry),
        (code(DYNAMIC, f54="0"), vietqr.UnreadableAmount),
        (code(DYNAMIC, f54="-5"), vietqr.UnreadableAmount),
        (code(DYNAMIC, f54="50000.50"), vietqr.UnreadableAmount),
        (code(DYNAMIC, f54="50.000"), vietqr.UnreadableAmount),
        (code(DYNAMIC, f54="50,000"), vietqr.UnreadableAmount),
        (code(DYNAMIC, f54="5\u0660000"), vietqr.UnreadableAmount),
        (code(DYNAMIC, f54="1" * 14), vietqr.UnreadableAmount),
    ],
)
def test_what_is_not_vietqr_is_refused(payload: str, refusal: type[Refusal]) -> None:
    with pytest.raises(Refusal) as refused:
        decode(payload)

    assert type(refused.value) is refusal


def test_a_length_that_swallows_the_service_is_refused() -> None:
    """Everything adds up and the CRC is right, yet the service stands inside the account."""
    swallowed = paying(ACCOUNT + field("02", "QRIBFTTA"), service="")

    with pytest.raises(vietqr.UnreadableAccount):
        decode(code(STATIC, f38=swallowed))


@pytest.mark.parametrize(
    ("payload", "warning"),
    [
        (code(STATIC)[:-4] + code(STATIC)[-4:].lower(), "crc_lower_case"),
        (code(DYNAMIC, f62=field("08", "a" * 26)), "memo_too_long"),
        (code(DYNAMIC, f62=field("08", "cà phê")), "memo_characters"),
        (code(STATIC, f62=field("08", "quay 7")), "memo_on_static"),
        (code(STATIC, f54="50000"), "amount_on_static"),
        (code(DYNAMIC, f54=None), "amount_missing"),
        (code(DYNAMIC, f54="50000.00"), "amount_not_plain"),
        (code(DYNAMIC, f54="050000"), "amount_not_plain"),
        (code(DYNAMIC, f54="500000000"), "amount_over_limit"),
        (code(STATIC, f80="046"), "unknown_tag"),
        (code(STATIC, f26=field("00", "A000000775")), "unknown_tag"),
        (code(STATIC, f38=PAYEE + field("03", "x")), "unknown_tag"),
        (code(DYNAMIC, f62=field("10", "x")), "unknown_tag"),
        (code(STATIC, f59="N" * 26), "field_too_long"),
        (code(DYNAMIC, f62=field("01", "7" * 26)), "field_too_long"),
        (code(STATIC, f38=paying("0006970436" + field("01", "1" * 20))), "field_too_long"),
        (code(STATIC, f38=paying("0006970423" + field("01", "tenquan"))), "account_alias"),
        (code(STATIC, f38=paying("0006970499" + field("01", "0011"))), "bank_unknown"),
        (code(STATIC, f38=paying("0006999999" + field("01", "0011"))), "demonstration_bank"),
        (code(STATIC, f38=paying(ACCOUNT, service="")), "service_missing"),
        (code(STATIC, f38=paying(ACCOUNT, service="QRNEW")), "service_unknown"),
        (sealed(f"0002010102115303704{field('38', PAYEE)}5802VN"), "ids_not_ascending"),
        (code(DYNAMIC, f62="0801a0101b"), "ids_not_ascending"),
    ],
)
def test_what_is_not_allowed_is_read_with_its_warning(payload: str, warning: str) -> None:
    assert decode(payload).warnings == (warning,)
    assert ODDITIES[warning].endswith(".")


def test_an_amount_with_empty_decimals_is_whole_dong() -> None:
    assert decode(code(DYNAMIC, f54="50000.00")).amount_vnd == 50_000


def test_lengths_count_characters_and_the_checksum_counts_bytes() -> None:
    reading = decode(code(STATIC, f59="Quán Bà Năm 🍜", f60="Rạch Giá"))

    assert (reading.name, reading.city, reading.warnings) == ("Quán Bà Năm 🍜", "Rạch Giá", ())


def test_nothing_that_a_code_says_is_lost() -> None:
    added = "".join(field(id, f"v{id}") for id in ("01", "03", "05", "07", "08"))
    reading = decode(code(DYNAMIC, f52="5812", f61="91000", f62=added, f80="046"))

    assert (reading.bill, reading.store, reading.reference) == ("v01", "v03", "v05")
    assert (reading.memo, reading.mcc) == ("v08", "5812")
    assert reading.other == {"61": "91000", "62.07": "v07", "80": "046"}


@pytest.mark.parametrize("write", [str.upper, str.lower])
def test_a_checksum_is_read_in_either_case(write: Callable[[str], str]) -> None:
    payload = code(DYNAMIC)

    assert decode(payload[:-4] + write(payload[-4:])).amount_vnd == 50_000
