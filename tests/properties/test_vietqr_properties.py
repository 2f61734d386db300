"""VietQR, whatever the input: what we write we read, and what is broken is refused, not raised."""

import contextlib
import io
import re
from typing import cast

import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ledger.refusal import Refusal
from market.stalls.banks import all_banks, bin_of
from market.stalls.qr_fields import checksum
from market.stalls.qr_picture import BadStamp, png, svg
from market.stalls.vietqr import MOST_VND, Service, TransferCode, decode, encode
from market.stalls.vietqr_oddities import ODDITIES

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ABOUT_THE_PAYEE = {"demonstration_bank", "bank_unknown", "account_alias", "memo_on_static"}

CODES = st.builds(
    TransferCode,
    bin=st.text("0123456789", min_size=6, max_size=6)
    | st.sampled_from(all_banks()).map(lambda bank: bank.bin),
    account=st.text(LETTERS, min_size=1, max_size=19),
    service=cast("st.SearchStrategy[Service]", st.sampled_from(["QRIBFTTA", "QRIBFTTC"])),
    amount_vnd=st.none() | st.integers(1, MOST_VND),
    memo=st.none() | st.text(LETTERS + " ", min_size=1, max_size=25),
)
ODD_LETTERS = st.characters() | st.sampled_from("²٠０\ud800\x00\u202e 0163AF")


def read(text: str) -> None:
    """Read it or refuse it; every other exception fails the test."""
    try:
        reading = decode(text)
    except Refusal:
        return
    assert set(reading.warnings) <= ODDITIES.keys()
    assert reading.amount_vnd is None or reading.amount_vnd > 0
    assert re.fullmatch("[0-9]{6}", reading.bin)
    assert re.fullmatch("[0-9A-Za-z]+", reading.account)


@given(CODES)
def test_what_is_written_is_read_back(code: TransferCode) -> None:
    reading = decode(encode(code))

    assert code == TransferCode(
        reading.bin,
        reading.account,
        cast(Service, reading.service),
        reading.amount_vnd,
        reading.memo,
    )
    assert reading.method == ("11" if code.amount_vnd is None else "12")
    assert reading.other == {}
    assert set(reading.warnings) <= ABOUT_THE_PAYEE


@given(st.text(ODD_LETTERS, max_size=120))
def test_no_text_breaks_the_reader(text: str) -> None:
    read(text)
    read("000201" + text)
    read("000201" + text + "6304" + "0000")


@given(CODES, st.data())
def test_no_damage_breaks_the_reader(code: TransferCode, data: st.DataObject) -> None:
    payload = encode(code)
    at = data.draw(st.integers(0, len(payload)))
    until = data.draw(st.integers(at, min(len(payload), at + 6)))
    damaged = payload[:at] + data.draw(st.text(ODD_LETTERS, max_size=6)) + payload[until:]

    read(damaged)
    read(resealed(damaged))


@given(CODES, st.data())
def test_one_wrong_letter_is_noticed(code: TransferCode, data: st.DataObject) -> None:
    payload = encode(code)
    at = data.draw(st.integers(0, len(payload) - 5))
    letter = data.draw(st.sampled_from(LETTERS).filter(lambda letter: letter != payload[at]))

    try:
        decode(payload[:at] + letter + payload[at + 1 :])
    except Refusal:
        return
    raise AssertionError("a code with a wrong letter was read")


@settings(max_examples=30)
@given(CODES, st.sampled_from([2, 4, 8]), st.none() | st.just("MẪU"))
def test_every_printed_code_is_read_back(code: TransferCode, scale: int, stamp: str | None) -> None:
    payload = encode(code)

    found = zxingcpp.read_barcode(Image.open(io.BytesIO(png(payload, stamp, scale))))

    assert found is not None
    assert found.text == payload


@settings(max_examples=30)
@given(CODES.filter(lambda code: code.bin != "999999"), st.text(max_size=25))
def test_any_stamp_is_drawn_or_refused(code: TransferCode, stamp: str) -> None:
    with contextlib.suppress(BadStamp):
        svg(encode(code), stamp)
    with contextlib.suppress(BadStamp):
        png(encode(code), stamp)


@given(st.text())
def test_any_words_are_a_bank_or_none(words: str) -> None:
    assert bin_of(words) in {None, *(bank.bin for bank in all_banks())}


def resealed(text: str) -> str:
    """`text` with the CRC that its damage needs, so that what lies behind the CRC is tried, too."""
    try:
        return text[:-4] + checksum(text[:-4])
    except UnicodeEncodeError:  # A lone surrogate has no bytes and no CRC.
        return text
