"""What changes storage: a guarantee is lodged, a lot enters, an order draws, a month is declared together.

Every change of one owner's storage locks that owner's cover first, so that changes of one owner follow each other; the
ledger's checks have the last word. Whoever calls has asked identity.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction

from silkgate.bonded.storage import dataset, policy, queries, rules
from silkgate.bonded.storage.domain import (
    COVER,
    DECLARATION,
    DRAW,
    GUARANTEE,
    LOT,
    STOCK,
    Consolidated,
    NewDraw,
    NewLot,
    Problem,
    RefusedError,
    Taking,
    month_of,
)
from silkgate.bonded.storage.models import (
    StorageCover,
    StorageDeclaration,
    StorageDraw,
    StorageLetter,
    StorageLine,
    StorageLot,
    StorageTaking,
)
from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.registry import api as registry
from silkgate.tariff import api as tariff

OWNER_ROLE, WAREHOUSE_ROLE = "ebc", "area"
MOST_CENTS = 10**13


def lodge_guarantee(actor: Actor, owner_code: str, letter: str, amount_cents: int, *, at: datetime) -> StorageLetter:
    """Enter a letter of guarantee for what `owner_code` stores; all of its letters together cover its lots.

    Raises RefusedError with all that is wrong; a letter counts once.
    """
    wrong = []
    if not _on_file(owner_code):
        told = Text("该企业没有有效备案，请核对代码。", "The enterprise is not on file; check the code.")
        wrong.append(Problem("owner_code", told, owner_code[:60]))
    if not 4 <= len(letter) <= 60 or not letter.isprintable():
        wrong.append(Problem("letter", Text("保函编号应为4至60个字。", "A letter’s number has 4 to 60 characters.")))
    if not 0 < amount_cents <= MOST_CENTS:
        told = Text("金额应大于0，至多2位小数。", "An amount is above 0, with at most 2 decimals.")
        wrong.append(Problem("amount", told))
    if wrong:
        raise RefusedError(wrong)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cover = _cover(cursor, owner_code, at)
            made = StorageLetter.objects.create(
                cover=cover, number=letter, amount_cents=amount_cents, lodged_by=actor.name, lodged_at=at
            )
            balance = _balance(cursor, owner_code)
            ledger.raise_capacities(cursor, {cover.account_id: balance.capacity + amount_cents})
            detail = {"owner": owner_code, "letter": letter, "amount_cents": amount_cents}
            _record(cursor, actor, at, "storage.guarantee_lodged", (GUARANTEE, cover.pk), detail)
    except IntegrityError as error:
        told = Text("这份保函已经登记过。", "This letter has been lodged already.")
        raise RefusedError([Problem("letter", told, letter)]) from error
    return made


def enter_lot(actor: Actor, new: NewLot, *, at: datetime) -> StorageLot:
    """Enter a lot with a stock account for each line; its guarantee binds what would fall due by the day's tariff.

    The same lot sent again is the lot that is there. Raises RefusedError.
    """
    day = china_day(at)
    if wrong := rules.problems_of_lot(new, rules.Tables(tariff.codes("units"), tariff.codes("countries"))):
        raise RefusedError(wrong)
    content = _digest([new.warehouse_code, new.ems_no, [list(line) for line in new.lines]])
    law = tariff.law_of(day)
    with transaction.atomic(), connection.cursor() as cursor:
        cover = _cover(cursor, new.owner_code, at)
        known = StorageLot.objects.filter(owner_code=new.owner_code, number=new.number).first()
        if known is not None:
            return _same(known, known.content, content, new.number)
        _refuse([*_judge_parties(new), *rules.judge_goods(new.lines, law.rate)])
        rates = [law.rates[line.gcode] for line in new.lines]
        due = [
            rules.due(line.value_cents, line.statutory_e5, rate) for line, rate in zip(new.lines, rates, strict=True)
        ]
        needed_cents = sum(one.total_cents for one in due)
        balance = _balance(cursor, new.owner_code)
        _refuse(rules.judge_guarantee(balance.capacity - balance.used, needed_cents))
        lot = StorageLot.objects.create(
            owner_code=new.owner_code,
            number=new.number,
            warehouse_code=new.warehouse_code,
            ems_no=new.ems_no,
            entered_on=day,
            limit_on=day + timedelta(days=policy.whole("longest_days", day)),
            tariff_version=law.tariff_version,
            content=content,
            entered_by=actor.name,
            entered_at=at,
        )
        ids = ledger.allot_ids(cursor, len(new.lines))
        StorageLine.objects.bulk_create(
            StorageLine(
                lot=lot,
                place=place,
                item_no=line.item_no,
                gcode=line.gcode,
                name=line.name.strip(),
                unit=line.unit,
                unit1=rate.unit1,
                origin=line.origin,
                quantity_e5=line.quantity_e5,
                statutory_e5=line.statutory_e5,
                value_cents=line.value_cents,
                duty_cents=taxes.duty_cents,
                consumption_tax_cents=taxes.consumption_tax_cents,
                value_added_tax_cents=taxes.value_added_tax_cents,
                account_id=number,
            )
            for place, (line, rate, taxes, number) in enumerate(zip(new.lines, rates, due, ids, strict=True), 1)
        )
        accounts = [
            ledger.NewAccount(number, STOCK, f"{lot.pk}/{place}", line.quantity_e5)
            for place, (number, line) in enumerate(zip(ids, new.lines, strict=True), 1)
        ]
        ledger.open_accounts(cursor, accounts, at=at)
        _post(cursor, [(cover.account_id, "reserve", needed_cents, lot.pk)], LOT, at)
        detail = {
            "number": new.number,
            "book": new.ems_no,
            "lines": len(new.lines),
            "value_cents": sum(line.value_cents for line in new.lines),
            "guarantee_cents": needed_cents,
            "tariff": law.tariff_version,
        }
        _record(cursor, actor, at, "storage.entered", (LOT, lot.pk), detail)
    return lot


def draw(actor: Actor, new: NewDraw, *, at: datetime) -> StorageDraw:
    """Take the goods of an order out of storage, first in first out unless it names a lot; all of them or none.

    The same order sent again is the draw that is there. Raises RefusedError, which says what is left.
    """
    if wrong := rules.problems_of_draw(new):
        raise RefusedError(wrong)
    content = _digest([new.ems_no, new.direction, [list(line) for line in new.lines]])
    with transaction.atomic(), connection.cursor() as cursor:
        _cover(cursor, new.owner_code, at)
        known = StorageDraw.objects.filter(owner_code=new.owner_code, number=new.number).first()
        if known is not None:
            return _same(known, known.content, content, new.number)
        _refuse(_judge_party("owner_code", new.owner_code, OWNER_ROLE))
        stock = queries.stock(cursor, new.owner_code, new.ems_no, {line.item_no for line in new.lines})
        takings, findings = rules.take(new.lines, stock)
        _refuse(findings)
        made = StorageDraw.objects.create(
            owner_code=new.owner_code,
            ems_no=new.ems_no,
            number=new.number,
            direction=new.direction,
            month=month_of(china_day(at)),
            content=content,
            drawn_by=actor.name,
            drawn_at=at,
        )
        _keep_takings(made, takings)
        _post(cursor, [(one.account_id, "reserve", one.quantity_e5, made.pk) for one in takings], DRAW, at)
        detail = {
            "number": new.number,
            "book": new.ems_no,
            "direction": new.direction,
            "value_cents": sum(one.value_cents for one in takings),
        }
        _record(cursor, actor, at, "storage.drawn", (DRAW, made.pk), detail)
    return made


def _keep_takings(made: StorageDraw, takings: Iterable[Taking]) -> None:
    StorageTaking.objects.bulk_create(
        StorageTaking(
            draw=made,
            line_id=one.line_id,
            quantity_e5=one.quantity_e5,
            statutory_e5=one.statutory_e5,
            value_cents=one.value_cents,
            guarantee_cents=one.guarantee_cents,
        )
        for one in takings
    )


def preview(owner_code: str, ems_no: str, direction: str, month: date, *, day: date) -> Consolidated:
    """The consolidated declaration as it would be made on `day`. Raises RefusedError. Changes nothing."""
    made, findings = rules.consolidate(
        queries.undeclared(owner_code, ems_no, direction, month), direction, tariff.law_of(day).rate
    )
    _refuse(findings)
    return made


def declare(
    actor: Actor, owner_code: str, ems_no: str, direction: str, month: date, *, seen: str = "", at: datetime
) -> StorageDeclaration:
    """Declare together what was drawn in `month` and is not declared yet; its part of the guarantee is released.

    `seen`: the digest of the preview on which it was decided; where more has been drawn since it is refused. Raises
    RefusedError.
    """
    day = china_day(at)
    law = tariff.law_of(day)
    with transaction.atomic(), connection.cursor() as cursor:
        cover = _cover(cursor, owner_code, at)
        made = preview(owner_code, ems_no, direction, month, day=day)
        if seen and seen != digest(made):
            told = Text(
                "预览之后分送或税则有变化，请重新核对后申报。",
                "Something was drawn, or the tariff changed, since the preview. Look at it again, then declare.",
            )
            raise RefusedError([Problem("", told)])
        row = StorageDeclaration.objects.create(
            owner_code=owner_code,
            warehouse_code=queries.warehouse_of(owner_code, ems_no),
            ems_no=ems_no,
            direction=direction,
            month=month,
            due_on=policy.due_on(month),
            declared_on=day,
            tariff_version=law.tariff_version,
            data={},
            value_cents=made.value_cents,
            tax_cents=made.taxes.total_cents,
            guarantee_cents=made.guarantee_cents,
            declared_by=actor.name,
            declared_at=at,
        )
        row.data = dataset.of(row, made)
        row.save(update_fields=["data"])
        StorageTaking.objects.filter(id__in=made.taking_ids).update(declaration=row)
        _post(cursor, [(cover.account_id, "void", -made.guarantee_cents, row.pk)], DECLARATION, at)
        detail = {
            "number": dataset.number(row),
            "book": ems_no,
            "direction": direction,
            "month": f"{month:%Y-%m}",
            "value_cents": made.value_cents,
            "tax_cents": made.taxes.total_cents,
            "guarantee_cents": made.guarantee_cents,
            "tariff": law.tariff_version,
        }
        _record(cursor, actor, at, "storage.declared", (DECLARATION, row.pk), detail)
    return row


def digest(made: Consolidated) -> str:
    """What tells one preview from another."""
    return _digest(made)


# --- Parts ------------------------------------------------------------------------------------------------------------


def _cover(cursor: Any, owner_code: str, at: datetime) -> StorageCover:
    """The owner's cover, locked until the transaction ends; made with an empty account where there is none."""
    if not StorageCover.objects.filter(owner_code=owner_code).exists():
        (number,) = ledger.allot_ids(cursor, 1)
        cursor.execute(
            "insert into bonded_storagecover (owner_code, account_id) values (%s, %s) on conflict do nothing",
            (owner_code, number),
        )
        if cursor.rowcount:
            ledger.open_accounts(cursor, [ledger.NewAccount(number, COVER, owner_code, 0)], at=at)
    return StorageCover.objects.select_for_update().get(owner_code=owner_code)


