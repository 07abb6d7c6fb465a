"""What can be computed from what was typed: offered beside the field, never written over anything. Integers only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from silkgate.drafts import rules
from silkgate.drafts.domain import HEAD, Content, head_fields, line_fields, place_of
from silkgate.kernel.fixed import CENT_E5, E5, e5, format_e5, half_up
from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import Field
from silkgate.tariff.api import Law


class Offer(NamedTuple):
    """A value for one field, and how it comes about."""

    place: str
    field: str
    value: str
    why: Text

    @property
    def id(self) -> str:
        return f"{self.place}-{self.field}"


def offers(code: str, content: Content, law: Law, tax_e5: int | None) -> list[Offer]:
    """What can be offered for a document; nothing where a field has this value already.

    `tax_e5`: the tax of an order, where it can be said.
    """
    found = [
        *_of_lines(code, content, law),
        *(_of_order(content, tax_e5) if code == "311" else ()),
    ]
    return [offer for offer in found if not _same(code, content, offer)]


def _same(code: str, content: Content, offer: Offer) -> bool:
    fields = head_fields(code) if offer.place == HEAD else line_fields(code)
    field = next(field for field in fields if field.name == offer.field)
    given = rules.plain(field, content.part(offer.place).get(offer.field, ""))
    if field.type == "decimal":
        return bool(given) and rules.fault(field, given) is None and e5(given) == e5(offer.value)
    return given == offer.value


def _amounts(fields: tuple[Field, ...], values: Mapping[str, str]) -> dict[str, int]:
    """The amounts and quantities that can be read, in 0.00001."""
    found = {}
    for field in fields:
        value = rules.plain(field, values.get(field.name, ""))
        if field.type == "decimal" and value and rules.fault(field, value) is None:
            found[field.name] = e5(value)
    return found


def _of_lines(code: str, content: Content, law: Law) -> Iterator[Offer]:
    for number, line in enumerate(content.lines):
        place, given = place_of(number), _amounts(line_fields(code), line)
        if "price" in given and "qty" in given:
            product_e5 = half_up(given["price"] * given["qty"], E5 * CENT_E5) * CENT_E5
            yield Offer(place, "totalPrice", format_e5(product_e5), Text("单价×数量", "unit price × quantity"))
        if code != "621":
            continue
        rate = law.rate(line.get("gcode", "").strip())
        if rate is None:
            continue
        why = Text("税则中该商品的法定计量单位", "the statutory unit of these goods in the tariff")
        if rate.unit1:
            yield Offer(place, "unit1", rate.unit1, why)
            if rate.unit1 == line.get("unit", "").strip() and "qty" in given:
                same = Text("计量单位相同，与数量一致", "the same unit, so the same as the quantity")
                yield Offer(place, "qty1", format_e5(given["qty"]), same)
        if rate.unit2:
            yield Offer(place, "unit2", rate.unit2, why)


def _of_order(content: Content, tax_e5: int | None) -> Iterator[Offer]:
    totals = [_amounts(line_fields("311"), line).get("totalPrice") for line in content.lines]
    known = [total for total in totals if total is not None]
    if totals and len(known) == len(totals):
        yield Offer(HEAD, "goodsValue", format_e5(sum(known)), Text("各行总价之和", "the sum of the lines"))
    if tax_e5 is not None:
        why = Text("按备案商品和当日税率计算", "by the goods on file and the rates of the day")
        yield Offer(HEAD, "taxTotal", format_e5(tax_e5), why)
    head = _amounts(head_fields("311"), content.head)
    if {"goodsValue", "freight", "taxTotal", "discount"} <= head.keys():
        paid = head["goodsValue"] + head["freight"] + head["taxTotal"] - head["discount"]
        why = Text("商品价格＋运杂费＋代扣税款－抵扣", "goods + freight + tax − deduction")
        yield Offer(HEAD, "acturalPaid", format_e5(paid), why)


def taken(code: str, content: Content, offer: Offer) -> Content:
    """The document with an offer accepted."""
    if offer.place == HEAD:
        return content._replace(head={**content.head, offer.field: offer.value})
    lines = [
        {**line, offer.field: offer.value} if place_of(number) == offer.place else line
        for number, line in enumerate(content.lines)
    ]
    return content._replace(lines=tuple(lines))
