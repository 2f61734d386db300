"""The text that payOS signs: the fields of one object, sorted, as `name=value` joined by `&`."""

import re
from collections.abc import Mapping

from integrations.wire import Malformed, Number, canonical_json, quoted_raw

EMPTY = (None, "", "null", "undefined")
"""Values that payOS signs as nothing."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
# The names that payOS documents for a payment's `data`.
_BOUNDARY = re.compile(
    r"&(accountNumber|amount|code|counterAccount[A-Za-z]+|currency|desc|description|orderCode"
    r"|paymentLinkId|reference|transactionDateTime|virtualAccount[A-Za-z]+)="
)
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,9}))?")


def signed_text(data: Mapping[str, object]) -> str:
    """`data` as payOS signs it; matches the published samples of type `body`.

    Nothing is escaped in it, so a payer could write `&reference=...` into the memo and one
    signature would fit two readings of the same text. An object that holds such a value, or a
    name other than letters, digits and `_`, is therefore malformed.
    """
    return "&".join(f"{_name(key)}={_value(data[key])}" for key in sorted(data))


def _name(key: str) -> str:
    if not _NAME.fullmatch(key):
        raise Malformed
    return key


def _value(value: object) -> str:
    """As JavaScript prints it; arrays as JSON. An object inside is JSON too, by our guess only."""
    if isinstance(value, Number):
        return as_javascript(value)
    if value in EMPTY:
        return ""
    written = value if isinstance(value, str) else canonical_json(value, quoted_raw, as_javascript)
    if _BOUNDARY.search(written):
        raise Malformed
    return written


def as_javascript(number: Number) -> str:
    """A number as JavaScript prints it, but with all its digits, so that no two print alike.

    >>> [as_javascript(Number(written)) for written in ("3000.0", "3e3", "-0", "1e21", "0.50")]
    ['3000', '3000', '0', '1e+21', '0.5']
    """
    parts = _NUMBER.fullmatch(number)
    if parts is None:  # Its exponent has more digits than any number that means something.
        raise Malformed
    sign, integer, fraction, exponent = parts.groups(default="")
    digits = (integer + fraction).lstrip("0")
    point = len(digits) - len(fraction) + int(exponent or 0)  # Places before the decimal point.
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = digits[0] + (f".{digits[1:]}" if digits[1:] else "")
    return f"{sign}{mantissa}e{point - 1:+d}"
