"""Words of the journal: an event as it was recorded. No database here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

COLUMNS = "at, batch_no, actor, kind, subject_kind, subject_id, law_version, detail"


class Event(NamedTuple):
    """One decision as it was recorded."""

    id: int
    at: datetime
    batch_no: int | None
    actor: str
    kind: str
    subject_kind: str
    subject_id: int
    law_version: str
    detail: dict[str, Any]
