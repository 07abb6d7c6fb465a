"""Every rule of storage, met once over the interface: examples of the help pages are recorded from this.

A made-up trader with one warehouse; what it asks for and what it is told stand as they were sent and answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from bonded import kept
from bonded.kept import ANOTHER, BOOK, OWNER, WAREHOUSE
from identity.made import member
from silkgate.bonded.storage.workflows import raise_cases
from silkgate.casework import api as casework
from silkgate.kernel.findings import Finding
from silkgate.site.scratch import private_database

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
MUCH_LATER = datetime(2028, 1, 3, 2, tzinfo=UTC)
LINE = {
    "item_no": "PHONE-X",
    "gcode": kept.PHONE,
    "name": "智能手机",
    "unit": "001",
    "quantity": "20",
    "statutory_quantity": "20",
    "origin": "142",
    "value": "23500.00",
}
LOT = {"organisation": OWNER, "number": "LOT-2", "warehouse": WAREHOUSE, "book": BOOK, "lines": [LINE]}
ORDER = {
    "organisation": OWNER,
    "number": "SO-2",
    "book": BOOK,
    "direction": "export",
    "lines": [{"item_no": "PHONE-X", "unit": "001", "quantity": "18"}],
}
MONTH = {"organisation": OWNER, "book": BOOK, "direction": "export", "month": "2026-10"}

Told = tuple[Finding, str, str]
"""The finding, what was asked for, the answer."""
ASKED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("storage.party", "lots", LOT | {"warehouse": OWNER}),
    ("storage.goods", "lots", LOT | {"lines": [LINE | {"gcode": "8517139999"}]}),
    ("storage.guarantee", "lots", LOT | {"lines": [LINE | {"value": "235000.00"}]}),
    ("storage.book", "lots", LOT | {"warehouse": ANOTHER}),
    ("storage.duplicate", "lots", LOT | {"number": "LOT-1"}),
    ("storage.insufficient", "draws", ORDER),
    ("storage.nothing", "declarations", MONTH),
)
"""Rule, where it is met, what is asked for."""


def storage_examples(server: str) -> dict[str, Told]:
    """By slug of the rule."""
    with private_database(server):
        return {told[0].code: told for told in _story()}


def _story() -> Iterator[Told]:
    kept.firms()
    kept.lodge(at=NOW)
    line = kept.line("PHONE-X", 20, 20_000, gcode=kept.PHONE, name="智能手机")
    lot = kept.enter(kept.lot("LOT-1", line), at=NOW)
    kept.drawn(kept.order("SO-1", 5, "PHONE-X"), at=NOW)
    client = member("storage-clerk", OWNER, "declarant")
    for rule, address, body in ASKED:
        answer = client.post(f"/api/v1/storage/{address}", body, content_type="application/json")
        told = answer.json()["rules"][0]
        assert told["code"] == rule
        finding = Finding(*(told[name] for name in Finding._fields))
        yield finding, _json(body), _json(answer.json())
    raised = raise_cases(MUCH_LATER)
    (late,), (overstay,) = raised.late, raised.overstay
    yield _of_case(client, late, client.get("/api/v1/storage/undeclared").json()[0])
    shown = client.get(f"/api/v1/storage/lots/{lot}").json()
    yield _of_case(client, overstay, {name: shown[name] for name in ("number", "book", "entered_on", "limit_on")})


def _of_case(client: Client, number: int, about: dict[str, Any]) -> Told:
    case = casework.case(number)
    assert case is not None
    answer = client.get(f"/api/v1/cases/{number}").json()
    shown = {name: answer[name] for name in ("workflow", "state", "subject", "title_zh", "title_en", "due_on")}
    return Finding(*case.data["finding"]), _json(about), _json(shown)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
