"""The documents of a declaration as they were received, all fields, and side by side.

The engine judges compact records; people are shown what the message says. Both come from the same bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from silkgate.kernel.text import Text
from silkgate.registry.api import class_words
from silkgate.standards import dxp, safexml
from silkgate.standards.ceb.catalogue import MESSAGES, Field
from silkgate.standards.ceb.read import Reader
from silkgate.tariff.api import codes
from silkgate.ui.formats import Part, masked
from silkgate.ui.shapes import Cell, Comparison, ComparisonGroup, ComparisonRow, Source, compare

COMPARED = ("621", "311", "411", "511")
"""Declaration, order, payment, waybill: the columns of the comparison, in this order."""

ORDER, WAYBILL = 1, 3
"""Places of the documents that the rules hold the others to."""

PERSONAL = frozenset({
    "buyerIdNumber", "buyerName", "buyerTelephone", "buyerRegNo", "payerIdNumber", "payerName", "telephone",
    "consignee", "consigneeTelephone", "consigneeAddress", "consigneeId",
})  # fmt: skip
"""Elements about a natural person; shown in full only to those who may decide about them."""

NAMES = {
    "621": Text("清单", "Declaration"),
    "311": Text("订单", "Order"),
    "411": Text("支付单", "Payment"),
    "511": Text("运单", "Waybill"),
    "603": Text("出口清单", "Export list"),
    "303": Text("订单", "Order"),
    "403": Text("收款单", "Receipt of money"),
    "505": Text("运单", "Waybill"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One document of a received message: its fields by element name; empty elements are left out."""

    code: str
    message_id: int
    head: Mapping[str, str]
    lines: tuple[Mapping[str, str], ...]


@functools.cache
def _reader() -> Reader:
    inbound = {code: kind for code, kind in MESSAGES.items() if kind.inbound}
    return Reader(
        {
            code: ([f.name for f in kind.head_fields], [f.name for f in kind.line_fields])
            for code, kind in inbound.items()
        }
    )


def documents_in(raw: bytes, message_id: int) -> tuple[Evidence, ...]:
    """Every document of a message that intake accepted. Raises what the readers raise for any other bytes."""
    root = safexml.parse(raw)
    if dxp.is_envelope(root):
        root = safexml.parse(dxp.unwrap(root).data)
    message = _reader().read(root)
    kind = MESSAGES[message.code]
    heads = [field.name for field in kind.head_fields]
    lines = [field.name for field in kind.line_fields]
    return tuple(
        Evidence(
            message.code,
            message_id,
            _filled(heads, document.head),
            tuple(_filled(lines, line) for line in document.lines),
        )
        for document in message.documents
    )


def _filled(names: list[str], values: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in zip(names, values, strict=True) if value}


@functools.cache
def _fields() -> dict[str, Field]:
    """Every element by name; where messages name it differently, as the declaration does, then the order."""
    fields: dict[str, Field] = {}
    for code in (*COMPARED, *MESSAGES):
        kind = MESSAGES[code]
        for field in (*kind.head_fields, *kind.line_fields):
            fields.setdefault(field.name, field)
    return fields


_IN_FINDINGS = {
    "country": Text("原产国（地区）", "Country of origin"),
    "creditClass": Text("电商企业的信用类别", "Credit class of the e-commerce enterprise"),
    "dutiableValue": Text("完税价格", "Dutiable value"),
    "emsNo/itemRecordNo": Text("账册编号与料号", "Account book and item number"),
}
_DESTINATION = Text("目的国（地区）", "Country of destination")


def field_name(element: str, *, exported: bool = False) -> Text:
    """The name of an element in words; the element itself where the catalogue does not know it."""
    if exported and element == "country":
        return _DESTINATION
    if element in _IN_FINDINGS:
        return _IN_FINDINGS[element]
    field = _fields().get(element)
    return field.label if field else Text(element, element)


CODED = {"country": "countries", "unit": "units", "currency": "currencies"}
"""Elements that hold a code, and its table."""


def coded(element: str, value: str) -> Text | str:
    """A value with the word that its code stands for: `136 瑞士`; other values as they are."""
    if element == "creditClass":
        return class_words(value) if value else Text("未定", "none")
    word = codes(CODED[element]).get(value) if element in CODED else None
    return Text(f"{value} {word.zh}", f"{value} {word.en}") if word else value


def field_of(code: str, element: str, *, line: bool = False) -> Text:
    """The name of an element as one kind of message calls it."""
    kind = MESSAGES[code]
    fields = kind.line_fields if line else kind.head_fields
    return next((field.label for field in fields if field.name == element), field_name(element))


def same_number(one: str, other: str) -> bool:
    """Whether two texts are one number, or the same text where they are none."""
    try:
        return Decimal(one or "0") == Decimal(other or "0")
    except InvalidOperation:
        return one == other


GoodsField = tuple[str, bool, bool]
"""A field of a goods line; whether the order has it too; whether it is a number."""


