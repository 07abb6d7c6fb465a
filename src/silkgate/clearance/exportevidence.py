"""What people see of an export list beside its decision: its documents side by side, on what terms, what came back.

Nothing here names a natural person: neither the list nor its order, receipt of money or waybill do.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from silkgate.clearance.domain import AssessedLine, ExportFacts
from silkgate.clearance.engine.exports import RETAIL, SIMPLIFIED
from silkgate.clearance.evidence import Evidence, GoodsField, Side, field_of, same_number
from silkgate.exchange.api import NO_CODE
from silkgate.kernel.text import Text
from silkgate.tariff.api import Citation, codes, notices
from silkgate.ui.formats import Part
from silkgate.ui.shapes import Cell, Comparison, ComparisonGroup, ComparisonRow, Law, compare

COMPARED = ("603", "303", "403", "505")
"""List, order, receipt of money, waybill: the columns of the comparison, in this order."""
_WITHOUT_MONEY = (0, 1, 3)
_NUMBERS = {"603": "orderNo", "303": "orderNo", "403": "payNo", "505": "logisticsNo"}
_GOODS_FIELDS: tuple[GoodsField, ...] = (
    ("gcode", False, False),
    ("itemRecordNo", False, False),
    ("qty", True, True),
    ("unit", True, False),
    ("totalPrice", True, True),
    ("currency", True, False),
    ("country", False, False),
)

Four = tuple[Evidence | None, Evidence | None, Evidence | None, Evidence | None]


def platform_words(ebp_code: str) -> Text | str:
    """The platform that a list is kept under, as people read it."""
    if not ebp_code.startswith(f"{NO_CODE}/"):
        return ebp_code
    return Text(f"{NO_CODE}（境外平台，没有代码）", "none (foreign platform without a code)")


# --- The documents --------------------------------------------------------------------------------------------------


def export_side_by_side(documents: Four, *, money_needed: bool, hrefs: Mapping[int, str] | None = None) -> Comparison:
    """The list, its order, receipt of money and waybill (None: not arrived) with their differences.

    Most lists do without a receipt of money: unless one came or is waited for (`money_needed`) there are three columns.
    Compares what group 4 of clearing compares (docs/exports.md, section 3).
    """
    order, money = documents[1], documents[2]
    with_money = money is not None or money_needed
    places = (0, 1, 2, 3) if with_money else _WITHOUT_MONEY
    side = Side([COMPARED[place] for place in places], [documents[place] for place in places], in_full=True)
    waybill = len(places) - 1

    def row(*elements: str, reference: int = 1, number: bool = False, name: Text | None = None) -> ComparisonRow:
        return side.row(*(elements[place] for place in places), reference=reference, number=number, name=name)

    order_no = Text("订单编号", "Order number")
    numbers = [
        row("orderNo", "orderNo", "orderNo", "", name=order_no),
        row("logisticsNo", "", "", "logisticsNo", reference=0),
    ]
    sale = [_order_type(order, len(places)), row("", "goodsValue", "", ""), row("", "freight", "", "")]
    if with_money:
        numbers.append(row("", "", "payNo", ""))
        sale += [_received(order, money), row("", "currency", "currency", "")]
    else:
        sale.append(row("", "currency", "", ""))
    groups = (
        ComparisonGroup(Text("编号", "Numbers"), tuple(numbers)),
        ComparisonGroup(
            Text("企业", "Enterprises"),
            (
                row("ebpCode", "ebpCode", "ebpCode", ""),
                row("ebcCode", "ebcCode", "", "ebcCode"),
                row("logisticsCode", "", "", "logisticsCode", reference=0),
            ),
        ),
        ComparisonGroup(Text("交易", "The sale"), tuple(sale)),
        ComparisonGroup(
            Text("包裹", "The parcel"),
            (
                row("packNo", "", "", "packNo", reference=waybill),
                row("grossWeight", "", "", "grossWeight", reference=waybill, number=True),
                row("netWeight", "", "", ""),
            ),
        ),
    )
    return Comparison(side.sources(_NUMBERS, hrefs), groups, side.goods(_GOODS_FIELDS))


def _order_type(order: Evidence | None, columns: int) -> ComparisonRow:
    """The kind of order, which the rule holds to one value and no other document repeats."""
    value = order.head.get("orderType", "") if order else ""
    differs = bool(value) and value != RETAIL
    cells = [Cell()] * columns
    cells[1] = Cell((Part(value, differs),), differs) if value else Cell()
    return ComparisonRow(field_of("303", "orderType"), tuple(cells), "orderType")


def _received(order: Evidence | None, money: Evidence | None) -> ComparisonRow:
    """What was received, beside what the order comes to."""
    due = sum((Decimal(order.head.get(name, "0")) for name in ("goodsValue", "freight")), Decimal(0)) if order else None
    charged = money.head.get("charge", "") if money else None
    values = (None, None if due is None else f"{due:f}", charged, None)
    name = Text("货款＋运杂费；收款金额", "Goods + freight; amount received")
    return compare(name, values, "charge", reference=1, same=same_number)


# --- On what terms --------------------------------------------------------------------------------------------------


class Terms(NamedTuple):
    """How an export list was declared, on which nothing is due."""

    mode: Text | str
    kind: Text
    """Simplified, or for summary declaration."""
    meaning: Text
    law: Law


_SIMPLIFIED = Text("简化申报（A）", "Simplified (A)")
_SIMPLIFIED_MEANS = Text(
    "限不涉及许可证、出口关税和出口退税的商品；商品编码按前4位归类。",
    "For goods without licence, export duty and tax refund; classified by the first four digits of the code.",
)
_SUMMARY = Text("汇总申报（B）", "For summary declaration (B)")
_SUMMARY_MEANS = Text(
    "商品编码按10位归类；此后由企业汇总申报，本平台尚不受理汇总申请单（CEB701）。",
    "Classified by all ten digits; summarised in a declaration afterwards. This platform does not take applications for"
    " that (CEB701) yet.",
)


def terms(mode: str, statistics_flag: str) -> Terms:
    """The terms of a list of this mode and flag."""
    word = codes("supervision-modes").get(mode)
    simplified = statistics_flag == SIMPLIFIED
    written = Citation(notices()["spec-202205"], Text("，statisticsFlag栏", "field statisticsFlag"), verified=True)
    return Terms(
        Text(f"{mode} {word.zh}", f"{mode} {word.en}") if word else mode,
        _SIMPLIFIED if simplified else _SUMMARY,
        _SIMPLIFIED_MEANS if simplified else _SUMMARY_MEANS,
        Law(written.text, written.notice.in_force_from),
    )


# --- What came back -------------------------------------------------------------------------------------------------


class CameBack(NamedTuple):
    """A goods line of which something came back. Quantities in 0.00001."""

    gnum: int
    name: str
    unit: Text | str
    qty_e5: int
    returned_e5: int
    tallied_e5: int
    """Of it counted at the return warehouse."""


def came_back(lines: list[AssessedLine], facts: ExportFacts, declared: Evidence | None) -> tuple[CameBack, ...]:
    """What came back of an export list, line by line; none where nothing did."""
    said = {int(line["gnum"]): line for line in declared.lines} if declared else {}
    told = []
    for line in lines:
        if line.returned_e5:
            open_e5 = sum(qty_e5 for gnum, qty_e5 in facts.untallied if gnum == line.gnum)
            words = said.get(line.gnum, {})
            unit = words.get("unit", "")
            told.append(
                CameBack(
                    line.gnum,
                    words.get("gname") or words.get("itemName", ""),
                    codes("units").get(unit, unit),
                    line.qty_e5,
                    line.returned_e5,
                    line.returned_e5 - open_e5,
                )
            )
    return tuple(told)
