"""The door of risk: the rules by which declarations are selected for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from silkgate.journal import api as journal

TOPIC = "risk.selection"
KINDS = ("gcode_prefix", "ebc_code", "country", "credit_class")
ACTIONS = ("inspect", "review")


class SelectionRule(NamedTuple):
    """What meets `kind` = `value` goes to `action`."""

    kind: str
    value: str
    action: str


class _Line(Protocol):
    @property
    def gcode(self) -> str: ...
    @property
    def country(self) -> str: ...


class _Declaration(Protocol):
    @property
    def ebc_code(self) -> str: ...
    @property
    def lines(self) -> Any: ...


class Selection:
    """All selection rules, ready to choose."""

    def __init__(self, rules: Iterable[SelectionRule]) -> None:
        self.rules = tuple(rules)
        self._prefixes = [(rule.value, rule) for rule in self.rules if rule.kind == "gcode_prefix"]
        self._sellers, self._countries, self._classes = map(
            self._strongest_by_value, ("ebc_code", "country", "credit_class")
        )
        self.asks_for_class = bool(self._classes)
        """Whether any rule asks for a credit class; where none does, nobody has to know classes."""

    def _strongest_by_value(self, kind: str) -> dict[str, SelectionRule]:
        return {rule.value: rule for rule in sorted(self.rules, key=_weakest_first) if rule.kind == kind}

    def choose(self, declaration: _Declaration, credit_class: str = "") -> tuple[str, list[str]]:
        """("inspect" | "review" | "", the rules that were met as kind:value). Inspection wins over review.

        `credit_class`: of the e-commerce enterprise on the day of the decision; empty: it has none.
        """
        met: list[SelectionRule] = []
        if self._classes and (rule := self._classes.get(credit_class)) is not None:
            met.append(rule)
        if (rule := self._sellers.get(declaration.ebc_code)) is not None:
            met.append(rule)
        countries, prefixes = self._countries, self._prefixes
        if countries or prefixes:
            for line in declaration.lines:
                if (rule := countries.get(line.country)) is not None:
                    met.append(rule)
                met.extend([rule for prefix, rule in prefixes if line.gcode.startswith(prefix)])
        if not met:
            return "", []
        action = "inspect" if any(rule.action == "inspect" for rule in met) else "review"
        return action, sorted({f"{rule.kind}:{rule.value}" for rule in met if rule.action == action})


def _weakest_first(rule: SelectionRule) -> bool:
    return rule.action == "inspect"


def set_rules(cursor: Any, rules: Iterable[SelectionRule]) -> int:
    """Replace all selection rules. Raises ValueError for an unknown kind or action."""
    listed = list(rules)
    for rule in listed:
        if rule.kind not in KINDS or rule.action not in ACTIONS:
            raise ValueError(f"{rule}: kind is one of {', '.join(KINDS)}, action one of {', '.join(ACTIONS)}")
    cursor.execute("delete from risk_selectionrule")
    for rule in listed:
        cursor.execute("insert into risk_selectionrule (kind, value, action) values (%s, %s, %s)", rule)
    journal.bump(cursor, TOPIC)
    return len(listed)


def selection(cursor: Any) -> Selection:
    """The selection rules in force."""
    cursor.execute("select kind, value, action from risk_selectionrule order by id")
    return Selection(SelectionRule(*row) for row in cursor.fetchall())
