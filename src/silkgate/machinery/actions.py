"""What changes machine books: opening one, its bill of materials, declaring it; announcing and cancelling shipments.

Shipments under one contract are judged one after the other, with the book locked: of two at once that want the last
part, the second finds none left. The ledger's own checks stand behind that.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction

from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.machinery import bill, models, queries, rules
from silkgate.machinery.domain import (
    ACCOUNT,
    BOOK_SUBJECT,
    CANCELLED,
    DECLARED,
    DRAFT,
    FREE,
    REFUSED,
    SHIPMENT_SUBJECT,
    Asked,
    Bill,
    Machine,
)
from silkgate.machinery.sheets import read_bill
from silkgate.registry import api as registry
from silkgate.registry.api import Problem, RefusedError
from silkgate.tariff.api import law_of, parameter

SHARE = "machinery.spare_share"
REFERENCE = "spare-shipment"
"""What the ledger's transfers are for."""
_EVENTS = {FREE: "spares.free", REFUSED: "spares.refused"}


def _refused(zh: str, en: str, field: str = "") -> RefusedError:
    return RefusedError([Problem(field, Text(zh, en))])


# --- Books ------------------------------------------------------------------------------------------------------------


def open_book(actor: Actor, code: str, machine: Machine, *, at: datetime) -> models.Book:
    """Open the book of a contract of the exporter `code`; its bill of materials follows, then `declare_book`.

    Raises RefusedError where the exporter is not on file, or has a book of this contract.
    """
    _on_file(code)
    try:
        with transaction.atomic():
            row = models.Book.objects.create(
                enterprise_code=code,
                state=DRAFT,
                made_by=actor.name,
                made_at=at,
                **{**machine._asdict(), "serial_nos": list(machine.serial_nos)},
            )
            _tell_book(row, actor, "machinebook.opened", at)
    except IntegrityError as error:
        raise _refused(
            "这份合同已有账册，请打开已有的账册。", "This contract has a book; open that one.", "contract_no"
        ) from error
    return row


def _on_file(code: str) -> None:
    record = registry.current(code)
    if record is None or record.standing != registry.ACTIVE:
        raise _refused(
            "出口企业须有有效备案，请先办理企业备案。", "The exporter has to be on file, and active: file it first."
        )


def import_bill(actor: Actor, book_id: int, name: str, content: bytes, *, at: datetime) -> bill.Judged:
    """Judge the bill of materials in a file; where nothing is wrong with any row, it takes the place of what was there.

    Raises SheetError for what is no table and no catalogue, RefusedError where the book has been declared.
    """
    book = models.Book.objects.get(id=book_id)
    sheet = read_bill(name, content, book.currency)
    judged = bill.judge(sheet.rows, len(book.serial_nos), law_of(china_day(at)), sheet.problems)
    if judged.bill is not None:
        with transaction.atomic():
            _locked_draft(book_id)
            _write_bill(book, judged.bill)
            _tell_book(book, actor, "machinebook.parts", at, parts=len(judged.bill.parts))
    return judged


def _write_bill(book: models.Book, taken: Bill) -> None:
    models.Component.objects.filter(book=book).delete()
    models.Serial.objects.filter(part__book=book).delete()
    models.Part.objects.filter(book=book).delete()
    parts = models.Part.objects.bulk_create(
        [
            models.Part(
                book=book,
                part_no=part.part_no,
                name=part.name,
                gcode=part.gcode,
                unit=part.unit,
                unit_value_cents=part.unit_value_cents,
                quantity_e5=part.quantity_e5,
                has_serials=bool(part.serial_nos),
            )
            for part in taken.parts
        ],
        batch_size=1_000,
    )
    by_number = {part.part_no: part for part in parts}
    models.Component.objects.bulk_create(
        [
            models.Component(
                book=book,
                parent=by_number.get(row.parent_no),
                part=by_number[row.part_no],
                quantity_e5=row.quantity_e5,
            )
            for row in taken.components
        ],
        batch_size=1_000,
    )
    models.Serial.objects.bulk_create(
        [
            models.Serial(part=by_number[part.part_no], serial_no=number)
            for part in taken.parts
            for number in part.serial_nos
        ],
        batch_size=1_000,
    )


