"""How errors are told over HTTP: problem documents (RFC 9457) in both languages, and what each kind of them means.

Rooms enter their kinds (`enter`) and answer with `problem`, or raise `ProblemError` from wherever they are. The page of
a kind, `/problems/<code>` as well as `/help/<code>`, is made from the same table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from django.http import HttpResponse, JsonResponse

from silkgate.kernel.text import Text

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """One kind of error: the answer's status, what has happened, what to do."""

    status: HTTPStatus
    title: Text
    mend: Text


class Fault(NamedTuple):
    """One thing that is wrong with a request: where, what was found, what is needed."""

    pointer: str
    """JSON pointer as a fragment (RFC 6901 §6), such as `#/lines/0/gtin`, into the part `place`."""
    found: str
    """What stands there, shortened; empty: nothing."""
    needed: Text
    place: str = "body"
    """body, query, path or header."""


class ProblemError(Exception):
    """Ends a request with an error of the kind `code`. `detail` says what happened this time; else the kind's title."""

    def __init__(
        self,
        code: str,
        detail: Text | None = None,
        *,
        errors: Sequence[Fault] = (),
        figures: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors = code, detail or KINDS[code].title, tuple(errors)
        self.figures, self.headers = figures or {}, headers or {}

    def response(self) -> HttpResponse:
        """The answer."""
        return answer(self.code, self.detail, errors=self.errors, figures=self.figures, headers=self.headers)


_LATER = Text(
    "等待Retry-After所给的秒数后重试；写操作请使用同一个Idempotency-Key。",
    "Try again after as many seconds as Retry-After says; for writing use the same Idempotency-Key.",
)
KINDS: dict[str, Kind] = {
    "request.unreadable": Kind(
        HTTPStatus.BAD_REQUEST,
        Text("请求无法解析", "Request not readable"),
        Text("按接口说明（/api/v1/docs）改正请求后重发。", "Mend the request as the description says (/api/v1/docs)."),
    ),
    "request.invalid": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Text("请求内容不符合要求", "The request does not fit its description"),
        Text("errors逐项列明位置、现值和要求，请逐项改正后重发。",
             "`errors` names each place, what stands there and what is needed: mend them all and send again."),
    ),
    "access.sign_in": Kind(
        HTTPStatus.UNAUTHORIZED,
        Text("需要先认证身份", "Who asks is not known"),
        Text("用/oauth/token取得访问令牌，在Authorization: Bearer中带上；令牌过期后重新申请。",
             "Fetch an access token at /oauth/token and send it as Authorization: Bearer; fetch another when it ends."),
    ),
    "access.denied": Kind(
        HTTPStatus.FORBIDDEN,
        Text("没有权限", "Not allowed"),
        Text("请向所在单位负责人申请角色或授权范围，或向平台管理员申请。",
             "Ask your organisation’s representative for the role or scope that is needed, or the operator."),
    ),
    "access.csrf": Kind(
        HTTPStatus.FORBIDDEN,
        Text("缺少防伪令牌", "The token against forged requests is missing"),
        Text("用浏览器会话调用写操作时带上X-CSRFToken头；程序请改用访问令牌。",
             "Where a browser’s session writes, send the header X-CSRFToken; programs use an access token."),
    ),
    "request.not_found": Kind(
        HTTPStatus.NOT_FOUND,
        Text("没有这个对象或地址", "There is no such thing, or address"),
        Text("核对编号和地址；不属于您的对象也这样答复。接口一览见/api/v1/docs。",
             "Check number and address; what is not yours is answered so, too. /api/v1/docs lists what there is."),
    ),
    "request.method": Kind(
        HTTPStatus.METHOD_NOT_ALLOWED,
        Text("该地址不支持这个方法", "The address does not know this method"),
        Text("改用Allow头所列的方法。", "Use one of the methods that the header Allow lists."),
    ),
    "request.not_acceptable": Kind(
        HTTPStatus.NOT_ACCEPTABLE,
        Text("没有您所要的媒体类型", "No such media type is given"),
        Text("Accept应包括application/json，或省去。", "Accept application/json, or leave the header out."),
    ),
    "request.media_type": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        Text("内容类型不受理", "Media type not taken"),
        Text("Content-Type改用接口说明所列的类型。", "Use a Content-Type that the description lists."),
    ),
    "request.conflict": Kind(
        HTTPStatus.CONFLICT,
        Text("与现状冲突", "It conflicts with how things stand"),
        Text("重新读取对象，按现状再决定。", "Read the object again and decide on what it is now."),
    ),
    "request.timeout": Kind(
        HTTPStatus.REQUEST_TIMEOUT,
        Text("请求超时", "Request timeout"),
        Text("检查网络后重新发送。", "Look at the network, then send it again."),
    ),
    "request.too_large": Kind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        Text("请求体过大", "Request body too large"),
        Text("分成几个请求发送；上限见/api/v1/quotas。", "Send it in several requests; /api/v1/quotas has the limits."),
    ),
    "request.too_often": Kind(
        HTTPStatus.TOO_MANY_REQUESTS, Text("请求过于频繁", "Too many requests"), _LATER
    ),
    "request.unavailable": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, Text("平台暂时无法处理", "The platform cannot do it for the moment"), _LATER
    ),
    "server.error": Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        Text("平台内部出错", "Something went wrong inside"),
        Text("不是您的请求有误。请稍后重试；仍出错时，把时间和地址告诉平台管理员，日志中有原因。",
             "Your request is not at fault. Try again later; if it stays, tell the operator: the log has the reason."),
    ),
    "cursor.invalid": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Text("游标无效", "The cursor is not valid"),
        Text("cursor须原样取自上一页的next，且其他参数不变；或不带cursor从头开始。",
             "Take cursor unchanged from the page before, with the same other parameters, or begin without it."),
    ),
}  # fmt: skip
"""By code. The address of a kind is `/problems/<code>`."""


