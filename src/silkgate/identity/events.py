"""Events of an organisation's own access: members, delegations, certificates, programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text

_ROLE = Member("role", {"type": "string"}, Text("角色", "role"))
_NUMBER = Member("delegation", {"type": "integer"}, Text("授权编号", "number of the delegation"))
_PRINT = Member("fingerprint", {"type": "string"}, Text("证书指纹", "fingerprint of the certificate"))

for _name, _words, _when, _members in (
    ("member.joined", Text("成员加入", "member joined"), Text("接受邀请", "an invitation is accepted"), (_ROLE,)),
    ("member.ended", Text("成员退出", "member ended"), Text("成员的角色终止", "a member’s role ends"), (_ROLE,)),
    ("delegation.given", Text("授权", "delegation given"), Text("授权代理", "an agent is delegated to"), (_NUMBER,)),
    ("delegation.ended", Text("授权终止", "delegation ended"), Text("授权终止", "a delegation is ended"), (_NUMBER,)),
    ("certificate.filed", Text("证书备案", "certificate filed"), Text("备案证书", "a certificate is filed"), (_PRINT,)),
    ("certificate.revoked", Text("证书撤销", "certificate revoked"), Text("撤销证书", "a certificate is revoked"),
     (_PRINT,)),
):  # fmt: skip
    event_type(_name, _words, _when, subject="organisation", members=_members)


def _organisations(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, code from identity_organisation where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/account/organisations/{code}") for number, code in cursor.fetchall()}


subjects("organisation", _organisations)