def declare_book(actor: Actor, book_id: int, *, at: datetime) -> None:
    """Declare a book with its bill: from now on its parts are promised. Doing it twice changes nothing.

    Each part gets an account of as much as is built in, times the share of the day. Raises RefusedError.
    """
    with transaction.atomic():
        book = models.Book.objects.select_for_update().get(id=book_id)
        if book.state == DECLARED:
            return
        _on_file(book.enterprise_code)
        parts = list(models.Part.objects.filter(book=book).order_by("id"))
        if not parts:
            raise _refused(
                "请先导入零配件清单，再申报账册。", "Import the bill of materials first, then declare the book."
            )
        share = Decimal(str(parameter(SHARE, china_day(at)).value))
        with connection.cursor() as cursor:
            ids = ledger.allot_ids(cursor, len(parts))
            for part, account_id in zip(parts, ids, strict=True):
                part.account_id = account_id
            accounts = [
                ledger.NewAccount(
                    part.account_id or 0, ACCOUNT, f"{book.pk}/{part.part_no}", int(part.quantity_e5 * share)
                )
                for part in parts
            ]
            ledger.open_accounts(cursor, accounts, at=at)
        models.Part.objects.bulk_update(parts, ["account_id"], batch_size=1_000)
        book.state, book.declared_at = DECLARED, at
        book.save(update_fields=["state", "declared_at"])
        _tell_book(book, actor, "machinebook.declared", at, parts=len(parts))


def _locked_draft(book_id: int) -> models.Book:
    """The book, locked. Raises RefusedError where it has been declared."""
    book = models.Book.objects.select_for_update().get(id=book_id)
    if book.state != DRAFT:
        raise _refused("账册已申报，零配件清单不能再改。", "The book has been declared; its bill stays as it is.")
    return book


def _tell_book(book: models.Book, actor: Actor, kind: str, at: datetime, **more: int) -> None:
    with connection.cursor() as cursor:
        journal.record(
            cursor,
            at=at,
            actor=actor.name,
            kind=kind,
            subject=(BOOK_SUBJECT, book.pk),
            detail={"contract": book.contract_no, **more},
        )


# --- Shipments --------------------------------------------------------------------------------------------------------


def announce(actor: Actor, code: str, asked: Asked, *, at: datetime) -> models.Shipment:
    """Judge a shipment of the exporter `code`: all of it leaves without tax, or nothing is taken and it says why not.

    The same shipment again gets the same answer, whatever has happened since. Raises RefusedError where the number was
    used for something else, or the day is over.
    """
    digest = _digest(asked)
    if (known := _known(code, asked.number, digest)) is not None:
        return known
    rules.punctual(asked, china_day(at))
    try:
        with transaction.atomic():
            return _decided(actor, code, asked, digest, at)
    except IntegrityError:
        # Somebody was quicker with the same number.
        if (known := _known(code, asked.number, digest)) is not None:
            return known
        raise


def _digest(asked: Asked) -> bytes:
    said = json.dumps([asked.contract_no, asked.day.isoformat(), asked.lines], ensure_ascii=True)
    return hashlib.sha256(said.encode("ascii")).digest()


def _known(code: str, number: str, digest: bytes) -> models.Shipment | None:
    """What was decided under this number before. Raises RefusedError where something else was asked."""
    row = models.Shipment.objects.filter(enterprise_code=code, number=number).first()
    if row is not None and bytes(row.digest) != digest:
        raise _refused(
            f"出运编号{number}已用于另一份内容，请换一个编号。",
            f"The number {number} was used for something else; take another one.",
        )
    return row


