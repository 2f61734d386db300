"""Identities are computed, so that a repetition meets itself, and are the same for ever."""

from itertools import combinations
from uuid import UUID

import pytest

from ledger.identity import (
    account_key,
    bank_account_id,
    bank_reference,
    request_id,
    transfer_id,
    unreferenced_id,
)

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
BOOK = UUID(int=7)
ACCOUNT = account_key(KEY, "970436", "0011012345678")


def test_they_never_change() -> None:
    """Books that exist would no longer recognise what they hold."""
    assert ACCOUNT == "11f7c355bfd54afdee42a286f373479d"
    assert str(transfer_id(ACCOUNT, "FT1", "in")) == "4170b222-1403-5620-b6a1-9fb4695fbafe"
    assert str(unreferenced_id("sepay", "1")) == "3bb3dd14-6ac4-58f1-9cdf-c236b2c5fc3f"
    assert str(request_id(BOOK, "CS000007A")) == "32b20b27-0c68-5904-8ec5-9cfd5779ff1b"
    assert str(bank_account_id(ACCOUNT)) == "5a473e31-9d51-51cc-9467-9e647aac6415"


@pytest.mark.parametrize(
    ("bank", "number"),
    [
        (" 970436 ", "0011012345678"),
        ("970436", " 0011 0123 45678\n"),
        ("970436", "0011-0123.45678"),
    ],
)
def test_blanks_and_signs_do_not_make_another_account(bank: str, number: str) -> None:
    assert account_key(KEY, bank, number) == ACCOUNT


def test_the_case_of_letters_does_not_make_another_account() -> None:
    assert account_key(KEY, "?mb", "sepay01a") == account_key(KEY, "?MB", "SEPAY01A")


@pytest.mark.parametrize(
    ("key", "bank", "number"),
    [
        (OTHER_KEY, "970436", "0011012345678"),
        (KEY, "970415", "0011012345678"),
        (KEY, "970436", "011012345678"),
        (KEY, "9704360", "011012345678"),
    ],
)
def test_another_key_bank_or_number_is_another_account(key: bytes, bank: str, number: str) -> None:
    """Leading zeros count."""
    assert account_key(key, bank, number) != ACCOUNT


def test_an_account_key_tells_nothing_of_the_number() -> None:
    assert "12345678" not in ACCOUNT
    assert len(ACCOUNT) == 32


@pytest.mark.parametrize("told", [None, "", "  ", "0", "-", "n/a", "null", "None", "undefined"])
def test_a_reference_that_says_nothing_is_none(told: str | None) -> None:
    assert bank_reference(told) is None


@pytest.mark.parametrize("told", ["FT26 01", " ft26 01 ", "FT26\t 01", "Ft26\n01"])
def test_one_reference_however_it_is_told(told: str) -> None:
    assert bank_reference(told) == "FT26 01"


def test_signs_within_a_reference_matter() -> None:
    assert bank_reference("MBVCB.327") != bank_reference("MBVCB327")


def test_each_part_of_a_movement_makes_it_another_one() -> None:
    ids = [
        transfer_id(ACCOUNT, "FT1", "in"),
        transfer_id(ACCOUNT, "FT1", "out"),
        transfer_id(ACCOUNT, "FT2", "in"),
        transfer_id("b2" * 16, "FT1", "in"),
        transfer_id(ACCOUNT, "FT1", "in", 1),
        unreferenced_id("sepay", "1"),
        unreferenced_id("casso", "1"),
        unreferenced_id("sepay", "2"),
    ]

    assert all(one != other for one, other in combinations(ids, 2))


def test_one_code_asks_in_each_book_for_itself() -> None:
    assert request_id(BOOK, "CS000007A") != request_id(UUID(int=8), "CS000007A")
