"""Objects of storage for the access matrix: for each organisation a lot, a draw and a declaration."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from bonded.kept import BOOK, PHONE, WAREHOUSE
from silkgate.bonded.storage.domain import EXPORT, STOCK, month_of
from silkgate.bonded.storage.models import StorageDeclaration, StorageDraw, StorageLine, StorageLot, StorageTaking
from silkgate.kernel.clock import china_day
from silkgate.ledger import api as ledger


def make(site: dict[str, dict[str, str]], codes: Iterable[str], at: datetime) -> None:
    """Enter the numbers of a lot, a draw and a declaration for each of `codes` into `site`."""
    today = china_day(at)
    for code in codes:
        own = {"owner_code": code, "ems_no": BOOK}
        lot = StorageLot.objects.create(
            **own,
            number=f"LOT-{code}",
            warehouse_code=WAREHOUSE,
            entered_on=today,
            limit_on=today,
            tariff_version="",
            content="",
            entered_by="",
            entered_at=at,
        )
        with connection.cursor() as cursor:
            (account_id,) = ledger.allot_ids(cursor, 1)
            ledger.open_accounts(cursor, [ledger.NewAccount(account_id, STOCK, f"{lot.pk}/1", 100_000)], at=at)
        line = StorageLine.objects.create(
            lot=lot,
            place=1,
            item_no="PHONE-X",
            gcode=PHONE,
            name="手机",
            unit="001",
            unit1="001",
            origin="142",
            quantity_e5=100_000,
            statutory_e5=100_000,
            value_cents=1,
            duty_cents=0,
            consumption_tax_cents=0,
            value_added_tax_cents=0,
            account_id=account_id,
        )
        draw = StorageDraw.objects.create(
            **own, number=f"SO-{code}", direction=EXPORT, month=month_of(today), content="", drawn_by="", drawn_at=at
        )
        declaration = StorageDeclaration.objects.create(
            **own,
            warehouse_code=WAREHOUSE,
            direction=EXPORT,
            month=month_of(today),
            due_on=today,
            declared_on=today,
            tariff_version="",
            data={"lines": [], "draws": []},
            value_cents=1,
            tax_cents=0,
            guarantee_cents=0,
            declared_by="",
            declared_at=at,
        )
        StorageTaking.objects.create(
            draw=draw,
            line=line,
            quantity_e5=1,
            statutory_e5=0,
            value_cents=0,
            guarantee_cents=0,
            declaration=declaration,
        )
        for kind, number in (("lot", lot.pk), ("draw", draw.pk), ("declaration", declaration.pk)):
            site.setdefault(f"storage_{kind}", {})[code] = str(number)
