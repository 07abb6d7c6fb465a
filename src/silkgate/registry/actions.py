"""What changes the register of enterprises: applying, amending, papers; what takes effect when a case is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from silkgate.casework import api as casework
from silkgate.casework.api import Case
from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.registry import models, queries, rules
from silkgate.registry.declared import asked_of, declared, papers_of
from silkgate.registry.domain import ACTIVE, CANCELLED, ROLES, STANDINGS, SUSPENDED, Problem, Record, RefusedError
from silkgate.registry.workflows import FILING, STANDING
from silkgate.tariff.api import codes

TOPIC = "registry.enterprises"

SUSPEND, RESUME, CANCEL = "suspend", "resume", "cancel"

STANDING_MOVES: Mapping[str, tuple[Text, str, frozenset[str]]] = {
    SUSPEND: (Text("暂停", "Suspend"), SUSPENDED, frozenset({ACTIVE})),
    RESUME: (Text("恢复", "Resume"), ACTIVE, frozenset({SUSPENDED})),
    CANCEL: (Text("注销", "Cancel"), CANCELLED, frozenset({ACTIVE, SUSPENDED})),
}
"""What an officer may propose: words, the standing that it leads to, standings from which it makes sense."""

_OPEN_ALREADY = Text(
    "该企业已有一件备案事项在办，办结或撤回后才能再提。",
    "Another matter of this enterprise is under way; it has to be decided or withdrawn first.",
)


def judge(code: str, roles: Iterable[str], data: Mapping[str, str], at: datetime) -> list[Problem]:
    """All that is wrong with an application of the enterprise `code`; empty: nothing. Papers are judged on sending."""
    roles = list(roles)
    known = [role for role in roles if role in ROLES]
    problems = rules.judge_application(
        roles, declared().roles, asked_of(known), data, china_day(at), codes("countries")
    )
    if len(code) == 18 and rules.valid_credit_code(data.get("credit_code", "")) and data["credit_code"] != code:
        told = Text(
            f"统一社会信用代码应为本单位的{code}。", f"The unified social credit code must be your own, {code}."
        )
        problems.append(Problem("credit_code", told))
    return problems


def apply(actor: Actor, code: str, roles: Iterable[str], data: Mapping[str, str], *, at: datetime) -> Case:
    """Prepare an application of the enterprise `code` for all the roles it wants; papers are added, then `submit`.

    Changing what is on file is the same: the application holds the whole record as it is to be. Raises RefusedError
    with every problem, casework's MoveRefused for who may not.
    """
    roles, data = sorted(set(roles)), _trimmed(data)
    if problems := judge(code, roles, data, at):
        raise RefusedError(problems)
    on_file = queries.current(code)
    title = Text(f"{data['name_zh']} 企业备案", f"{data.get('name_en') or data['name_zh']}: enterprise filing")
    with transaction.atomic():
        application = _begin(actor, "filing", code, roles, data, on_file.number if on_file else 0, at)
        case = casework.open_case(
            actor,
            FILING,
            organisation_code=code,
            subject=f"enterprise/{code}",
            title=title,
            data={"application": application.pk, "roles": roles},
            at=at,
        )
        application.case_id = case.id
        application.save(update_fields=["case_id"])
    return case


def amend(actor: Actor, case_id: int, roles: Iterable[str], data: Mapping[str, str], *, at: datetime) -> None:
    """Change what was filed while it is prepared, or while more is asked. Raises RefusedError, casework.NotYours."""
    roles, data = sorted(set(roles)), _trimmed(data)
    with transaction.atomic():
        application, case = _mine(actor, case_id)
        if case.state not in {"draft", "papers_asked"}:
            told = Text("现在不能修改：材料已提交审核。", "It cannot be changed now: it has been sent for review.")
            raise RefusedError([Problem("", told)])
        if problems := judge(application.enterprise_code, roles, data, at):
            raise RefusedError(problems)
        application.roles, application.data = roles, data
        application.save(update_fields=["roles", "data"])


def add_paper(actor: Actor, case_id: int, paper: str, name: str, content: bytes, *, at: datetime) -> int:
    """Add the file `name` as one of the papers asked for; the newest of each counts. Its number.

    Raises RefusedError for a paper that is not asked for, casework.EvidenceRefused for a file that is not taken.
    """
    with transaction.atomic():
        application, _ = _mine(actor, case_id)
        if paper not in {asked.key for asked in papers_of(application.roles)}:
            told = Text("没有要求这份材料。", "This paper is not asked for.")
            raise RefusedError([Problem(paper, told)])
        filed = casework.attach(actor, case_id, name, content, at=at)
        models.FiledPaper.objects.create(application=application, paper=paper, evidence_id=filed.id)
    return filed.id


def submit(actor: Actor, case_id: int, *, at: datetime) -> Case:
    """Send an application for review, or send it again after more was asked.

    Raises RefusedError with what is wrong or missing, casework's MoveRefused and NotYours.
    """
    with transaction.atomic():
        application, case = _mine(actor, case_id)
        if problems := missing(application, at):
            raise RefusedError(problems)
        return casework.move(actor, case_id, "answer" if case.state == "papers_asked" else "submit", at=at)


def propose_standing(actor: Actor, code: str, kind: str, *, reason: str, rule: str, at: datetime) -> Case:
    """Propose that the record of `code` is suspended, resumed or cancelled (`kind`); another officer decides.

    Raises RefusedError: without reason and rule, where it makes no sense, or where another matter is under way.
    """
    reason, rule, on_file = reason.strip(), rule.strip(), queries.current(code)
    problems = []
    if kind not in STANDING_MOVES:
        problems.append(Problem("kind", Text("请选择暂停、恢复或者注销。", "Choose to suspend, resume or cancel.")))
    elif on_file is None:
        problems.append(Problem("", Text("该企业没有备案。", "This enterprise is not on file.")))
    elif on_file.standing not in STANDING_MOVES[kind][2]:
        now, words = STANDINGS[on_file.standing], STANDING_MOVES[kind][0]
        told = Text(f"备案现为“{now.zh}”，不能{words.zh}。", f"The record is “{now.en}”; that leaves nothing to do.")
        problems.append(Problem("kind", told))
    problems += rules.judge_reason(reason, rule)
    if problems or on_file is None:
        raise RefusedError(problems)
    words, name = STANDING_MOVES[kind][0], on_file.data.get("name_zh", code)
    with transaction.atomic():
        filed = {"reason": reason, "rule": rule}
        application = _begin(actor, kind, code, list(on_file.roles), filed, on_file.number, at)
        case = casework.open_case(
            actor,
            STANDING,
            organisation_code=code,
            subject=f"enterprise/{code}",
            title=Text(f"{name} 备案{words.zh}", f"{name}: {words.en.lower()} the record"),
            data={"application": application.pk, "kind": kind, **filed},
            at=at,
        )
        application.case_id = case.id
        application.save(update_fields=["case_id"])
    return case


# --- When a case comes to a state -----------------------------------------------------------------------------------


def check_complete(case: Case, actor: Actor, at: datetime) -> None:
    """Nothing is sent for review with a problem in it or a paper missing. Raises MoveRefused, which undoes the move."""
    if casework.history(case.id)[-1].move not in {"submit", "answer"}:
        return  # an officer's move: nothing was filed anew
    if problems := missing(models.Application.objects.get(case_id=case.id), at):
        raise casework.MoveRefused(RefusedError(problems).text)


def missing(application: models.Application, at: datetime) -> list[Problem]:
    """What keeps an application from being sent: fields that are wrong, papers that were not brought."""
    problems = judge(application.enterprise_code, application.roles, application.data, at)
    brought = set(models.FiledPaper.objects.filter(application=application).values_list("paper", flat=True))
    return problems + [
        Problem(paper.key, Text(f"还缺“{paper.words.zh}”，请上传。", f"{paper.words.en} is missing: upload it."))
        for paper in papers_of(application.roles)
        if paper.key not in brought
    ]


def put_on_file(case: Case, actor: Actor, at: datetime) -> None:
    """An approved application becomes the record from this moment. A suspended record stays suspended."""
    application = models.Application.objects.get(case_id=case.id)
    with connection.cursor() as cursor:
        before = _locked(cursor, application.enterprise_code)
        standing = SUSPENDED if before and before.standing == SUSPENDED else ACTIVE
        write_version(
            cursor,
            application.enterprise_code,
            application.roles,
            application.data,
            standing,
            case_id=case.id,
            actor=actor.name,
            at=at,
        )
    close(case, actor, at)


def change_standing(case: Case, actor: Actor, at: datetime) -> None:
    """A confirmed proposal takes effect; casework sees to it that somebody else confirms than proposed it."""
    application = models.Application.objects.get(case_id=case.id)
    _set_standing(case, STANDING_MOVES[application.kind][1], application.data, actor, at)
    close(case, actor, at)


def lift_standing(case: Case, actor: Actor, at: datetime) -> None:
    """A granted appeal: the record stands again as it stood before, with the data of now."""
    application = models.Application.objects.get(case_id=case.id)
    code, number = case.organisation_code, application.base_number
    before = models.Version.objects.filter(enterprise_code=code, number=number).first()
    _set_standing(case, before.standing if before else ACTIVE, application.data, actor, at)


def _set_standing(case: Case, standing: str, said: Mapping[str, str], actor: Actor, at: datetime) -> None:
    with connection.cursor() as cursor:
        before = _locked(cursor, case.organisation_code)
        if before is None:
            raise casework.MoveRefused(Text("该企业没有备案。", "This enterprise is not on file."))
        write_version(
            cursor,
            case.organisation_code,
            before.roles,
            before.data,
            standing,
            case_id=case.id,
            actor=actor.name,
            at=at,
            reason=said["reason"],
            rule=said["rule"],
        )


def close(case: Case, actor: Actor, at: datetime) -> None:
    """The matter is decided or given up: another one may be begun."""
    models.Application.objects.filter(case_id=case.id).update(is_open=False)


def reopen(case: Case, actor: Actor, at: datetime) -> None:
    """An appeal makes it the matter under way again. Raises MoveRefused where another one has been begun meanwhile."""
    try:
        with transaction.atomic():
            models.Application.objects.filter(case_id=case.id).update(is_open=True)
    except IntegrityError as error:
        raise casework.MoveRefused(_OPEN_ALREADY) from error


# --- Versions -------------------------------------------------------------------------------------------------------


def write_version(
    cursor: Any,
    code: str,
    roles: Iterable[str],
    data: Mapping[str, str],
    standing: str,
    *,
    case_id: int | None,
    actor: str,
    at: datetime,
    reason: str = "",
    rule: str = "",
) -> Record:
    """Add a version inside the caller's transaction, and let the engine see it. Versions of one code come in order."""
    before = _locked(cursor, code)
    version = models.Version.objects.create(
        enterprise_code=code,
        number=before.number + 1 if before else 1,
        roles=sorted(roles),
        data=dict(data),
        standing=standing,
        # Two hosts may disagree about the time by a little; a record's history may not.
        since=max(at, before.since) if before and before.number else at,
        case_id=case_id,
        reason=reason,
        rule=rule,
    )
    record = queries.record_of(version)
    cursor.execute(
        "update registry_enterprise set name = %s, roles = %s, dxp_id = %s where code = %s returning id",
        (data.get("name_zh", code), list(record.effective_roles), data.get("dxp_id", ""), code),
    )
    enterprise_id = cursor.fetchone()[0]
    journal.bump(cursor, TOPIC)
    detail = {"code": code, "version": version.number, "roles": version.roles, "standing": standing}
    journal.record(
        cursor,
        at=at,
        actor=actor,
        kind="enterprise.filed",
        subject=("enterprise", enterprise_id),
        detail=detail | {"case": case_id},
    )
    return record


