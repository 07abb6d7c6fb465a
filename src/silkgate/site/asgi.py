"""The ASGI application that a server runs: Django behind the guard of request bodies."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any

from asgiref.sync import sync_to_async
from django import setup
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import get_resolver

from silkgate.site.application import SETTINGS
from silkgate.site.bodyguard import BodyGuard, Receive


class Handler(ASGIHandler):
    """Django's own, with one step into a thread for each request instead of one for each middleware: all of our
    middleware and views are ordinary functions. Bodies stay in memory, which the guard bounds, instead of being
    written to a file and read back.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The response to `request`, made in a thread of its own."""
        response = await sync_to_async(self.get_response)(request)
        response._handler_class = self.__class__
        return response

    async def read_body(self, receive: Receive) -> Any:
        """The whole body of a request as a file."""
        parts: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        return BytesIO(b"".join(parts))


def _handler() -> Handler:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    setup(set_prefix=False)
    # Every room's pages and interface are loaded before the port answers, not while the first reader waits.
    get_resolver().url_patterns  # noqa: B018
    return Handler()


application = BodyGuard(
    _handler(),
    max_body_bytes=settings.MAX_REQUEST_BODY_BYTES,
    max_body_seconds=settings.MAX_REQUEST_BODY_SECONDS,
    max_bytes_at_once=settings.MAX_REQUEST_BYTES_AT_ONCE,
)
