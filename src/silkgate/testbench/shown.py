"""Runs in words and shapes, for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from silkgate.clearance import api as clearance
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.testbench import models
from silkgate.testbench.domain import (
    BENCH,
    CUSTOMS,
    DIRECTIONS,
    FREE_FIELDS,
    MODES,
    YOU,
    Check,
    DeclarationTold,
    FindingTold,
    Fix,
    MessageTold,
    Report,
    Scenario,
)
from silkgate.testbench.queries import DONE, FAILED, NOT_YET, STALE, Standing
from silkgate.testbench.scenarios import document_of, order_no
from silkgate.ui.shapes import Reason
from silkgate.ui.states import State, declaration_state, message_state

WHO = {YOU: Text("您", "You"), BENCH: Text("测试台代发", "The bench"), CUSTOMS: Text("海关", "Customs")}


def _state(code: str, mark: str, zh: str, en: str, zh_meaning: str, en_meaning: str) -> State:
    return State(code, mark, Text(zh, en), Text(zh_meaning, en_meaning))


STANDINGS = {
    DONE: _state(DONE, "released", "通过", "Passed", "结果与情景一致。", "It came out as the scenario says."),
    FAILED: _state(FAILED, "refused", "未通过", "Failed", "有一项不一致。", "Something came out otherwise."),
    STALE: _state(
        STALE, "held", "需重测", "To be repeated", "程序或情景已更新。", "Program or scenarios are newer than the run."
    ),
    NOT_YET: _state(NOT_YET, "waiting", "未测试", "Not yet", "还没有测试。", "It was not tried yet."),
}
_PLAYED = _state("played", "released", "已处理", "Played", "没有选情景。", "No scenario was chosen.")


class Explained(NamedTuple):
    """A finding as people read it, with its nearest fixes."""

    reason: Reason
    fixes: tuple[tuple[Fix, Text], ...]


class Message(NamedTuple):
    """A message of a run for its page."""

    told: MessageTold
    name: Text
    who: Text
    state: State
    findings: tuple[Explained, ...]
    file: models.File | None
    receipts: tuple[tuple[models.File, Text], ...]


class Declaration(NamedTuple):
    """A declaration of a run for its page."""

    told: DeclarationTold
    state: State
    findings: tuple[Explained, ...]

    @property
    def tax_cents(self) -> int | None:
        """All taxes; None before acceptance."""
        told = self.told
        if told.dutiable_cents is None:
            return None
        return (told.duty_cents or 0) + (told.value_added_tax_cents or 0) + (told.consumption_tax_cents or 0)


class Shown(NamedTuple):
    """A step of a scenario, with its data."""

    number: int
    mine: bool
    who: Text
    kind: str
    name: Text
    head: tuple[tuple[str, str, Text], ...]
    lines: tuple[tuple[tuple[str, str, Text], ...], ...]
    outcome: State
    reasons: tuple[str, ...]
    receipts: tuple[str, ...]
    signed: bool


def run_state(run: models.Run) -> State:
    """Whether its scenario passed."""
    if run.passed is None:
        return _PLAYED
    return STANDINGS[DONE if run.passed else FAILED]


def messages(report: Report, files: Sequence[models.File]) -> tuple[Message, ...]:
    """Messages with their receipts, in the order in which they were played."""
    sent = {file.message: file for file in files if file.who != CUSTOMS}
    return tuple(
        Message(
            told,
            _name(told.kind),
            WHO[told.who],
            message_state(told.outcome),
            _explained(told.findings),
            sent.get(told.number),
            tuple((file, _name(file.kind)) for file in files if file.who == CUSTOMS and file.message == told.number),
        )
        for told in report.messages
    )


def declarations(report: Report) -> tuple[Declaration, ...]:
    """Declarations with what was decided on them."""
    return tuple(
        Declaration(told, declaration_state(told.state), _explained(told.findings)) for told in report.declarations
    )


def checks(report: Report) -> tuple[tuple[Check, Text], ...]:
    """What the scenario looked at, what failed first."""
    ordered = sorted(report.checks, key=lambda check: check.passed)
    return tuple((check, Text(check.zh, check.en)) for check in ordered)


def steps(scenario: Scenario, words: Mapping[str, str]) -> tuple[Shown, ...]:
    """The steps of a scenario with their data filled in."""
    found = []
    for place, step in enumerate(scenario.steps):
        document = document_of(step, words, place)
        kind = MESSAGES[step.kind]
        labels = {field.name: field.label for field in (*kind.head_fields, *kind.line_fields)}
        found.append(
            Shown(
                place + 1,
                step.who == YOU,
                WHO[step.who],
                step.kind,
                kind.name,
                _values(document.head, labels),
                tuple(_values(line, labels) for line in document.lines),
                message_state(step.outcome),
                step.reasons,
                step.receipts,
                step.signed,
            )
        )
    return tuple(found)


class Covered(NamedTuple):
    """A kind of message in a mode, and how the scenarios that show it stand."""

    kind: str
    name: Text
    cells: tuple[tuple[str, tuple[tuple[Scenario, State], ...]], ...]


class Part(NamedTuple):
    """Scenarios of imports, or of exports, and how they stand."""

    direction: str
    name: Text
    standings: tuple[tuple[Standing, State], ...]
    sheet: tuple[Covered, ...]


def parts(standings: Sequence[Standing]) -> list[Part]:
    """What a bench shows of the scenarios of a role: imports and exports apart, as far as there are any."""
    found = []
    for direction, name in DIRECTIONS.items():
        own = [one for one in standings if one.scenario.direction == direction]
        if own:
            found.append(Part(direction, name, tuple((one, STANDINGS[one.state]) for one in own), _sheet(own)))
    return found


def _sheet(standings: Sequence[Standing]) -> tuple[Covered, ...]:
    """Kinds of message by mode: which scenarios show each, and how they stand."""
    kinds = dict.fromkeys(kind for one in standings for kind in one.scenario.kinds)
    return tuple(
        Covered(
            kind,
            MESSAGES[kind].name,
            tuple(
                (
                    mode,
                    tuple(
                        (one.scenario, STANDINGS[one.state])
                        for one in standings
                        if kind in one.scenario.kinds and mode in one.scenario.modes
                    ),
                )
                for mode in MODES
            ),
        )
        for kind in kinds
    )


def ends(scenario: Scenario, words: Mapping[str, str]) -> tuple[tuple[str, State, tuple[str, ...]], ...]:
    """How the declarations of a scenario end: order number, state, reasons."""
    return tuple((order_no(end, words), declaration_state(end.state), end.reasons) for end in scenario.ends)


def _values(values: Mapping[str, str], labels: Mapping[str, Text]) -> tuple[tuple[str, str, Text], ...]:
    return tuple((name, value, labels[name]) for name, value in values.items() if name not in FREE_FIELDS)


def _explained(findings: Sequence[FindingTold]) -> tuple[Explained, ...]:
    return tuple(
        Explained(
            clearance.reason(Finding(one.code, one.field, one.found, one.needed, one.line), in_full=True),
            tuple((fix, Text(fix.zh, fix.en)) for fix in one.fixes),
        )
        for one in findings
    )


def _name(kind: str) -> Text:
    known = MESSAGES.get(kind[3:6])
    return known.name if known else Text("不认识的报文", "Unknown message")
