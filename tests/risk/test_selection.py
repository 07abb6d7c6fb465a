"""Selection: by goods, seller or origin; inspection wins over review; the rules that were met are told."""

from typing import NamedTuple

import pytest
from django.db import connection

from silkgate.risk import api as risk
from silkgate.risk.api import Selection, SelectionRule


class Line(NamedTuple):
    gcode: str
    country: str


class Declaration(NamedTuple):
    ebc_code: str
    lines: list[Line]


WINE = SelectionRule("gcode_prefix", "2204", "inspect")
SELLER = SelectionRule("ebc_code", "E1", "review")
ORIGIN = SelectionRule("country", "609", "review")
SELLER_TOO = SelectionRule("ebc_code", "E1", "inspect")


@pytest.mark.parametrize(
    ("rules", "seller", "lines", "action", "met"),
    [
        ([], "E1", [Line("2204210000", "609")], "", []),
        ([WINE], "E1", [Line("2203000000", "116")], "", []),
        ([WINE], "E1", [Line("2204210000", "116")], "inspect", ["gcode_prefix:2204"]),
        ([WINE], "E1", [Line("3304990029", "116"), Line("2204210000", "116")], "inspect", ["gcode_prefix:2204"]),
        ([SELLER], "E2", [Line("2204210000", "116")], "", []),
        ([SELLER], "E1", [Line("2204210000", "116")], "review", ["ebc_code:E1"]),
        ([ORIGIN], "E2", [Line("1", "116"), Line("2", "609")], "review", ["country:609"]),
        ([SELLER, ORIGIN], "E1", [Line("1", "609")], "review", ["country:609", "ebc_code:E1"]),
        ([SELLER, WINE, ORIGIN], "E1", [Line("2204210000", "609")], "inspect", ["gcode_prefix:2204"]),
        ([SELLER_TOO, SELLER], "E1", [Line("1", "116")], "inspect", ["ebc_code:E1"]),
        ([SELLER, SELLER_TOO], "E1", [Line("1", "116")], "inspect", ["ebc_code:E1"]),
    ],
)  # fmt: skip
def test_choosing(rules, seller, lines, action, met) -> None:
    assert Selection(rules).choose(Declaration(seller, lines)) == (action, met)


def test_rules_are_replaced_as_a_whole(database: str) -> None:
    with connection.cursor() as cursor:
        risk.set_rules(cursor, [WINE, SELLER])
        assert risk.selection(cursor).rules == (WINE, SELLER)
        risk.set_rules(cursor, [ORIGIN])
        assert risk.selection(cursor).rules == (ORIGIN,)


DISHONEST = SelectionRule("credit_class", "dishonest", "inspect")
REGULAR = SelectionRule("credit_class", "regular", "review")
UNKNOWN = SelectionRule("credit_class", "", "review")


@pytest.mark.parametrize(
    ("rules", "credit_class", "action", "met"),
    [
        ([], "dishonest", "", []),
        ([DISHONEST], "", "", []),
        ([DISHONEST], "regular", "", []),
        ([DISHONEST], "dishonest", "inspect", ["credit_class:dishonest"]),
        ([REGULAR], "regular", "review", ["credit_class:regular"]),
        ([REGULAR, WINE], "regular", "inspect", ["gcode_prefix:2204"]),
        ([DISHONEST, SELLER], "dishonest", "inspect", ["credit_class:dishonest"]),
        ([REGULAR, SELLER], "regular", "review", ["credit_class:regular", "ebc_code:E1"]),
        ([REGULAR, REGULAR._replace(action="inspect")], "regular", "inspect", ["credit_class:regular"]),
        ([UNKNOWN], "", "review", ["credit_class:"]),
        ([UNKNOWN], "regular", "", []),
    ],
)
def test_choosing_by_class(rules, credit_class, action, met) -> None:
    selection = Selection(rules)
    assert selection.choose(Declaration("E1", [Line("2204210000", "116")]), credit_class) == (action, met)
    assert selection.asks_for_class is any(rule.kind == "credit_class" for rule in rules)


@pytest.mark.parametrize("rule", [WINE._replace(kind="weather"), WINE._replace(action="burn")])
def test_an_unknown_kind_or_action_leaves_the_rules_as_they_are(database: str, rule: SelectionRule) -> None:
    with connection.cursor() as cursor:
        risk.set_rules(cursor, [WINE])
        with pytest.raises(ValueError, match="kind is one of"):
            risk.set_rules(cursor, [rule])
        assert risk.selection(cursor).rules == (WINE,)
