"""What a document would be taxed, to be seen before it is sent: computed by the engine's own arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from silkgate.clearance import api as clearance
from silkgate.drafts import rules
from silkgate.drafts.domain import Content, head_fields, line_fields
from silkgate.kernel.fixed import CENT_E5
from silkgate.kernel.text import Text
from silkgate.registry import api as registry
from silkgate.tariff.api import Law
from silkgate.ui.formats import percent
from silkgate.ui.shapes import MoneyGroup, MoneyLine, MoneySum, MoneyTable


class Tax(NamedTuple):
    """The sum, and how it comes about line by line."""

    total_e5: int
    table: MoneyTable


def of_order(content: Content, law: Law, at: datetime) -> int | None:
    """The tax of an order in 0.00001, where all its goods are on file for the merchant; None: it cannot be said.

    Computed as that of the declaration which will follow it. Goods taxed by quantity need the statutory unit.
    """
    merchant = content.head.get("ebcCode", "").strip()
    lines = []
    for line in content.lines:
        goods = registry.goods_on(merchant, line.get("itemNo", "").strip(), at) if merchant else None
        rate = law.rate(goods.item.hs_code) if goods else None
        if rate is None or ((rate.specific_e6 or rate.threshold_e8) and line.get("unit", "").strip() != rate.unit1):
            return None
        given = {"gcode": rate.gcode, "totalPrice": line.get("totalPrice", ""), "qty": line.get("qty", "")}
        lines.append({**given, "qty1": given["qty"]})
    head = {"freight": content.head.get("freight", ""), "insuredFee": "0"}
    if not lines or _unread(lines, head):
        return None
    assessed = clearance.check_alone(rules.covered("621", Content(head, tuple(lines)), None, at), at).assessed
    cents = sum(line.duty_cents + line.consumption_tax_cents + line.value_added_tax_cents for line in assessed)
    return cents * CENT_E5 if assessed else None


def _unread(lines: Sequence[Mapping[str, str]], head: Mapping[str, str]) -> bool:
    """Whether an amount that tax is computed from cannot be read."""
    fields = {field.name: field for field in (*head_fields("621"), *line_fields("621"))}
    parts = [head, *lines]
    return any(rules.judge_value("", fields[name], value) for part in parts for name, value in part.items())


def of(code: str, content: Content, assessed: Sequence[clearance.AssessedLine], law: Law) -> Tax | None:
    """What clearance would assess; None where it cannot be said yet."""
    if code != "621" or not assessed:
        return None
    groups = []
    for line in assessed:
        name = content.lines[line.gnum - 1].get("gname", "") if line.gnum <= len(content.lines) else ""
        rows = (
            ("关税", "Customs duty", line.duty_cents, line.duty_e6),
            ("消费税", "Consumption tax", line.consumption_tax_cents, line.consumption_e6),
            ("增值税", "Value added tax", line.value_added_tax_cents, line.value_added_e6),
        )
        groups.append(
            MoneyGroup(
                Text(name, name),
                tuple(
                    MoneyLine(Text(zh, en), amount, line.dutiable_cents, percent(rate_e6 // 10))
                    for zh, en, amount, rate_e6 in rows
                ),
                line.gcode,
            )
        )
    parts = tuple(line.duty_cents + line.consumption_tax_cents + line.value_added_tax_cents for line in assessed)
    factor = f"{law.factor:.2f}"
    caption = Text(
        f"预计税款（增值税、消费税按{factor}计征；以放行时核定为准）",
        f"Tax as it would be assessed (VAT and consumption tax times {factor}; what counts is the assessment)",
    )
    total = MoneySum(Text("税款合计", "Tax in all"), parts, strong=True)
    return Tax(total.total_cents * CENT_E5, MoneyTable(caption, tuple(groups), (total,)))
