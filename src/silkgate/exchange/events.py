"""Events of webhooks themselves, that their organisation may be told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text

event_type(
    "webhook.disabled",
    Text("推送停用", "webhook disabled"),
    Text("推送地址持续失败，或被停用", "deliveries kept failing, or somebody ended them"),
    subject="webhook",
    members=(Member("because", {"type": "string", "enum": ["failing", "gone", "ended"]}, Text("原因", "why")),),
)


def _webhooks(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, organisation_code from exchange_subscription where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/api/v1/webhooks/{number}") for number, code in cursor.fetchall()}


subjects("webhook", _webhooks)
