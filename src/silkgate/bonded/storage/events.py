"""Events of storage that the owner may be told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.bonded.storage.domain import DECLARATION, DRAW, GUARANTEE, LOT
from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text

_WORD, _NUMBER = {"type": "string"}, {"type": "integer"}
_OWN = Member("number", _WORD, Text("企业自己的编号", "the firm’s own number"))
_BOOK = Member("book", _WORD, Text("账册号", "account book"))
_DIRECTION = Member("direction", _WORD, Text("去向", "where the goods go"))
_VALUE = Member("value_cents", _NUMBER, Text("货值，分", "value in cents CNY"))
_BOUND = Member("guarantee_cents", _NUMBER, Text("担保，分", "guarantee in cents CNY"))

event_type("storage.entered", Text("暂存入库", "lot entered"), Text("一批货物暂存入库", "a lot enters storage"),
           subject=LOT, members=(_OWN, _BOOK, _VALUE, _BOUND))  # fmt: skip
event_type("storage.drawn", Text("分送", "goods drawn"), Text("订单提取暂存货物", "an order draws on storage"),
           subject=DRAW, members=(_OWN, _BOOK, _DIRECTION, _VALUE))  # fmt: skip
event_type("storage.declared", Text("集中申报", "declared together"),
           Text("一个月的分送集中申报", "what was drawn in a month is declared"),
           subject=DECLARATION,
           members=(_OWN, _BOOK, _DIRECTION, Member("month", _WORD, Text("月份", "month")), _VALUE,
                    Member("tax_cents", _NUMBER, Text("税款，分", "tax in cents CNY")), _BOUND))  # fmt: skip
event_type("storage.guarantee_lodged", Text("暂存担保登记", "guarantee lodged"),
           Text("登记一份暂存担保", "a guarantee for storage is lodged"),
           subject=GUARANTEE,
           members=(Member("letter", _WORD, Text("保函编号", "number of the letter")),
                    Member("amount_cents", _NUMBER, Text("金额，分", "amount in cents CNY"))))  # fmt: skip


def _owners(table: str, address: str) -> Any:
    def found(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
        cursor.execute(f"select id, owner_code from {table} where id = any(%s)", (list(numbers),))  # noqa: S608 - ours
        return {number: Subject((code,), address.format(number)) for number, code in cursor.fetchall()}

    return found


subjects(LOT, _owners("bonded_storagelot", "/api/v1/storage/lots/{}"))
subjects(DRAW, _owners("bonded_storagedraw", "/api/v1/storage/draws/{}"))
subjects(DECLARATION, _owners("bonded_storagedeclaration", "/api/v1/storage/declarations/{}"))
subjects(GUARANTEE, _owners("bonded_storagecover", "/storage"))
