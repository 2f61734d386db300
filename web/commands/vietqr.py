"""`choso vietqr`: write a VietQR code, or say what one says."""

import json
import re
from pathlib import Path

import click

from ledger.money import written
from ledger.refusal import Refusal
from market.stalls.banks import bank
from market.stalls.qr_picture import png, svg
from market.stalls.vietqr import BadAmount, Reading, Service, TransferCode, decode, encode
from market.stalls.vietqr_oddities import ODDITIES

_PICTURE = click.Path(dir_okay=False, path_type=Path)

_SERVICES = {
    "QRIBFTTA": "transfer to an account",
    "QRIBFTTC": "transfer to a card",
    "QRPUSH": "payment for goods",
    "QRCASH": "cash from a machine",
}


@click.group()
def vietqr() -> None:
    """Write VietQR codes and read them."""


@vietqr.command("encode")
@click.option("--bin", required=True, metavar="BIN", help="The bank: six digits.")
@click.option("--account", required=True, help="The account or card number that is paid.")
@click.option("--card", is_flag=True, help="The number is a card's.")
@click.option("--amount", metavar="VND", help="Whole đồng; without it the payer types it.")
@click.option("--memo", metavar="TEXT", help="1 to 25 letters, digits or spaces.")
@click.option("--svg", "svg_file", type=_PICTURE, help="Draw the code into this file, too.")
@click.option("--png", "png_file", type=_PICTURE, help="Draw the code into this file, too.")
def write_code(
    bin: str,
    account: str,
    card: bool,
    amount: str | None,
    memo: str | None,
    svg_file: Path | None,
    png_file: Path | None,
) -> None:
    """Print the payload of a code that pays an account."""
    service: Service = "QRIBFTTC" if card else "QRIBFTTA"
    payload = encode(TransferCode(bin, account, service, _amount_vnd(amount), memo))
    if svg_file:
        _save(svg_file, svg(payload).encode())
    if png_file:
        _save(png_file, png(payload))
    click.echo(payload)


@vietqr.command("decode")
@click.argument("payload")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def read_code(payload: str, as_json: bool) -> None:
    """Say what PAYLOAD, the text of a scanned code, asks for."""
    try:
        reading = decode(payload)
    except Refusal as refusal:
        click.echo(f"choso: {refusal}", err=True)
        raise SystemExit(1) from None
    click.echo(json.dumps(_facts(reading), ensure_ascii=False) if as_json else _lines(reading))


def _amount_vnd(typed: str | None) -> int | None:
    """`int` alone would take "1_000", blanks and the digits of other scripts."""
    if typed is None:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", typed):
        raise BadAmount
    return int(typed)


def _save(file: Path, picture: bytes) -> None:
    try:
        file.write_bytes(picture)
    except OSError as problem:
        raise click.UsageError(f"Cannot write {file}: {problem.strerror}.") from None


def _facts(reading: Reading) -> dict[str, object]:
    known = bank(reading.bin)
    return {
        "bin": reading.bin,
        "account": reading.account,
        "service": reading.service,
        "method": reading.method,
        "amount_vnd": reading.amount_vnd,
        "memo": reading.memo,
        "bank": known.short_name if known else None,
        "warnings": list(reading.warnings),
    }


def _lines(reading: Reading) -> str:
    known = bank(reading.bin)
    service = reading.service or "not told"
    told = {
        "bank": f"{known.short_name if known else 'unknown'} (BIN {reading.bin})",
        "account": reading.account,
        "service": f"{service} ({_SERVICES.get(service, 'unknown')})",
        "method": f"{reading.method} ({'static' if reading.method == '11' else 'dynamic'})",
        "amount": None if reading.amount_vnd is None else written(reading.amount_vnd),
        "memo": reading.memo,
        "bill": reading.bill,
        "reference": reading.reference,
        "store": reading.store,
        "name": reading.name,
        "city": reading.city,
        "trade": reading.mcc,
    } | {f"field {id}": value for id, value in reading.other.items()}
    lines = [f"{word:<11}{_shown(value)}" for word, value in told.items() if value is not None]
    return "\n".join([*lines, *(f"{'warning':<11}{ODDITIES[word]}" for word in reading.warnings)])


def _shown(value: str) -> str:
    """Without invisible characters: they could turn the line around on a terminal."""
    return "".join(
        letter if letter.isprintable() or letter == "\u00a0" else "�" for letter in value
    )
