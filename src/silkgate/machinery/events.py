"""Events of machine books and shipments of spare parts that the exporter may be told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text
from silkgate.machinery.domain import BOOK_SUBJECT, SHIPMENT_SUBJECT

_WORD, _NUMBER = {"type": "string"}, {"type": "integer"}
_CONTRACT = Member("contract", _WORD, Text("合同号", "contract number"))
_PARTS = Member("parts", _NUMBER, Text("零件种数", "how many kinds of part"))
_SENT = Member("number", _WORD, Text("出运编号", "the sender’s number"))
_LINES = Member("lines", _NUMBER, Text("项数", "how many lines"))
_RULES = Member(
    "rules", {"type": "array", "items": _WORD}, Text("规则代码", "codes of the rules that it does not meet")
)

event_type("machinebook.opened", Text("建立机械账册", "machine book opened"),
           Text("为一份合同建立机械账册", "the book of a contract is opened"),
           subject=BOOK_SUBJECT, members=(_CONTRACT,))  # fmt: skip
event_type("machinebook.parts", Text("导入零配件清单", "parts imported"),
           Text("导入机械的零配件清单", "the bill of materials of a machine is imported"),
           subject=BOOK_SUBJECT, members=(_CONTRACT, _PARTS))  # fmt: skip
event_type("machinebook.declared", Text("申报机械账册", "machine book declared"),
           Text("机械连同零配件申报完毕", "a machine is declared with its parts"),
           subject=BOOK_SUBJECT, members=(_CONTRACT, _PARTS))  # fmt: skip
event_type("spares.free", Text("零配件免税出口", "spare parts leave without tax"),
           Text("零配件在账册中查到，免征税", "spare parts were found in the book and leave without tax"),
           subject=SHIPMENT_SUBJECT, members=(_SENT, _CONTRACT, _LINES))  # fmt: skip
event_type("spares.refused", Text("零配件不予免税", "spare parts refused"),
           Text("零配件与账册不符，不予免税", "spare parts do not fit the book and do not leave without tax"),
           subject=SHIPMENT_SUBJECT, members=(_SENT, _CONTRACT, _LINES, _RULES))  # fmt: skip
event_type("spares.cancelled", Text("取消零配件出运", "spare parts cancelled"),
           Text("尚未出运的零配件取消，数量退回账册", "a shipment is cancelled before it leaves; it gives back"),
           subject=SHIPMENT_SUBJECT, members=(_SENT, _CONTRACT, _LINES))  # fmt: skip


def _books(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, enterprise_code from machinery_book where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/api/v1/machinery/books/{number}") for number, code in cursor.fetchall()}


def _shipments(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, enterprise_code from machinery_shipment where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/api/v1/machinery/shipments/{number}") for number, code in cursor.fetchall()}


subjects(BOOK_SUBJECT, _books)
subjects(SHIPMENT_SUBJECT, _shipments)
