"""Who is who in the book: ids that are computed, so that a repetition meets itself."""

import hmac
import re
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

_SPACES = re.compile(r"\s+")
_PUNCTUATION = re.compile(r"[\s.\-]+")
_NO_REFERENCE = {"", "0", "-", "N/A", "NULL", "NONE", "UNDEFINED"}


def account_key(book_key: bytes, bank: str, number: str) -> str:
    """A bank account, known by a keyed digest (hex): the same account gives the same key for ever,
    and without the book's key nobody learns the number.

    `bank`: its BIN, or whatever names it when no BIN is known.
    """
    said = f"{bank.strip().upper()}:{_PUNCTUATION.sub('', number).upper()}"
    return hmac.digest(book_key, said.encode(), sha256)[:16].hex()


def bank_reference(told: str | None) -> str | None:
    """A bank's reference as all providers would tell it; None when it says nothing.

    >>> bank_reference(" mbvcb.3278907687 ")
    'MBVCB.3278907687'
    """
    reference = _SPACES.sub(" ", (told or "").strip()).upper()
    return None if reference in _NO_REFERENCE else reference


def transfer_id(account: str, reference: str, direction: str, n: int = 0) -> UUID:
    """One movement of money, by where, the bank's reference and which way; `n` counts the times
    that a bank was shown to have used one reference for different movements."""
    return uuid5(NAMESPACE_URL, f"choso:transfer:{account}:{reference}:{direction}:{n}")


def unreferenced_id(connection: str, event_id: str) -> UUID:
    """A movement that was told without a reference: known by its telling alone."""
    return uuid5(NAMESPACE_URL, f"choso:unreferenced:{connection}:{event_id}")


def request_id(book_id: UUID, code: str) -> UUID:
    """What we asked money for, by our code."""
    return uuid5(book_id, f"request:{code}")


def bank_account_id(account: str) -> UUID:
    """The history of who owned a bank account, by its account key."""
    return uuid5(NAMESPACE_URL, f"choso:account:{account}")
