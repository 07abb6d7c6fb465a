"""Events of declarations and messages that their organisations may be told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from silkgate.exchange.api import message_name
from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text

_STATE = Member("state", {"type": "string"}, Text("状态代码", "code of its state"))
_INVT_NO = Member(
    "invt_no", {"type": "string"}, Text("申报单编号", "number of the declaration"), lambda detail: detail.get("invtNo")
)


def _slugs(detail: Mapping[str, Any]) -> list[str] | None:
    return sorted({finding[0] for finding in detail["findings"]}) if detail.get("findings") else None


_REASONS = Member(
    "reasons",
    {"type": "array", "items": {"type": "string"}},
    Text("规则代码，见/rules/<代码>", "slugs of the rules behind it: /rules/<slug>"),
    _slugs,
)
_BILL_NO = Member(
    "bill_no",
    {"type": "string"},
    Text("提运单号", "number of the bill of lading"),
    lambda detail: detail.get("billNo"),
)

for _name, _words, _when, _members in (
    ("released", Text("放行", "released"), Text("申报单放行", "a declaration is released"),
     (_INVT_NO,)),
    ("refused", Text("退单", "refused"), Text("申报单被退回", "a declaration is refused"), (_STATE, _REASONS)),
    ("selected", Text("布控", "selected"), Text("转人工审核或查验", "a person will look at it"), (_STATE,)),
    ("detained", Text("扣留", "detained"), Text("关员决定扣留", "an officer detains it"), (_STATE, _REASONS)),
    ("sent_back", Text("关员退单", "sent back"), Text("关员决定退单", "an officer sends it back"), (_STATE, _REASONS)),
    ("cancelled", Text("撤销", "cancelled"), Text("申报单撤销", "a declaration is cancelled"), ()),
    ("returned", Text("退货", "returned"), Text("全部退货", "all of its goods are returned"), ()),
    ("part_returned", Text("部分退货", "returned in part"), Text("部分退货", "some of its goods are returned"), ()),
    ("manifested", Text("列入总分单", "manifested"), Text("出口清单列入总分单", "an export list is put on a manifest"),
     (_BILL_NO,)),
    ("arrived", Text("运抵", "arrived"), Text("出口商品运抵监管场所", "goods of an export list arrive at the site"),
     (_BILL_NO,)),
    ("departed", Text("离境", "departed"), Text("出口商品离境，清单结关", "exported goods leave; the list is closed"),
     (_BILL_NO,)),
    ("tallied", Text("退货理货", "tallied"), Text("退回的出口商品理货", "exported goods that came back are counted"),
     ()),
):  # fmt: skip
    event_type(f"declaration.{_name}", _words, _when, subject="declaration", members=_members)
event_type(
    "message.refused",
    Text("报文拒收", "message refused"),
    Text("报文整份不受理", "nothing of a message is taken"),
    subject="message",
    members=(_REASONS,),
)
event_type(
    "message.partly_refused",
    Text("报文部分拒收", "message refused in part"),
    Text("报文中有单证不受理", "some documents of a message are not taken"),
    subject="message",
    members=(_REASONS,),
)


def _declarations(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute(
        "select id, ebc_code, ebp_code, agent_code, logistics_code from clearance_declaration where id = any(%s)",
        (list(numbers),),
    )
    return {
        number: Subject(tuple(dict.fromkeys(code for code in codes if code)), f"/api/v1/declarations/{number}")
        for number, *codes in cursor.fetchall()
    }


def _messages(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, sender, sha256 from exchange_message where id = any(%s)", (list(numbers),))
    return {
        number: Subject((sender,), f"/api/v1/messages/{message_name(number, bytes(digest))}")
        for number, sender, digest in cursor.fetchall()
        if sender
    }


subjects("declaration", _declarations)
subjects("message", _messages)