def enter(kinds: Mapping[str, Kind]) -> Mapping[str, Kind]:
    """Enter a room's kinds and return them. Raises ValueError for a code that means something else already."""
    for code, kind in kinds.items():
        if KINDS.setdefault(code, kind) != kind:
            raise ValueError(f"{code} is entered twice, and differently")
    return kinds


def document(
    code: str,
    detail: Text,
    *,
    status: int | None = None,
    errors: Sequence[Fault] = (),
    figures: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The members of a problem document; `figures` are members of its own. Raises KeyError for an unknown code."""
    kind = KINDS[code]
    told: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": kind.title.en,
        "title_zh": kind.title.zh,
        "status": int(status or kind.status),
        "code": code,
        "detail": detail.en,
        "detail_zh": detail.zh,
        "mend": kind.mend.en,
        "mend_zh": kind.mend.zh,
        "help": f"/help/{code}",
        **(figures or {}),
    }
    if errors:
        told["errors"] = [
            {
                "in": at.place,
                "pointer": at.pointer,
                "found": at.found,
                "needed": at.needed.en,
                "needed_zh": at.needed.zh,
            }
            for at in errors
        ]
    return told


def answer(
    code: str,
    detail: Text | None = None,
    *,
    errors: Sequence[Fault] = (),
    figures: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """An error of the kind `code` as application/problem+json, in both languages."""
    kind = KINDS[code]
    told = document(code, detail or kind.title, errors=errors, figures=figures)
    response = JsonResponse(told, status=kind.status, json_dumps_params={"ensure_ascii": False})
    response["Content-Type"] = MEDIA_TYPE
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def problem(
    status: HTTPStatus, code: str, zh: str, en: str, *, figures: Mapping[str, Any] | None = None, **headers: str
) -> HttpResponse:
    """As `answer`, with the sentence as two strings; header names have `_` for `-`. `status` is that of the kind."""
    assert KINDS[code].status == status, f"{code} is answered with {KINDS[code].status}"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(code, Text(zh, en), figures=figures, headers=given)
