"""The grammar of payment codes (EMV, merchant-presented): fields inside fields, closed by a CRC.

A field is a two-digit id, a two-digit length in characters (01 to 99) and a value; a value may
be made of such fields again. Field 63 comes last: a CRC over the UTF-8 bytes before its value.
"""

import binascii
import re
import unicodedata

from ledger.refusal import Refusal

MOST_CHARACTERS = 1_000  # A real code has about 150; nothing longer is looked at.

Fields = dict[str, str]
"""One level of a code: the values by their two-digit ids, in the order found."""

_HEAD = re.compile(r"[0-9]{4}")  # Not \d and not isdigit: those take other scripts' digits.


class TooLong(Refusal):
    """This is too long to be a payment code."""

    code = "qr_too_long"


class Malformed(Refusal):
    """The fields and lengths of the code do not add up: it is damaged or no payment code."""

    code = "qr_malformed"


class DuplicateField(Refusal):
    """The code carries the same field twice, so nobody can tell which one counts."""

    code = "qr_duplicate_field"


class ChecksumWrong(Refusal):
    """The check digits at the end do not fit: the code is damaged or was altered."""

    code = "qr_checksum_wrong"


def field(id: str, value: str) -> str:
    """One field, written; `value` has 1 to 99 characters.

    >>> field("58", "VN")
    '5802VN'
    """
    return f"{id}{len(value):02d}{value}"


def fields(text: str) -> Fields:
    """The fields of one level; an empty text has none. Refuses `Malformed`, `DuplicateField`."""
    found: Fields = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if not _HEAD.fullmatch(head):
            raise Malformed
        id, length = head[:2], int(head[2:])
        value = text[at + 4 : at + 4 + length]
        if not length or len(value) < length:
            raise Malformed
        if id in found:
            raise DuplicateField
        found[id] = value
        at += 4 + length
    return found


def sealed(text: str) -> str:
    """The code, closed: `text` with its CRC as field 63."""
    return text + "6304" + checksum(text + "6304")


def opened(text: str) -> Fields:
    """The fields of a whole code, its CRC checked, in either case; the inverse of `sealed`.

    Refuses `TooLong`, `Malformed`, `DuplicateField`, `ChecksumWrong`; control characters and
    broken Unicode are malformed, so that what is read is safe to store and to show.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooLong
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise Malformed
    found = fields(text)
    if not found or list(found)[-1] != "63" or len(found["63"]) != 4:
        raise ChecksumWrong
    if found["63"].upper() != checksum(text[:-4]):
        raise ChecksumWrong
    return found


def checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE over the UTF-8 bytes, as four upper-case hexadecimal digits.

    >>> checksum("123456789")
    '29B1'
    """
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"
