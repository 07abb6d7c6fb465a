"""The door of the registry: the zone, and what is on file: enterprises with their roles and versions, goods, permits.

For the engine: `enterprises`, `zone`. For pages, REST and rooms above: plain functions that take an actor and a moment.
Whoever calls them has asked identity first; cases look at the actor themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from silkgate.journal import api as journal
from silkgate.registry.actions import (
    STANDING_MOVES,
    TOPIC,
    add_paper,
    amend,
    apply,
    judge,
    propose_standing,
    submit,
)
from silkgate.registry.bulk import MAX_ROWS, MAX_SHEET_BYTES, SheetError, read_sheet
from silkgate.registry.classes import (
    NO_CLASSES,
    Classes,
    CreditClass,
    all_classes,
    class_on,
    class_words,
    classes,
    keep_classes,
    set_class,
)
from silkgate.registry.declared import asked_of, declared, papers_of
from silkgate.registry.domain import (
    ACTIVE,
    CANCELLED,
    ROLES,
    STANDINGS,
    SUSPENDED,
    Change,
    Enterprise,
    Problem,
    Record,
    RefusedError,
    ZoneRecord,
)
from silkgate.registry.goods import (
    GOODS_FIELDS,
    Item,
    Judged,
    file_goods,
    file_upload,
    goods_on,
    goods_page,
    judge_file,
    judge_rows,
    keep_upload,
)
from silkgate.registry.permits import (
    NewPermit,
    NotEnoughError,
    Permit,
    PermitPage,
    enter_permit,
    permit,
    permits,
    use,
)
from silkgate.registry.queries import (
    View,
    application,
    applications,
    changes,
    current,
    purposes_of,
    record,
    register,
    role_words,
    versions,
    view,
)

__all__ = [
    "ACTIVE",
    "CANCELLED",
    "GOODS_FIELDS",
    "MAX_ROWS",
    "MAX_SHEET_BYTES",
    "NO_CLASSES",
    "ROLES",
    "STANDINGS",
    "STANDING_MOVES",
    "SUSPENDED",
    "TOPIC",
    "Change",
    "Classes",
    "CreditClass",
    "Enterprise",
    "Item",
    "Judged",
    "NewPermit",
    "NotEnoughError",
    "Permit",
    "PermitPage",
    "Problem",
    "Record",
    "RefusedError",
    "SheetError",
    "View",
    "ZoneRecord",
    "add_paper",
    "all_classes",
    "amend",
    "application",
    "applications",
    "apply",
    "asked_of",
    "changes",
    "class_on",
    "class_words",
    "classes",
    "current",
    "declared",
    "enter_permit",
    "enterprises",
    "file_enterprises",
    "file_goods",
    "file_upload",
    "goods_on",
    "goods_page",
    "judge",
    "judge_file",
    "judge_rows",
    "keep_classes",
    "keep_upload",
    "papers_of",
    "permit",
    "permits",
    "propose_standing",
    "purposes_of",
    "read_sheet",
    "record",
    "register",
    "role_words",
    "set_class",
    "set_zone",
    "submit",
    "use",
    "versions",
    "view",
    "zone",
]


def set_zone(cursor: Any, zone: ZoneRecord) -> None:
    """Set the one zone of this installation."""
    cursor.execute(
        "insert into registry_zone (id, name, customs_code, guarantees_checked, selection_key, policy)"
        " values (1, %s, %s, %s, %s, %s) on conflict (id) do update set name = excluded.name,"
        " customs_code = excluded.customs_code, guarantees_checked = excluded.guarantees_checked,"
        " selection_key = excluded.selection_key, policy = excluded.policy",
        (zone.name, zone.customs_code, zone.guarantees_checked, zone.selection_key, json.dumps(dict(zone.policy))),
    )
    journal.bump(cursor, TOPIC)


def zone(cursor: Any) -> ZoneRecord | None:
    """The zone of this installation; None before one was loaded."""
    cursor.execute(
        "select name, customs_code, guarantees_checked, selection_key, policy from registry_zone where id = 1"
    )
    row = cursor.fetchone()
    return ZoneRecord(row[0], row[1], row[2], bytes(row[3]), json.loads(row[4])) if row else None


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when the first version of an enterprise counts that came with a zone's files: nobody knows better."""

_LOADED_VERSIONS = """
insert into registry_version (enterprise_code, number, roles, data, standing, since, case_id, reason, rule)
select e.code, coalesce(v.number, 0) + 1, e.roles,
  (coalesce(v.data, '{}') - 'dxp_id') || jsonb_strip_nulls(jsonb_build_object(
    'name_zh', e.name, 'dxp_id', nullif(e.dxp_id, ''),
    case when length(e.code) = 18 then 'credit_code' else 'customs_code' end, e.code)),
  %(standing)s, case when v.number is null then %(beginning)s else greatest(v.since, %(at)s) end, null, %(reason)s, ''
from registry_enterprise e left join lateral
  (select number, roles, data, standing, since from registry_version where enterprise_code = e.code
   order by number desc limit 1) v on true
where e.code = any(%(codes)s) and (v.number is null or v.standing <> %(standing)s or v.roles <> e.roles
  or v.data ->> 'name_zh' is distinct from e.name or coalesce(v.data ->> 'dxp_id', '') <> e.dxp_id)
"""


def file_enterprises(cursor: Any, enterprises: Iterable[Enterprise], *, at: datetime = BEGINNING) -> int:
    """Load enterprises as a zone's files give them, or change what is on file for their codes; how many.

    Each gets a version where it has none, which counts from the beginning, or where the newest one says otherwise; that
    one begins at `at`. Raises ValueError for an unknown role.
    """
    codes = []
    for enterprise in enterprises:
        if unknown := enterprise.roles - set(ROLES):
            raise ValueError(f"{enterprise.code}: unknown role {', '.join(sorted(unknown))}; known: {', '.join(ROLES)}")
        cursor.execute(
            "insert into registry_enterprise (code, name, roles, credit_class, dxp_id) values (%s, %s, %s, %s, %s)"
            " on conflict (code) do update set name = excluded.name, roles = excluded.roles,"
            " credit_class = excluded.credit_class, dxp_id = excluded.dxp_id",
            (enterprise.code, enterprise.name, sorted(enterprise.roles), enterprise.credit_class, enterprise.dxp_id),
        )
        codes.append(enterprise.code)
    given = {"codes": codes, "standing": ACTIVE, "beginning": BEGINNING, "at": at}
    cursor.execute(_LOADED_VERSIONS, given | {"reason": "随综试区资料装载 / loaded with the zone’s files"})
    journal.bump(cursor, TOPIC)
    return len(codes)


def enterprises(cursor: Any) -> dict[str, Enterprise]:
    """Every enterprise on file by code, with the roles that have effect now."""
    cursor.execute("select code, name, roles, credit_class, dxp_id from registry_enterprise order by code")
    return {row[0]: Enterprise(row[0], row[1], frozenset(row[2]), row[3], row[4]) for row in cursor.fetchall()}
