"""The registry over HTTP: the register, a record as it stood on a day, its versions and credit classes.

Filings stand in `rest_filings`, goods in `rest_goods`, permits in `rest_permits`; all go on with this router.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router

from silkgate.identity.api import Actor, actor_of, opens, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.registry import access, queries
from silkgate.registry.classes import CreditClass, class_on, classes
from silkgate.registry.declared import declared
from silkgate.registry.domain import Purpose
from silkgate.registry.rest_filings import router as filings
from silkgate.registry.rest_goods import router as goods
from silkgate.registry.rest_parts import CodeInPath, Day, Words, hidden, words
from silkgate.registry.rest_permits import router as permits
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, page
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import Out

router = Router(tags=["registry"])
router.add_router("", filings)
router.add_router("", goods)
router.add_router("", permits)

Standing = Literal["active", "suspended", "cancelled"]
RoleAsked = Annotated[
    Literal["", "ebp", "ebc", "pay", "logistics", "area", "agent", "assure", "operator", "service", "overseas"],
    Query(description="只看有此角色的企业。Only those in effect in this role."),
]
Begins = Annotated[str, Query(pattern=r"^[0-9A-Za-z]{0,18}$", description="代码的开头。How the code begins.")]
Enterprise = Annotated[str, Query(max_length=40, description="只看这家企业（代码）。Of this enterprise only.")]
PurposeAsked = Annotated[
    str,
    Query(
        pattern=r"^[a-z_]{0,40}$",
        description="经办人读取的用途；省去为本部门的。What an officer reads it for; else what their agency does.",
    ),
]


class EnterpriseLine(Out):
    """One line of the register."""

    code: str
    name: str
    roles: list[str]
    """In effect now; none while suspended or cancelled."""
    credit_class: str
    href: str


class FieldOut(Words):
    """One field of a record."""

    value: str
    value_zh: str
    value_en: str
    """The value as people read it."""


class RecordOut(Out):
    """What was on file on a day, as far as the reader's purpose goes."""

    code: str
    day: date
    version: int
    """0: came with the zone's files."""
    since: datetime
    standing: Standing
    roles: list[str]
    """As filed; without effect unless active."""
    purpose: str
    """What an officer read it for; empty: the enterprise's own business, which sees all of it."""
    fields: list[FieldOut]


class VersionOut(Out):
    """One version of a record."""

    version: int
    since: datetime
    standing: Standing
    roles: list[str]
    case: int | None
    """The case that it was decided in."""
    reason: str
    rule: str
    changed: list[str]
    """Keys of fields that are not as in the version before."""


class ClassOut(Out):
    """A credit class over a period."""

    enterprise: str
    scheme: str
    name: str
    zh: str
    en: str
    since: date
    until: date | None
    """Last day, included; null: open."""
    reason: str
    rule: str


class StandingOut(Out):
    """How an enterprise stood on a day: what may be relied on in dealing with it."""

    code: str
    day: date
    on_file: bool
    standing: Standing | None
    roles: list[str]
    """In which it could take part on that day."""
    credit_class: ClassOut | None


