"""Typical causes of the errors of the interface, and the standards behind them, for their help pages."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import NamedTuple

from silkgate.kernel.text import Text
from silkgate.ui.problems import Kind


class Standard(NamedTuple):
    """A standard that says what a status means."""

    name: Text
    subject: Text
    since: date
    href: str


_ANSWERS = Text("出错时的答复：状态与说明", "answers that tell of errors: statuses, documents")
_HTTP = date(2022, 6, 1)
_PROBLEMS = Standard(
    Text("RFC 9457《HTTP API的问题详情》", "RFC 9457, Problem Details for HTTP APIs"),
    _ANSWERS,
    date(2023, 7, 1),
    "https://www.rfc-editor.org/rfc/rfc9457",
)
_SECTIONS = {
    400: "15.5.1", 401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 405: "15.5.6", 406: "15.5.7", 408: "15.5.9",
    409: "15.5.10", 410: "15.5.11", 412: "15.5.13", 413: "15.5.14", 415: "15.5.16", 422: "15.5.21", 500: "15.6.1",
    501: "15.6.2", 503: "15.6.4",
}  # fmt: skip
"""Sections of RFC 9110."""
_OWN = {
    429: Standard(
        Text("RFC 6585第4节（429）", "RFC 6585, section 4 (429)"),
        _ANSWERS,
        date(2012, 4, 1),
        "https://www.rfc-editor.org/rfc/rfc6585#section-4",
    ),
}


def standards(status: int) -> tuple[Standard, ...]:
    """What the status and the form of the answer rest on."""
    if status in _OWN:
        return (_OWN[status], _PROBLEMS)
    section = _SECTIONS.get(status)
    where = f"#section-{section}" if section else ""
    said = Text(f"第{section}节（{status}）", f", section {section} ({status})") if section else Text("", "")
    return (
        Standard(
            Text(f"RFC 9110《HTTP语义》{said.zh}", f"RFC 9110, HTTP Semantics{said.en}"),
            _ANSWERS,
            _HTTP,
            f"https://www.rfc-editor.org/rfc/rfc9110{where}",
        ),
        _PROBLEMS,
    )


_OF_STATUS = {
    400: Text("请求的形式与接口说明不同。", "The request has another form than the description says."),
    401: Text("请求没有带令牌，或令牌已过期。", "The request has no token, or one that is over."),
    403: Text(
        "令牌或账户没有这一单位的角色或授权。", "Token or account has no role in, or scope for, that organisation."
    ),
    404: Text("编号写错，或对象属于别的单位。", "The number is mistyped, or the object belongs to somebody else."),
    409: Text("对象在读取之后已有变化。", "The object has changed since it was read."),
    413: Text("一次发送过多。", "Too much was sent at once."),
    415: Text("Content-Type没有设置，或由程序库自动填写。", "Content-Type was not set, or filled in by a library."),
    422: Text("内容通过了解析，但有字段不符合要求。", "It could be read, but a field is not as it has to be."),
    429: Text("短时间内请求过多。", "Too many requests in a short time."),
    500: Text("平台自身的错误。", "A mistake of the platform’s own."),
    503: Text("平台正在重启、维护，或资源不足。", "The platform restarts, is maintained, or is short of resources."),
}
_ELSE = Text("请求与接口说明不符。", "The request is not as the description says.")

_CAUSES: dict[str, tuple[Text, ...]] = {
    "request.unreadable": (
        Text("JSON不完整，或含注释、重复的成员、NaN。", "The JSON is cut off, or has comments, a member twice, NaN."),
        Text("正文不是UTF-8。", "The body is not UTF-8."),
    ),
    "request.invalid": (
        Text("多给了接口没有的参数，或字段类型不对。", "A parameter that there is not, or a field of another type."),
        Text("日期没有时区，或写成了别的格式。", "A time without a zone, or in another form."),
    ),
    "access.sign_in": (
        Text("令牌过期后没有重新申请。", "The token ran out and no new one was fetched."),
        Text("Authorization头被代理去掉。", "A proxy took the Authorization header away."),
    ),
    "access.denied": (
        Text("程序客户端没有勾选所需的授权范围。", "The program was not given the scope that is needed."),
        Text("代理关系已到期或被终止。", "The delegation has ended."),
    ),
    "access.csrf": (
        Text(
            "网页脚本用登录会话写入，却没有带X-CSRFToken。",
            "A script writes with a signed-in session and sends no X-CSRFToken.",
        ),
    ),
    "request.method": (
        Text("对只读地址用了POST，或把PUT写成了PATCH。", "POST to an address that is only read, or PATCH for PUT."),
    ),
    "request.not_acceptable": (Text("Accept头只要XML或HTML。", "Accept asks for XML or HTML only."),),
    "request.timeout": (Text("上传途中网络中断或过慢。", "The network broke off or was too slow during the upload."),),
    "request.unavailable": (Text("数据库正在切换或备份恢复。", "The database is being switched over or restored."),),
    "cursor.invalid": (
        Text("翻页时改动了其他参数。", "Other parameters changed from one page to the next."),
        Text("游标被截断，或来自另一地址。", "The cursor was cut off, or comes from another address."),
    ),
    "exchange.media_type": (
        Text(
            "程序库默认的Content-Type为text/xml或application/x-www-form-urlencoded。",
            "A library’s own Content-Type: text/xml or application/x-www-form-urlencoded.",
        ),
    ),
    "exchange.empty": (
        Text(
            "文件没有写完就发送，或表单的文件部分为空。",
            "The file was sent before it was written, or a part of the form is empty.",
        ),
    ),
    "exchange.multipart": (
        Text(
            "手工拼接正文，分隔符与头部不一致。", "The body was glued together, and its boundary is not the header’s."
        ),
    ),
    "exchange.netstrings": (Text("长度按字符而不是字节计算。", "Lengths count characters, not bytes."),),
    "exchange.too_many": (Text("积压后一次补发全部报文。", "Everything that had piled up was sent in one request."),),
    "format.archive": (
        Text(
            "压缩包加了密码、嵌套了压缩包，或由7z、rar改名而来。",
            "The archive has a password or archives inside, or is a renamed 7z or rar.",
        ),
    ),
    "exchange.no_message": (
        Text(
            "用了自己的编号或报文的guid，而不是接收时返回的id。",
            "A number of one’s own, or the guid, in place of the id that was given.",
        ),
    ),
    "exchange.no_receipt": (Text("自己拼接了地址。", "The address was made up."),),
    "exchange.not_logged": (
        Text(
            "回执刚刚发出，下一个检查点还没有签署。", "The receipt is new, and the next checkpoint is not signed yet."
        ),
    ),
    "exchange.quota": (
        Text(
            "大促期间集中发送，超过了本单位的份额。", "Much was sent at once during a sale, more than the firm’s share."
        ),
    ),
    "exchange.full": (Text("所有企业的积压合计达到上限。", "What waits of all firms together has reached the limit."),),
    "exchange.disk": (Text("运行平台的机器磁盘将满。", "The disk of the platform’s machine is almost full."),),
    "exchange.unavailable": (Text("数据库暂时不能写入。", "The database cannot be written to for the moment."),),
    "idempotency.key": (Text("键为空、过长，或含有空格。", "The key is empty, too long, or has spaces."),),
    "idempotency.reused": (Text("程序对不同的请求用了同一个键。", "The program uses one key for several requests."),),
    "idempotency.busy": (
        Text("前一次请求尚未答复就超时重发。", "The request was repeated before the first one was answered."),
    ),
    "webhook.address": (
        Text("地址是内网、http或带有账号的。", "The address is internal, http, or has a user name in it."),
    ),
    "webhook.too_many": (Text("每次部署都新建一个订阅。", "Every deployment makes a new one."),),
}
"""Where more is known than the status says."""


def causes(code: str, kind: Kind) -> tuple[Text, ...]:
    """How an error of this kind typically comes about; what its status says where nothing more is known."""
    return _CAUSES.get(code) or (_OF_STATUS.get(int(kind.status), _ELSE),)


def named() -> frozenset[str]:
    """Codes whose causes stand here."""
    return frozenset(_CAUSES)


def status_name(status: HTTPStatus) -> Text:
    """A status as it stands in the answer."""
    return Text(f"HTTP {int(status)} {status.phrase}", f"HTTP {int(status)} {status.phrase}")
