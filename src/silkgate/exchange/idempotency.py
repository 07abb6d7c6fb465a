"""The same request again gets the same answer: `Idempotency-Key` as draft-ietf-httpapi-idempotency-key has it.

The exchange keeps the answers, because it is the room where what came in is answered exactly once; the gate of the REST
interface asks here for every POST, so that no room has to. Effect and answer are one transaction: whoever was not
answered may send again, whatever died meanwhile. An answer may hold a secret that is shown once. It is kept under a key
that takes the sender's own Idempotency-Key to make, of which only a digest is kept.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from silkgate.identity.api import Actor
from silkgate.kernel.text import Text
from silkgate.ui.moment import at_of
from silkgate.ui.problems import Fault, ProblemError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
_KEY = re.compile(r'"?([A-Za-z0-9_.:-]{1,255})"?')
"""A string of RFC 8941 without what would need care, with its quotes or without: clients do both."""
_NONCE_BYTES = 12
_HEADERS = ("Content-Type", "Location", "Link")


class Kept(NamedTuple):
    """An answer that was given before."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes


def once(request: HttpRequest, actor: Actor, given: str, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The answer of `run`, or the one that it gave when `actor` sent the same request with the key `given` before.

    Only success is kept: what was refused has had no effect and may be mended under the same key. Raises ProblemError
    for a key that is none, for another request under a used key, and while the first one is still being worked on.
    """
    found = _KEY.fullmatch(given.strip())
    if found is None:
        needed = Text("1至255个字母、数字或_.:-，如UUID", "1 to 255 letters, digits or _.:-, such as a UUID")
        raise ProblemError("idempotency.key", errors=[Fault(f"#/{HEADER}", given[:60], needed, "header")])
    digest, cipher = _digest_and_cipher(actor, found[1])
    at = at_of(request)
    fingerprint = _fingerprint(request)
    with transaction.atomic():
        if not _claim(digest):
            raise ProblemError("idempotency.busy", headers={"Retry-After": "1"})
        kept = _kept(digest, cipher, at - KEPT_FOR)
        if kept is not None:
            if kept.fingerprint != fingerprint:
                raise ProblemError("idempotency.reused")
            return HttpResponse(kept.body, status=kept.status, headers={**kept.headers, REPLAYED: "true"})
        answer = run()
        if answer.status_code >= 500 or connection.needs_rollback:
            transaction.set_rollback(True)
        elif answer.status_code < 300 and isinstance(answer, HttpResponse):
            _keep(digest, cipher, at, fingerprint, answer)
    return answer


def prune(cursor: Any, at: datetime) -> int:
    """Forget answers that are older than a day at `at`; how many those were."""
    cursor.execute("delete from exchange_keptanswer where at < %s", (at - KEPT_FOR,))
    return int(cursor.rowcount)


def _digest_and_cipher(actor: Actor, key: str) -> tuple[bytes, AESGCM]:
    name = json.dumps([actor.kind, actor.name, key]).encode()
    secret = hmac.digest(f"silkgate.idempotency {settings.SECRET_KEY}".encode(), name, sha256)
    return sha256(name).digest(), AESGCM(secret)


def _fingerprint(request: HttpRequest) -> bytes:
    """What makes two requests the same. A repeated multipart body has another boundary each time."""
    if (request.content_type or "").lower() == "multipart/form-data":
        files = [
            (name, file.name, sha256(file.read()).hexdigest(), file.seek(0))
            for name, given in sorted(request.FILES.lists())
            for file in given
        ]
        body = json.dumps([sorted(request.POST.lists()), files]).encode()
    else:
        body = request.body
    head = json.dumps([request.method, request.get_full_path(), (request.content_type or "").lower()]).encode()
    return sha256(sha256(head).digest() + body).digest()


def _claim(digest: bytes) -> bool:
    """For the time of the transaction nobody else works on this key; False: somebody does."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", (int.from_bytes(digest[:8], "big", signed=True),))
        return bool(cursor.fetchone()[0])


def _kept(digest: bytes, cipher: AESGCM, oldest: datetime) -> Kept | None:
    with connection.cursor() as cursor:
        cursor.execute("delete from exchange_keptanswer where digest = %s and at < %s", (digest, oldest))
        cursor.execute(
            "select fingerprint, status, headers, body from exchange_keptanswer where digest = %s", (digest,)
        )
        row = cursor.fetchone()
    if row is None:
        return None
    body = cipher.decrypt(bytes(row[3])[:_NONCE_BYTES], bytes(row[3])[_NONCE_BYTES:], digest)
    return Kept(bytes(row[0]), row[1], json.loads(row[2]), body)


def _keep(digest: bytes, cipher: AESGCM, at: datetime, fingerprint: bytes, answer: HttpResponse) -> None:
    headers = {name: answer[name] for name in _HEADERS if name in answer}
    # Random: after a day, or after what was rolled back, the same key encrypts another answer.
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = nonce + cipher.encrypt(nonce, answer.content, digest)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into exchange_keptanswer (digest, at, fingerprint, status, headers, body)"
            " values (%s, %s, %s, %s, %s, %s)",
            (digest, at, fingerprint, answer.status_code, json.dumps(headers), body),
        )
