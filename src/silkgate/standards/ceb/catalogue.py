"""The field catalogue of the CEB messages, import and export, edition 202205, as frozen values.

`messages.csv` has one row per message, `catalogue.csv` one row per field in the order of the message; both are the
source from which the schemas, the readers, the writers and the reference page are made. Element names, Chinese names,
lengths and digits are those of the official schemas and specification (海关跨境电商统一版系统企业对接报文规范, 202205).

Each trade has a schema of its own: elements of one name, such as `OrderHead`, hold other fields in the other.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, cast

from silkgate.kernel.text import Text

NAMESPACE = "http://www.chinaport.gov.cn/ceb"
SIGNATURE_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
GUID_LENGTH = 36
VERSION_MAX_LENGTH = 10
SUBSCRIBERS_MAX = 5

FieldType = Literal["string", "decimal", "int", "any"]
SignatureRule = Literal["none", "optional", "required"]
Trade = Literal["import", "export"]
TRADES: tuple[Trade, ...] = ("import", "export")

_SPACES = re.compile("[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Field:
    """One element that holds a value. Lengths are in characters; None where the standard sets no bound."""

    name: str
    label: Text
    type: FieldType
    min_length: int
    max_length: int | None
    total_digits: int | None
    fraction_digits: int | None
    collapsed: bool
    """White space at the ends does not count, and any between counts as one space."""
    required: bool
    default: str
    """What an empty element means; "" where it means nothing."""
    fixed: str
    """The only value allowed; "" where any is."""
    code_table: str
    note: Text

    def normalised(self, text: str) -> str:
        """A text as the schema counts its length, and as it is read."""
        return _SPACES.sub(" ", text).strip(" ") if self.collapsed else text

    @property
    def format(self) -> str:
        """The format as the standard writes it: `C..60`, `C14`, `N19,5`, `N9`, `N` (32-bit integer), `XML`."""
        if self.type == "string":
            if self.max_length is None:
                return "C.."
            return f"C{self.max_length}" if self.min_length == self.max_length else f"C..{self.max_length}"
        if self.type == "decimal":
            return f"N{self.total_digits},{self.fraction_digits}"
        if self.type == "int":
            return f"N{self.total_digits or ''}"
        return "XML"

    @property
    def needed(self) -> Text:
        """What a value must be, as one phrase for people."""
        if self.fixed:
            return Text(f"固定为 {self.fixed}", f"fixed: {self.fixed}")
        if self.type == "string":
            low, high = self.min_length, self.max_length
            if high is None:
                return Text("任意文本", "any text")
            if low == high:
                return Text(f"{high} 个字符", f"{high} characters")
            return Text(f"{low} 至 {high} 个字符", f"{low} to {high} characters")
        if self.type == "decimal":
            return Text(
                f"数值，最多 {self.total_digits} 位，其中小数最多 {self.fraction_digits} 位",
                f"a number of at most {self.total_digits} digits, at most {self.fraction_digits} of them decimals",
            )
        if self.type == "int":
            if self.total_digits is None:
                return Text("整数", "a whole number")
            return Text(f"整数，最多 {self.total_digits} 位", f"a whole number of at most {self.total_digits} digits")
        return Text("任意 XML", "any XML")


@dataclass(frozen=True, slots=True)
class MessageKind:
    """One message type. Where `head` is "" the head fields stand directly under the document element."""

    code: str
    trade: Trade
    root: str
    name: Text
    document: str
    head: str
    line: str
    documents_max: int | None
    """None: unbounded."""
    lines_min: int
    lines_max: int | None
    """None: unbounded (or no lines, where `line` is "")."""
    receipt: str
    """Code of the receipt that answers it; "" where none does."""
    sender: Text
    signature: SignatureRule
    """What the official schema asks for; "required" is judged after the schema, see `schema.schema_text`."""
    head_fields: tuple[Field, ...]
    line_fields: tuple[Field, ...]
    transfer_fields: tuple[Field, ...]
    """BaseTransfer: who sends, and where receipts go."""
    subscribe_fields: tuple[Field, ...]
    """BaseSubscribe: a third party that wants a copy."""
    extend_fields: tuple[Field, ...]
    """ExtendMessage: private data that sender and receiver agreed on."""

    @property
    def inbound(self) -> bool:
        """Whether enterprises send it (it then carries BaseTransfer); customs sends the others."""
        return self.signature != "none"

    @property
    def parts(self) -> dict[str, tuple[Field, ...]]:
        """The fields of each element that holds fields, by its name."""
        parts = {
            "BaseTransfer": self.transfer_fields,
            "BaseSubscribe": self.subscribe_fields,
            "ExtendMessage": self.extend_fields,
            self.head or self.document: self.head_fields,
        }
        return parts | {self.line: self.line_fields} if self.line else parts


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _number(text: str) -> int | None:
    return int(text) if text else None


def _field(row: Mapping[str, str]) -> Field:
    return Field(
        name=row["element"],
        label=Text(row["zh"], row["en"]),
        type=cast(FieldType, row["type"]),
        min_length=int(row["min_length"] or 0),
        max_length=_number(row["max_length"]),
        total_digits=_number(row["total_digits"]),
        fraction_digits=_number(row["fraction_digits"]),
        collapsed=row["whitespace"] == "collapse",
        required=row["required"] == "1",
        default=row["default"],
        fixed=row["fixed"],
        code_table=row["code_table"],
        note=Text(row["note_zh"], row["note_en"]),
    )


def _load() -> dict[str, MessageKind]:
    places: dict[tuple[str, str], list[Field]] = {}
    for row in _rows("catalogue.csv"):
        places.setdefault((row["message"], row["place"]), []).append(_field(row))
    kinds = {}
    for row in _rows("messages.csv"):
        code, trade = row["code"], cast(Trade, row["trade"])
        kinds[code] = MessageKind(
            code=code,
            trade=trade,
            root=row["root"],
            name=Text(row["zh"], row["en"]),
            document=row["document"],
            head=row["head"],
            line=row["line"],
            documents_max=_number(row["documents_max"]),
            lines_min=int(row["lines_min"] or 0),
            lines_max=_number(row["lines_max"]),
            receipt=row["receipt"],
            sender=Text(row["sender_zh"], row["sender_en"]),
            signature=cast(SignatureRule, row["signature"]),
            head_fields=tuple(places[code, "head" if row["head"] else "document"]),
            line_fields=tuple(places.get((code, "line"), ())),
            transfer_fields=tuple(places[trade, "transfer"]),
            subscribe_fields=tuple(places[trade, "subscribe"]),
            extend_fields=tuple(places[trade, "extend"]),
        )
    return kinds


MESSAGES: Mapping[str, MessageKind] = MappingProxyType(_load())
"""Every message by its three digits, `MESSAGES["311"]`: those of import, then those of export."""


def kinds_of(trade: Trade) -> tuple[MessageKind, ...]:
    """Every message of a trade, in the order of the catalogue. CEB900, which answers both, is in the import schema."""
    return tuple(kind for kind in MESSAGES.values() if kind.trade == trade)