def _decided(actor: Actor, code: str, asked: Asked, digest: bytes, at: datetime) -> models.Shipment:
    book = (
        models.Book.objects.select_for_update()
        .filter(enterprise_code=code, contract_no=asked.contract_no, state=DECLARED)
        .first()
    )
    judged = rules.judge(asked, queries.promised(book, asked.lines) if book else None)
    row = models.Shipment.objects.create(
        enterprise_code=code,
        number=asked.number,
        digest=digest,
        contract_no=asked.contract_no,
        book=book,
        day=asked.day,
        state=REFUSED if judged.findings else FREE,
        findings=[finding.to_list() for finding in judged.findings],
        made_by=actor.name,
        made_at=at,
    )
    parts = queries.parts_named(book, judged.part_nos) if book else {}
    lines = models.ShipmentLine.objects.bulk_create(
        [
            models.ShipmentLine(shipment=row, number=number, part=parts.get(part_no), **line._asdict())
            for number, (line, part_no) in enumerate(zip(asked.lines, judged.part_nos, strict=True), 1)
        ]
    )
    if row.state == FREE:
        _move(lines, row, "reserve", at)
        _replace(lines, row)
    _tell_shipment(row, actor, _EVENTS[row.state], at, lines=len(lines), findings=judged.findings)
    return row


def _move(lines: list[models.ShipmentLine], row: models.Shipment, kind: str, at: datetime) -> None:
    """Take what the lines send from the accounts of their parts, or give it back."""
    sign = 1 if kind == "reserve" else -1
    moves = [
        ledger.Move(line.part.account_id, kind, sign * line.quantity_e5, row.pk)
        for line in lines
        if line.part is not None and line.part.account_id is not None
    ]
    with connection.cursor() as cursor:
        ledger.post(cursor, moves, reference_kind=REFERENCE, at=at)


def _replace(lines: list[models.ShipmentLine], row: models.Shipment) -> None:
    for line in lines:
        if line.serial_no:
            models.Serial.objects.filter(part=line.part, serial_no=line.serial_no).update(replaced_by=row)


def cancel(actor: Actor, shipment_id: int, *, at: datetime) -> models.Shipment:
    """Cancel a shipment that has not left: what it took is given back. Doing it twice changes nothing.

    Raises RefusedError for one that leaves with tax anyway, and after its day.
    """
    with transaction.atomic():
        seen = models.Shipment.objects.get(id=shipment_id)
        if seen.book_id is not None:
            models.Book.objects.select_for_update().get(id=seen.book_id)
        row = models.Shipment.objects.select_for_update().get(id=shipment_id)
        if row.state == CANCELLED:
            return row
        if row.state != FREE:
            raise _refused("没有免税出运，不需要取消。", "It does not leave without tax; there is nothing to cancel.")
        if row.day < china_day(at):
            raise _refused(f"出运日{row.day}已过，不能取消。", f"Its day, {row.day}, is over; it cannot be cancelled.")
        lines = list(models.ShipmentLine.objects.filter(shipment=row).select_related("part").order_by("number"))
        _move(lines, row, "void", at)
        models.Serial.objects.filter(replaced_by=row).update(replaced_by=None)
        row.state, row.cancelled_at = CANCELLED, at
        row.save(update_fields=["state", "cancelled_at"])
        _tell_shipment(row, actor, "spares.cancelled", at, lines=len(lines))
    return row


def _tell_shipment(
    row: models.Shipment, actor: Actor, kind: str, at: datetime, *, lines: int, findings: tuple[Finding, ...] = ()
) -> None:
    detail = {"number": row.number, "contract": row.contract_no, "lines": lines}
    if findings:
        detail["rules"] = sorted({finding.code for finding in findings})  # type: ignore[assignment]
    with connection.cursor() as cursor:
        journal.record(cursor, at=at, actor=actor.name, kind=kind, subject=(SHIPMENT_SUBJECT, row.pk), detail=detail)
