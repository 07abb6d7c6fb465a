"""The verifiable log for anybody, at the addresses of c2sp.org/tlog-tiles: `/log/checkpoint`, `/log/tile/…`.

Nothing here is about a person: entries are SHA-256 of salted statements.
"""

from __future__ import annotations

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from silkgate.journal import log
from silkgate.standards.tlog.tiles import ENTRIES, bundle, tile_at

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FOR_EVER = "public, max-age=31536000, immutable"
_MOMENT = "no-cache"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """GET /log/checkpoint: the newest signed state of the log; 404 before the first."""
    with connection.cursor() as cursor:
        note = log.newest_checkpoint(cursor)
    if note is None:
        raise Http404
    return HttpResponse(note, content_type=_TEXT, headers={"Cache-Control": _MOMENT})


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """GET /log/key: the public keys, one a line, the newest first."""
    with connection.cursor() as cursor:
        found = log.keys(cursor)
    return HttpResponse("".join(f"{key}\n" for key in found), content_type=_TEXT, headers={"Cache-Control": _MOMENT})


@require_safe
def tile(request: HttpRequest, address: str) -> HttpResponse:
    """GET /log/tile/<L>/<N>[.p/<W>] and /log/tile/entries/<N>[.p/<W>]: hashes, or entries with their lengths."""
    wanted = tile_at(address)
    if wanted is None:
        raise Http404
    with connection.cursor() as cursor:
        hashes = log.tile(cursor, wanted)
    if hashes is None:
        raise Http404
    body = bundle(hashes) if wanted.level == ENTRIES else hashes
    return HttpResponse(body, content_type=_BYTES, headers={"Cache-Control": _FOR_EVER})


@require_safe
def consistency(request: HttpRequest, old: int) -> HttpResponse:
    """GET /log/consistency/<size>: that the log of that size begins the newest one, as a witness takes it."""
    with connection.cursor() as cursor:
        found = log.consistency(cursor, old) if old < 1 << 63 else None
    if found is None:
        raise Http404
    return HttpResponse(found.text(), content_type=_TEXT, headers={"Cache-Control": _MOMENT})


urlpatterns = [
    path("log/checkpoint", checkpoint, name="log-checkpoint"),
    path("log/key", keys, name="log-key"),
    path("log/tile/<path:address>", tile, name="log-tile"),
    path("log/consistency/<int:old>", consistency, name="log-consistency"),
]
