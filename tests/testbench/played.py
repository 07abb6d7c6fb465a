"""A firm whose system is tested, and what it sends for a scenario."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date

from silkgate.client import Document, Sender, SigningKey, signed
from silkgate.testbench.domain import YOU, Scenario
from silkgate.testbench.playing import Firm, Ran, play, prepare
from silkgate.testbench.samples import composed
from silkgate.testbench.scenarios import document_of, published

DAY = date(2026, 6, 18)
CODE, NAME = "91410100MA3XT0001L", "丝路试用电子商务有限公司"
SENDER = Sender(CODE, NAME, "DXPENT0000099")


@functools.cache
def key() -> SigningKey:
    return SigningKey.generate_rsa("tested")


def firm() -> Firm:
    return Firm(CODE, NAME, (key().certificate,))


def scenario_named(name: str) -> Scenario:
    return published().scenarios[name]


def sent(
    scenario: Scenario,
    change: Callable[[int, Document], Document] = lambda _, document: document,
    day: date = DAY,
) -> list[bytes]:
    """The firm's messages of a scenario, as the bench offers them for download; `change` makes them others."""
    words = prepare(firm(), day, scenario.role).words
    raws = []
    for place, step in enumerate(scenario.steps):
        if step.who != YOU:
            continue
        raw = composed(scenario, place, change(len(raws), document_of(step, words, place)), SENDER)
        raws.append(signed(raw, key()) if step.signed else raw)
    return raws


def played(scenario: Scenario, change: Callable[[int, Document], Document] = lambda _, document: document) -> Ran:
    return play(firm(), DAY, sent(scenario, change), scenario)


def failed(ran: Ran) -> list[str]:
    return [f"{check.en}: {check.found!r}, needed {check.needed!r}" for check in ran.report.checks if not check.passed]
