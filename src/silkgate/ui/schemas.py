"""What bodies of the REST interface are made of: the texts under attributes are their descriptions."""

from __future__ import annotations

import re
from typing import Annotated, Any

from ninja import Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _is_written(value: Any) -> Any:
    """Pydantic alone would take a number for seconds since 1970."""
    if isinstance(value, str) and not _RFC3339.fullmatch(value):
        raise ValueError("a time as RFC 3339 says, such as 2026-06-18T10:00:00+08:00")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_is_written)]
"""A time as RFC 3339 writes it, with its offset."""


class Out(Schema):
    """What is answered."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class In(Schema):
    """What is asked for: a member that is not described is refused, not ignored."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", str_strip_whitespace=False)
