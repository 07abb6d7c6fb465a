"""The ASGI application that a server runs: Django behind the guard of request bodies."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from silkgate.site.application import SETTINGS
from silkgate.site.bodyguard import BodyGuard

os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)

application = BodyGuard(
    get_asgi_application(),
    max_body_bytes=settings.MAX_REQUEST_BODY_BYTES,
    max_body_seconds=settings.MAX_REQUEST_BODY_SECONDS,
    max_bytes_at_once=settings.MAX_REQUEST_BYTES_AT_ONCE,
)
