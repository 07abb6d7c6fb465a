"""Words of the registry: what a filing asks for, what is on file, what can be wrong with it. No database here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from silkgate.kernel.text import Text

if TYPE_CHECKING:
    from silkgate.tariff.api import Citation

ROLES = ("ebp", "ebc", "pay", "logistics", "area", "agent", "assure", "operator", "service", "overseas")
"""Roles in which an enterprise may be on file; the first eight are those that declarations ask for."""

ACTIVE, SUSPENDED, CANCELLED = "active", "suspended", "cancelled"

STANDINGS = {
    ACTIVE: Text("有效", "Active"),
    SUSPENDED: Text("暂停", "Suspended"),
    CANCELLED: Text("注销", "Cancelled"),
}
"""What a record is worth. Only an active one lets its enterprise take part."""


class Enterprise(NamedTuple):
    """One enterprise on file, as the engine reads it."""

    code: str
    name: str
    roles: frozenset[str]
    credit_class: str
    dxp_id: str
    """Address in the exchange network; empty: not filed."""


class ZoneRecord(NamedTuple):
    """The zone that this installation serves."""

    name: str
    customs_code: str
    guarantees_checked: bool
    selection_key: bytes
    policy: Mapping[str, Any]


class Problem(NamedTuple):
    """What is wrong with something that was filed, and where; the sentence says how to mend it."""

    field: str
    """Key of the field, paper or column; empty: the whole."""
    what: Text
    line: int | None = None
    """Of a table, the heading being line 1."""


class RefusedError(ValueError):
    """Something cannot be filed. `problems` say what is wrong, where, and how to mend it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.field or '-'}: {problem.what.en}" for problem in problems))

    @property
    def text(self) -> Text:
        """All problems in one sentence of each language."""
        return Text(
            "；".join(problem.what.zh for problem in self.problems),
            " ".join(problem.what.en for problem in self.problems),
        )


class Field(NamedTuple):
    """One thing asked for."""

    key: str
    words: Text
    kind: str
    """How it is written: text, long_text, credit_code, customs_code, id_number, phone, email, url, date, number,
    digits, dxp_id, country, choice, promise."""
    help: Text | None
    personal: bool
    purposes: frozenset[str]
    """For which it may be read."""
    choices: Mapping[str, Text]
    needed_if: tuple[str, str] | None
    """Needed where another field has this value, optional otherwise."""


class Paper(NamedTuple):
    """One document asked for."""

    key: str
    words: Text
    help: Text | None


class Role(NamedTuple):
    """A role and what it needs."""

    key: str
    words: Text
    help: Text
    needs: tuple[str, ...]
    may: tuple[str, ...]
    papers: tuple[str, ...]
    law: tuple[Citation, ...]
    beside: tuple[str, ...]
    """Roles of which one must be filed too; empty: none."""


class Purpose(NamedTuple):
    """What a record is read for, by whom, on which law."""

    key: str
    words: Text
    agencies: frozenset[str]
    duties: frozenset[str]
    """Of which the officer must have one; empty: any officer of the agency."""
    personal: bool
    law: Citation

    @property
    def said(self) -> str:
        """As the access log keeps it: in both languages."""
        return f"{self.words.zh} · {self.words.en}"


class Scheme(NamedTuple):
    """A scheme of credit classes with the days on which it is in force."""

    key: str
    words: Text
    law: Citation
    since: date
    until: date | None
    """Last day, included."""
    classes: Mapping[str, Text]

    def in_force(self, day: date) -> bool:
        """Whether a class of this scheme may be given for `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


class Declared(NamedTuple):
    """All that `reference/registry` declares."""

    fields: Mapping[str, Field]
    papers: Mapping[str, Paper]
    roles: Mapping[str, Role]
    common_needs: tuple[str, ...]
    common_may: tuple[str, ...]
    common_papers: tuple[str, ...]
    purposes: Mapping[str, Purpose]
    schemes: Mapping[str, Scheme]


class Asked(NamedTuple):
    """A field asked of an application, and under which role it is shown (empty: asked of all)."""

    field: Field
    needed: bool
    role: str


class Record(NamedTuple):
    """What was on file for an enterprise at one time."""

    code: str
    number: int
    """Versions are counted from 1."""
    roles: tuple[str, ...]
    data: Mapping[str, str]
    standing: str
    since: datetime
    case_id: int | None
    reason: str
    rule: str

    @property
    def effective_roles(self) -> tuple[str, ...]:
        """Roles in which it may take part: none unless active."""
        return self.roles if self.standing == ACTIVE else ()


class Change(NamedTuple):
    """One field of a record, old beside new."""

    key: str
    words: Text
    old: str
    new: str
