"""The banks that a VietQR code can name, and which of them a provider means by its words."""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, cast

Transfer = Literal["yes", "receive_only", "no", "unknown"]

DEMONSTRATION_BIN = "999999"
"""Nobody's number: a code that bears it can never take real money."""

# What stands before a bank's own name: "Ngân hàng TMCP", "NH Thương mại Cổ phần" and the like.
_LEGAL_FORM = re.compile(
    r"^(nganhang|nh(?=tm|tnhh))?(thuongmai)?(tmcp|cophan|tnhh)?(motthanhvien|mtv)?"
)


@dataclass(frozen=True, slots=True)
class Bank:
    """One row of `banks.csv`: one BIN, under the bank's newest name."""

    bin: str
    code: str
    """The short code of Vietnamese lists (VCB, MBB), not the SWIFT code."""
    short_name: str
    name: str
    transfer: Transfer
    """Whether its customers can pay by VietQR (`yes`), only be paid, neither, or nobody knows."""
    aliases: tuple[str, ...]
    """Older names, and what providers call it."""
    references_daily_from: date | None
    references_daily_to: date | None
    note: str
    source: str

    def reuses_references(self, on: date) -> bool:
        """Whether this bank gave a transfer reference out again on another day, as of `on`.

        Both ends of the period are part of it; without an end it still lasts.
        """
        start, end = self.references_daily_from, self.references_daily_to
        return start is not None and start <= on and (end is None or on <= end)


def bank(bin: str) -> Bank | None:
    """The bank with this BIN (six digits), or None when the table does not know it."""
    return _table().get(bin)


def all_banks() -> tuple[Bank, ...]:
    """Every bank of the table, by BIN; the demonstration bank is the last."""
    return tuple(_table().values())


def bin_of(words: str) -> str | None:
    """The BIN of the bank that `words` name: by BIN, code, short name, name or alias.

    Accents, case, spaces, punctuation and the legal form in front do not matter. None when
    no bank of the table bears the name, and when several do: a guess would book money wrongly.

    >>> bin_of("Ngân hàng TMCP Quân đội"), bin_of("mb bank"), bin_of("MBBank")
    ('970422', '970422', '970422')
    >>> bin_of("CIMB") is None
    True
    """
    bins = _bins_by_name().get(_key(words), frozenset())
    return next(iter(bins)) if len(bins) == 1 else None


def reuses_references(bin: str, on: date) -> bool:
    """Whether the bank is known to use a transfer reference again on another day, as of `on`.

    Read from the optional columns `references_daily_from` and `references_daily_to`, which
    are empty for every bank today: we know of none. An unknown BIN: False.
    """
    found = bank(bin)
    return found is not None and found.reuses_references(on)


@cache
def _table() -> dict[str, Bank]:
    text = files("market.stalls").joinpath("banks.csv").read_text(encoding="utf-8")
    banks = [_bank(row) for row in csv.DictReader(text.splitlines())]
    return {each.bin: each for each in sorted(banks, key=lambda each: each.bin)}


def _bank(row: dict[str, str]) -> Bank:
    return Bank(
        bin=row["bin"],
        code=row["code"],
        short_name=row["short_name"],
        name=row["name"],
        transfer=cast(Transfer, row["transfer"]),
        aliases=tuple(filter(None, row["aliases"].split("|"))),
        references_daily_from=_day(row.get("references_daily_from")),
        references_daily_to=_day(row.get("references_daily_to")),
        note=row["note"],
        source=row["source"],
    )


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


@cache
def _bins_by_name() -> dict[str, frozenset[str]]:
    bins: defaultdict[str, set[str]] = defaultdict(set)
    for each in _table().values():
        for name in _names(each):
            bins[_key(name)].add(each.bin)
    return {key: frozenset(named) for key, named in bins.items()}


def _names(bank: Bank) -> Iterator[str]:
    yield from (bank.bin, bank.code, bank.short_name, bank.name)
    yield from bank.aliases


def _key(words: str) -> str:
    """`words` without anything that two spellings of one name may differ in."""
    plain = unicodedata.normalize("NFKD", words).casefold().replace("đ", "d")
    letters = "".join(letter for letter in plain if letter.isalnum())
    return _LEGAL_FORM.sub("", letters) or letters
