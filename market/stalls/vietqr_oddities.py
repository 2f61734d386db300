"""What a VietQR code is read with, though nobody should write it: a permanent word for each."""

import re
from collections.abc import Iterator, Mapping

from market.stalls.banks import DEMONSTRATION_BIN, bank
from market.stalls.qr_fields import Fields

MOST_VND = 499_999_999  # A NAPAS transfer stays below 500 million đồng.

ODDITIES: Mapping[str, str] = {
    "demonstration_bank": "This bank does not exist: the code can never take real money.",
    "bank_unknown": "No bank is known by this BIN.",
    "account_alias": "The account begins with a letter: it is an alias or a virtual number.",
    "service_missing": "The code does not say whether it pays an account or a card.",
    "service_unknown": "The code names a service that is not known.",
    "amount_on_static": "A static code (11) carries an amount.",
    "amount_missing": "A dynamic code (12) carries no amount.",
    "amount_not_plain": "The amount is not written as a plain whole number.",
    "amount_over_limit": "The amount is more than one transfer may carry.",
    "memo_on_static": "A static code (11) carries a memo.",
    "memo_too_long": "The memo has more than 25 characters: banks may cut it.",
    "memo_characters": "The memo has more than letters, digits and spaces: banks may drop them.",
    "field_too_long": "A field is longer than the standard allows.",
    "unknown_tag": "The code carries a field that the standard does not name.",
    "ids_not_ascending": "The fields are not in ascending order.",
    "crc_lower_case": "The check digits at the end are in lower case.",
}
"""The permanent word and, for people, its sentence."""

SERVICES = ("QRIBFTTA", "QRIBFTTC", "QRPUSH", "QRCASH")

_PLAIN = re.compile(r"[A-Za-z0-9 ]+")
_NAMED = {"00", "01", "38", "63", "64", *(str(id) for id in range(52, 63))}
_LONGEST = {"52": 4, "55": 2, "56": 13, "57": 5, "59": 25, "60": 15, "61": 10}
_LONGEST_IN_62 = {f"{id:02d}": 25 for id in range(1, 8)} | {"09": 3}  # 08 is the memo.


def oddities(
    top: Fields, napas: Fields, account: Fields, added: Fields, amount_vnd: int | None
) -> tuple[str, ...]:
    """Keys of `ODDITIES`, in its order, for a code whose levels are given: all of it, its
    field 38, field 38.01, field 62, and the amount as understood."""
    found = {
        *_about_the_payee(napas, account),
        *_about_the_amount(top, amount_vnd),
        *_about_the_memo(top["01"], added.get("08")),
        *_about_the_form(top, napas, account, added),
    }
    return tuple(word for word in ODDITIES if word in found)


def _about_the_payee(napas: Fields, account: Fields) -> Iterator[str]:
    if account["00"] == DEMONSTRATION_BIN:
        yield "demonstration_bank"
    elif bank(account["00"]) is None:
        yield "bank_unknown"
    if account["01"][0].isalpha():
        yield "account_alias"
    if "02" not in napas:
        yield "service_missing"
    elif napas["02"] not in SERVICES:
        yield "service_unknown"


def _about_the_amount(top: Fields, amount_vnd: int | None) -> Iterator[str]:
    if amount_vnd is None:
        if top["01"] == "12":
            yield "amount_missing"
        return
    if top["01"] == "11":
        yield "amount_on_static"
    if top["54"] != str(amount_vnd):
        yield "amount_not_plain"
    if amount_vnd > MOST_VND:
        yield "amount_over_limit"


def _about_the_memo(method: str, memo: str | None) -> Iterator[str]:
    if memo is None:
        return
    if method == "11":
        yield "memo_on_static"
    if len(memo) > 25:
        yield "memo_too_long"
    if not _PLAIN.fullmatch(memo):
        yield "memo_characters"


def _about_the_form(top: Fields, napas: Fields, account: Fields, added: Fields) -> Iterator[str]:
    if (
        any(len(top.get(id, "")) > most for id, most in _LONGEST.items())
        or any(len(added.get(id, "")) > most for id, most in _LONGEST_IN_62.items())
        or len(account["01"]) > 19
        or len(napas.get("02", "")) > 10
    ):
        yield "field_too_long"
    if (
        top.keys() - _NAMED
        or napas.keys() - {"00", "01", "02"}
        or added.keys() - {*_LONGEST_IN_62, "08"}
    ):
        yield "unknown_tag"
    if any(list(level) != sorted(level) for level in (list(top)[:-1], napas, account, added)):
        yield "ids_not_ascending"
    if top["63"] != top["63"].upper():
        yield "crc_lower_case"
