"""Credit classes of enterprises: by scheme, from a day to a day, with reason and rule; selection reads the day’s."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.registry import models
from silkgate.registry.declared import declared
from silkgate.registry.domain import Enterprise, Problem, RefusedError
from silkgate.registry.rules import judge_reason

TOPIC = "registry.enterprises"

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a class counts that came with the zone's files: nobody knows better."""
_LOADED: dict[str, Any] = {
    "scheme": "",
    "since": _ALWAYS.date(),
    "reason": "随综试区资料装载 / loaded with the zone’s files",
    "rule": "",
    "set_by": "load",
    "set_at": _ALWAYS,
}


class CreditClass(NamedTuple):
    """The class of an enterprise over a period."""

    id: int
    code: str
    scheme: str
    """Empty: it came with the zone's files, nobody knows since when."""
    name: str
    since: date
    until: date | None
    """Last day, included; None: open."""
    reason: str
    rule: str
    set_by: str
    set_at: datetime

    @property
    def words(self) -> Text:
        """Scheme and class as people read them."""
        scheme = declared().schemes.get(self.scheme)
        return scheme.classes.get(self.name, Text(self.name, self.name)) if scheme else class_words(self.name)


def class_words(name: str) -> Text:
    """A class as people read it, by the newest scheme that knows it; what no scheme knows as it is."""
    for scheme in reversed(list(declared().schemes.values())):
        if name in scheme.classes:
            return scheme.classes[name]
    return Text(name, name)


class Classes:
    """Which class an enterprise had at any time, in memory: for an engine that asks for each declaration."""

    __slots__ = ("_given", "_loaded")

    def __init__(
        self,
        loaded: Mapping[str, str] | None = None,
        given: Mapping[str, list[tuple[date, datetime, str]]] | None = None,
    ) -> None:
        self._loaded = loaded or {}
        """As the zone's files had them, of enterprises to which no class was given since."""
        self._given = given or {}
        """First day, when it was given, class; the latest day first."""

    def of(self, code: str, day: date, at: datetime) -> str:
        """The class of `code` on `day` as far as it had been given by `at`; empty: none.

        What was given later does not count, so that the same question has the same answer for ever.
        """
        given = self._given.get(code)
        if given is None:
            return self._loaded.get(code, "")
        for since, set_at, name in given:
            if since <= day and set_at <= at:
                return name
        return ""


NO_CLASSES = Classes()


def all_classes(cursor: Any, enterprises: Mapping[str, Enterprise]) -> Classes:
    """Every class that was ever given, and those that came with the zone's files to `enterprises`."""
    cursor.execute("select enterprise_code, since, set_at, name from registry_creditclass order by since desc, id desc")
    given: dict[str, list[tuple[date, datetime, str]]] = {}
    for code, since, set_at, name in cursor.fetchall():
        given.setdefault(code, []).append((since, set_at, name))
    loaded = {code: one.credit_class for code, one in enterprises.items() if one.credit_class and code not in given}
    return Classes(loaded, given)


class ClassPage(NamedTuple):
    """One page of classes, newest first; `older` asks for the next page, None where the list ends."""

    lines: tuple[CreditClass, ...]
    older: int | None


def _read(row: models.CreditClass) -> CreditClass:
    return CreditClass(
        row.pk,
        row.enterprise_code,
        row.scheme,
        row.name,
        row.since,
        row.until,
        row.reason,
        row.rule,
        row.set_by,
        row.set_at,
    )


