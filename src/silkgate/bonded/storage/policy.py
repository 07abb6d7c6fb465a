"""The dated policy on storage: how long goods may stay, until when what was drawn has to be declared."""

from __future__ import annotations

from datetime import date

from silkgate.bonded.storage.rules import Period, declare_by
from silkgate.tariff.api import parameter


def whole(name: str, day: date) -> int:
    """A policy value of `day` that is a whole number. Raises LawFileError, NotInForceError."""
    return int(str(parameter(f"storage.{name}", day).value))


def due_on(month: date) -> date:
    """Last day to declare what was drawn in `month`, by the policy of that month."""
    within = parameter("storage.declare_within_year", month).value is True
    return declare_by(month, Period(whole("declare_months_after", month), within))
