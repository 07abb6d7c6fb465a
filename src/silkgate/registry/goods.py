"""Goods on file: judged row by row, filed as one case, versioned; the version of a moment."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from silkgate.casework import api as casework
from silkgate.casework.api import Case
from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.fixed import e5, format_e5
from silkgate.kernel.text import Text
from silkgate.registry import models, queries
from silkgate.registry.bulk import Row, read_sheet
from silkgate.registry.domain import ACTIVE, Problem, RefusedError
from silkgate.registry.rules import CONTROL, unwritable, valid_gtin
from silkgate.registry.workflows import GOODS
from silkgate.tariff.api import Law, codes, law_of

GOODS_FIELDS: dict[str, Text] = {
    "item_no": Text("商品货号", "Item number"),
    "name": Text("商品名称", "Name"),
    "hs_code": Text("商品编码", "HS code"),
    "composition": Text("成分", "Composition"),
    "brand": Text("品牌", "Brand"),
    "origin": Text("原产国", "Origin"),
    "gtin": Text("商品条码", "GTIN"),
    "label": Text("中文标签", "Chinese label"),
    "max_quantity": Text("单次限量", "Limit for one purchase"),
    "unit": Text("计量单位", "Unit"),
}
"""Columns of a table of goods, by key."""

NEEDED = frozenset(("item_no", "name", "hs_code", "brand", "origin", "unit"))
LENGTHS = {"item_no": 60, "name": 250, "brand": 100, "composition": 1_000, "label": 2_000}
"""Most characters of a column; what is not named here is a code or a number."""


class Item(NamedTuple):
    """One item as it is filed. Codes of countries and units are those of customs."""

    item_no: str
    name: str
    hs_code: str
    composition: str
    brand: str
    origin: str
    gtin: str
    label: str
    max_quantity: str
    """Decimal, at most five places; empty: no limit."""
    unit: str


class Filed(NamedTuple):
    """One version of an item."""

    id: int
    code: str
    item: Item
    since: datetime | None
    until: datetime | None
    case_id: int | None


class Judged(NamedTuple):
    """A table that was judged: items without fault, and everything that is wrong with the rest."""

    items: tuple[Item, ...]
    problems: tuple[Problem, ...]
    rows: int

    @property
    def bad_lines(self) -> frozenset[int]:
        """Lines of which something is wrong."""
        return frozenset(problem.line for problem in self.problems if problem.line is not None)


# --- Judging --------------------------------------------------------------------------------------------------------


def judge_rows(rows: Sequence[Row], at: datetime, already: Iterable[Problem] = ()) -> Judged:
    """Judge rows by the tariff and code tables of the day; `already`: what is known to be wrong with their cells."""
    law = law_of(china_day(at))
    faulty: dict[int, list[Problem]] = {}
    for problem in already:
        faulty.setdefault(problem.line or 0, []).append(problem)
    first_line: dict[str, int] = {}
    items = []
    for row in rows:
        item, problems = _judge_row(row, law)
        found = faulty.setdefault(row.line, [])
        known = {problem.field for problem in found}
        found += [problem for problem in problems if problem.field not in known]
        if item.item_no and first_line.setdefault(item.item_no, row.line) != row.line:
            line = first_line[item.item_no]
            told = Text(f"货号与第{line}行重复。", f"The item number stands in line {line} already.")
            found.append(Problem("item_no", told, row.line))
        if not found:
            items.append(item)
    problems_all = [problem for line in sorted(faulty) for problem in faulty[line]]
    return Judged(tuple(items), tuple(problems_all), len(rows))


def judge_file(name: str, content: bytes, at: datetime) -> Judged:
    """Judge an uploaded table. Raises SheetError where it is none."""
    sheet = read_sheet(name, content, GOODS_FIELDS)
    return judge_rows(sheet.rows, at, sheet.problems)


def _coded(table: str, value: str) -> str:
    """The code for a code or its Chinese or English name; empty where the table has neither."""
    known = codes(table)
    if value in known:
        return value
    lowered = value.lower()
    return next((code for code, words in known.items() if words.zh == value or words.en.lower() == lowered), "")


def _judge_row(row: Row, law: Law) -> tuple[Item, list[Problem]]:
    given = {key: row.values.get(key, "").strip() for key in GOODS_FIELDS}
    problems = []

    def wrong(key: str, zh: str, en: str) -> None:
        words = GOODS_FIELDS[key]
        problems.append(Problem(key, Text(f"“{words.zh}”{zh}。", f"{words.en} {en}."), row.line))

    for key, value in given.items():
        if key in NEEDED and not value:
            wrong(key, "没有填写", "is missing")
        if unwritable(value):
            wrong(key, CONTROL.zh, CONTROL.en)
    for key, limit in LENGTHS.items():
        if len(given[key]) > limit:
            wrong(key, f"至多{limit}个字", f"has at most {limit} characters")
    hs_code = re.sub(r"[.\s]", "", given["hs_code"])
    if hs_code and not re.fullmatch(r"[0-9]{10}", hs_code):
        wrong("hs_code", "应为10位数字", "must be ten digits")
    elif hs_code and (reason := law.prohibited(hs_code)):
        wrong("hs_code", f"{hs_code}不得经零售进口：{reason}", f"{hs_code} may not enter this way: {reason}")
    elif hs_code and law.rate(hs_code) is None:
        wrong("hs_code", f"{hs_code}不在当日税则中，请核对", f"{hs_code} is not in the tariff of the day; check it")
    coded = {}
    for key, table in (("origin", "countries"), ("unit", "units")):
        coded[key] = _coded(table, given[key]) if given[key] else ""
        if given[key] and not coded[key]:
            wrong(key, f"“{given[key][:30]}”不在海关代码表中", f"“{given[key][:30]}” is not in the customs table")
    if given["gtin"] and not valid_gtin(given["gtin"]):
        wrong(
            "gtin",
            "应为8、12、13或14位数字，请核对末位校验码",
            "must be 8, 12, 13 or 14 digits with a right check digit",
        )
    quantity = given["max_quantity"].replace(",", "")
    if quantity and (not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,5})?", quantity) or Decimal(quantity) == 0):
        wrong(
            "max_quantity", "应为大于零的数字，至多五位小数", "must be a number above zero with at most five decimals"
        )
    return Item(**{**given, **coded, "hs_code": hs_code, "max_quantity": quantity}), problems


def report_csv(problems: Iterable[Problem], found: Mapping[tuple[int, str], str], language: str) -> str:
    """The report of an upload as CSV with a byte order mark: line, column, what was found, what to do.

    Values that a spreadsheet would run are written with an apostrophe before them.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    heading = Text("行;栏;填报值;怎样改正", "Line;Column;Found;What to do").in_language(language)
    writer.writerow(heading.split(";"))
    for problem in problems:
        words = GOODS_FIELDS.get(problem.field)
        value = found.get((problem.line or 0, problem.field), "")
        harmless = f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
        writer.writerow(
            [
                problem.line or "",
                words.in_language(language) if words else "",
                harmless,
                problem.what.in_language(language),
            ]
        )
    return "\ufeff" + out.getvalue()


