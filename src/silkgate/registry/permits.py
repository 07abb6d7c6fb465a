"""Permits of inspection and quarantine: a quantity, valid from a day to a day, used up through the ledger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import DatabaseError, IntegrityError, connection, transaction

from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.fixed import format_e5
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.registry import models
from silkgate.registry.domain import Problem, RefusedError
from silkgate.registry.rules import unwritable
from silkgate.tariff.api import codes, parameter

ACCOUNT = "permit"

KINDS = {
    "animal_plant": Text("进境动植物检疫许可证", "Quarantine permit for animals and plants"),
    "special_articles": Text("出入境特殊物品卫生检疫审批单", "Health quarantine approval of special articles"),
    "food": Text("进口食品相关许可", "Permit for imported food"),
    "other": Text("其他检验检疫审批", "Other approval of inspection and quarantine"),
}

ALL, NEAR, USED_UP, EXPIRED = "", "near", "used_up", "expired"
LISTS = {
    ALL: Text("全部", "All"),
    NEAR: Text("临近到期", "Near expiry"),
    USED_UP: Text("已用完", "Used up"),
    EXPIRED: Text("已过期", "Expired"),
}

_MOST_E5 = 10**17


class NewPermit(NamedTuple):
    """A permit to enter. Quantity in 0.00001 of the unit, which is a customs code."""

    number: str
    kind: str
    holder_code: str
    goods: str
    hs_prefixes: Sequence[str]
    quantity_e5: int
    unit: str
    valid_from: date
    valid_to: date


class Permit(NamedTuple):
    """A permit with what is used of it."""

    id: int
    number: str
    kind: str
    holder_code: str
    goods: str
    hs_prefixes: tuple[str, ...]
    unit: str
    valid_from: date
    valid_to: date
    quantity_e5: int
    used_e5: int

    @property
    def free_e5(self) -> int:
        """What is left, in 0.00001 of the unit."""
        return self.quantity_e5 - self.used_e5

    def covers(self, hs_code: str, day: date) -> bool:
        """Whether goods of this code may come in under it on `day`."""
        return self.valid_from <= day <= self.valid_to and hs_code.startswith(tuple(self.hs_prefixes))


class PermitPage(NamedTuple):
    """One page of permits, newest first; `older` asks for the next page, None where the list ends."""

    lines: tuple[Permit, ...]
    older: int | None


class NotEnoughError(ValueError):
    """A permit has not as much left, or is not valid on the day; `text` says so."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


def enter_permit(actor: Actor, new: NewPermit, *, at: datetime) -> Permit:
    """Enter a permit with its ledger account. Raises RefusedError with all that is wrong."""
    if wrong := problems(new):
        raise RefusedError(wrong)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            (account_id,) = ledger.allot_ids(cursor, 1)
            row = models.Permit.objects.create(
                number=new.number,
                kind=new.kind,
                holder_code=new.holder_code,
                goods=new.goods,
                hs_prefixes=list(new.hs_prefixes),
                unit=new.unit,
                valid_from=new.valid_from,
                valid_to=new.valid_to,
                account_id=account_id,
                entered_by=actor.name,
                entered_at=at,
            )
            account = ledger.NewAccount(account_id, ACCOUNT, new.number, new.quantity_e5)
            ledger.open_accounts(cursor, [account], at=at)
            detail = {"number": new.number, "holder": new.holder_code, "quantity_e5": new.quantity_e5}
            journal.record(
                cursor, at=at, actor=actor.name, kind="permit.entered", subject=("permit", row.pk), detail=detail
            )
    except IntegrityError as error:
        told = Text("这个许可证号已经录入。", "A permit of this number has been entered already.")
        raise RefusedError([Problem("number", told)]) from error
    entered = permit(new.number)
    if entered is None:
        raise LookupError(new.number)
    return entered


def problems(new: NewPermit) -> list[Problem]:
    """All that is wrong with a permit that is to be entered."""
    found = []

    def wrong(field: str, zh: str, en: str) -> None:
        found.append(Problem(field, Text(zh, en)))

    if not re.fullmatch(r"[0-9A-Za-z\u4e00-\u9fff〔〕\[\]()/._-]{4,60}", new.number):
        wrong("number", "许可证号应为4至60个字母、数字或常用符号。", "A number has 4 to 60 letters, digits or signs.")
    if new.kind not in KINDS:
        wrong("kind", "请选择许可种类。", "Choose the kind of permit.")
    if (
        unwritable(new.holder_code)
        or not models.Enterprise.objects.filter(code=new.holder_code).exclude(name="").exists()
    ):
        wrong("holder_code", "持有人没有备案，请核对企业代码。", "The holder is not on file; check the code.")
    if not 2 <= len(new.goods) <= 500 or unwritable(new.goods):
        wrong("goods", "请写明批准的货物，至多500字。", "Say which goods are approved, in at most 500 characters.")
    if not new.hs_prefixes or any(not re.fullmatch(r"[0-9]{2,10}", prefix) for prefix in new.hs_prefixes):
        wrong(
            "hs_prefixes",
            "商品编码应为2至10位数字，多个用逗号分开。",
            "HS codes have 2 to 10 digits; separate by commas.",
        )
    if not 0 < new.quantity_e5 <= _MOST_E5:
        wrong("quantity", "数量应大于零。", "The quantity must be above zero.")
    if new.unit not in codes("units"):
        wrong("unit", "计量单位不在海关代码表中。", "The unit is not in the customs table.")
    if new.valid_to < new.valid_from:
        wrong("valid_to", "有效期止不能早于起。", "It cannot end before it begins.")
    return found


