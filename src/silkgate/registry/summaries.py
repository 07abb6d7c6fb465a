"""What a case's page shows of the registry's matters: the template's context for each workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from silkgate.casework.api import Case
from silkgate.identity.api import Actor
from silkgate.registry import goods, queries
from silkgate.registry.actions import STANDING_MOVES
from silkgate.registry.declared import declared, papers_of
from silkgate.registry.domain import Change


def of_filing(case: Case, actor: Actor) -> Mapping[str, Any]:
    """Roles, papers with their files, changes beside what was on file; personal values only on the record page."""
    filed = queries.application(case.id)
    if filed is None:
        return {}
    is_applicant = case.organisation_code in actor.organisations
    if case.state == "draft" and not is_applicant:
        return {"unsent": True}
    changes = queries.changes(filed)
    return {
        "reads_all": is_applicant or actor.agency in declared().purposes["review"].agencies,
        "filed": filed,
        "roles": queries.role_words(filed.roles),
        "known_roles": [declared().roles[role] for role in filed.roles],
        "changed": [in_words(change) for change in changes if change.key == "roles" or not _is_personal(change.key)],
        "personal_changed": [change.words for change in changes if change.key != "roles" and _is_personal(change.key)],
        "is_change": any(change.old for change in changes),
        "asked_papers": queries.papers(filed, papers_of(filed.roles)),
    }


def _is_personal(key: str) -> bool:
    return declared().fields[key].personal


def in_words(change: Change) -> Any:
    """A change with its values as people read them."""
    if change.key == "roles":
        return change.words, queries.role_words(change.old.split()), queries.role_words(change.new.split())
    field = declared().fields[change.key]
    return (
        change.words,
        queries.value_words(field, change.old) if change.old else "",
        queries.value_words(field, change.new) if change.new else "",
    )


def of_standing(case: Case, actor: Actor) -> Mapping[str, Any]:
    """What is proposed, why, and what it would mean."""
    filed = queries.application(case.id)
    if filed is None:
        return {}
    return {
        "filed": filed,
        "words": STANDING_MOVES[filed.kind][0],
        "roles": queries.role_words(filed.roles),
        "reason": filed.data["reason"],
        "rule": filed.data["rule"],
    }


def of_goods(case: Case, actor: Actor) -> Mapping[str, Any]:
    """The first goods of the filing; the rest on their own page."""
    lines = goods.of_filing(case.id, limit=20)
    return {"goods_lines": lines, "goods_total": case.data.get("goods", len(lines))}
