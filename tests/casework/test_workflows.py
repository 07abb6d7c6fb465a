"""A workflow that does not hold together is not declared, and says why."""

from __future__ import annotations

import pytest

from casework.people import LICENCE
from silkgate.casework import api as casework
from silkgate.casework.api import APPLICANT, OFFICER, Move, State, Workflow
from silkgate.kernel.text import Text

WORDS = Text("一", "One")


def with_state(name: str, **values: object) -> Workflow:
    return LICENCE._replace(states={**LICENCE.states, name: LICENCE.states[name]._replace(**values)})


def with_move(name: str, **values: object) -> Workflow:
    return LICENCE._replace(
        moves=tuple(move._replace(**values) if move.name == name else move for move in LICENCE.moves)
    )


def also(move: Move) -> Workflow:
    return LICENCE._replace(moves=(*LICENCE.moves, move))


HERE = frozenset({"review"})
WRONG: dict[str, Workflow] = {
    "its first state nowhere is not declared": LICENCE._replace(first="nowhere"),
    "state island cannot be reached": LICENCE._replace(states={**LICENCE.states, "island": State(WORDS, open=False)}),
    "from the open state pit no way leads to an end": LICENCE._replace(
        states={**LICENCE.states, "pit": State(WORDS)},
        moves=(*LICENCE.moves, Move("fall", WORDS, HERE, "pit", OFFICER, "filings")),
    ),
    "from the open state left no way leads to an end": LICENCE._replace(
        states={**LICENCE.states, "left": State(WORDS), "right": State(WORDS)},
        moves=(
            *LICENCE.moves,
            Move("go_left", WORDS, frozenset({"review", "right"}), "left", OFFICER, "filings"),
            Move("go_right", WORDS, frozenset({"left"}), "right", OFFICER, "filings"),
        ),
    ),
    "move x names unknown states moon": also(Move("x", WORDS, HERE, "moon", OFFICER, "filings")),
    "move x starts nowhere": also(Move("x", WORDS, frozenset(), "review", OFFICER, "filings")),
    "two moves are called propose": also(Move("propose", WORDS, HERE, "approval", OFFICER, "filings")),
    "unknown duty 'kingship'": with_move("propose", duty="kingship"),
    "unknown duty ''": with_move("propose", duty=""),
    "made by 'passer-by'": with_move("propose", by="passer-by"),
    "asks an applicant for a duty": with_move("withdraw", four_eyes=True),
    "state review waits for nature": with_state("review", waits_for="nature"),
    "waits for the applicant, who has no move there": with_state("appealed", waits_for=APPLICANT),
    "is closed, and yet waits": with_state("granted", waits_for=OFFICER),
    "is closed, and yet waits for somebody or has a deadline": with_state("granted", working_days=3),
    "deadline of 0 working days": with_state("review", working_days=0),
    "unknown mark sparkling": with_state("review", mark="sparkling"),
    "unknown role king": LICENCE._replace(roles=frozenset({"king"})),
    "unknown scope all": LICENCE._replace(scopes=frozenset({"all"})),
    "nobody can be its applicant": LICENCE._replace(roles=frozenset(), scopes=frozenset()),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_said(fault: str) -> None:
    with pytest.raises(ValueError, match="workflow test-wrong: ") as error:
        casework.declare(WRONG[fault]._replace(name="test-wrong"))
    assert fault in str(error.value)


def test_an_effect_of_an_unknown_state_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="unknown state moon"):
        casework.declare(LICENCE._replace(name="test-wrong"), on_enter={"moon": lambda case, actor, at: None})


def test_a_workflow_is_declared_once(licence: Workflow) -> None:
    casework.declare(licence)
    with pytest.raises(ValueError, match="before, and differently"):
        casework.declare(with_state("review", working_days=11))
    assert casework.workflow(licence.name) == licence
