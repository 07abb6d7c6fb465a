"""Codes of enterprises: whatever one slip of the hand makes of a code is found, and said where."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from silkgate.standards import uscc

FIRST_17 = st.builds(
    lambda head, division, body: head + division + body,
    st.text(uscc.CHARACTERS, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(uscc.CHARACTERS, min_size=9, max_size=9),
)
CODES = FIRST_17.map(lambda first: first + uscc.check_character(first))


@pytest.mark.parametrize(
    "code",
    # The example of GB 32100-2015, codes of large firms as they print them, a customs code of old.
    ["91350100M000100Y43", "914403001922038216", "91330100799655058B", "9144030071526726XG", "4101980B01"],
)
def test_codes_in_use_are_right(code: str) -> None:
    assert uscc.mistake_in(code) is None


@given(CODES)
def test_a_code_with_its_check_character_is_right(code: str) -> None:
    assert uscc.mistake_in(code) is None
    assert uscc.mistake_in(uscc.normal(f" {code[:6].lower()}-{code[6:]} ")) is None


@given(CODES, st.integers(0, 17), st.sampled_from(uscc.CHARACTERS))
def test_one_wrong_character_is_found(code: str, place: int, other: str) -> None:
    assume(code[place] != other)
    mistake = uscc.mistake_in(code[:place] + other + code[place + 1 :])
    assert mistake is not None
    assert mistake.position in {18, place + 1}


@given(CODES, st.integers(0, 16))
def test_two_neighbours_exchanged_are_found(code: str, place: int) -> None:
    assume(code[place] != code[place + 1])
    assert uscc.mistake_in(code[:place] + code[place + 1] + code[place] + code[place + 2 :]) is not None


@given(CODES, st.integers(0, 17), st.characters().filter(lambda one: one not in uscc.CHARACTERS))
def test_a_character_that_no_code_has_is_found_where_it_stands(code: str, place: int, strange: str) -> None:
    mistake = uscc.mistake_in(code[:place] + strange + code[place + 1 :])
    assert mistake is not None
    assert mistake.position == place + 1
    assert str(place + 1) in mistake.text.zh
    assert str(place + 1) in mistake.text.en


@pytest.mark.parametrize(("written", "meant"), [("I", "1"), ("O", "0"), ("S", "5"), ("V", "U"), ("Z", "2")])
def test_a_letter_that_looks_like_another_is_named(written: str, meant: str) -> None:
    mistake = uscc.mistake_in(f"91350100M{written}00100Y43")
    assert mistake is not None
    assert mistake.position == 10
    assert meant in mistake.text.zh
    assert meant in mistake.text.en


@given(st.text())
def test_any_text_gets_an_answer(code: str) -> None:
    mistake = uscc.mistake_in(uscc.normal(code))
    assert mistake is None or (mistake.text.zh and mistake.text.en)


@pytest.mark.parametrize(("code", "position"), [("A101980B01", 1), ("410198中B01", 7), ("4101980b01", 8), ("410", 0)])
def test_a_customs_code_is_checked_as_far_as_its_form_goes(code: str, position: int) -> None:
    mistake = uscc.mistake_in(code)
    assert mistake is not None
    assert mistake.position == position