# --- Filing ---------------------------------------------------------------------------------------------------------


def keep_upload(actor: Actor, code: str, name: str, content: bytes, *, at: datetime) -> models.GoodsUpload:
    """Judge an uploaded table and keep the result, to be filed or mended. Raises SheetError where it is no table."""
    sheet = read_sheet(name, content, GOODS_FIELDS)
    judged = judge_rows(sheet.rows, at, sheet.problems)
    found = {(row.line, key): value for row in sheet.rows for key, value in row.values.items()}
    return models.GoodsUpload.objects.create(
        enterprise_code=code,
        name=name[:150],
        rows=judged.rows,
        items=[list(item) for item in judged.items],
        problems=[
            [p.line, p.field, found.get((p.line or 0, p.field), "")[:60], p.what.zh, p.what.en] for p in judged.problems
        ],
        uploaded_by=actor.name,
        uploaded_at=at,
    )


def file_upload(actor: Actor, upload_id: int, *, only_good: bool, at: datetime) -> Case:
    """File what an upload holds: everything, or (`only_good`) its rows without fault. Raises RefusedError."""
    with transaction.atomic():
        upload = models.GoodsUpload.objects.select_for_update().get(id=upload_id)
        if upload.case_id is not None:
            raise RefusedError([Problem("", Text("这份表格已经提交过。", "This table has been filed already."))])
        if upload.problems and not only_good:
            told = Text("表格中还有错误，没有提交。", "The table has mistakes in it; nothing was filed.")
            raise RefusedError([Problem("", told)])
        case = file_goods(actor, upload.enterprise_code, [Item(*item) for item in upload.items], at=at)
        upload.case_id = case.id
        upload.save(update_fields=["case_id"])
    return case


