"""Words of identity: who acts, and what there is to do. No database here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from silkgate.kernel.text import Text

TOPIC = "identity.certificates"
"""What the journal calls a change of filed certificates."""

ON_FILE: list[Callable[[str], bool]] = []
"""Rooms that keep enterprises say here whether a code is on file: such a code is not given to whoever asks for it."""

PERSON, CLIENT, NOBODY = "person", "client", ""

REPRESENTATIVE = "representative"
ROLES = {
    REPRESENTATIVE: Text("负责人", "Representative"),
    "filer": Text("备案员", "Filing clerk"),
    "declarant": Text("申报员", "Declarant"),
    "reader": Text("查阅人", "Reader"),
}
"""What a person may be in an organisation. A representative may do whatever the others may, and say who they are."""

SCOPES = {
    "filings": Text("代办备案", "File on its behalf"),
    "declarations": Text("代理申报", "Declare on its behalf"),
    "read": Text("代为查阅", "Read on its behalf"),
}
"""What an organisation may delegate to an agent, and what a machine client may be allowed."""

AGENCIES = {
    "zone": Text("综试区管委会", "Zone administration"),
    "customs": Text("海关", "Customs"),
    "tax": Text("税务", "Tax administration"),
    "forex": Text("外汇管理", "Foreign exchange administration"),
    "market": Text("市场监管", "Market regulation"),
    "commerce": Text("商务", "Commerce"),
}
"""Agencies whose officers work here; each sees of a record what its purpose needs."""

DUTIES = {
    "declarations": Text("审核申报", "Decide on held declarations"),
    "filings": Text("审核备案", "Review filings"),
    "approvals": Text("复核备案", "Approve what another has reviewed"),
    "operations": Text("运行监测", "Watch operations"),
    "accounts": Text("账户管理", "Administer accounts"),
    "audit": Text("审计访问", "Audit who read what"),
}
"""What an officer may be charged with."""

PURPOSES = {
    "supervision": Text("履行监管职责", "Duties of supervision"),
    "own_business": Text("办理本单位业务", "The organisation’s own business"),
}
"""What personal data is commonly read for. Rooms may name others, in words."""


class Actor(NamedTuple):
    """Who acts, with everything that decides what they may do at this moment."""

    name: str
    """User name of a person, identifier of a machine client; empty: nobody has signed in."""
    kind: str = NOBODY
    user_id: int | None = None
    agency: str = ""
    """Of an officer; empty for everybody else."""
    duties: frozenset[str] = frozenset()
    roles: Mapping[str, frozenset[str]] = {}
    """In organisations of one's own, by their code."""
    scopes: Mapping[str, frozenset[str]] = {}
    """What other organisations have delegated, or what a client may do, by code of the organisation acted for."""

    @property
    def organisations(self) -> tuple[str, ...]:
        """Codes of those for which anything at all may be done, one's own first."""
        return tuple(dict.fromkeys([*self.roles, *self.scopes]))


ANONYMOUS = Actor("")


class Action(NamedTuple):
    """One thing to do, and who may: any one of the conditions is enough."""

    name: str
    """Room and verb, such as `registry.file`."""
    words: Text
    anyone: bool = False
    signed_in: bool = False
    duties: frozenset[str] = frozenset()
    """Officers charged with any of these."""
    roles: frozenset[str] = frozenset()
    """Members of the organisation concerned in any of these roles; a representative always may where any role may."""
    scopes: frozenset[str] = frozenset()
    """Agents and clients to whom the organisation concerned has given any of these."""
    personal: bool = False
    """Personal data is read: a purpose has to be given, and each time is recorded."""

    def allows(self, actor: Actor, organisation: str = "") -> bool:
        """Whether `actor` may do this to what belongs to `organisation` (empty: to nothing of anybody's)."""
        if self.anyone or (self.signed_in and actor.kind) or self.duties & actor.duties:
            return True
        if not organisation:
            return False
        held = actor.roles.get(organisation, frozenset())
        if self.roles and (self.roles & held or REPRESENTATIVE in held):
            return True
        return bool(self.scopes & actor.scopes.get(organisation, frozenset()))

    def where(self, actor: Actor) -> tuple[str, ...]:
        """Codes of the organisations for which `actor` may do this as member, agent or client."""
        return tuple(code for code in actor.organisations if self.allows(actor, code))


def purpose_of(actor: Actor) -> str:
    """What somebody reads personal data for where the page leaves no choice: their duty, or their own business."""
    return "supervision" if actor.agency else "own_business"
