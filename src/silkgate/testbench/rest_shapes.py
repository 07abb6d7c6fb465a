"""Bodies of the bench over HTTP. The texts under attributes are their descriptions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import ConfigDict

from silkgate.ui.schemas import In, Out

Role = Literal["ebp", "ebc", "pay", "logistics", "agent", "operator"]
Direction = Literal["import", "export"]
_PEM = "-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n"


class ScenarioLine(Out):
    """A published scenario."""

    id: str
    role: Role
    direction: Direction
    required: bool
    zh: str
    en: str
    about_zh: str
    about_en: str
    sends: list[str]
    """Kinds of message that the firm sends, in order: 311 …"""


class BenchStepOut(Out):
    """One message of a scenario, with its data."""

    number: int
    who: Literal["you", "bench"]
    kind: str
    head: dict[str, str]
    """By element name. `appTime` is a proposal; all else is to be sent as it is. `guid` is the sender’s."""
    lines: list[dict[str, str]]
    signed: bool
    outcome: str
    reasons: list[str]
    receipts: list[str]


class EndOut(Out):
    """How a declaration is to stand at the end."""

    order_no: str
    state: str
    reasons: list[str]


class ScenarioFull(ScenarioLine):
    """A scenario with its data for one organisation."""

    law_day: date
    steps: list[BenchStepOut]
    ends: list[EndOut]


class FixOut(Out):
    """The nearest change that would pass."""

    zh: str
    en: str
    element: str
    """Empty: none alone."""
    value: str
    """Empty: only the sender can know it."""


class BenchFindingOut(Out):
    """A finding with its rule, its law and the nearest fixes."""

    code: str
    field: str
    found: str
    needed: str
    line: int | None
    zh: str
    en: str
    law_zh: str
    law_en: str
    href: str
    fixes: list[FixOut]


class BenchMessageOut(Out):
    """A message of a run."""

    number: int
    who: Literal["you", "bench"]
    kind: str
    guid: str
    sender: str
    documents: int
    sha256: str
    outcome: str
    findings: list[BenchFindingOut]
    receipts: list[str]
    modes: list[str]


class BenchDeclarationOut(Out):
    """A declaration at the end of a run. Money in CNY cents, null before acceptance."""

    message: int
    ebp_code: str
    order_no: str
    logistics_no: str
    mode: str
    invt_no: str
    state: str
    findings: list[BenchFindingOut]
    dutiable_cents: int | None
    duty_cents: int | None
    value_added_tax_cents: int | None
    consumption_tax_cents: int | None


class BenchCheckOut(Out):
    """One thing that a scenario looks at."""

    passed: bool
    zh: str
    en: str
    found: str
    needed: str


class BenchFileOut(Out):
    """A message or receipt of a run."""

    number: int
    who: Literal["you", "bench", "customs"]
    kind: str
    message: int
    """Which message it is, or which one it answers."""
    href: str


class RunLine(Out):
    """A run as a line of a list."""

    id: int
    scenario: str
    law_day: date
    program: str
    passed: bool | None
    """Null: no scenario."""
    at: datetime
    href: str


class RunFull(RunLine):
    """A run with everything that came of it."""

    messages: list[BenchMessageOut]
    declarations: list[BenchDeclarationOut]
    checks: list[BenchCheckOut]
    files: list[BenchFileOut]


class CoverageLine(Out):
    """A scenario and how the organisation stands with it."""

    scenario: str
    direction: Direction
    required: bool
    state: Literal["done", "failed", "stale", "not_yet"]
    kinds: list[str]
    modes: list[str]
    run: int | None


class CoverageOut(Out):
    """What was shown in a role, and whether a statement can be signed."""

    role: Role
    program: str
    scenario_set: str
    complete: bool
    scenarios: list[CoverageLine]


class BenchCertificateIn(In):
    """A certificate for the bench."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pem": _PEM}]})

    pem: str
    """-----BEGIN CERTIFICATE----- …, without a private key."""


class BenchCertificateOut(Out):
    """A certificate of the bench."""

    fingerprint_sha256: str


class BenchStatementIn(In):
    """Which role is to be stated."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "ebp"}]})

    role: Role


class BenchStatementOut(Out):
    """A signed statement."""

    name: str
    role: Role
    href: str
    """Its page, for anybody."""
    file: str
    """The signed file."""