def set_class(
    actor: Actor, code: str, scheme: str, name: str, *, since: date, reason: str, rule: str, at: datetime
) -> CreditClass:
    """Give `code` a class from the day `since` on (today or later); the one before ends the day before.

    Raises RefusedError with all that is wrong.
    """
    today, reason, rule = china_day(at), reason.strip(), rule.strip()
    problems = _problems(scheme, name, since, today, reason, rule)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select id, credit_class from registry_enterprise where code = %s for update", (code,))
        enterprise = cursor.fetchone()
        if enterprise is None:
            problems.append(Problem("code", Text("没有备案这个企业代码。", "No enterprise of this code is on file.")))
        later = models.CreditClass.objects.filter(enterprise_code=code, since__gte=since).order_by("since").first()
        if later is not None:
            told = Text(
                f"自{later.since}起已定类别，新的须更晚开始。", f"A class begins on {later.since} already; begin later."
            )
            problems.append(Problem("since", told))
        if problems:
            raise RefusedError(problems)
        _keep_loaded(code, enterprise[1], since)
        models.CreditClass.objects.filter(enterprise_code=code, until=None).update(until=since - timedelta(days=1))
        row = models.CreditClass.objects.create(
            enterprise_code=code,
            scheme=scheme,
            name=name,
            since=since,
            until=None,
            reason=reason,
            rule=rule,
            set_by=actor.name,
            set_at=at,
        )
        journal.record(
            cursor,
            at=at,
            actor=actor.name,
            kind="enterprise.classed",
            subject=("enterprise", enterprise[0]),
            detail={"code": code, "scheme": scheme, "class": name, "since": str(since), "rule": rule},
        )
        keep_classes(cursor, at, code)
    return _read(row)


def _keep_loaded(code: str, name: str, until: date) -> None:
    """Write down a class that came with the zone's files before the first one is given: it counts for days past."""
    if name and not models.CreditClass.objects.filter(enterprise_code=code).exists():
        models.CreditClass.objects.create(enterprise_code=code, name=name, until=until - timedelta(days=1), **_LOADED)


def _problems(scheme: str, name: str, since: date, today: date, reason: str, rule: str) -> list[Problem]:
    known = declared().schemes.get(scheme)
    problems = []
    if known is None or name not in known.classes:
        problems.append(Problem("name", Text("请从所列类别中选择。", "Choose one of the classes listed.")))
    elif not known.in_force(since):
        told = Text(f"{known.words.zh}在{since}不适用。", f"{known.words.en} is not in force on {since}.")
        problems.append(Problem("name", told))
    if since < today:
        told = Text("起始日不能早于今天：过去的判断不改。", "It cannot begin before today: past decisions stand.")
        problems.append(Problem("since", told))
    return problems + judge_reason(reason, rule)


def keep_classes(cursor: Any, at: datetime, code: str = "") -> int:
    """Let selection see the classes of the day of `at`, of one enterprise or of all; how many changed.

    Inside the caller's transaction. Classes may begin on a later day, so this is also called as days begin.
    """
    day = china_day(at)
    cursor.execute(
        "update registry_enterprise e set credit_class = c.name from registry_creditclass c"
        " where c.enterprise_code = e.code and c.since <= %s and (c.until is null or c.until >= %s)"
        " and e.credit_class <> c.name and (%s = '' or e.code = %s)",
        (day, day, code, code),
    )
    changed: int = cursor.rowcount
    if changed:
        journal.bump(cursor, TOPIC)
    return changed


def class_on(code: str, day: date) -> CreditClass | None:
    """The class of an enterprise on a day; None: none was given, and none came with the zone's files."""
    given = models.CreditClass.objects.filter(enterprise_code=code)
    row = given.filter(Q(until=None) | Q(until__gte=day), since__lte=day).first()
    if row or given.exists():
        return _read(row) if row else None
    loaded = models.Enterprise.objects.filter(code=code).values_list("credit_class", flat=True).first()
    return CreditClass(id=0, code=code, name=loaded, until=None, **_LOADED) if loaded else None


def classes(code: str = "", *, before: int | None = None, limit: int = 50) -> ClassPage:
    """Classes as they were given, newest first; of one enterprise where `code` is given."""
    rows = models.CreditClass.objects.all()
    rows = rows.filter(enterprise_code=code) if code else rows
    rows = rows.filter(id__lt=before) if before is not None else rows
    found = [_read(row) for row in rows.order_by("-id")[: limit + 1]]
    return ClassPage(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)
