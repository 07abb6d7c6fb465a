"""Every rule about spare parts of machines, met once by the real judge: what was sent and what was answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from machinery import made
from machinery.made import BILL, MACHINE, TODAY, part, send, serial
from silkgate.kernel.findings import Finding
from silkgate.machinery import models, restshapes
from silkgate.site.scratch import private_database
from silkgate.tariff.api import load_shipped_tariff

Told = tuple[Finding, str, str]
"""The finding, the piece of the request that it is about, the answer."""


def spare_examples(server: str) -> dict[str, Told]:
    """By slug of the rule."""
    with private_database(server):
        load_shipped_tariff()
        made.firms()
        made.book()
        shared = [(f"{name}-9", "", "轴承", "8481901000", "007", "1", "B-1 B-2", "12") for name in ("LEFT", "RIGHT")]
        made.book(rows=[*BILL, *shared], contract_no="ZZ-2026-200")
        return {finding.code: (finding, *told) for finding, *told in _story()}


def _story() -> Iterator[Told]:
    yield from _sent(part("VLV-08"), serial("M-77101"))
    yield from _sent(part("VLV-08"), contract_no="ZZ-2026-811")
    yield from _sent(part("VLV-08"), day=date(2027, 7, 1))
    yield from _sent(part("VLV-09"))
    yield from _sent(part("VLV-08", "4"))
    yield from _sent(serial("N-10001"))
    yield from _sent(part("MOT-15"))
    yield from _sent(serial("M-77101"))
    yield from _sent(serial("B-1"), contract_no="ZZ-2026-200")


def _sent(*lines: Mapping[str, str], day: date = TODAY, contract_no: str = MACHINE["contract_no"]) -> Iterator[Told]:
    number = f"SP-2026-{models.Shipment.objects.count() + 1:03d}"
    row = send(*lines, number=number, day=day, contract_no=contract_no)
    asked = {"number": number, "contract_no": contract_no, "day": day.isoformat(), "lines": list(lines)}
    answer = restshapes.shipment(row)
    for told in answer["reasons"]:
        finding = Finding(*(told[name] for name in Finding._fields))
        shown = {name: answer[name] for name in ("number", "state", "without_tax")} | {"reasons": [told]}
        yield finding, _json(asked), _json(shown)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
