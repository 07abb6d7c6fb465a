"""What the processes write to their logs: lines for people, or with SILKGATE_LOG=json one JSON object a line."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from silkgate.site.problem import Problem

VARIABLE = "SILKGATE_LOG"
_FORMS = ("text", "json")
_MAX_REQUEST_ID = 64

access = logging.getLogger("silkgate.access")


def form() -> str:
    """`text` or `json`. Raises Problem for anything else."""
    named = os.environ.get(VARIABLE, "") or "text"
    if named not in _FORMS:
        raise Problem(
            f"{VARIABLE}应为text或json，而不是“{named}”。", f"{VARIABLE} must be text or json, not {named!r}."
        )
    return named


def is_structured() -> bool:
    """Whether lines are JSON objects."""
    return form() == "json"


def settings() -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"format": "%(levelname)s %(name)s: %(message)s"},
            "json": {"()": "silkgate.site.logs.JsonLines"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form()}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # Its "started" and "stopped" lines say nothing that the command line does not.
        # Nor has whoever is told to come later (429) to be told to the operator, line by line.
        "loggers": {"uvicorn.error": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
    }


class JsonLines(logging.Formatter):
    """A record as one JSON object: at, level, logger, event, process; then what the caller gave as `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; times in UTC."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        line |= getattr(record, "fields", {})
        return json.dumps(line, ensure_ascii=False, default=_plain)


def relayed(part: str, line: str) -> str:
    """What a process under us has said, as a line of ours: JSON as it is, anything else as an event of that part."""
    if line.startswith("{"):
        return line
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    told = {"at": at, "level": "INFO", "logger": f"silkgate.{part}", "event": line, "process": os.getpid()}
    return json.dumps(told, ensure_ascii=False)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


class AccessLog:
    """Middleware: with JSON logs one line a request, and its number in `X-Request-ID`, the caller's own where given."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_structured():
            return self.get_response(request)
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        number = given if given.isascii() and given.isprintable() and 0 < len(given) <= _MAX_REQUEST_ID else uuid4().hex
        response = self.get_response(request)
        response.headers["X-Request-ID"] = number
        fields = {
            "request": number,
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - started) * 1000, 1),
            "address": request.META.get("REMOTE_ADDR", ""),
        }
        messages = _messages(request, response)
        access.info("request", extra={"fields": fields | ({"messages": messages} if messages else {})})
        return response


def _messages(request: HttpRequest, response: HttpResponse) -> list[int]:
    """Numbers of the messages that a request has handed in: the first thread of their trail."""
    if request.method != "POST" or response.status_code != 202 or not request.path.endswith("/messages"):
        return []
    taken = json.loads(response.content).get("messages", [])
    return [int(message["id"].partition("-")[0]) for message in taken]