def _balance(cursor: Any, owner_code: str) -> ledger.Balance:
    return ledger.balances(cursor, [(COVER, owner_code)])[COVER, owner_code]


def _post(cursor: Any, moves: Sequence[tuple[int, str, int, int]], kind: str, at: datetime) -> None:
    ledger.post(cursor, [ledger.Move(*move) for move in moves], reference_kind=kind, at=at)


def _on_file(code: str, role: str = "") -> bool:
    found = registry.current(code) if code.isascii() and code.isalnum() else None
    return found is not None and (role in found.effective_roles if role else bool(found.effective_roles))


def _judge_parties(new: NewLot) -> list[Finding]:
    return [
        *_judge_party("owner_code", new.owner_code, OWNER_ROLE),
        *_judge_party("warehouse_code", new.warehouse_code, WAREHOUSE_ROLE),
        *rules.judge_book(new.ems_no, new.warehouse_code, queries.keepers(new.ems_no)),
    ]


def _judge_party(field: str, code: str, role: str) -> list[Finding]:
    roles = (role,) if _on_file(code, role) else ()
    return rules.judge_party(field, code, roles, role, registry.declared().roles[role].words)


def _refuse(findings: Sequence[Finding]) -> None:
    if findings:
        raise RefusedError(findings=findings)


def _same(known: Any, held: str, content: str, number: str) -> Any:
    """What is there under the number, where it is what was sent; RefusedError for something else."""
    if held != content:
        raise RefusedError(findings=[Finding("storage.duplicate", "number", number)])
    return known


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def _record(
    cursor: Any, actor: Actor, at: datetime, kind: str, subject: tuple[str, int], detail: dict[str, Any]
) -> None:
    journal.record(cursor, at=at, actor=actor.name, kind=kind, subject=subject, detail=detail)
