"""Every status that a message or a declaration can have is a word, a shape and a colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from silkgate import ui
from silkgate.ui import states

OFFICIAL = {
    "1": "waiting", "2": "waiting", "120": "waiting", "100": "refused", "-621005": "refused", "-1": "refused",
    "300": "held", "500": "held", "501": "held", "502": "held", "503": "held", "599": "held",
    "399": "released", "800": "released", "899": "released",
    "700": "returned", "cancelled": "returned", "part_returned": "returned", "returned": "returned",
}  # fmt: skip


@pytest.mark.parametrize(("status", "mark"), OFFICIAL.items())
def test_mark_of_a_status(status: str, mark: str) -> None:
    state = states.declaration_state(status)
    assert (state.code, state.mark) == (status, mark)
    assert state.name.zh
    assert state.name.en


@pytest.mark.parametrize("status", ["", "7", "-", "-x", "released", "accepted"])
def test_an_unknown_status_is_not_passed_over(status: str) -> None:
    with pytest.raises(KeyError):
        states.declaration_state(status)


@pytest.mark.parametrize("outcome", ["received", "accepted", "rejected", "duplicate"])
def test_outcomes_of_a_message(outcome: str) -> None:
    assert states.message_state(outcome).mark in states.MARKS


def test_words_are_told_apart() -> None:
    for group in (states.declaration_states(), states.message_states()):
        assert len({state.name.zh for state in group}) == len(group)
        assert len({state.name.en for state in group}) == len(group)


def test_every_mark_has_a_shape_and_a_colour() -> None:
    folder = Path(ui.__file__).parent
    shapes = re.findall(r'mark == "(\w+)"', (folder / "templates/ui/shapes/shape.html").read_text(encoding="utf-8"))
    colours = re.findall(r"^\.mark-(\w+) \{", (folder / "static/ui/lists.css").read_text(encoding="utf-8"), re.M)
    assert sorted(shapes) == sorted(states.MARKS)
    assert set(colours) >= set(states.MARKS)
