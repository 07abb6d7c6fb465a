"""The door of the registry: the zone, and the enterprises on file with their roles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from silkgate.journal import api as journal

TOPIC = "registry.enterprises"
ROLES = ("ebp", "ebc", "pay", "logistics", "area", "agent", "assure", "operator")


class Enterprise(NamedTuple):
    """One enterprise on file."""

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


def file_enterprises(cursor: Any, enterprises: Iterable[Enterprise]) -> int:
    """File enterprises, or change what is filed for their codes. Raises ValueError for an unknown role."""
    count = 0
    for enterprise in enterprises:
        if unknown := enterprise.roles - set(ROLES):
            raise ValueError(f"{enterprise.code}: unknown role {', '.join(sorted(unknown))}; known: {', '.join(ROLES)}")
        cursor.execute(
            "insert into registry_enterprise (code, name, roles, credit_class, dxp_id) values (%s, %s, %s, %s, %s)"
            " on conflict (code) do update set name = excluded.name, roles = excluded.roles,"
            " credit_class = excluded.credit_class, dxp_id = excluded.dxp_id",
            (enterprise.code, enterprise.name, sorted(enterprise.roles), enterprise.credit_class, enterprise.dxp_id),
        )
        count += 1
    journal.bump(cursor, TOPIC)
    return count


def enterprises(cursor: Any) -> dict[str, Enterprise]:
    """Every enterprise on file by code."""
    cursor.execute("select code, name, roles, credit_class, dxp_id from registry_enterprise order by code")
    return {row[0]: Enterprise(row[0], row[1], frozenset(row[2]), row[3], row[4]) for row in cursor.fetchall()}
