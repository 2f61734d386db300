"""The table of banks: one row a BIN, and every name that a provider may use."""

import csv
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from market.stalls.banks import DEMONSTRATION_BIN, all_banks, bank, bin_of, reuses_references

ROOT = Path(__file__).parents[3]
LISTED = ROOT / os.environ.get("CHOSO_VECTORS", "../shared/data") / "banks.csv"


def test_each_bin_has_one_row_of_six_digits() -> None:
    bins = [each.bin for each in all_banks()]

    assert bins == sorted(set(bins))
    assert {len(bin) for bin in bins} == {6}
    assert all(bin.isascii() and bin.isdigit() for bin in bins)


def test_every_row_is_complete() -> None:
    for each in all_banks():
        assert all((each.code, each.short_name, each.name, each.source))
        assert each.transfer in ("yes", "receive_only", "no", "unknown")


@pytest.mark.skipif(not LISTED.exists(), reason="not run: CHOSO_VECTORS names no list of banks")
def test_no_listed_bank_is_missing() -> None:
    with LISTED.open(encoding="utf-8", newline="") as rows:
        listed = {row["bin"] for row in csv.DictReader(rows) if row["bin"]}

    assert listed - {each.bin for each in all_banks()} == set()


@pytest.mark.parametrize(
    ("words", "bin"),
    [
        ("970436", "970436"),
        ("VCB", "970436"),
        ("Vietcombank", "970436"),
        ("VIETCOMBANK", "970436"),
        ("Ngân hàng TMCP Ngoại Thương Việt Nam", "970436"),
        ("ngan hang tmcp ngoai thuong viet nam", "970436"),
        ("Ngân hàng Thương mại Cổ phần Ngoại thương Việt Nam", "970436"),
        ("NH TMCP Quân đội", "970422"),
        ("MBBank", "970422"),
        ("MB Bank", "970422"),
        ("mb", "970422"),
        ("BIDV", "970418"),
        ("VietinBank", "970415"),
        ("ICB", "970415"),
        ("TPBank", "970423"),
        ("VPBank", "970432"),
        ("VPB", "970432"),
        ("ACB", "970416"),
        ("Techcombank", "970407"),
        ("Sacombank", "970403"),
        ("Agribank", "970405"),
        ("VBA", "970405"),
        ("Đông Á", "970406"),
        ("DongA Bank", "970406"),
        ("Vikki Bank", "970406"),
        ("OceanBank", "970414"),
        ("LienVietPostBank", "970449"),
        ("LPBank", "970449"),
        ("KienLongBank", "970452"),
        ("ABBANK", "970425"),
        ("ShinhanBank", "970424"),
        ("VietCapitalBank", "970454"),
        ("Co-opBank", "970446"),
        ("Sài Gòn Công Thương", "970400"),
        ("SCB", "970429"),
        ("Ngân hàng Mẫu", "999999"),
        ("MAU", "999999"),
    ],
)
def test_a_bank_is_known_by_whatever_a_provider_calls_it(words: str, bin: str) -> None:
    assert bin_of(words) == bin


@pytest.mark.parametrize("words", ["", " ", "?", "ngân hàng", "Bank of Nowhere", "970499"])
def test_a_name_that_nobody_bears_is_nobody(words: str) -> None:
    assert bin_of(words) is None


@pytest.mark.parametrize("words", ["CIMB", "BVB"])
def test_a_name_that_two_banks_bear_is_not_guessed(words: str) -> None:
    assert bin_of(words) is None


def test_every_bank_is_known_by_its_own_number() -> None:
    assert [bin_of(each.bin) for each in all_banks()] == [each.bin for each in all_banks()]


def test_only_names_known_to_be_shared_are_shared() -> None:
    shared = {
        name
        for each in all_banks()
        for name in (each.code, each.short_name, *each.aliases)
        if bin_of(name) != each.bin
    }

    assert shared == {"BVB", "CIMB", "CIMB Bank"}


def test_the_demonstration_bank_can_never_take_money() -> None:
    mau = bank(DEMONSTRATION_BIN)

    assert mau is not None
    assert (mau.code, mau.short_name, mau.transfer) == ("MAU", "Ngân hàng Mẫu", "no")
    assert "fictitious" in mau.source


def test_an_unknown_bin_has_no_bank() -> None:
    assert bank("970499") is None
    assert bank("") is None


def test_no_bank_is_known_today_to_use_a_reference_twice() -> None:
    today = date(2026, 11, 20)

    assert [each.bin for each in all_banks() if reuses_references(each.bin, today)] == []
    assert not reuses_references("970499", today)


def test_a_bank_reuses_references_from_its_first_day_to_its_last() -> None:
    known = bank("970436")
    assert known is not None
    since = replace(known, references_daily_from=date(2026, 3, 1))
    until = replace(since, references_daily_to=date(2026, 3, 31))

    assert [since.reuses_references(date(2026, 2, 28)), since.reuses_references(date.max)] == [
        False,
        True,
    ]
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [until.reuses_references(day) for day in days] == [False, True, True, False]
