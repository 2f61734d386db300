"""What payers write beside their money, and what banks make of it on the way."""

from collections.abc import Callable
from random import Random

_WORDS = (
    "tra tien",
    "mua rau",
    "tien ca",
    "tien thit",
    "an sang",
    "mua trai cay",
    "ck tien cho",
    "2 kg gao ST25",
    "thanh toan",
    "cam on",
)


def plain(code: str, rng: Random) -> str:
    """The code as the QR code wrote it, alone or with a few words."""
    return rng.choice((code, f"{code} {rng.choice(_WORDS)}", f"{rng.choice(_WORDS)} {code}"))


def mangled(code: str, rng: Random) -> str:
    """The code after a bank's treatment: still in there, never as it was written."""
    return rng.choice(_SURROUNDINGS)(rng.choice(_TREATMENTS)(code, rng), rng)


def codeless(rng: Random) -> str:
    """The payer wrote something of their own, or nothing."""
    return rng.choice(("", "NGUYEN VAN A chuyen tien", *_WORDS))


def truncated(code: str, rng: Random) -> str:
    """A bank with a short memo field cut the end off, and with it a part of the code."""
    memo = f"{rng.choice(_WORDS)} {code}"
    return memo[: len(memo) - rng.randint(1, max(1, len(code) - 1))]


def _respelled(code: str, rng: Random) -> str:
    """In the other case; a code without letters gets a space inside."""
    other = code.lower() if code != code.lower() else code.upper()
    return other if other != code else _spaced(code, rng)


def _spaced(code: str, rng: Random) -> str:
    at = rng.randrange(1, len(code)) if len(code) > 1 else len(code)
    return f"{code[:at]} {code[at:]}"


def _stripped(code: str, rng: Random) -> str:
    """Without its punctuation; a code that has none is respelled."""
    bare = "".join(filter(str.isalnum, code))
    return bare if bare and bare != code else _respelled(code, rng)


def _dotted(code: str, rng: Random) -> str:
    at = rng.randrange(1, len(code)) if len(code) > 1 else len(code)
    return f"{code[:at]}{rng.choice('.-_/')}{code[at:]}"


def _digits(rng: Random) -> str:
    return f"{rng.randrange(10**6):06d}"


_TREATMENTS: tuple[Callable[[str, Random], str], ...] = (_respelled, _spaced, _stripped, _dotted)

_SURROUNDINGS: tuple[Callable[[str, Random], str], ...] = (
    lambda code, rng: f"MBVCB.{_digits(rng)}.{code}.CT tu 0123456789 NGUYEN VAN A",
    lambda code, rng: f"QR {code} Ma giao dich Trace{_digits(rng)} Trace {_digits(rng)}",
    lambda code, rng: f"{rng.choice(_WORDS)}  {code}-CHUYEN TIEN-OQCH{_digits(rng)}",
    lambda code, rng: f"{code} {rng.choice(_WORDS)} FT{_digits(rng)}",
    lambda code, rng: f"IBFT {rng.choice(_WORDS)}.{code}.",
)