def file_goods(actor: Actor, code: str, items: Sequence[Item], *, at: datetime) -> Case:
    """File goods of the enterprise `code`, new ones and changes alike: one case for all of them.

    Items are judged again: nothing comes in unjudged. Raises RefusedError with what is wrong (lines count from 1).
    """
    on_file = queries.current(code)
    if on_file is None or on_file.standing != ACTIVE:
        told = Text(
            "须先有有效的企业备案，才能备案商品。", "The enterprise has to be on file, and active, before its goods."
        )
        raise RefusedError([Problem("", told)])
    judged = judge_rows([Row(line, item._asdict()) for line, item in enumerate(items, 1)], at)
    if judged.problems or not items:
        empty = [Problem("", Text("没有可以提交的商品。", "There are no goods to file."))]
        raise RefusedError(list(judged.problems) or empty)
    name, count = on_file.data.get("name_zh", code), len(items)
    with transaction.atomic():
        filing = models.GoodsFiling.objects.create(enterprise_code=code, filed_by=actor.name, filed_at=at, rows=count)
        models.Goods.objects.bulk_create(
            [_row(filing, code, item) for item in judged.items],
            batch_size=1_000,
        )
        case = casework.open_case(
            actor,
            GOODS,
            organisation_code=code,
            subject=f"goods/{code}",
            title=Text(f"{name} 商品备案（{count}项）", f"{name}: {count} goods"),
            data={"filing": filing.pk, "goods": count},
            at=at,
        )
        filing.case_id = case.id
        filing.save(update_fields=["case_id"])
    return case


def _row(filing: models.GoodsFiling, code: str, item: Item) -> models.Goods:
    values = item._asdict()
    limit = values.pop("max_quantity")
    return models.Goods(filing=filing, enterprise_code=code, max_quantity_e5=e5(limit) if limit else None, **values)


def put_on_file(case: Case, actor: Actor, at: datetime) -> None:
    """Approved goods are on file from this moment; what was on file for the same item numbers ends."""
    filing = models.GoodsFiling.objects.get(case_id=case.id)
    with connection.cursor() as cursor:
        # One at a time for an enterprise, so that two approvals at once come one after the other.
        cursor.execute("select id from registry_enterprise where code = %s for update", (filing.enterprise_code,))
        enterprise_id = cursor.fetchone()[0]
        cursor.execute(
            "update registry_goods old set until = greatest(old.since, %s) from registry_goods new"
            " where new.filing_id = %s and old.enterprise_code = new.enterprise_code and old.item_no = new.item_no"
            " and old.since is not null and old.until is null and old.id <> new.id",
            (at, filing.pk),
        )
        cursor.execute("update registry_goods set since = %s where filing_id = %s", (at, filing.pk))
        journal.record(
            cursor,
            at=at,
            actor=actor.name,
            kind="goods.filed",
            subject=("enterprise", enterprise_id),
            detail={"code": filing.enterprise_code, "goods": filing.rows, "case": case.id},
        )


# --- Reading --------------------------------------------------------------------------------------------------------


def _filed(row: models.Goods, case_id: int | None = None) -> Filed:
    limit = "" if row.max_quantity_e5 is None else format_e5(row.max_quantity_e5)
    texts = {key: getattr(row, key) for key in Item._fields if key != "max_quantity"}
    return Filed(row.pk, row.enterprise_code, Item(**texts, max_quantity=limit), row.since, row.until, case_id)


def goods_on(code: str, item_no: str, on: datetime) -> Filed | None:
    """The version of an item that was on file at the time `on`; None: none was."""
    row = (
        models.Goods.objects.filter(enterprise_code=code, item_no=item_no, since__lte=on)
        .filter(Q(until=None) | Q(until__gt=on))
        .order_by("-id")
        .first()
    )
    return _filed(row) if row else None


class GoodsPage(NamedTuple):
    """One page of goods; `after` asks for the next page, empty where the list ends."""

    lines: tuple[Filed, ...]
    after: str


def goods_page(code: str, *, after: str = "", limit: int = 50) -> GoodsPage:
    """Goods of an enterprise that are on file now, by item number."""
    rows: Any = models.Goods.objects.filter(enterprise_code=code, item_no__gt=after, since__isnull=False, until=None)
    found = [_filed(row) for row in rows.order_by("item_no")[: limit + 1]]
    return GoodsPage(tuple(found[:limit]), found[limit - 1].item.item_no if len(found) > limit else "")


def of_filing(case_id: int, *, after: int = 0, limit: int = 50) -> list[tuple[Filed, Filed | None]]:
    """Goods of a filing, each with what is on file under its item number now; `after`: number of the last one seen."""
    rows = list(models.Goods.objects.filter(filing__case_id=case_id, id__gt=after).order_by("id")[:limit])
    if not rows:
        return []
    held = {
        row.item_no: _filed(row)
        for row in models.Goods.objects.filter(
            enterprise_code=rows[0].enterprise_code,
            item_no__in=[row.item_no for row in rows],
            since__isnull=False,
            until=None,
        )
    }
    return [
        (_filed(row, case_id), other if (other := held.get(row.item_no)) and other.id != row.pk else None)
        for row in rows
    ]
