"""The words and the marks of states: every status that a person may meet, once."""

from __future__ import annotations

from typing import NamedTuple

from silkgate.kernel.text import Text

MARKS = ("waiting", "released", "held", "refused", "returned")


class State(NamedTuple):
    """A status in words, with one of the five marks (shape and colour)."""

    code: str
    mark: str
    name: Text
    meaning: Text


def _state(code: str, mark: str, zh: str, en: str, meaning_zh: str, meaning_en: str) -> State:
    return State(code, mark, Text(zh, en), Text(meaning_zh, meaning_en))


_DECLARATION = {
    state.code: state
    for state in (
        _state("1", "waiting", "暂存", "Draft", "已暂存，尚未申报。", "Stored as a draft, not yet declared."),
        _state(
            "2",
            "waiting",
            "待齐单",
            "Waiting",
            "等待订单、运单等单证到齐。",
            "Waits for its order, waybill and other documents.",
        ),
        _state("120", "waiting", "已入库", "Accepted", "海关已入库，正在处理。", "Accepted by customs, in progress."),
        _state("300", "held", "人工审核", "Manual review", "转人工审核，等待关员处理。", "An officer reviews it."),
        _state("399", "released", "审结", "Approved", "海关审结。", "Documentary check completed."),
        _state("500", "held", "查验", "Inspection", "已布控查验，等待查验结果。", "Selected for physical examination."),
        _state(
            "501",
            "held",
            "扣留移送通关",
            "Detained: clearance",
            "扣留，移送通关部门。",
            "Detained and passed to the clearance section.",
        ),
        _state(
            "502",
            "held",
            "扣留移送缉私",
            "Detained: anti-smuggling",
            "扣留，移送缉私部门。",
            "Detained and passed to the anti-smuggling section.",
        ),
        _state(
            "503",
            "held",
            "扣留移送法规",
            "Detained: legal",
            "扣留，移送法规部门。",
            "Detained and passed to the legal section.",
        ),
        _state("599", "held", "其他扣留", "Detained", "因其他原因扣留。", "Detained for another reason."),
        _state("700", "returned", "退运", "Shipped back", "货物退运出境。", "Goods are shipped back abroad."),
        _state(
            "800",
            "released",
            "放行",
            "Released",
            "海关放行，可以提离。",
            "Released by customs; the goods may be taken away.",
        ),
        _state(
            "899",
            "released",
            "已结关",
            "Closed",
            "出口货物已离境，清单结关。",
            "The exported goods have left the country.",
        ),
        _state(
            "cancelled",
            "returned",
            "已撤销",
            "Cancelled",
            "清单已撤销，占用的已全部退回。",
            "Cancelled; everything that it took went back.",
        ),
        _state(
            "part_returned",
            "returned",
            "部分退货",
            "Partly returned",
            "部分商品已退货。",
            "Some of the goods came back.",
        ),
        _state("returned", "returned", "已退货", "Returned", "全部商品已退货。", "All of the goods came back."),
    )
}

_REFUSED = _state(
    "100",
    "refused",
    "退单",
    "Refused",
    "未通过，原因见下；改正后可重新申报。",
    "Refused for the reasons given; correct and declare again.",
)

_MESSAGE = {
    state.code: state
    for state in (
        _state(
            "received", "waiting", "已收到", "Received", "已留存原文，正在检查。", "Kept as received; being checked."
        ),
        _state("accepted", "released", "已接收", "Accepted", "报文已接收并入库。", "The message was taken in."),
        _state(
            "rejected",
            "refused",
            "拒收",
            "Rejected",
            "报文未被接收，原因见下。",
            "The message was not taken in; see the reasons.",
        ),
        _state(
            "duplicate",
            "returned",
            "重复",
            "Duplicate",
            "同一报文已收到过，按原结果答复。",
            "The same message came before; answered as then.",
        ),
    )
}


def declaration_state(status: str | int) -> State:
    """State of a declaration or document by its receipt status or word; a negative code is a refusal.

    Raises KeyError for a status that no specification names, so that a new one cannot pass unnoticed.
    """
    code = str(status)
    if code == "100" or (code.startswith("-") and code[1:].isdigit()):
        return _REFUSED._replace(code=code)
    return _DECLARATION[code]


def message_state(outcome: str) -> State:
    """State of a message by its outcome: received, accepted, rejected or duplicate; KeyError for anything else."""
    return _MESSAGE[outcome]


def declaration_states() -> tuple[State, ...]:
    """Every state of a declaration in the order of its life, for filters and the component page."""
    return (*list(_DECLARATION.values())[:2], _REFUSED, *list(_DECLARATION.values())[2:])


def message_states() -> tuple[State, ...]:
    """Every state of a message."""
    return tuple(_MESSAGE.values())
