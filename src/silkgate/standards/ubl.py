"""UBL 2.1 Catalogue (OASIS, ISO/IEC 19845): the items of a catalogue and which of them are components of which.

Of UBL's documents the catalogue is the one that carries a bill of materials: each `CatalogueLine` describes one item,
and its `ComponentRelatedItem`s name the items it is made of, with their quantity. An item is known by the identifier
that its seller gives it (`Item/SellersItemIdentification/ID`), else by its maker's. Read are:

- `Item/Name`, `Item/CommodityClassification/ItemClassificationCode` (the first), `Item/ItemInstance/SerialID`;
- `OrderableUnit`, a code of UN/ECE Recommendation 20;
- `RequiredItemLocationQuantity/Price/PriceAmount` (the first), with its currency;
- `ComponentRelatedItem/ID` and `Quantity`, whose `unitCode` says the unit where the line of the item has none.

Whatever else a catalogue says is passed over. Whether a bill makes sense is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from silkgate.kernel.text import Text
from silkgate.standards import safexml

ROOT = "{urn:oasis:names:specification:ubl:schema:xsd:Catalogue-2}Catalogue"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


class UblRefused(ValueError):  # noqa: N818 - a refusal is an outcome
    """A document is no UBL catalogue; `detail` says why in both languages."""

    def __init__(self, detail: Text) -> None:
        super().__init__(detail.en)
        self.detail = detail


class Item(NamedTuple):
    """One line of a catalogue. What is not given is empty."""

    line: int
    """Of the file."""
    id: str
    name: str
    commodity_code: str
    unit: str
    price: str
    currency: str
    """ISO 4217."""
    serial_ids: tuple[str, ...]


class Component(NamedTuple):
    """An item that another one is made of."""

    line: int
    parent_id: str
    item_id: str
    quantity: str
    unit: str


class Catalogue(NamedTuple):
    """Items and components, in the order of the file."""

    items: tuple[Item, ...]
    components: tuple[Component, ...]


def read_catalogue(raw: bytes, limits: safexml.Limits) -> Catalogue:
    """Read a catalogue within `limits`. Raises XmlRefused for XML that is not taken, UblRefused for what is none."""
    root = safexml.parse(raw, limits)
    if root.tag != ROOT:
        name = etree.QName(root).localname[:60]
        raise UblRefused(
            Text(f"不是UBL 2.1的Catalogue文件（根元素为{name}）", f"it is no UBL 2.1 Catalogue (its root is {name})")
        )
    items, components = list[Item](), list[Component]()
    for line in root.iterfind(f"{CAC}CatalogueLine"):
        item = _item(line)
        items.append(item)
        components += _components(line, item.id)
    return Catalogue(tuple(items), tuple(components))


def _item(line: etree._Element) -> Item:
    amount = line.find(f"{CAC}RequiredItemLocationQuantity/{CAC}Price/{CBC}PriceAmount")
    return Item(
        line=line.sourceline or 0,
        id=_text(line, f"{CAC}Item/{CAC}SellersItemIdentification/{CBC}ID")
        or _text(line, f"{CAC}Item/{CAC}ManufacturersItemIdentification/{CBC}ID"),
        name=_text(line, f"{CAC}Item/{CBC}Name"),
        commodity_code=_text(line, f"{CAC}Item/{CAC}CommodityClassification/{CBC}ItemClassificationCode"),
        unit=_text(line, f"{CBC}OrderableUnit"),
        price=_plain(amount),
        currency="" if amount is None else amount.get("currencyID", ""),
        serial_ids=tuple(_plain(found) for found in line.iterfind(f"{CAC}Item/{CAC}ItemInstance/{CBC}SerialID")),
    )


def _components(line: etree._Element, parent_id: str) -> Iterator[Component]:
    for related in line.iterfind(f"{CAC}ComponentRelatedItem"):
        quantity = related.find(f"{CBC}Quantity")
        unit = "" if quantity is None else quantity.get("unitCode", "")
        yield Component(related.sourceline or 0, parent_id, _text(related, f"{CBC}ID"), _plain(quantity), unit)


def _text(element: etree._Element, path: str) -> str:
    return _plain(element.find(path))


def _plain(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
