"""Our codes find their stall through all that a payer's thumb and a bank do to a memo."""

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from market.stalls.code import ALPHABET, BODY, LENGTH, PREFIX, code_of, codes_in, is_code
from tests.sample import sample

MOST = len(ALPHABET) ** BODY
CODE = code_of(7)

codes = st.integers(0, MOST - 1).map(code_of)
signs = st.text(alphabet=" -._/:;,*'\"()[]\t\n–—…đĐ​", max_size=3)
noise = st.text(max_size=40)


@st.composite
def mangled(draw: st.DrawFn, code: st.SearchStrategy[str] = codes) -> tuple[str, str]:
    """A code, and the same with its case changed, signs strewn in, and noise around it."""
    written = draw(code)
    letters = [
        draw(signs) + (letter.lower() if draw(st.booleans()) else letter) for letter in written
    ]
    return written, draw(noise) + "".join(letters) + draw(noise)


def test_a_code_is_a_prefix_a_body_and_a_check_character() -> None:
    assert (CODE, len(CODE)) == ("CS000007A", LENGTH)
    assert CODE.startswith(PREFIX)
    assert is_code(CODE)


def test_the_first_and_the_last_number_have_codes_and_their_neighbours_have_none() -> None:
    assert is_code(code_of(0))
    assert is_code(code_of(MOST - 1))
    for number in (-1, MOST):
        with pytest.raises(ValueError, match="below"):
            code_of(number)


@given(st.integers(0, MOST - 1), st.integers(0, MOST - 1))
def test_two_numbers_have_two_codes(one: int, other: int) -> None:
    assert (code_of(one) == code_of(other)) == (one == other)


@given(mangled())
@example(("CS000007A", "ck cs 0000-07.a"))
@example(("CS000007A", "CSCSCS000007ACS"))
def test_a_code_survives_case_signs_and_noise(told: tuple[str, str]) -> None:
    code, memo = told

    assert code in codes_in(memo)


@given(mangled(), mangled())
def test_two_codes_in_one_memo_are_both_found_in_order(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    found = codes_in(f"{one[1]} {other[1]}")

    assert {one[0], other[0]} <= set(found)
    assert list(found) == sorted(set(found))


@given(codes, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET + "ILOU"))
def test_one_wrong_character_makes_it_no_code(code: str, at: int, letter: str) -> None:
    wrong = code[:at] + letter + code[at + 1 :]

    assert is_code(wrong) == (wrong == code)


@given(codes, st.integers(1, LENGTH - 1))
def test_a_code_that_was_cut_off_is_not_guessed(code: str, kept: int) -> None:
    assert codes_in(f"tien ca {code[:kept]}") == ()


@given(st.text(min_size=LENGTH, max_size=LENGTH).map(lambda text: PREFIX + text[2:]))
@example("CS00000ⅦA")
@example("CS000007²")
@example("CS000007a")
@example("CS00000\u0660A")
def test_letters_of_other_scripts_are_no_code_and_no_accident(text: str) -> None:
    assert not is_code(text) or set(text) <= set(ALPHABET + "ILOU")


@given(st.text())
def test_any_memo_can_be_read(memo: str) -> None:
    assert all(is_code(code) for code in codes_in(memo))


@pytest.mark.parametrize("memo", ["", " ", "CS", "cs", "CSCSCSCSCSCSCSCSCS", "\x00", "\ud800"])
def test_a_memo_without_a_code_has_none(memo: str) -> None:
    assert codes_in(memo) == ()


def test_accents_that_a_keyboard_added_do_not_hide_a_code() -> None:
    assert codes_in("çś000007Á") == (CODE,)


def test_random_words_practically_never_hold_a_code_of_the_book(seed: int) -> None:
    """A market of a hundred stalls, and memos full of letters and digits as banks write them."""
    rng = Random(seed)
    book = {code_of(rng.randrange(MOST)) for _ in range(100)}
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    alike = 0
    for _ in range(memos := sample(5_000, soak=500_000)):
        found = codes_in("".join(rng.choices(letters, k=60)))
        alike += bool(found)
        assert book.isdisjoint(found)

    assert alike < memos / 200, "even the shape of a code is rare"
