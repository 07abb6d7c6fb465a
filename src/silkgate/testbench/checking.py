"""Whether a run did what its scenario asks for: each thing looked at is a check of its own."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from silkgate.client import Document
from silkgate.standards import dxp, safexml
from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.standards.ceb.read import Reader, Refused
from silkgate.testbench.domain import FREE_FIELDS, YOU, Check, DeclarationTold, MessageTold, Scenario, Step
from silkgate.testbench.scenarios import document_of, order_no


def checks(
    scenario: Scenario | None,
    words: Mapping[str, str],
    items: Sequence[Any],
    messages: Sequence[MessageTold],
    declarations: Sequence[DeclarationTold],
) -> list[Check]:
    """Every check of a scenario, in its order; none where there is no scenario. `items` as `playing.Item`."""
    if scenario is None:
        return []
    sent = [(message, item.raw) for message, item in zip(messages, items, strict=True) if message.who == YOU]
    found = [
        Check(
            len(sent) == len(scenario.own),
            "报文份数与情景相同",
            "As many messages as the scenario has",
            str(len(sent)),
            str(len(scenario.own)),
        )
    ]
    places = [place for place, step in enumerate(scenario.steps) if step.who == YOU]
    for place, (message, raw) in zip(places, sent, strict=False):
        found += _of_message(scenario.steps[place], document_of(scenario.steps[place], words, place), message, raw)
    for end in scenario.ends:
        number = order_no(end, words)
        states = [one for one in declarations if one.order_no == number]
        last = states[-1] if states else None
        found.append(
            _same(
                f"订单{number}的清单最后状态",
                f"Last state of the declaration of order {number}",
                last.state if last else "",
                end.state,
            )
        )
        reasons = sorted({finding.code for finding in last.findings}) if last else []
        found.append(
            _same(f"订单{number}的清单理由", f"Reasons on it ({number})", _listed(reasons), _listed(end.reasons))
        )
    return found


def _of_message(step: Step, wanted: Document, message: MessageTold, raw: bytes) -> Iterator[Check]:
    at = (f"第{message.number}份报文", f"message {message.number}")
    yield _same(f"{at[0]}的类型", f"Kind of {at[1]}", message.kind, f"CEB{step.kind}Message")
    yield _same(f"{at[0]}的结果", f"Outcome of {at[1]}", message.outcome, step.outcome)
    reasons = sorted({finding.code for finding in message.findings})
    yield _same(f"{at[0]}的理由", f"Reasons on {at[1]}", _listed(reasons), _listed(step.reasons))
    if step.receipts:
        yield _same(f"{at[0]}的回执", f"Receipts to {at[1]}", _listed(message.receipts), _listed(step.receipts))
    if message.kind == f"CEB{step.kind}Message":
        yield from _of_values(step.kind, wanted, at, raw)


def _of_values(kind: str, wanted: Document, at: tuple[str, str], raw: bytes) -> Iterator[Check]:
    """What the firm sent is what the scenario says: every element of its data, but those left to the sender."""
    documents = documents_in(kind, raw)
    if documents is None:
        return
    yield _same(f"{at[0]}的单证份数", f"Documents in {at[1]}", str(len(documents)), "1")
    head, lines = documents[0]
    different = [
        (name, head.get(name, ""), value)
        for name, value in wanted.head.items()
        if name not in FREE_FIELDS and not _equal(head.get(name, ""), value)
    ]
    for number, line in enumerate(wanted.lines):
        given = lines[number] if number < len(lines) else {}
        different += [
            (f"{name}[{number + 1}]", given.get(name, ""), value)
            for name, value in line.items()
            if not _equal(given.get(name, ""), value)
        ]
    yield _same(f"{at[0]}的商品行数", f"Lines of {at[1]}", str(len(lines)), str(len(wanted.lines)))
    if not different:
        yield Check(True, f"{at[0]}的内容与情景数据相同", f"Content of {at[1]} as the data say", "", "")
    for name, value, needed in different:
        yield Check(False, f"{at[0]}的{name}", f"{name} of {at[1]}", value, needed)


def documents_in(kind: str, raw: bytes) -> list[tuple[dict[str, str], list[dict[str, str]]]] | None:
    """Head and lines of every document by element name; None where the message cannot be read."""
    heads, lines = _names(kind)
    try:
        read = reader().read(business_root(raw))
    except (safexml.XmlRefused, dxp.EnvelopeRefused, Refused):
        return None
    return [
        (
            dict(zip(heads, document.head, strict=True)),
            [dict(zip(lines, line, strict=True)) for line in document.lines],
        )
        for document in read.documents
    ]


@functools.cache
def reader() -> Reader:
    """Reads every element of every message that enterprises send."""
    return Reader({code: _names(code) for code, kind in MESSAGES.items() if kind.inbound})


def business_root(raw: bytes) -> Any:
    """The root element of the business message, out of its envelope where it has one. Raises as its readers do."""
    root = safexml.parse(raw)
    return safexml.parse(dxp.unwrap(root).data) if dxp.is_envelope(root) else root


def _names(kind: str) -> tuple[list[str], list[str]]:
    known = MESSAGES[kind]
    return [field.name for field in known.head_fields], [field.name for field in known.line_fields]


_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")


def _equal(found: str, needed: str) -> bool:
    """As text; numbers by their value."""
    if found == needed:
        return True
    return bool(_NUMBER.fullmatch(found) and _NUMBER.fullmatch(needed)) and Decimal(found) == Decimal(needed)


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values)


def _same(zh: str, en: str, found: str, needed: str) -> Check:
    return Check(found == needed, zh, en, found, needed)
