"""Events of the market that the parties may be told of. What people wrote stays in the order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text
from silkgate.programmes.actions import SERVICE
from silkgate.programmes.domain import ENQUIRY, ENQUIRY_SUBJECT, EVENTS, ORDER, ORDER_SUBJECT, Course

_WORD, _NUMBER = {"type": "string"}, {"type": "integer"}
_SERVICE = Member("service", _NUMBER, Text("服务编号", "number of the service"))
_STATE = Member("state", _WORD, Text("状态", "its state"), lambda detail: detail.get("to"))
_SIDE = Member("side", _WORD, Text("由哪一方办理", "whose step it was"))
_KIND = Member("kind", _WORD, Text("服务类别", "kind of service"))
_VERSION = Member("version", _NUMBER, Text("版本", "version"))

for _name, _zh, _en in (
    ("service.offered", "服务上架", "a service is offered"),
    ("service.changed", "服务内容改动", "a service gets new terms"),
    ("service.withdrawn", "服务下架", "a service is taken off the market"),
):
    event_type(_name, Text(_zh, _en), Text(_zh, _en), subject=SERVICE, members=(_KIND, _VERSION))


def _declare(course: Course, subject: str, zh: str, en: str) -> None:
    for move in course.moves.values():
        words = Text(f"{zh}：{move.words.zh}", f"{en}: {move.words.en}")
        event_type(EVENTS[move.name], words, words, subject=subject, members=(_SERVICE, _STATE, _SIDE))


event_type("enquiry.sent", Text("发出询价", "enquiry sent"), Text("发出询价", "an enquiry is sent"),
           subject=ENQUIRY_SUBJECT, members=(_SERVICE, _STATE))  # fmt: skip
event_type("serviceorder.placed", Text("服务下单", "order placed"), Text("接受报价成为订单", "an offer is accepted"),
           subject=ORDER_SUBJECT, members=(_SERVICE, _STATE))  # fmt: skip
event_type("serviceorder.reviewed", Text("订单评价", "order reviewed"), Text("需求方评价订单", "the buyer reviews it"),
           subject=ORDER_SUBJECT, members=(_SERVICE, Member("stars", _NUMBER, Text("星级", "stars"))))  # fmt: skip
event_type("serviceorder.review_answered", Text("评价答复", "review answered"),
           Text("服务商答复评价", "the provider answers the review"),
           subject=ORDER_SUBJECT, members=(_SERVICE,))  # fmt: skip
event_type("serviceorder.served", Text("列出清单", "declarations named"),
           Text("列出订单所办理的清单", "declarations that it served are named"),
           subject=ORDER_SUBJECT,
           members=(_SERVICE, Member("declarations", _NUMBER, Text("清单数", "how many"))))  # fmt: skip
_declare(ENQUIRY, ENQUIRY_SUBJECT, "服务询价", "Enquiry for a service")
_declare(ORDER, ORDER_SUBJECT, "服务订单", "Order of services")


def _services(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, provider_code from programmes_service where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/api/v1/market/services/{number}") for number, code in cursor.fetchall()}


def _enquiries(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, buyer_code, provider_code from programmes_enquiry where id = any(%s)", (list(numbers),))
    return {one: Subject((buyer, seller), f"/api/v1/market/enquiries/{one}") for one, buyer, seller in cursor}


def _orders(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, buyer_code, provider_code from programmes_order where id = any(%s)", (list(numbers),))
    return {one: Subject((buyer, seller), f"/api/v1/market/orders/{one}") for one, buyer, seller in cursor}


subjects(SERVICE, _services)
subjects(ENQUIRY_SUBJECT, _enquiries)
subjects(ORDER_SUBJECT, _orders)
