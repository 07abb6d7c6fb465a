"""HTTP with what Python brings along: requests, tokens (OAuth2 client credentials), problems as exceptions."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

RENEW_BEFORE_SECONDS = 60
LONGEST_WAIT_SECONDS = 60


class Problem(Exception):  # noqa: N818 - the word of the interface
    """The platform answered with an error (RFC 9457). `code` is for programs; `zh` and `en` say what happened."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        self.status, self.told = status, dict(told)
        self.code = str(told.get("code", ""))
        self.zh = f"{told.get('detail_zh', '')}{told.get('mend_zh', '')}"
        self.en = f"{told.get('detail', '')} {told.get('mend', '')}".strip()
        super().__init__(f"{status} {self.code}: {self.zh} {self.en} {self._faults()}".strip())

    def _faults(self) -> str:
        return "; ".join(f"{one['in']} {one['pointer']}: {one['needed']}" for one in self.told.get("errors", ()))


class Answer(NamedTuple):
    """What the platform answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class _NoRedirect(HTTPRedirectHandler):
    """A token goes to the address that it was meant for, and to no other."""

    def redirect_request(self, *given: Any, **more: Any) -> None:
        return None


class Transport:
    """Requests to one platform. With a program's id and secret each carries a token, fetched when one is needed."""

    def __init__(
        self, address: str, client_id: str = "", client_secret: str = "", *, timeout_seconds: float = 60
    ) -> None:
        """ValueError for an address that is not http(s)://host[:port]."""
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
            raise ValueError(f"an address is http(s)://host[:port], not {address!r}")
        self.address = f"{parts.scheme}://{parts.netloc}"
        self._id, self._secret, self._timeout = client_id, client_secret, timeout_seconds
        self._opener = build_opener(_NoRedirect)
        self._token, self._ends = "", 0.0

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "",
        *,
        tries: int = 3,
        signed_in: bool = True,
    ) -> Answer:
        """Ask, and ask again as `Retry-After` says where there is no room (429, 503). Raises Problem, OSError.

        `body` has to be safe to send again: what the platform got twice has no second effect.
        """
        headers = {"Accept": "*/*", **({"Content-Type": kind} if kind else {})}
        if signed_in and self._id:
            headers["Authorization"] = f"Bearer {self._fresh_token()}"
        for left in range(tries - 1, -1, -1):
            try:
                return self._once(method, path, body, headers)
            except HTTPError as error:
                with error:
                    wait = error.headers.get("Retry-After", "")
                    if left and error.code in (429, 503) and wait.isdigit():
                        time.sleep(min(int(wait), LONGEST_WAIT_SECONDS))
                        continue
                    raise Problem(error.code, _told(error.read())) from None
        raise AssertionError("the loop returns or raises")

    def get(self, path: str, **query: str) -> Answer:
        """GET `path`; empty values are left out."""
        return self.ask("GET", with_query(path, **query))

    def post_json(self, path: str, value: Any) -> Answer:
        """POST a JSON body."""
        return self.ask("POST", path, json.dumps(value).encode(), "application/json")

    def _once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        request = Request(  # noqa: S310 - the scheme was looked at
            self.address + path, data=body, headers=dict(headers), method=method
        )
        with self._opener.open(request, timeout=self._timeout) as answer:
            return Answer(answer.status, answer.read())

    def _fresh_token(self) -> str:
        if time.monotonic() >= self._ends:
            basic = b64encode(f"{self._id}:{self._secret}".encode()).decode()
            headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
            try:
                told = self._once("POST", "/oauth/token", b"grant_type=client_credentials", headers).json()
            except HTTPError as error:
                with error:
                    raise Problem(error.code, {"code": "oauth", **_told(error.read())}) from None
            self._token = told["access_token"]
            self._ends = time.monotonic() + max(0, int(told["expires_in"]) - RENEW_BEFORE_SECONDS)
        return self._token


def with_query(path: str, **query: str) -> str:
    """`path` with a query; what is empty is left out."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{given}" if given else path


def _told(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"detail": body[:200].decode("utf-8", "replace")}
