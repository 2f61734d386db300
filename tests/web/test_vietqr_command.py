"""`choso vietqr` on the command line: one payload, one object or one sentence."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ledger.refusal import Refusal
from market.stalls.qr_fields import field, sealed
from market.stalls.vietqr import BadAccount, BadAmount, BadBin, BadMemo
from web.commands.vietqr import vietqr

PAYEE = ("--bin", "970436", "--account", "0011012345678")
STATIC = (
    "00020101021138530010A0000007270123000697041501091234567890208QRIBFTTA53037045802VN63046376"
)


def run(*words: str) -> Result:
    return CliRunner().invoke(vietqr, words)


def test_encode_prints_the_payload_and_nothing_else() -> None:
    answer = run("encode", "--bin", "970415", "--account", "123456789")

    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, f"{STATIC}\n", "")


def test_decode_tells_exactly_what_encode_was_told() -> None:
    payload = run("encode", *PAYEE, "--card", "--amount", "35000", "--memo", "CS A12").stdout

    answer = run("decode", payload, "--json")

    assert answer.exit_code == 0
    assert answer.stderr == ""
    assert json.loads(answer.stdout) == {
        "bin": "970436",
        "account": "0011012345678",
        "service": "QRIBFTTC",
        "method": "12",
        "amount_vnd": 35_000,
        "memo": "CS A12",
        "bank": "Vietcombank",
        "warnings": [],
    }


def test_what_a_code_does_not_say_is_null() -> None:
    answer = run("decode", STATIC, "--json")

    facts = json.loads(answer.stdout)
    assert (facts["amount_vnd"], facts["memo"], facts["bank"]) == (None, None, "VietinBank")


def test_an_unknown_bank_is_null_and_a_warning() -> None:
    payload = run("encode", "--bin", "970499", "--account", "0011").stdout

    facts = json.loads(run("decode", payload, "--json").stdout)

    assert (facts["bank"], facts["warnings"]) == (None, ["bank_unknown"])


def test_vietnamese_stays_vietnamese_in_json() -> None:
    payload = run("encode", "--bin", "999999", "--account", "0011").stdout

    assert '"Ngân hàng Mẫu"' in run("decode", payload, "--json").stdout


def test_people_get_lines() -> None:
    payload = run("encode", *PAYEE, "--amount", "35000").stdout

    lines = run("decode", payload[:-5] + payload[-5:].lower()).stdout

    assert "Vietcombank (BIN 970436)" in lines
    assert "35.000\u00a0₫" in lines
    assert "The check digits at the end are in lower case." in lines


def test_a_code_cannot_turn_the_terminal_around() -> None:
    payload = sealed(STATIC[:-8] + field("59", "QUAN\u202eMAN"))

    answer = run("decode", payload)

    assert answer.exit_code == 0
    assert "\u202e" not in answer.stdout


@pytest.mark.parametrize("payload", ["", "hello", STATIC[:-4] + "0000", "\ud800", "²" * 2_000])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_is_no_vietqr_is_told_on_standard_error(payload: str, form: tuple[str, ...]) -> None:
    answer = run("decode", payload, *form)

    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr.startswith("choso: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (("--bin", "97043", "--account", "1"), BadBin),
        (("--bin", "970436", "--account", "a b"), BadAccount),
        ((*PAYEE, "--amount", "0"), BadAmount),
        ((*PAYEE, "--amount", "-5"), BadAmount),
        ((*PAYEE, "--amount", "1_000"), BadAmount),
        ((*PAYEE, "--amount", "٥٠"), BadAmount),
        ((*PAYEE, "--amount", "1.5"), BadAmount),
        ((*PAYEE, "--amount", "500000000"), BadAmount),
        ((*PAYEE, "--amount", "9" * 5_000), BadAmount),
        ((*PAYEE, "--memo", "cà phê"), BadMemo),
        ((*PAYEE, "--memo", ""), BadMemo),
    ],
)
def test_a_value_that_no_code_may_have_is_refused(
    options: tuple[str, ...], refusal: type[Refusal]
) -> None:
    """The refusal flies to the one handler above all commands, which says it and exits 2."""
    answer = run("encode", *options)

    assert type(answer.exception) is refusal
    assert answer.stdout == ""


@pytest.mark.parametrize("options", [(), ("--bin", "970436"), (*PAYEE, "--colour", "red")])
def test_a_bad_option_exits_2(options: tuple[str, ...]) -> None:
    assert run("encode", *options).exit_code == 2


def test_encode_draws_the_code_into_files(tmp_path: Path) -> None:
    svg_file, png_file = tmp_path / "code.svg", tmp_path / "code.png"

    answer = run("encode", *PAYEE, "--svg", str(svg_file), "--png", str(png_file))

    assert answer.exit_code == 0
    assert svg_file.read_text(encoding="utf-8").startswith("<svg ")
    assert png_file.read_bytes().startswith(b"\x89PNG")


def test_a_file_that_cannot_be_written_exits_2(tmp_path: Path) -> None:
    answer = run("encode", *PAYEE, "--png", str(tmp_path / "nowhere" / "code.png"))

    assert answer.exit_code == 2
    assert "Cannot write" in answer.stderr


def test_the_group_can_be_mounted() -> None:
    assert isinstance(vietqr, click.Group)
    assert set(vietqr.commands) == {"encode", "decode"}
