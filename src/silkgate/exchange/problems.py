"""The kinds of error of the message interface. How errors are told at all: `ui/problems.py`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from silkgate.kernel.text import Text
from silkgate.ui.problems import Kind, enter, problem

_AGAIN = Text(
    "等待Retry-After所给的秒数，然后原样重新发送；同一报文重复发送不会重复处理。",
    "Wait for as many seconds as Retry-After says, then send the same again; a repeated message has no second effect.",
)
KINDS: Mapping[str, Kind] = {
    "exchange.media_type": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        Text("内容类型不受理", "Media type not taken"),
        Text(
            "请用application/xml、application/zip、multipart/form-data或application/vnd.silkgate.netstrings。",
            "Use application/xml, application/zip, multipart/form-data or application/vnd.silkgate.netstrings.",
        ),
    ),
    "exchange.empty": Kind(
        HTTPStatus.BAD_REQUEST,
        Text("请求中没有报文", "No message in the request"),
        Text("每个文件或部分放一份报文，不要有空文件。", "One message in each file or part, none of them empty."),
    ),
    "exchange.multipart": Kind(
        HTTPStatus.BAD_REQUEST,
        Text("multipart内容无法解析", "Multipart body not readable"),
        Text(
            "按RFC 7578编码，分隔符与Content-Type中的boundary一致，每份报文为一个文件部分。",
            "Encode it as RFC 7578 says: the boundary as Content-Type names it, each message a part with a filename.",
        ),
    ),
    "exchange.netstrings": Kind(
        HTTPStatus.BAD_REQUEST,
        Text("netstring内容无法解析", "Netstrings not readable"),
        Text(
            "每份报文写作：十进制字节数、冒号、报文、逗号，依次相连，其间不加任何字符。",
            "Write each message as its length in bytes (decimal digits), a colon, the message, a comma; nothing else.",
        ),
    ),
    "exchange.too_many": Kind(
        HTTPStatus.BAD_REQUEST,
        Text("一次请求的报文过多", "Too many messages in one request"),
        Text("把报文分成几个请求发送。", "Send the messages in several requests."),
    ),
    "format.archive": Kind(
        HTTPStatus.BAD_REQUEST,
        Text("压缩包不予打开", "Archive not opened"),
        Text(
            "用普通的zip格式：不加密，不含压缩包、链接或指向外部的文件名，解压后不超过上限。",
            "Use a plain zip: not encrypted, without archives, links or names that lead outside, within the limits.",
        ),
    ),
    "exchange.no_message": Kind(
        HTTPStatus.NOT_FOUND,
        Text("没有这份报文", "No such message"),
        Text("使用接收时返回的id。", "Use the id that was given when the message was taken."),
    ),
    "exchange.no_receipt": Kind(
        HTTPStatus.NOT_FOUND,
        Text("没有这份回执", "No such receipt"),
        Text("使用回执列表中的proof地址。", "Use the address that the list of receipts gives as proof."),
    ),
    "exchange.not_logged": Kind(
        HTTPStatus.NOT_FOUND,
        Text("回执尚未记入该检查点的日志", "The receipt is not in the log of this checkpoint"),
        Text(
            "等待Retry-After所给的秒数后再取；若指定了size，它须是某个已签名检查点的大小，且不早于该回执。",
            "Ask again after as many seconds as Retry-After says; a size must be that of a signed checkpoint, no "
            "older than the receipt.",
        ),
    ),
    "exchange.quota": Kind(
        HTTPStatus.TOO_MANY_REQUESTS,
        Text("等待处理的单证超过份额", "More waiting than the sender's share"),
        Text(
            "等待Retry-After所给的秒数后重新发送整个请求；现行配额见/api/v1/quotas。",
            "Send the whole request again after as many seconds as Retry-After says; /api/v1/quotas has the quotas.",
        ),
    ),
    "exchange.full": Kind(HTTPStatus.SERVICE_UNAVAILABLE, Text("平台积压已满", "The backlog is full"), _AGAIN),
    "idempotency.key": Kind(
        HTTPStatus.BAD_REQUEST,
        Text("Idempotency-Key无效", "Idempotency-Key not valid"),
        Text(
            "每个新请求用一个新的UUID作键，重发时用原来的键。",
            "Use a new UUID for each new request, and the same one when you repeat it.",
        ),
    ),
    "idempotency.reused": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Text("这个Idempotency-Key已用于另一请求", "This Idempotency-Key was used for another request"),
        Text(
            "重发须与原请求逐字节相同；新的请求用新的键。",
            "A repeated request is the same byte for byte; a new one takes a new key.",
        ),
    ),
    "idempotency.busy": Kind(
        HTTPStatus.CONFLICT,
        Text("同一Idempotency-Key的请求正在处理", "A request with this Idempotency-Key is being worked on"),
        Text(
            "等待Retry-After所给的秒数后原样重发，即得其答复。",
            "Send the same again after as many seconds as Retry-After says: you get its answer.",
        ),
    ),
    "webhook.address": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Text("推送地址不可用", "The webhook’s address cannot be used"),
        Text(
            "用公网可达的https地址；内部地址须由平台管理员放行。",
            "Use an https address on the public internet; the operator may allow a network that is not public.",
        ),
    ),
    "webhook.too_many": Kind(
        HTTPStatus.CONFLICT,
        Text("推送订阅过多", "Too many webhooks"),
        Text("先停用不再需要的订阅。", "End one that is not needed any more."),
    ),
    "exchange.disk": Kind(HTTPStatus.SERVICE_UNAVAILABLE, Text("存储空间将满", "The disk is almost full"), _AGAIN),
    "exchange.unavailable": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, Text("报文暂时无法保存", "Nothing can be kept for the moment"), _AGAIN
    ),
}
"""By code."""
enter(KINDS)

__all__ = ["KINDS", "Kind", "problem"]
