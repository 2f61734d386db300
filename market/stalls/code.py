"""Our codes: carried in a payer's memo, they survive any bank's mangling."""

import unicodedata

from stdnum.iso7064 import mod_37_36

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters that nobody confuses (no I, L, O, U)."""
PREFIX = "CS"
BODY = 6
LENGTH = len(PREFIX) + BODY + 1


def code_of(number: int) -> str:
    """The code of a number below 32**6: prefix, six characters and an ISO 7064 check character.

    >>> code_of(7)
    'CS000007A'
    """
    if not 0 <= number < len(ALPHABET) ** BODY:
        raise ValueError("a code's number is below 32**6")
    body = ""
    for _ in range(BODY):
        number, digit = divmod(number, len(ALPHABET))
        body = ALPHABET[digit] + body
    return PREFIX + body + mod_37_36.calc_check_digit(PREFIX + body)


def is_code(text: str) -> bool:
    """Whether this could be a code of ours; whether it *is* one, the book knows."""
    return (
        len(text) == LENGTH
        and text.startswith(PREFIX)
        and all(letter in ALPHABET for letter in text[len(PREFIX) : -1])
        and mod_37_36.is_valid(text)
    )


def codes_in(memo: str) -> tuple[str, ...]:
    """All that could be our codes in a memo, sorted, whatever case, blanks or signs a bank put in.

    >>> codes_in("MBVCB.123 ck cs0000-07a Trace756759")
    ('CS000007A',)
    """
    folded = "".join(
        letter
        for letter in unicodedata.normalize("NFD", memo).upper()
        if letter.isascii() and letter.isalnum()
    )
    found = set()
    at = folded.find(PREFIX)
    while at >= 0:
        if is_code(folded[at : at + LENGTH]):
            found.add(folded[at : at + LENGTH])
        at = folded.find(PREFIX, at + 1)
    return tuple(sorted(found))
