"""Signed statements of conformance: given where every required scenario of a role has passed under today's versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from silkgate import __version__
from silkgate.kernel.clock import CHINA
from silkgate.kernel.text import Text
from silkgate.standards.conformance import inputs_sha256, name_of, signed_statement
from silkgate.standards.tlog.note import Signer
from silkgate.testbench import models, queries
from silkgate.testbench.domain import ROLES, Refused
from silkgate.testbench.queries import DONE
from silkgate.testbench.scenarios import published


def state(organisation: tuple[str, str], role: str, *, by: str, at: datetime) -> models.Statement:
    """Sign what an organisation (code, name) has shown in `role`. Raises Refused where something is missing yet.

    The same results give the same statement: where it was signed already, that one.
    """
    code, name = organisation
    if role not in ROLES:
        raise Refused(Text("没有这个角色。", "There is no such role."))
    standings = queries.standings(code, role, __version__)
    missing = queries.missing(standings)
    if missing:
        raise Refused(
            Text(
                "还有必做情景没有通过：" + "、".join(one.title.zh for one in missing) + "。",
                "Required scenarios have not passed yet: " + "; ".join(one.id for one in missing) + ".",
            )
        )
    scenarios = [
        {
            "id": one.scenario.id,
            "law_day": one.result.law_day.isoformat(),
            "law": one.result.law_version,
            "inputs_sha256": one.result.inputs_sha256,
        }
        for one in standings
        if one.state == DONE and one.result is not None
    ]
    for earlier in queries.statements(code):
        if earlier.role == role and queries.content(earlier)["scenarios"] == scenarios:
            return earlier
    signing = signer()
    statement = {
        "organisation": code,
        "name": name,
        "role": role,
        "program": __version__,
        "scenario_set": published().version,
        "scenarios": scenarios,
        "inputs_sha256": inputs_sha256(scenarios),
        "issued_at": at.astimezone(CHINA).isoformat(timespec="seconds"),
        "issuer": signing.key.name,
    }
    return models.Statement.objects.create(
        name=name_of(statement),
        organisation_code=code,
        role=role,
        body=signed_statement(statement, signing),
        signed_by=by,
        signed_at=at,
    )


def signer_key(issuer: str, keys: Iterable[str]) -> str:
    """The public key that an issuer signs with: of this platform’s own, published before, or in use now; else empty."""
    for key in keys:
        if key.startswith(f"{issuer}+"):
            return key
    try:
        own = signer().key
    except Refused:
        return ""
    return str(own) if own.name == issuer else ""


def signer() -> Signer:
    """The key of the zone's log, which the site keeps. Raises Refused before there is a zone to name it."""
    find: Callable[[], Signer | None] = import_string(settings.LOG_SIGNER)
    found = find()
    if found is None:
        raise Refused(
            Text(
                "平台尚未装载综试区，没有签名的名义；请与平台管理员联系。",
                "No zone is loaded here, so there is no name to sign in: ask the operator.",
            )
        )
    return found
