"""Reads of the register: the record of a moment, what an agency may see of it, lists by keyset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from itertools import pairwise
from typing import NamedTuple

from silkgate.casework import api as casework
from silkgate.identity.api import Actor
from silkgate.kernel.clock import CHINA, china_day
from silkgate.kernel.text import Text
from silkgate.registry import models
from silkgate.registry.access import RECORD
from silkgate.registry.declared import declared
from silkgate.registry.domain import (
    ACTIVE,
    ROLES,
    Change,
    Field,
    Paper,
    Problem,
    Purpose,
    Record,
    RefusedError,
)
from silkgate.tariff.api import codes


def record_of(version: models.Version) -> Record:
    """A row as a value."""
    return Record(
        version.enterprise_code,
        version.number,
        tuple(version.roles),
        version.data,
        version.standing,
        version.since,
        version.case_id,
        version.reason,
        version.rule,
    )


def record(code: str, on: datetime) -> Record | None:
    """What was on file for `code` at the time `on`: the last version that had begun by then; None: nothing was.

    What came with the zone's files and was never changed was on file at any time, since nobody knows better.
    """
    version = models.Version.objects.filter(enterprise_code=code, since__lte=on).order_by("-number").first()
    if version:
        return record_of(version)
    now = current(code)
    return now if now and now.number == 0 else None


def record_of_day(code: str, day: date, at: datetime) -> Record | None:
    """What was on file at the end of `day` in China; today, and on days to come, what is on file `at` this moment."""
    return record(code, at if day >= china_day(at) else datetime.combine(day, time.max, CHINA))


def current(code: str) -> Record | None:
    """The newest record; for an enterprise that came with the zone's files and was never changed, what they said.

    Such a record has number 0 and begins at the beginning of time, since nobody knows better.
    """
    version = models.Version.objects.filter(enterprise_code=code).order_by("-number").first()
    if version:
        return record_of(version)
    loaded = models.Enterprise.objects.filter(code=code).exclude(name="").first()
    if loaded is None:
        return None
    data = {"name_zh": loaded.name} | ({"dxp_id": loaded.dxp_id} if loaded.dxp_id else {})
    data |= {"credit_code": code} if len(code) == 18 else {"customs_code": code}
    return Record(
        code, 0, tuple(loaded.roles), data, ACTIVE, datetime.fromisoformat("1970-01-01T00:00:00+08:00"), None, "", ""
    )


def versions(code: str, *, before: int | None = None, limit: int = 20) -> list[Record]:
    """Versions of a record, newest first; `before`: only those with a lower number."""
    rows = models.Version.objects.filter(enterprise_code=code)
    if before is not None:
        rows = rows.filter(number__lt=before)
    return [record_of(row) for row in rows.order_by("-number")[:limit]]


class VersionPage(NamedTuple):
    """One page of versions, newest first, each with what it changed; `older` asks for the next page, None: it ends."""

    lines: tuple[tuple[Record, tuple[Change, ...]], ...]
    older: int | None


def version_page(code: str, *, before: int | None = None, limit: int = 20) -> VersionPage:
    """Versions of a record with what changed in each; the first one changed nothing."""
    found = versions(code, before=before, limit=limit + 1)
    lines = [(new, tuple(between(old, new))) for new, old in pairwise(found)]
    if 0 < len(found) <= limit:
        lines.append((found[-1], ()))
    return VersionPage(tuple(lines), found[limit - 1].number if len(found) > limit else None)


# --- What an agency sees --------------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """One field of a record as a purpose shows it."""

    field: Field
    value: str
    words: Text
    """The value as people read it."""


class View(NamedTuple):
    """What one agency sees of a record for one purpose: no more than that needs."""

    record: Record
    purpose: Purpose
    fields: tuple[Shown, ...]
    """In the order of declaration; empty values are left out."""

    @property
    def has_personal(self) -> bool:
        """Whether personal data is in it, so that reading it has to be recorded."""
        return any(shown.field.personal for shown in self.fields)


def purposes_of(actor: Actor) -> tuple[Purpose, ...]:
    """For which purposes an officer may read records; nobody else has any."""
    return tuple(
        purpose
        for purpose in declared().purposes.values()
        if actor.agency in purpose.agencies and (not purpose.duties or purpose.duties & actor.duties)
    )


def usual_purpose(actor: Actor, code: str) -> Purpose | None:
    """What `actor` reads the record of `code` for unless they say; None: it is their own, of which they see all.

    Raises LookupError for who has no purpose: nothing of it is theirs to read.
    """
    if RECORD._replace(duties=frozenset()).allows(actor, code):
        return None
    known = purposes_of(actor)
    if not known:
        raise LookupError(code)
    return known[-1]


def view(code: str, agency: str, purpose: str, *, on: datetime) -> View | None:
    """What `agency` sees of the record of `code` at `on` for a purpose; None: nothing was on file.

    Raises RefusedError for a purpose that is not this agency's. Whoever shows personal data of it records that first
    (`identity.require`), with the purpose.
    """
    known = declared().purposes.get(purpose)
    if known is None or agency not in known.agencies:
        told = Text("本部门不以这一用途读取备案。", "This agency does not read records for that purpose.")
        raise RefusedError([Problem("purpose", told)])
    found = record(code, on)
    if found is None:
        return None
    return View(found, known, shown_of(found.data, known.key))


def shown_of(data: Mapping[str, str], purpose: str) -> tuple[Shown, ...]:
    """The fields of `data` that a purpose needs (empty: all of them), in the order of declaration."""
    return tuple(
        Shown(field, data[key], value_words(field, data[key]))
        for key, field in declared().fields.items()
        if data.get(key) and (not purpose or purpose in field.purposes)
    )


def value_words(field: Field, value: str) -> Text:
    """A value as people read it."""
    if field.kind == "choice" and value in field.choices:
        return field.choices[value]
    if field.kind == "country" and value in codes("countries"):
        return codes("countries")[value]
    if field.kind == "promise":
        return Text("是", "Yes")
    return Text(value, value)


# --- Applications ---------------------------------------------------------------------------------------------------


class Filed(NamedTuple):
    """One application."""

    id: int
    case_id: int
    kind: str
    code: str
    roles: tuple[str, ...]
    data: Mapping[str, str]
    base_number: int
    filed_by: str
    filed_at: datetime


def application(case_id: int) -> Filed | None:
    """The application of a case."""
    row = models.Application.objects.filter(case_id=case_id).first()
    return _filed(row) if row else None


def _filed(row: models.Application) -> Filed:
    return Filed(
        row.pk,
        row.case_id or 0,
        row.kind,
        row.enterprise_code,
        tuple(row.roles),
        row.data,
        row.base_number,
        row.filed_by,
        row.filed_at,
    )


def changes(filed: Filed) -> list[Change]:
    """What an application changes of the record that was on file when it was filed, old beside new."""
    if filed.base_number:
        row = models.Version.objects.get(enterprise_code=filed.code, number=filed.base_number)
        old_roles, old = row.roles, row.data
    else:
        loaded = current(filed.code)
        old_roles, old = (list(loaded.roles), loaded.data) if loaded and not loaded.number else ([], {})
    return [*_roles_changed(old_roles, filed.roles), *_fields_changed(old, filed.data)]


def between(old: Record, new: Record) -> list[Change]:
    """What changed from one version to the next."""
    return [*_roles_changed(old.roles, new.roles), *_fields_changed(old.data, new.data)]


def role_words(roles: Iterable[str]) -> Text:
    """Roles as people read them, in the order of declaration."""
    held = set(roles)
    known = [declared().roles[role].words for role in ROLES if role in held]
    return Text("、".join(words.zh for words in known), ", ".join(words.en for words in known))


def _roles_changed(old: Iterable[str], new: Iterable[str]) -> list[Change]:
    if set(old) == set(new):
        return []
    return [Change("roles", Text("角色", "Roles"), " ".join(sorted(old)), " ".join(sorted(new)))]


def _fields_changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    return [
        Change(key, field.words, old.get(key, ""), new.get(key, ""))
        for key, field in declared().fields.items()
        if old.get(key, "") != new.get(key, "")
    ]


class Brought(NamedTuple):
    """A paper asked for, with the files that were brought as it, newest first."""

    paper: Paper
    files: tuple[casework.Evidence, ...]


def papers(filed: Filed, asked: Iterable[Paper]) -> list[Brought]:
    """The papers asked of an application, each with its files."""
    files = {found.id: found for found in casework.evidence(filed.case_id)}
    brought: dict[str, list[casework.Evidence]] = {}
    for paper, number in (
        models.FiledPaper.objects.filter(application_id=filed.id).order_by("-id").values_list("paper", "evidence_id")
    ):
        if number in files:
            brought.setdefault(paper, []).append(files[number])
    return [Brought(paper, tuple(brought.get(paper.key, ()))) for paper in asked]


class Page(NamedTuple):
    """One page of applications, newest first; `older` asks for the next page, None where the list ends."""

    lines: tuple[Filed, ...]
    older: int | None


def applications(codes_of: Iterable[str], *, before: int | None = None, limit: int = 50) -> Page:
    """Applications of some enterprises, newest first."""
    rows = models.Application.objects.filter(enterprise_code__in=list(codes_of), case_id__isnull=False)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: limit + 1])
    return Page(tuple(_filed(row) for row in found[:limit]), found[limit - 1].pk if len(found) > limit else None)


def names(codes_of: Iterable[str]) -> dict[str, str]:
    """Names of enterprises on file by code; who is not on file is absent."""
    rows = models.Enterprise.objects.exclude(name="").filter(code__in=list(codes_of))
    return dict(rows.values_list("code", "name"))


class Entry(NamedTuple):
    """One line of the register."""

    code: str
    name: str
    roles: tuple[str, ...]
    credit_class: str


class Register(NamedTuple):
    """One page of the register; `after` asks for the next page, empty where the list ends."""

    lines: tuple[Entry, ...]
    after: str


def register(*, after: str = "", role: str = "", begins: str = "", limit: int = 50) -> Register:
    """Enterprises on file by code; with `role` only those in effect in it, with `begins` only codes that begin so."""
    rows = models.Enterprise.objects.exclude(name="").filter(code__gt=after)
    if role:
        rows = rows.filter(roles__contains=[role])
    if begins:
        rows = rows.filter(code__gte=begins, code__lt=begins + "\U0010ffff")
    found = list(rows.order_by("code")[: limit + 1])
    lines = tuple(Entry(row.code, row.name, tuple(row.roles), row.credit_class) for row in found[:limit])
    return Register(lines, lines[-1].code if len(found) > limit else "")
