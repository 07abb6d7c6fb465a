"""The code that somebody meant: found among very many by one slip of the keyboard, and none made up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.testbench.nearness import Near

MANY = [f"9141{number * 7919 % 10**10:010d}MA{number % 97:02d}" for number in range(20_000)]
NEAR = Near(MANY)

SLIPS = {
    "another character": lambda word, at: f"{word[:at]}#{word[at + 1 :]}",
    "one left out": lambda word, at: word[:at] + word[at + 1 :],
    "one too many": lambda word, at: f"{word[:at]}#{word[at:]}",
    "two changed over": lambda word, at: word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
}


@pytest.mark.parametrize("slip", SLIPS)
@settings(deadline=None)
@given(word=st.sampled_from(MANY), at=st.integers(0, 17))
def test_one_slip_is_found(slip: str, word: str, at: int) -> None:
    """Or another code that is as like it."""
    mistyped = SLIPS[slip](word, at)
    found = NEAR.closest(mistyped, lambda one: one == word)
    assert found == word
    assert NEAR.closest(mistyped, lambda _: True)


def test_only_what_fits_is_named() -> None:
    assert NEAR.closest(MANY[5], lambda code: code != MANY[5]) != MANY[5]
    assert NEAR.closest(MANY[5], lambda _: False) == ""


@pytest.mark.parametrize("word", ["", "x", "x" * 4_000])
def test_what_is_like_none_is_like_none(word: str) -> None:
    assert NEAR.closest(word, lambda _: True) == ""