def _locked(cursor: Any, code: str) -> Record | None:
    """What is on file, with the enterprise locked until the transaction ends; a row is made where there is none."""
    cursor.execute(
        "insert into registry_enterprise (code, name, roles, credit_class, dxp_id) values (%s, '', '{}', '', '')"
        " on conflict (code) do nothing",
        (code,),
    )
    new = cursor.rowcount == 1
    cursor.execute("select 1 from registry_enterprise where code = %s for update", (code,))
    return None if new else queries.current(code)


def _begin(
    actor: Actor, kind: str, code: str, roles: list[str], data: Mapping[str, str], base: int, at: datetime
) -> models.Application:
    try:
        with transaction.atomic():
            return models.Application.objects.create(
                kind=kind,
                enterprise_code=code,
                roles=roles,
                data=dict(data),
                base_number=base,
                filed_by=actor.name,
                filed_at=at,
            )
    except IntegrityError as error:
        raise RefusedError([Problem("", _OPEN_ALREADY)]) from error


def _mine(actor: Actor, case_id: int) -> tuple[models.Application, Case]:
    """An application, locked, and its case as seen by its applicant. Raises casework.NotYours."""
    application = models.Application.objects.select_for_update().filter(case_id=case_id, kind="filing").first()
    case = casework.seen(actor, case_id)
    if application is None or case is None or case.organisation_code not in actor.organisations:
        raise casework.NotYours(f"case {case_id}")
    return application, case


def _trimmed(data: Mapping[str, str]) -> dict[str, str]:
    """Values without space around them; what is empty is left out. Raises RefusedError for what is no text."""
    wrong = [key for key, value in data.items() if not isinstance(value, str)]
    if wrong:
        raise RefusedError([Problem(key, Text("应填文字。", "This must be text.")) for key in wrong])
    return {key: value.strip() for key, value in data.items() if value.strip()}
