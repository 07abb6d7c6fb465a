"""Events of filings, goods and permits that the enterprise concerned may be told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text

_WORD = {"type": "string"}
_NUMBER = {"type": "integer"}
_CODE = Member("code", _WORD, Text("企业代码", "code of the enterprise"))
_CASE = Member("case", _NUMBER, Text("案件编号", "number of the case"))

event_type(
    "enterprise.filed",
    Text("备案生效", "filing in force"),
    Text("企业备案或变更生效", "a filing of the enterprise, or its change, comes into force"),
    subject="enterprise",
    members=(
        _CODE,
        Member("version", _NUMBER, Text("版本", "version of the record")),
        Member("roles", {"type": "array", "items": _WORD}, Text("备案角色", "roles on file")),
        Member("standing", _WORD, Text("状态", "standing")),
        _CASE,
    ),
)
event_type(
    "enterprise.classed",
    Text("分类管理", "class set"),
    Text("企业类别变更", "the class of the enterprise changes"),
    subject="enterprise",
    members=(
        _CODE,
        Member("scheme", _WORD, Text("分类办法", "scheme")),
        Member("class", _WORD, Text("类别", "class")),
        Member("since", {"type": "string", "format": "date"}, Text("起始日", "first day")),
    ),
)
event_type(
    "goods.filed",
    Text("商品备案生效", "goods on file"),
    Text("一批商品备案生效", "a filing of goods comes into force"),
    subject="enterprise",
    members=(_CODE, Member("goods", _NUMBER, Text("商品数", "how many")), _CASE),
)
event_type(
    "permit.entered",
    Text("许可证录入", "permit entered"),
    Text("主管部门录入许可证", "an agency enters a permit"),
    subject="permit",
    members=(
        Member("number", _WORD, Text("许可证号", "its number")),
        Member("quantity_e5", _NUMBER, Text("数量（十万分之一）", "quantity in 1/100,000")),
    ),
)


def _enterprises(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, code from registry_enterprise where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/register/{code}") for number, code in cursor.fetchall()}


def _permits(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, holder_code from registry_permit where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/permits/{number}") for number, code in cursor.fetchall()}


subjects("enterprise", _enterprises)
subjects("permit", _permits)