_SELECT = (
    "select p.id, p.number, p.kind, p.holder_code, p.goods, p.hs_prefixes, p.unit, p.valid_from, p.valid_to,"
    " a.capacity, a.used from registry_permit p join ledger_account a on a.id = p.account_id"
)


def _read(row: Sequence[Any]) -> Permit:
    return Permit._make([*row[:5], tuple(row[5]), *row[6:]])


def permit(number: str) -> Permit | None:
    """A permit by the number that it carries, with what is used of it; None where there is none."""
    return _one("p.number = %s", number)


def numbered(permit_id: int) -> Permit | None:
    """A permit by our own number, which stands in addresses; None where there is none."""
    return _one("p.id = %s", permit_id)


def _one(condition: str, value: str | int) -> Permit | None:
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} where {condition}", (value,))
        row = cursor.fetchone()
    return _read(row) if row else None


def use(number: str, quantity_e5: int, reference: str, *, by: str, at: datetime) -> Permit:
    """Use a part of a permit for `reference`, once; the permit as it is then. Never takes it below zero.

    Raises NotEnoughError where it is not valid on the day or has less left, RefusedError for a second use for the same
    reference and for an unknown number.
    """
    found = permit(number)
    if found is None:
        raise RefusedError([Problem("number", Text("没有这个许可证。", "There is no permit of this number."))])
    wrong = []
    if not 0 < quantity_e5 <= _MOST_E5:
        wrong.append(Problem("quantity", Text("数量应大于零。", "The quantity must be above zero.")))
    if not 0 < len(reference.strip()) <= 200 or unwritable(reference):
        told = Text("请写明用于什么，至多200字。", "Say what it is used for, in at most 200 characters.")
        wrong.append(Problem("reference", told))
    if wrong:
        raise RefusedError(wrong)
    if not found.valid_from <= china_day(at) <= found.valid_to:
        raise NotEnoughError(
            Text(
                f"许可证{number}有效期为{found.valid_from}至{found.valid_to}，今天不能使用。",
                f"Permit {number} is valid from {found.valid_from} to {found.valid_to}, and not today.",
            )
        )
    used = _book(found, quantity_e5, reference.strip(), by, at)
    return found._replace(used_e5=used)


def _book(found: Permit, quantity_e5: int, reference: str, by: str, at: datetime) -> int:
    """Write the use and its transfer; what is used of the permit then."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            row = models.PermitUse.objects.create(
                permit_id=found.id, quantity_e5=quantity_e5, reference=reference, used_by=by, used_at=at
            )
            cursor.execute("select account_id from registry_permit where id = %s", (found.id,))
            move = ledger.Move(cursor.fetchone()[0], "reserve", quantity_e5, row.pk)
            ledger.post(cursor, [move], reference_kind="permit-use", at=at)
            held: int = ledger.balances(cursor, [(ACCOUNT, found.number)])[ACCOUNT, found.number].used
    except DatabaseError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint == "ledger_account_not_overspent":
            now = permit(found.number) or found
            left, unit = format_e5(now.free_e5), codes("units").get(now.unit, Text("", ""))
            raise NotEnoughError(
                Text(
                    f"许可证{now.number}只剩{left}{unit.zh}，不足{format_e5(quantity_e5)}。",
                    f"Permit {now.number} has {left} {unit.en} left, less than {format_e5(quantity_e5)}.",
                )
            ) from error
        if constraint == "registry_permituse_once":
            told = Text(f"已为{reference}使用过。", f"It has been used for {reference} already.")
            raise RefusedError([Problem("reference", told)]) from error
        raise
    return held


def permits(
    *, day: date, chosen: str = ALL, holder: str = "", before: int | None = None, limit: int = 50
) -> PermitPage:
    """Permits, newest first: all, those near their expiry on `day`, used up or expired; of one holder where given."""
    warned = day + timedelta(days=int(str(parameter("registry.permit_warning_days", day).value)))
    conditions, values = ["(%s::bigint is null or p.id < %s)"], [before, before]
    if holder:
        conditions.append("p.holder_code = %s")
        values.append(holder)  # type: ignore[arg-type]
    if chosen == NEAR:
        conditions.append("p.valid_to between %s and %s and a.used < a.capacity")
        values += [day, warned]  # type: ignore[list-item]
    elif chosen == USED_UP:
        conditions.append("a.used = a.capacity")
    elif chosen == EXPIRED:
        conditions.append("p.valid_to < %s")
        values.append(day)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} where {' and '.join(conditions)} order by p.id desc limit %s", [*values, limit + 1])
        found = [_read(row) for row in cursor.fetchall()]
    return PermitPage(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


class Use(NamedTuple):
    """One use of a permit."""

    quantity_e5: int
    reference: str
    by: str
    at: datetime


def uses(permit_id: int, *, limit: int = 50) -> list[Use]:
    """The latest uses of a permit, newest first."""
    rows = models.PermitUse.objects.filter(permit_id=permit_id).order_by("-id")[:limit]
    return [Use(row.quantity_e5, row.reference, row.used_by, row.used_at) for row in rows]
