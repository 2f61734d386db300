"""VietQR, the code of a bank transfer through NAPAS: written strictly, read leniently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ledger.refusal import Refusal
from market.stalls.qr_fields import MOST_CHARACTERS, Fields, TooLong, field, fields, opened, sealed
from market.stalls.vietqr_oddities import MOST_VND, oddities

NAPAS = "A000000727"
VNPAY = "A000000775"

Service = Literal["QRIBFTTA", "QRIBFTTC"]

_BIN = re.compile(r"[0-9]{6}")
_ACCOUNT = re.compile(r"[A-Za-z0-9]{1,19}")
_MEMO = re.compile(r"[A-Za-z0-9 ]{1,25}")
_AMOUNT = re.compile(r"0*([1-9][0-9]*)(\.0{1,2})?")  # Not "50.000": fifty, or fifty thousand?

# The fields that a `Reading` has a name for, and those that say the same on every code.
_READ = {"00", "01", "38", "52", "53", "54", "58", "59", "60", "62", "63"}
_READ_IN_38 = {"00", "01", "02"}
_READ_IN_62 = {"01", "03", "05", "08"}


class BadBin(Refusal):
    """The bank's number (BIN) has exactly six digits."""

    code = "qr_bad_bin"


class BadAccount(Refusal):
    """An account or card number has 1 to 19 letters A-Z or digits, without spaces."""

    code = "qr_bad_account"


class BadAmount(Refusal):
    """The amount of a code is a whole number of đồng, at least 1 and below 500 million."""

    code = "qr_bad_amount"


class BadMemo(Refusal):
    """A memo has 1 to 25 letters A-Z, digits or spaces, without accents."""

    code = "qr_bad_memo"


class BadService(Refusal):
    """A code pays either an account (QRIBFTTA) or a card (QRIBFTTC)."""

    code = "qr_bad_service"


class NotVietQr(Refusal):
    """This is not a VietQR code."""

    code = "not_vietqr"


class VnpayCode(NotVietQr):
    """This is a VNPAY-QR code, not a VietQR code."""

    code = "qr_of_vnpay"


class NoBankAccount(NotVietQr):
    """The code names no bank account of the NAPAS network, so it is not a VietQR code."""

    code = "qr_no_bank_account"


class UnreadableAccount(NotVietQr):
    """The bank number or the account number in the code cannot be read."""

    code = "qr_unreadable_account"


class UnreadableAmount(NotVietQr):
    """The amount in the code is not a whole number of đồng above zero."""

    code = "qr_unreadable_amount"


class BadMethod(NotVietQr):
    """The code does not say whether it is static (11) or dynamic (12)."""

    code = "qr_bad_method"


class OtherCurrency(NotVietQr):
    """The code does not ask for Vietnamese đồng (currency 704)."""

    code = "qr_other_currency"


class OtherCountry(NotVietQr):
    """The code is not one of Việt Nam (country VN)."""

    code = "qr_other_country"


@dataclass(frozen=True, slots=True)
class TransferCode:
    """What a code asks the payer's bank app to do; without an amount the payer types it.

    `bin` six digits, `account` 1 to 19 of A-Z a-z 0-9, `amount_vnd` 1 to 499,999,999,
    `memo` 1 to 25 of A-Z a-z 0-9 and space. Refuses anything else, so that none exists.
    """

    bin: str
    account: str
    service: Service = "QRIBFTTA"
    amount_vnd: int | None = None
    memo: str | None = None

    def __post_init__(self) -> None:
        if not _fits(_BIN, self.bin):
            raise BadBin
        if not _fits(_ACCOUNT, self.account):
            raise BadAccount
        if self.service not in ("QRIBFTTA", "QRIBFTTC"):
            raise BadService
        amount = self.amount_vnd
        if amount is not None and not (type(amount) is int and 1 <= amount <= MOST_VND):
            raise BadAmount
        if self.memo is not None and not _fits(_MEMO, self.memo):
            raise BadMemo


