"""What bodies of the REST interface are made of: the texts under attributes are their descriptions."""

from __future__ import annotations

from ninja import Schema
from pydantic import ConfigDict


class Out(Schema):
    """What is answered."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class In(Schema):
    """What is asked for: a member that is not described is refused, not ignored."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", str_strip_whitespace=False)
