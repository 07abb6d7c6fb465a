"""Goods on file: what a table may hold, what is wrong with it line by line, and which version counted when."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from registry.made import CODE, DAY, NOW, REVIEWER, member, on_file
from silkgate.casework import api as casework
from silkgate.kernel.text import Text
from silkgate.registry import api as registry
from silkgate.registry import bulk, goods, models, rules
from silkgate.registry.bulk import Row, SheetError, read_sheet

HS = "0712320000"
GOOD = {
    "item_no": "A-1",
    "name": "干木耳礼盒",
    "hs_code": HS,
    "composition": "小麦粉、黄油、糖",
    "brand": "Lotte",
    "origin": "美国",
    "gtin": "6901234567892",
    "label": "品名：曲奇饼干；净含量：200克",
    "max_quantity": "10",
    "unit": "千克",
}
HEADING = [words.zh for words in goods.GOODS_FIELDS.values()]


def line(number: int = 1, **changes: str) -> dict[str, str]:
    return GOOD | {"item_no": f"A-{number}"} | changes


def as_csv(rows: list[dict[str, str]], encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADING)
    writer.writerows([[row.get(key, "") for key in goods.GOODS_FIELDS] for row in rows])
    return out.getvalue().encode(encoding)


def as_xlsx(rows: list[dict[str, str]], heading: list[str] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.append(heading or HEADING)
    for row in rows:
        sheet.append([row.get(key, "") for key in goods.GOODS_FIELDS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- What a row may hold ----------------------------------------------------------------------------------------------

WRONG = [
    ("item_no", "", "没有填写"),
    ("name", "饼" * 251, "至多250个字"),
    ("hs_code", "19053100", "应为10位数字"),
    ("hs_code", "9999999999", "不在当日税则中"),
    ("brand", "", "没有填写"),
    ("origin", "亚特兰蒂斯", "不在海关代码表中"),
    ("unit", "麻袋子", "不在海关代码表中"),
    ("gtin", "6901234567890", "校验码"),
    ("gtin", "690123456789", "校验码"),
    ("name", "饼\0干", "控制字符"),
    ("label", "品名\ud800", "控制字符"),
    ("max_quantity", "0", "大于零"),
    ("max_quantity", "many", "大于零"),
]


@pytest.mark.parametrize(("key", "value", "told"), WRONG)
def test_what_is_wrong_with_a_row_is_told_at_its_column(tariff: None, key: str, value: str, told: str) -> None:
    judged = registry.judge_rows([Row(7, line(**{key: value}))], NOW)
    assert [(problem.line, problem.field) for problem in judged.problems] == [(7, key)]
    assert told in judged.problems[0].what.zh
    assert judged.problems[0].what.en
    assert judged.items == ()


def test_names_become_codes_and_dots_of_codes_go(tariff: None) -> None:
    judged = registry.judge_rows([Row(2, line(hs_code="0712.32.0000"))], NOW)
    (item,) = judged.items
    assert (item.origin, item.unit, item.hs_code) == ("502", "035", HS)


def test_an_item_number_stands_once_in_a_table(tariff: None) -> None:
    judged = registry.judge_rows([Row(2, line()), Row(3, line(2)), Row(4, line())], NOW)
    assert judged.bad_lines == {4}
    assert "第2行" in judged.problems[0].what.zh


@pytest.mark.parametrize("code", ["6901234567892", "4006381333931", "96385074", "036000291452", "10614141000415"])
def test_gtins_that_are_right(code: str) -> None:
    assert rules.valid_gtin(code)
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert not rules.valid_gtin(wrong)


# --- Tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", as_csv([line()])),
        ("a.CSV", as_csv([line()], "gb18030")),
        ("a.xlsx", as_xlsx([line()])),
        ("a.xlsx", as_xlsx([line()], [words.en for words in goods.GOODS_FIELDS.values()])),
    ],
    ids=["utf-8", "gb18030", "xlsx", "english"],
)
def test_tables_in_the_forms_that_people_have(tariff: None, name: str, content: bytes) -> None:
    judged = registry.judge_file(name, content, NOW)
    assert judged.problems == ()
    assert [item.name for item in judged.items] == [GOOD["name"]]


def test_numbers_of_a_spreadsheet_keep_their_digits(tariff: None) -> None:
    book = Workbook()
    book.active.append(HEADING)
    book.active.append(["A-1", "木耳", HS, "", "Lotte", "502", 6901234567892, "", 2.5, "035"])
    out = io.BytesIO()
    book.save(out)
    (item,) = registry.judge_file("a.xlsx", out.getvalue(), NOW).items
    assert (item.hs_code, item.gtin, item.max_quantity) == (HS, "6901234567892", "2.5")


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (datetime.fromisoformat("2026-11-23 14:30:05"), "2026-11-23 14:30:05"),
        (datetime.fromisoformat("2026-11-23 00:00:01"), "2026-11-23 00:00:01"),
        (datetime.fromisoformat("2026-11-23 23:59:59"), "2026-11-23 23:59:59"),
        (datetime.fromisoformat("2026-11-23"), "2026-11-23"),
        (date(2026, 11, 23), "2026-11-23"),
        (time(14, 30), "14:30:00"),
    ],
)
def test_moments_of_a_spreadsheet_keep_their_time_of_day(cell: date | time, read: str) -> None:
    book = Workbook()
    book.active.append(["item_no", "name"])
    book.active.append(["A-1", cell])
    out = io.BytesIO()
    book.save(out)
    (row,) = read_sheet("a.xlsx", out.getvalue(), goods.GOODS_FIELDS).rows
    assert row.values["name"] == read


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bad=st.lists(
        st.sampled_from([None, *[place for place, wrong in enumerate(WRONG) if wrong[2] != "控制字符"]]),
        min_size=1,
        max_size=30,
    ),
    xlsx=st.booleans(),
)
def test_the_report_covers_exactly_the_bad_rows(tariff: None, bad: list[int | None], xlsx: bool) -> None:
    rows = [line(n) | ({WRONG[w][0]: WRONG[w][1]} if w is not None else {}) for n, w in enumerate(bad)]
    content = as_xlsx(rows) if xlsx else as_csv(rows)
    judged = registry.judge_file("a.xlsx" if xlsx else "a.csv", content, NOW)
    assert judged.bad_lines == {n + 2 for n, wrong in enumerate(bad) if wrong is not None}
    assert len(judged.items) == sum(wrong is None for wrong in bad)
    assert all(problem.what.zh and problem.what.en for problem in judged.problems)


@pytest.mark.parametrize("value", ["=1+1", '=HYPERLINK("http://x")', "@SUM(A1)", "+cmd|'/c calc'!A1"])
@pytest.mark.parametrize("xlsx", [False, True])
def test_formulas_are_refused_where_they_stand(tariff: None, value: str, xlsx: bool) -> None:
    rows = [line(1), line(2, name=value)]
    judged = registry.judge_file("a.xlsx" if xlsx else "a.csv", as_xlsx(rows) if xlsx else as_csv(rows), NOW)
    assert [(problem.line, problem.field) for problem in judged.problems] == [(3, "name")]
    assert "公式" in judged.problems[0].what.zh


def test_a_report_runs_nowhere() -> None:
    told = registry.Problem("name", Text("不能是公式。", "No formulas."), 3)
    content = goods.report_csv([told], {(3, "name"): "=1+1"}, "zh-hans")
    assert "3,商品名称,'=1+1,不能是公式。" in content


# --- Tables of strangers ----------------------------------------------------------------------------------------------


def _package(**parts: bytes) -> bytes:
    """A good spreadsheet with parts added or replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(as_xlsx([line()]))) as good,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in good.namelist():
            if name not in parts:
                made.writestr(name, good.read(name))
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
DOCTYPE = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'


