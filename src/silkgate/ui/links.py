"""Addresses with a query, and what is read back from one."""

from __future__ import annotations

from collections.abc import Container
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse


def address(name: str, **query: object) -> str:
    """The address of a page with a query; what is empty is left out, so that one view has one address."""
    given = {key: value for key, value in query.items() if value not in {"", None}}
    return reverse(name) + (f"?{urlencode(given)}" if given else "")


def asked(request: HttpRequest, field: str, allowed: Container[str]) -> str:
    """A query field, or nothing where its value is not among those allowed: a mistyped address still shows a list."""
    value = request.GET.get(field, "")
    return value if value in allowed else ""


def asked_number(request: HttpRequest, field: str) -> int | None:
    """A number in the query; None where there is none, or none that the database could hold."""
    value = request.GET.get(field, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None