@router.get("/enterprises", response=Page[EnterpriseLine], summary="备案企业 / Enterprises on file, by code")
@opens(access.REGISTER)
def list_enterprises(
    request: HttpRequest, role: RoleAsked = "", begins: Begins = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """供经办人查询。For officers."""
    found = queries.register(after=begin(request, cursor) or "", role=role, begins=begins, limit=limit)
    lines = [
        {
            "code": line.code,
            "name": line.name,
            "roles": line.roles,
            "credit_class": line.credit_class,
            "href": f"/api/v1/enterprises/{line.code}",
        }
        for line in found.lines
    ]
    return page(request, lines, found.after)


@router.get("/enterprises/{code}", response=RecordOut, summary="企业备案记录 / A record as it stood on a day")
@opens(access.RECORD, of="code")
def one_enterprise(request: HttpRequest, code: CodeInPath, day: Day = None, purpose: PurposeAsked = "") -> Any:
    """本单位看到全部；经办人只看到用途所需，读取个人信息均有记录。

    The enterprise sees all of it; an officer what the purpose needs. Every read of personal data is recorded.
    """
    actor, at = actor_of(request), at_of(request)
    chosen = _purpose(request, actor, code, purpose)
    asked = day or china_day(at)
    found = queries.record_of_day(code, asked, at)
    if found is None:
        raise ProblemError("request.not_found")
    shown = queries.shown_of(found.data, chosen.key if chosen else "")
    if any(one.field.personal for one in shown):
        said = chosen.said if chosen else "own_business"
        require(request, access.PERSONAL, code, subject=f"enterprise/{code}/{found.number}", purpose=said)
    return {
        "code": code,
        "day": asked,
        "version": found.number,
        "since": found.since,
        "standing": found.standing,
        "roles": found.roles,
        "purpose": chosen.key if chosen else "",
        "fields": [
            {
                **words(one.field.key, one.field.words),
                "value": one.value,
                "value_zh": one.words.zh,
                "value_en": one.words.en,
            }
            for one in shown
        ],
    }


def _purpose(request: HttpRequest, actor: Actor, code: str, asked: str) -> Purpose | None:
    """What the record is read for; None: by the enterprise itself. Raises ProblemError for a purpose not theirs."""
    if not asked:
        try:
            return queries.usual_purpose(actor, code)
        except LookupError as error:
            raise hidden(request, access.RECORD, code, f"enterprise/{code}") from error
    known = queries.purposes_of(actor)
    chosen = next((one for one in known if one.key == asked), None)
    if chosen is None:
        needed = Text(
            f"您的部门的用途之一：{'、'.join(one.key for one in known) or '无'}",
            f"a purpose of your agency: {', '.join(one.key for one in known) or 'there is none'}",
        )
        raise ProblemError("request.invalid", errors=[Fault("#/purpose", asked, needed, "query")])
    return chosen


@router.get("/enterprises/{code}/versions", response=Page[VersionOut], summary="备案沿革 / Versions of a record")
@opens(access.RECORD, of="code")
def list_versions(request: HttpRequest, code: CodeInPath, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """新的在前；只列出变动的栏目，不含其内容。Newest first; which fields changed, not what they hold."""
    found = queries.version_page(code, before=begin(request, cursor), limit=limit)
    lines = [
        {
            "version": one.number,
            "since": one.since,
            "standing": one.standing,
            "roles": one.roles,
            "case": one.case_id,
            "reason": one.reason,
            "rule": one.rule,
            "changed": [change.key for change in changes],
        }
        for one, changes in found.lines
    ]
    return page(request, lines, found.older)


@router.get("/enterprises/{code}/standing", response=StandingOut, summary="当日状态 / How it stood on a day")
@opens(access.RECORD, of="code")
def standing_on(request: HttpRequest, code: CodeInPath, day: Day = None) -> Any:
    """状态、有效角色和信用类别。Standing, roles in effect and credit class."""
    at = at_of(request)
    asked = day or china_day(at)
    found, credit = queries.record_of_day(code, asked, at), class_on(code, asked)
    return {
        "code": code,
        "day": asked,
        "on_file": found is not None,
        "standing": found.standing if found else None,
        "roles": found.effective_roles if found else [],
        "credit_class": _class(credit) if credit else None,
    }


@router.get("/classes", response=Page[ClassOut], summary="企业类别 / Credit classes as they were given")
@opens(access.CLASSES)
def list_classes(
    request: HttpRequest, enterprise: Enterprise = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """新定的在前，供经办人查询。Newest first, for officers; an enterprise asks for its own `standing`."""
    found = classes(enterprise, before=begin(request, cursor), limit=limit)
    return page(request, [_class(line) for line in found.lines], found.older)


def _class(one: CreditClass) -> dict[str, Any]:
    scheme = declared().schemes.get(one.scheme)
    named = scheme.classes.get(one.name) if scheme else None
    return {
        "enterprise": one.code,
        "scheme": one.scheme,
        "name": one.name,
        "zh": named.zh if named else one.name,
        "en": named.en if named else one.name,
        "since": one.since,
        "until": one.until,
        "reason": one.reason,
        "rule": one.rule,
    }