class Side:
    """The documents of a declaration, of these kinds, asked for one field at a time."""

    def __init__(self, kinds: Sequence[str], documents: Sequence[Evidence | None], *, in_full: bool) -> None:
        self.kinds, self.documents, self.in_full = kinds, documents, in_full

    def sources(self, numbers: Mapping[str, str], hrefs: Mapping[int, str] | None) -> tuple[Source, ...]:
        """The columns: each document by the number in its element, with the address of its message."""
        return tuple(
            Source(
                NAMES[code],
                document.head.get(numbers[code], "") if document else "",
                (hrefs or {}).get(document.message_id, "") if document else "",
                document is None,
            )
            for code, document in zip(self.kinds, self.documents, strict=True)
        )

    def row(
        self, *elements: str, reference: int = ORDER, number: bool = False, name: Text | None = None
    ) -> ComparisonRow:
        """One row: the element of each document in turn, "" where the document has no such field to compare."""
        values = tuple(
            None if not element or document is None else document.head.get(element, "0" if number else None)
            for element, document in zip(elements, self.documents, strict=True)
        )
        element = next(element for element in elements if element)
        kind = self.kinds[elements.index(element)]
        return compare(
            name or field_of(kind, element),
            values,
            element,
            reference=reference,
            **({"same": same_number} if number else {}),
            shown=self._shown(element),
        )

    def _shown(self, element: str) -> Callable[[str], Text | str] | None:
        if element in PERSONAL and not self.in_full:
            return masked
        return functools.partial(coded, element) if element in CODED else None

    def goods(self, fields: Sequence[GoodsField]) -> tuple[ComparisonGroup, ...]:
        """Every goods line of declaration and order under its name."""
        names: dict[str, str] = {}
        for document in self.documents[:2]:
            for line in document.lines if document else ():
                names.setdefault(line["gnum"], line.get("gname") or line.get("itemName", ""))
        declared = self.documents[0]
        bonded = any("itemRecordNo" in line for line in (declared.lines if declared else ()))
        return tuple(
            ComparisonGroup(
                Text(f"第{gnum}项 {name}", f"Line {gnum} {name}"), self._goods_line(gnum, fields, bonded=bonded)
            )
            for gnum, name in sorted(names.items(), key=lambda item: int(item[0]))
        )

    def _goods_line(self, gnum: str, fields: Sequence[GoodsField], *, bonded: bool) -> tuple[ComparisonRow, ...]:
        """The goods line `gnum` in declaration and order, field by field; always the same fields in a declaration."""
        lines = [_line(document, gnum) for document in self.documents[:2]]
        rows = []
        for element, both, number in fields:
            if element == "itemRecordNo" and not bonded:
                continue
            declared, ordered = (None if line is None else line.get(element, "") for line in lines)
            rows.append(
                compare(
                    field_of(self.kinds[0], element, line=True),
                    (declared, ordered if both else None),
                    element,
                    reference=ORDER,
                    **({"same": same_number} if number else {}),
                    shown=self._shown(element),
                )
            )
        return tuple(rows)


GOODS_FIELDS: tuple[GoodsField, ...] = (
    ("gcode", False, False),
    ("itemRecordNo", False, False),
    ("qty", True, True),
    ("unit", True, False),
    ("totalPrice", True, True),
    ("country", True, False),
)
"""Of an import."""


def _line(document: Evidence | None, gnum: str) -> Mapping[str, str] | None:
    """The line of a document: empty where it has none of this number, None where the document is missing."""
    if document is None:
        return None
    return next((line for line in document.lines if line.get("gnum") == gnum), {})


def _order_sum(order: Evidence | None) -> Cell:
    """How the order arrives at what was paid, as it says itself."""
    if order is None:
        return Cell()
    value, freight, tax, discount = (
        order.head.get(name, "0") for name in ("goodsValue", "freight", "taxTotal", "discount")
    )
    return Cell((Part(f"{value} + {freight} + {tax} − {discount}", False),))


def side_by_side(
    documents: tuple[Evidence | None, Evidence | None, Evidence | None, Evidence | None],
    *,
    in_full: bool,
    hrefs: Mapping[int, str] | None = None,
) -> Comparison:
    """The declaration, its order, payment and waybill (None: not arrived) with their differences.

    `in_full`: personal values unmasked. `hrefs`: addresses of messages by id. Compares what group 4 of clearing
    compares, and shows the goods beside each other.
    """
    side = Side(COMPARED, documents, in_full=in_full)
    numbers = {"621": "orderNo", "311": "orderNo", "411": "payTransactionId", "511": "logisticsNo"}
    groups = (
        ComparisonGroup(
            Text("编号", "Numbers"),
            (
                side.row("orderNo", "orderNo", "orderNo", "orderNo"),
                side.row("logisticsNo", "", "", "logisticsNo", reference=0),
                side.row("", "payTransactionId", "payTransactionId", ""),
            ),
        ),
        ComparisonGroup(
            Text("企业", "Enterprises"),
            (
                side.row("ebpCode", "ebpCode", "ebpCode", ""),
                side.row("ebcCode", "ebcCode", "", ""),
                side.row("logisticsCode", "", "", "logisticsCode", reference=0),
            ),
        ),
        ComparisonGroup(
            Text("订购人与收货人", "Buyer and consignee"),
            (
                side.row("buyerName", "buyerName", "payerName", ""),
                side.row("buyerIdNumber", "buyerIdNumber", "payerIdNumber", ""),
                side.row("", "consignee", "", "consignee"),
                side.row("", "consigneeTelephone", "", "consigneeTelephone"),
                side.row("", "consigneeAddress", "", "consigneeAddress"),
            ),
        ),
        ComparisonGroup(
            Text("金额（元）", "Amounts (CNY)"),
            (
                side.row("", "acturalPaid", "amountPaid", "", number=True),
                side.row("freight", "", "", "freight", reference=WAYBILL, number=True),
                side.row("insuredFee", "", "", "insuredFee", reference=WAYBILL, number=True),
                ComparisonRow(
                    Text("货值＋运杂费＋税款−抵扣", "goods + freight + tax − discount"),
                    (Cell(), _order_sum(documents[ORDER]), Cell(), Cell()),
                ),
            ),
        ),
    )
    return Comparison(side.sources(numbers, hrefs), groups, side.goods(GOODS_FIELDS))