def _rows(count: int) -> bytes:
    body = b"".join(
        b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>x</t></is></c></row>' % (n, n) for n in range(1, count)
    )
    return b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (NAMESPACE, body)


HOSTILE = {
    "empty": ("a.csv", b""),
    "only a heading": ("a.csv", as_csv([])),
    "no heading known": ("a.csv", b"colour,size\nred,2\n"),
    "a column twice": ("a.csv", "商品货号,商品货号\nA,B\n".encode()),
    "another kind": ("a.pdf", b"%PDF-1.7"),
    "old excel": ("a.xls", b"\xd0\xcf\x11\xe0"),
    "a zip called csv": ("a.csv", as_xlsx([line()])),
    "noise called xlsx": ("a.xlsx", random.Random(1).randbytes(2_000)),
    "cut off": ("a.xlsx", as_xlsx([line()])[:-200]),
    "no text": ("a.csv", b"\xff\xfe\x00" * 9),
    "nul": ("a.csv", b"item_no,name\nA\0,B\n"),
    "too large": ("a.csv", b"item_no\n" + b"A\n" * (bulk.MAX_SHEET_BYTES // 2 + 9)),
    "macros": ("a.xlsx", _package(**{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})),
    "links": ("a.xlsx", _package(**{"xl/externalLinks/externalLink1.xml": b"<x/>"})),
    "embedded": ("a.xlsx", _package(**{"xl/embeddings/a.bin": b"MZ"})),
    "entities": ("a.xlsx", _package(**{SHEET: DOCTYPE})),
    "zip bomb": ("a.xlsx", _package(**{SHEET: b"<worksheet>" + b" " * 60_000_000 + b"</worksheet>"})),
    "broken sheet": ("a.xlsx", _package(**{SHEET: b"<worksheet"})),
    "a row number that lies": (
        "a.xlsx",
        _package(
            **{SHEET: _rows(3)[: -len(b"</sheetData></worksheet>")] + b'<row r="1048576"/></sheetData></worksheet>'}
        ),
    ),
    "a million rows": ("a.csv", b"item_no\n" + b"A\n" * 1_000_000),
    "too many rows": ("a.csv", as_csv([line(n) for n in range(bulk.MAX_ROWS + 1)])),
    "too many rows, packed": ("a.xlsx", _package(**{SHEET: _rows(200_000)})),
    "too wide": ("a.csv", ",".join(["item_no", *["x"] * 40]).encode() + b"\nA\n"),
    "one endless line": ("a.csv", b'item_no\n"' + b"A" * 1_000_000),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_table_is_refused_with_a_word_and_nothing_is_left(tariff: None, kind: str) -> None:
    name, content = HOSTILE[kind]
    with pytest.raises(SheetError) as refused:
        goods.keep_upload(member(), CODE, name, content, at=NOW)
    assert refused.value.text.zh
    assert refused.value.text.en
    assert not models.GoodsUpload.objects.exists()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx"]))
def test_no_bytes_break_the_reader(content: bytes, name: str) -> None:
    """Noise is refused, or read as what it happens to be; nothing else comes out."""
    with contextlib.suppress(SheetError):
        assert read_sheet(name, content, goods.GOODS_FIELDS).rows


# --- Filing -----------------------------------------------------------------------------------------------------------


def items(*rows: dict[str, str]) -> list[registry.Item]:
    return list(registry.judge_rows([Row(n, row) for n, row in enumerate(rows, 2)], NOW).items)


def test_goods_count_from_their_approval_and_a_new_version_ends_the_old(tariff: None) -> None:
    on_file()
    case = registry.file_goods(member(), CODE, items(line(1), line(2)), at=NOW)
    assert registry.goods_on(CODE, "A-1", NOW) is None
    casework.move(REVIEWER, case.id, "approve", reason="商品信息齐全", at=NOW + DAY)
    assert registry.goods_on(CODE, "A-1", NOW + DAY).item.name == GOOD["name"]
    second = registry.file_goods(member(), CODE, items(line(1, name="新名称饼干")), at=NOW + DAY)
    casework.move(REVIEWER, second.id, "approve", reason="商品信息齐全", at=NOW + 2 * DAY)
    assert registry.goods_on(CODE, "A-1", NOW + DAY).item.name == GOOD["name"]
    assert registry.goods_on(CODE, "A-1", NOW + 2 * DAY).item.name == "新名称饼干"
    page = registry.goods_page(CODE)
    assert [found.item.item_no for found in page.lines] == ["A-1", "A-2"]


def test_refused_goods_are_never_on_file(tariff: None) -> None:
    on_file()
    case = registry.file_goods(member(), CODE, items(line()), at=NOW)
    casework.move(REVIEWER, case.id, "refuse", reason="标签内容不全", at=NOW)
    assert registry.goods_page(CODE).lines == ()


def test_goods_need_an_enterprise_on_file(tariff: None) -> None:
    with pytest.raises(registry.RefusedError, match="on file"):
        registry.file_goods(member(), CODE, items(line()), at=NOW)


def test_an_upload_is_filed_whole_or_its_good_rows_once(tariff: None) -> None:
    on_file()
    content = as_csv([line(1), line(2, brand=""), line(3)])
    kept = goods.keep_upload(member(), CODE, "a.csv", content, at=NOW)
    with pytest.raises(registry.RefusedError, match="mistakes"):
        registry.file_upload(member(), kept.pk, only_good=False, at=NOW)
    assert not models.Goods.objects.exists()
    case = registry.file_upload(member(), kept.pk, only_good=True, at=NOW)
    assert {new.item.item_no for new, _ in goods.of_filing(case.id)} == {"A-1", "A-3"}
    with pytest.raises(registry.RefusedError, match="already"):
        registry.file_upload(member(), kept.pk, only_good=True, at=NOW)


def test_of_two_approvals_at_once_one_version_is_in_force(tariff: None) -> None:
    on_file()
    cases = [registry.file_goods(member(), CODE, items(line(1, name=f"饼干{n}")), at=NOW).id for n in range(4)]

    def approve(case_id: int) -> None:
        try:
            casework.move(REVIEWER, case_id, "approve", reason="商品信息齐全", at=NOW + DAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(approve, cases))
    rows = models.Goods.objects.filter(enterprise_code=CODE, since__isnull=False)
    assert (rows.count(), rows.filter(until=None).count()) == (4, 1)


def test_the_list_is_whole_whatever_the_page_size(tariff: None) -> None:
    on_file()
    case = registry.file_goods(member(), CODE, items(*[line(n) for n in range(1, 8)]), at=NOW)
    casework.move(REVIEWER, case.id, "approve", reason="商品信息齐全", at=NOW)
    seen, after = [], ""
    while True:
        page = registry.goods_page(CODE, after=after, limit=3)
        seen += [found.item.item_no for found in page.lines]
        after = page.after
        if not after:
            break
    assert seen == [f"A-{n}" for n in range(1, 8)]


def test_a_value_below_no_name_is_told_by_the_letters_of_its_column() -> None:
    heading = ["code", *[""] * 26, "name"]
    row = ["1", *[""] * 25, "stray", "x"]
    content = "\n".join([",".join(heading), ",".join(row)]).encode()
    (problem,) = read_sheet("goods.csv", content, {"code": Text("编码", "Code"), "name": Text("名称", "Name")}).problems
    assert (problem.what.zh, problem.what.en) == (
        "第AA列没有列名，请去掉或补上列名。",
        "Column AA has no name; remove it or name it.",
    )


def test_only_who_reads_workbooks_loads_their_reader() -> None:
    """It takes 12 MiB, in each of eight processes."""
    program = "import sys; from silkgate.site.application import set_up; set_up(); print('openpyxl' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "False"
