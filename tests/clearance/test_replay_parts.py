"""The parts of a replay by themselves: what leaves memory comes back, rows come by batch, differences are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silkgate.clearance.replay.comparing import differences
from silkgate.clearance.replay.recorded import ByBatch
from silkgate.clearance.replay.spill import Spill
from silkgate.clearance.replay.trial import Outcome, outcome

# --- Spill ---------------------------------------------------------------------------------------------------------

KEYS = st.text(st.sampled_from("ab\0号"), max_size=4)
VALUES = st.one_of(
    st.none(),
    st.lists(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**63), 2**63 - 1),
            st.text("a号", max_size=3),
            st.binary(max_size=3),
        ),
        max_size=3,
    ),
)


@given(st.lists(st.dictionaries(KEYS, VALUES), max_size=5), st.sampled_from([8, 64, 2**20]))
def test_what_was_kept_last_is_found(kept: list[dict[str, object]], filter_bits: int) -> None:
    """Also where the filter is full, and rules nothing out."""
    spill = Spill(filter_bits=filter_bits)
    model: dict[str, object] = {}
    for items in kept:
        spill.keep(items)
        model |= items
    assert {key: spill.get(key) for key in [*model, "never"]} == {**model, "never": None}
    assert spill.found(["never", *model]) == [(key, value) for key, value in model.items() if value is not None]
    spill.close()


@given(st.lists(st.dictionaries(st.tuples(KEYS, KEYS), st.integers(0, 9)), max_size=3))
def test_keys_of_two_texts(kept: list[dict[tuple[str, str], int]]) -> None:
    spill: Spill[tuple[str, str]] = Spill(filter_bits=64)
    for items in kept:
        spill.keep(items)
    model = {key: value for items in kept for key, value in items.items()}
    assert spill.found(model) == list(model.items())
    spill.close()


def test_many_blocks_and_runs() -> None:
    """Numbers far apart in many runs, each over some of those before."""
    spill: Spill[int] = Spill()
    model = {}
    for run in range(1, 6):
        items = {number: [run, number] for number in range(0, 3_000, run)}
        spill.keep(items)
        model |= items
    assert spill.found(range(-10, 3_100)) == sorted(model.items())
    assert [spill.get(number) for number in (2_999, 0, 7, 2_996)] == [[1, 2_999], [5, 0], [1, 7], [4, 2_996]]
    spill.close()


@pytest.mark.parametrize("bits", [0, 4, 7, 12, 100])
def test_a_filter_has_a_power_of_two(bits: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Spill(filter_bits=bits)


# --- Rows by batch --------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 12)), st.lists(st.integers(0, 14), unique=True))
def test_rows_of_a_batch(numbers: list[int], asked: list[int]) -> None:
    """Batches without rows have none, and rows of batches that nobody asks for are passed over."""
    rows = [(number, place) for place, number in enumerate(sorted(numbers))]
    by_batch = ByBatch(iter(rows))
    for number in sorted(asked):
        assert by_batch.of(number) == [row for row in rows if row[0] == number]


# --- Differences ----------------------------------------------------------------------------------------------------

ROW = (7, "CEB622Message", b"<a>0123456789012345678901234567890123456789 old</a>")
CASES = {
    "equal": ([ROW], [ROW], []),
    "a value": ([(7, "k", "x")], [(7, "k", "y")], [("7 k", "body=x", "body=y")]),
    "missing": ([(7, "k", "x")], [], [("7 k", "body=x", "")]),
    "more": ([], [(7, "k", "x")], [("7 k", "", "body=x")]),
    "the second of two": (
        [(7, "k", "x"), (7, "k", "y")],
        [(7, "k", "x"), (7, "k", "z")],
        [("7 k (2)", "body=y", "body=z")],
    ),
    "another order": ([(7, "k", "x"), (8, "k", "y")], [(8, "k", "y"), (7, "k", "x")], [("", "order", "another order")]),
    "long texts, from where they part": (
        [ROW],
        [(*ROW[:2], ROW[2].replace(b"old", b"new"))],
        [
            (
                "7 CEB622Message",
                "body=12345678901234567890123456789 old</a>",
                "body=12345678901234567890123456789 new</a>",
            )
        ],
    ),
}


@pytest.mark.parametrize(("recorded", "replayed", "expected"), CASES.values(), ids=CASES)
def test_differences(recorded: list, replayed: list, expected: list[tuple[str, str, str]]) -> None:
    found = differences(3, "receipt", recorded, replayed, ("message", "kind"), ("body",))
    assert [(one.subject, one.recorded, one.replayed) for one in found] == expected
    assert {(one.batch_no, one.what) for one in found} <= {(3, "receipt")}


@given(
    st.lists(st.tuples(st.integers(1, 3), st.text("ab", max_size=2))),
    st.lists(st.tuples(st.integers(1, 3), st.text("ab", max_size=2))),
)
def test_something_is_told_exactly_where_something_differs(recorded: list, replayed: list) -> None:
    assert bool(differences(1, "event", recorded, replayed, ("number",), ("text",))) == (recorded != replayed)


# --- Outcomes -------------------------------------------------------------------------------------------------------

FINDINGS = [
    ["match.amount", "f", "1", "2", None],
    ["match.buyer", "f", "1", "2", None],
    ["match.amount", "g", "", "", 1],
]
EVENTS = {
    "declaration.refused": ({"state": "-621005", "findings": FINDINGS}, ("-621005", "match.amount;match.buyer", 0)),
    "declaration.selected": ({"state": "500", "selected_by": ["random"]}, ("500", "", 77)),
    "declaration.released": ({"invtNo": "461220"}, ("800", "", 77)),
    "declaration.detained": ({"state": "501", "findings": [["officer.detain"]]}, ("501", "officer.detain", 77)),
    "declaration.sent_back": ({"state": "100", "findings": [["officer.send_back"]]}, ("100", "officer.send_back", 0)),
    "declaration.cancelled": ({"message": 1}, ("cancelled", "", 0)),
    "declaration.part_returned": ({"message": 1, "lines": []}, ("part_returned", "", 77)),
    "declaration.returned": ({"message": 1, "lines": []}, ("returned", "", 0)),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_the_outcome_that_an_event_tells_of(kind: str) -> None:
    detail, expected = EVENTS[kind]
    assert outcome(kind, detail, 77) == Outcome(*expected)