@dataclass(frozen=True, slots=True)
class Reading:
    """What a code says, as far as a payer or a shopkeeper could want to know."""

    bin: str
    account: str
    service: str | None
    """QRIBFTTA to an account, QRIBFTTC to a card, QRPUSH, QRCASH, or what else was found."""
    method: Literal["11", "12"]
    """`11` static, to be used again; `12` dynamic, for one payment."""
    amount_vnd: int | None
    memo: str | None
    bill: str | None
    reference: str | None
    store: str | None
    name: str | None
    city: str | None
    mcc: str | None
    """The trade, as an ISO 18245 code."""
    other: Mapping[str, str]
    """Every field without a name above, by its id; one inside another as `62.07`."""
    warnings: tuple[str, ...]
    """Keys of `vietqr_oddities.ODDITIES`, in its order."""


def encode(code: TransferCode) -> str:
    """The payload to print: static (11) without an amount, dynamic (12) with one."""
    account = field("00", code.bin) + field("01", code.account)
    text = field("00", "01")
    text += field("01", "11" if code.amount_vnd is None else "12")
    text += field("38", field("00", NAPAS) + field("01", account) + field("02", code.service))
    text += field("53", "704")
    if code.amount_vnd is not None:
        text += field("54", str(code.amount_vnd))
    text += field("58", "VN")
    if code.memo is not None:
        text += field("62", field("08", code.memo))
    return sealed(text)


def decode(payload: str) -> Reading:
    """What `payload` says; refuses what is not VietQR, and raises nothing but refusals.

    White space around it is a scanner's and is ignored. What is seen on real codes though it
    is not allowed is read and told in `warnings`.
    """
    if len(payload) > MOST_CHARACTERS:
        raise TooLong
    text = payload.strip()
    if not text.startswith("000201"):
        raise NotVietQr
    top = opened(text)
    _check(top)
    napas, account = _payee(top["38"])
    added = fields(top.get("62", ""))
    fields(top.get("64", ""))  # Nothing in it is needed, but it must add up too.
    amount_vnd = _amount_vnd(top.get("54"))
    return Reading(
        bin=account["00"],
        account=account["01"],
        service=napas.get("02"),
        method="12" if top["01"] == "12" else "11",
        amount_vnd=amount_vnd,
        memo=added.get("08"),
        bill=added.get("01"),
        reference=added.get("05"),
        store=added.get("03"),
        name=top.get("59"),
        city=top.get("60"),
        mcc=top.get("52"),
        other=_other(top, napas, added),
        warnings=oddities(top, napas, account, added, amount_vnd),
    )


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _check(top: Fields) -> None:
    if "38" not in top and VNPAY in top.get("26", ""):
        raise VnpayCode
    if "38" not in top:
        raise NoBankAccount
    if top.get("01") not in ("11", "12"):
        raise BadMethod
    if top.get("53") != "704":
        raise OtherCurrency
    if top.get("58") != "VN":
        raise OtherCountry


def _payee(field_38: str) -> tuple[Fields, Fields]:
    """Field 38 and, in its 01, the bank and the account.

    Nothing else may stand in there: a wrong length that swallows the service adds up too.
    """
    napas = fields(field_38)
    if napas.get("00") != NAPAS:
        raise NoBankAccount
    account = fields(napas.get("01", ""))
    if account.keys() != {"00", "01"} or not _fits(_BIN, account["00"]):
        raise UnreadableAccount
    if not (account["01"].isascii() and account["01"].isalnum()):
        raise UnreadableAccount
    return napas, account


def _amount_vnd(written: str | None) -> int | None:
    if written is None:
        return None
    match = _AMOUNT.fullmatch(written)
    if match is None or len(written) > 13:
        raise UnreadableAmount
    return int(match[1])


def _other(top: Fields, napas: Fields, added: Fields) -> Fields:
    other = {id: value for id, value in top.items() if id not in _READ}
    other |= {f"38.{id}": value for id, value in napas.items() if id not in _READ_IN_38}
    return other | {f"62.{id}": value for id, value in added.items() if id not in _READ_IN_62}
