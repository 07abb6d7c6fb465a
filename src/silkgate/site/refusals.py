"""Every error under /api/ as a problem document: what ninja and Django would say in ways of their own."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views import defaults
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from silkgate.identity.api import Denied
from silkgate.kernel.text import Text
from silkgate.ui.problems import Fault, ProblemError, answer

log = logging.getLogger("django.request")

API = "/api/"
RETRY_SECONDS = 5
_SHOWN_CHARACTERS = 200

_NEEDED: Mapping[str, Text] = {
    "missing": Text("必填", "is required"),
    "string_type": Text("字符串", "a string"),
    "int_type": Text("整数", "a whole number"),
    "int_parsing": Text("整数", "a whole number"),
    "int_from_float": Text("整数", "a whole number"),
    "bool_type": Text("true或false", "true or false"),
    "bool_parsing": Text("true或false", "true or false"),
    "list_type": Text("数组", "a list"),
    "dict_type": Text("对象", "an object"),
    "model_type": Text("对象", "an object"),
    "model_attributes_type": Text("对象", "an object"),
    "greater_than": Text("大于{gt}", "greater than {gt}"),
    "greater_than_equal": Text("不小于{ge}", "at least {ge}"),
    "less_than": Text("小于{lt}", "less than {lt}"),
    "less_than_equal": Text("不大于{le}", "at most {le}"),
    "string_too_long": Text("不超过{max_length}个字符", "at most {max_length} characters"),
    "string_too_short": Text("不少于{min_length}个字符", "at least {min_length} characters"),
    "too_long": Text("不超过{max_length}项", "at most {max_length} items"),
    "too_short": Text("不少于{min_length}项", "at least {min_length} items"),
    "string_pattern_mismatch": Text("符合{pattern}", "to match {pattern}"),
    "literal_error": Text("{expected}之一", "one of {expected}"),
    "enum": Text("{expected}之一", "one of {expected}"),
    "extra_forbidden": Text("没有这个成员，请删去", "no such member: leave it out"),
    "datetime_parsing": Text("RFC 3339时间", "a time as RFC 3339 says"),
    "datetime_from_date_parsing": Text("RFC 3339时间", "a time as RFC 3339 says"),
    "timezone_aware": Text("带时区的时间", "a time with its offset"),
    "date_parsing": Text("日期，如2026-11-23", "a date such as 2026-11-23"),
    "date_from_datetime_parsing": Text("日期，如2026-11-23", "a date such as 2026-11-23"),
}
"""What is needed, by pydantic's kind of error; other kinds are told in pydantic's words."""


def install(api: NinjaAPI) -> None:
    """Have `api` answer with problem documents whatever a view or ninja itself raises."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def faults(errors: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Pydantic's errors as places, findings and needs. `loc` begins with the part of the request."""
    return tuple(
        Fault(_pointer(error["loc"]), _found(error), _needed(error), str(error["loc"][0] if error["loc"] else "body"))
        for error in errors
    )


def _pointer(place: Sequence[Any]) -> str:
    # The first word is the part of the request; in a body the second is our own name of it.
    steps = [str(step) for step in place[2 if place and place[0] == "body" else 1 :]]
    return "#" + "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _found(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing" or "input" not in error:
        return ""
    try:
        text = json.dumps(error["input"], ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = type(error["input"]).__name__
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _needed(error: Mapping[str, Any]) -> Text:
    text = _NEEDED.get(error["type"])
    if text is None:
        return Text(f"符合要求：{error['msg']}", str(error["msg"]))
    return text.format(**error.get("ctx", {}))


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = faults(error.errors)
    return answer("request.invalid", _sentence(found), errors=found)


def _sentence(found: Sequence[Fault]) -> Text:
    first = found[0]
    more = len(found) - 1
    where = f"{first.place} {first.pointer}"
    return Text(
        f"{where}应为：{first.needed.zh}。" + (f"另有{more}处，见errors。" if more else ""),
        f"{where} needs: {first.needed.en}." + (f" {more} more in `errors`." if more else ""),
    )


def denied(error: Denied) -> HttpResponse:
    """401 to whom nobody knows, 403 to whom may not."""
    if error.signed_in:
        return answer("access.denied", error.text)
    return answer(
        "access.sign_in",
        Text(
            f"办理“{error.action.words.zh}”需要先认证身份。",
            f"It has to be known who asks for: {error.action.words.en}.",
        ),
        headers={"WWW-Authenticate": 'Bearer realm="silkgate"'},
    )


def _denied(request: HttpRequest, error: Denied) -> HttpResponse:
    return denied(error)


_OF_STATUS = {
    400: "request.unreadable",
    401: "access.sign_in",
    403: "access.denied",
    404: "request.not_found",
    409: "request.conflict",
    413: "request.too_large",
    415: "request.media_type",
    422: "request.invalid",
    429: "request.too_often",
}


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = _OF_STATUS.get(error.status_code, "server.error")
    if code == "request.unreadable":
        return answer(
            code,
            Text("请求体不是有效的JSON（RFC 8259，UTF-8）。", "The body is not valid JSON (RFC 8259, in UTF-8)."),
        )
    return answer(code)


def _unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("%s: database unavailable", request.path, exc_info=error)
    return answer("request.unavailable", headers={"Retry-After": str(RETRY_SECONDS)})


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("%s: %s", request.path, type(error).__name__, exc_info=error)
    return answer("server.error")


_HANDLERS: dict[type[Exception], Callable[..., HttpResponse]] = {
    ProblemError: lambda request, error: error.response(),
    Denied: _denied,
    ValidationError: _invalid,
    HttpError: _http,
    Http404: lambda request, error: answer("request.not_found"),
    RequestDataTooBig: lambda request, error: answer("request.too_large"),
    SuspiciousOperation: lambda request, error: answer("request.unreadable"),
    OperationalError: _unavailable,
    psycopg.OperationalError: _unavailable,
    DatabaseError: _failed,
    Exception: _failed,
}


def not_allowed(methods: Sequence[str]) -> HttpResponse:
    """405 with the methods that there are."""
    return answer("request.method", headers={"Allow": ", ".join(sorted(methods))})


# --- Outside of ninja: addresses that lead nowhere, requests that Django itself refuses ----------------------------


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever else under /api/."""
    return answer(
        "request.not_found", Text(f"没有地址{request.path[:200]}。", f"There is no address {request.path[:200]}.")
    )


def _of_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's `handler400`."""
    code = "request.too_large" if isinstance(exception, RequestDataTooBig) else "request.unreadable"
    return answer(code) if _of_api(request) else defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's `handler500`."""
    return answer("server.error") if _of_api(request) else defaults.server_error(request)
