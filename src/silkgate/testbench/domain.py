"""Words of the test bench: scenarios, what a run came to, the nearest change that would pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from silkgate.client import Document
from silkgate.kernel.text import Text

ROLES = {
    "ebp": Text("电商平台企业", "E-commerce platform"),
    "ebc": Text("电商企业", "Merchant"),
    "pay": Text("支付企业", "Payment firm"),
    "logistics": Text("物流企业", "Carrier"),
    "agent": Text("申报代理企业", "Declaration agent"),
    "operator": Text("监管场所、仓储企业", "Warehouse or supervised site"),
}
"""Roles that a firm's system can be tested in: those that send messages."""

YOU, BENCH, CUSTOMS = "you", "bench", "customs"
"""Who made a file of a run: the firm, the bench in the place of another firm, customs (a receipt)."""

FREE_FIELDS = frozenset(("guid", "appTime"))
"""What a scenario leaves to the sender; every other element is to be as its data say."""

RUNS_KEPT = 100
"""Of each organisation; then the oldest go."""
MESSAGES_PER_RUN = 100
DOCUMENTS_PER_RUN = 1_000
BYTES_PER_RUN = 2 * 2**20
BYTES_KEPT = 50 * 2**20
"""Of all runs of an organisation together."""
CERTIFICATES_KEPT = 5


class Firm(NamedTuple):
    """A firm that exists on the bench only."""

    code: str
    name: str
    roles: frozenset[str]
    dxp_id: str
    guarantee_cents: int


class Step(NamedTuple):
    """One message of a scenario: who sends it, what it says, what comes back at once."""

    who: str
    kind: str
    purchase: str
    number: str
    document: Document
    """With `{name}` fields to be filled in."""
    signed: bool
    outcome: str
    reasons: tuple[str, ...]
    receipts: tuple[str, ...]
    """Kinds of the receipts to it when all is done, in order."""


class End(NamedTuple):
    """How the declaration of a purchase stands at the end of a scenario."""

    order_no: str
    state: str
    reasons: tuple[str, ...]


class Scenario(NamedTuple):
    """One thing that a firm's system is to show."""

    id: str
    role: str
    required: bool
    title: Text
    about: Text
    steps: tuple[Step, ...]
    ends: tuple[End, ...]

    @property
    def own(self) -> tuple[Step, ...]:
        """What the firm itself sends, in order."""
        return tuple(step for step in self.steps if step.who == YOU)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of message that the firm sends in it."""
        return tuple(dict.fromkeys(step.kind for step in self.own))

    @property
    def modes(self) -> tuple[str, ...]:
        """Supervision modes that it shows."""
        return tuple(dict.fromkeys(PURCHASES[step.purchase].mode for step in self.steps))

    @property
    def direction(self) -> str:
        """`IMPORT` or `EXPORT`; one scenario has purchases of one of them."""
        return PURCHASES[self.steps[0].purchase].direction


IMPORT, EXPORT = "import", "export"
DIRECTIONS = {IMPORT: Text("进口", "Imports"), EXPORT: Text("出口", "Exports")}
"""The two ways across the border, as pages show scenarios apart."""


class Purchase(NamedTuple):
    """A purchase that scenarios are about."""

    direction: str
    mode: str
    """Supervision mode."""


PURCHASES = {
    "bonded": Purchase(IMPORT, "1210"),
    "direct": Purchase(IMPORT, "9610"),
    "abroad": Purchase(EXPORT, "9610"),
    "abroad_bonded": Purchase(EXPORT, "1210"),
}
MODES = tuple(dict.fromkeys(purchase.mode for purchase in PURCHASES.values()))


class Refused(ValueError):  # noqa: N818 - an answer, not a fault of the program
    """The bench does not take this; says what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


# --- What a run came to: kept as JSON, given out over HTTP ------------------------------------------------------------


class Fix(msgspec.Struct, frozen=True):
    """The nearest change that would pass, as far as one can be computed."""

    zh: str
    en: str
    element: str = ""
    """The element to change; empty: none alone."""
    value: str = ""
    """What would pass there; empty where nobody but the sender can know."""


class FindingTold(msgspec.Struct, frozen=True):
    """A finding with its rule, its law and the nearest fix."""

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
    fixes: list[Fix]


class MessageTold(msgspec.Struct, frozen=True):
    """A message of a run."""

    number: int
    """From 1, in the order in which they were played."""
    who: str
    kind: str
    guid: str
    sender: str
    documents: int
    sha256: str
    outcome: str
    findings: list[FindingTold]
    receipts: list[str]
    """Kinds of its receipts, in order."""
    modes: list[str]


class DeclarationTold(msgspec.Struct, frozen=True):
    """A declaration as it stands at the end of a run. Money in CNY cents, null before acceptance."""

    message: int
    ebp_code: str
    order_no: str
    logistics_no: str
    mode: str
    invt_no: str
    state: str
    findings: list[FindingTold]
    dutiable_cents: int | None
    duty_cents: int | None
    value_added_tax_cents: int | None
    consumption_tax_cents: int | None


class Check(msgspec.Struct, frozen=True):
    """One thing that a scenario looks at."""

    passed: bool
    zh: str
    en: str
    found: str
    needed: str


class Report(msgspec.Struct, frozen=True):
    """Everything that a run came to."""

    messages: list[MessageTold]
    declarations: list[DeclarationTold]
    checks: list[Check]
    """Empty where no scenario was played."""

    @property
    def passed(self) -> bool | None:
        """Whether the scenario passed; None where none was played."""
        return all(check.passed for check in self.checks) if self.checks else None


def filled(values: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """`values` with `{name}` fields filled in. KeyError for a name that is not among `words`."""
    return {name: value.format_map(words) for name, value in values.items()}
