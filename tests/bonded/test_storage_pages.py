"""Pages of storage: the firm enters, draws, previews and declares; the officer sees all and lodges guarantees."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bonded import kept
from bonded.kept import BOOK, DAY, DRILL, OTHER, OWNER, PHONE, WAREHOUSE, drawn, enter, line, lot, order
from identity.made import member, officer
from silkgate.bonded.storage import queries
from silkgate.bonded.storage.domain import IMPORT
from silkgate.bonded.storage.models import StorageDeclaration, StorageDraw, StorageLot
from silkgate.bonded.storage.workflows import raise_cases
from silkgate.casework import api as casework
from silkgate.kernel.clock import china_day

HEAD = {"number": "LOT-1", "warehouse_code": WAREHOUSE, "ems_no": BOOK, "rows": "1"}
ROW = {
    "lines/0/item_no": "DRILL-18V",
    "lines/0/gcode": DRILL,
    "lines/0/name": "电钻",
    "lines/0/unit": "001",
    "lines/0/quantity": "1,000",
    "lines/0/statutory": "1000",
    "lines/0/origin": "142",
    "lines/0/value": "10,000.00",
}


def now() -> datetime:
    return datetime.now(UTC)


def shown(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return unescape(answer.content.decode())


@pytest.fixture
def clerk(storage: None) -> Client:
    return member("clerk", OWNER, "declarant", HTTP_ACCEPT_LANGUAGE="zh-hans")


def test_a_lot_is_entered_line_by_line(clerk: Client) -> None:
    answer = clerk.post("/storage/lots/new", HEAD | ROW)
    assert answer.status_code == 302
    page = shown(clerk, answer["Location"])
    assert "已入库" in page
    assert "1,000台" in page
    assert "¥10,000.00" in page


def test_more_lines_are_asked_for_and_what_was_typed_stays(clerk: Client) -> None:
    page = clerk.post("/storage/lots/new", HEAD | ROW | {"more": "1"}).content.decode()
    assert "商品第4项" in page
    assert 'value="DRILL-18V"' in page
    assert not StorageLot.objects.exists()
    assert clerk.post("/storage/lots/new", HEAD | ROW | {"rows": "4"}).status_code == 302, "empty lines are left out"


def test_what_is_wrong_with_a_lot_is_told_at_its_field(clerk: Client) -> None:
    answer = clerk.post("/storage/lots/new", HEAD | ROW | {"lines/0/quantity": "zehn", "ems_no": "T1"})
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "数量应大于0" in page
    assert "12位大写字母" in page
    answer = clerk.post("/storage/lots/new", HEAD | ROW | {"lines/0/value": "1000000"})
    assert answer.status_code == 422
    assert "不够担保这批货物的税款220400.00元" in unescape(answer.content.decode())


COLUMNS = "货号,商品编码,商品名称,计量单位,数量,法定数量,原产国（地区）,货值（元）"


def table(*rows: str, name: str = "lot.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join((COLUMNS, *rows)).encode())


def test_a_lot_is_entered_by_a_table(clerk: Client) -> None:
    given = table(f"A-1,{DRILL},电钻,台,10,10,中国,100", f"A-2,{PHONE},手机,001,5,5,142,500.50")
    answer = clerk.post("/storage/lots/new", HEAD | {"table": given})
    assert answer.status_code == 302
    made = StorageLot.objects.get()
    assert [(one.item_no, one.unit, one.origin, one.value_cents) for one in made.lines.order_by("place")] == [
        ("A-1", "001", "142", 10_000),
        ("A-2", "001", "142", 50_050),
    ]


def test_a_workbook_is_a_table_too(clerk: Client) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(COLUMNS.split(","))
    book.active.append(["A-1", DRILL, "电钻", "台", 10, 10, "中国", 100.5])
    content = BytesIO()
    book.save(content)
    answer = clerk.post("/storage/lots/new", HEAD | {"table": SimpleUploadedFile("lot.xlsx", content.getvalue())})
    assert answer.status_code == 302
    assert StorageLot.objects.get().lines.get().value_cents == 10_050


WRONG_TABLES: dict[str, tuple[Any, str]] = {
    "a row that cannot be read": (table(f"A-1,{DRILL},电钻,台,0,10,中国,100"), "第2行数量：数量应大于0"),
    "a unit that there is not": (table(f"A-1,{DRILL},电钻,堆,1,1,中国,100"), "第2行计量单位：计量单位不在海关代码表中"),
    "a formula": (table(f"A-1,{DRILL},=1+1,台,1,1,中国,100"), "第2行：不能是公式"),
    "no table": (SimpleUploadedFile("lot.pdf", b"%PDF"), "只接收XLSX和CSV文件"),
    "a code of no tariff": (table("A-1,9999999999,电钻,台,1,1,中国,100"), "第1项：商品编码9999999999不在当日税则中"),
}


@pytest.mark.parametrize("case", WRONG_TABLES, ids=list(WRONG_TABLES))
def test_what_is_wrong_with_a_table_is_told_by_its_row(clerk: Client, case: str) -> None:
    given, told = WRONG_TABLES[case]
    given.seek(0)
    answer = clerk.post("/storage/lots/new", HEAD | {"table": given})
    assert answer.status_code == 422
    assert told in unescape(answer.content.decode())
    assert not StorageLot.objects.exists()


def test_the_empty_table_has_the_columns_in_either_language(clerk: Client) -> None:
    assert COLUMNS in clerk.get("/storage/lots/template.csv").content.decode()
    english = clerk.get("/storage/lots/template.csv", headers={"Accept-Language": "en"}).content.decode()
    assert "Commodity code" in english


def test_an_order_draws_and_is_told_what_is_left(clerk: Client) -> None:
    enter()
    page = shown(clerk, "/storage/draws/new")
    assert "100台" in page
    given = {"number": "SO-1", "direction": "export", "take/DRILL-18V/001": "120"}
    answer = clerk.post("/storage/draws/new", given)
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert "要提取120，暂存库存只剩100" in page
    assert 'value="120"' in page
    answer = clerk.post("/storage/draws/new", given | {"take/DRILL-18V/001": "40"})
    assert answer.status_code == 302
    assert "LOT-1" in shown(clerk, answer["Location"])
    assert "60台" in shown(clerk, "/storage/book")
    assert "SO-1" in shown(clerk, "/storage/draws")


@pytest.mark.parametrize("missing", ["number", "direction", "take/DRILL-18V/001"])
def test_an_order_without_something_is_not_taken(clerk: Client, missing: str) -> None:
    enter()
    given = {"number": "SO-1", "direction": "export", "take/DRILL-18V/001": "4"}
    del given[missing]
    assert clerk.post("/storage/draws/new", given).status_code == 422
    assert not StorageDraw.objects.exists()


def test_what_was_used_up_meanwhile_is_told_and_not_passed_over(clerk: Client) -> None:
    enter(lot("LOT-1", line(), line("A-1", 10, 50)))
    drawn(order("SO-0", 10, "A-1"))
    given = {"number": "SO-1", "direction": "export", "take/DRILL-18V/001": "4", "take/A-1/001": "3"}
    answer = clerk.post("/storage/draws/new", given)
    assert answer.status_code == 422
    assert "要提取3，暂存库存只剩0" in unescape(answer.content.decode())
    assert StorageDraw.objects.count() == 1


def test_an_item_is_found_by_a_part_of_its_number(clerk: Client) -> None:
    enter(lot("LOT-1", *(line(f"ITEM-{place:03}", 1, 1) for place in range(201))))
    page = shown(clerk, "/storage/draws/new")
    assert "只列出前200项" in page
    assert "ITEM-200" not in page
    page = shown(clerk, "/storage/draws/new?item=m-200")
    assert "ITEM-200" in page
    assert "ITEM-100" not in page


def declare_address(direction: str = "export") -> str:
    return f"/storage/declare?book={BOOK}&direction={direction}&month={china_day(now()):%Y-%m}"


def test_a_month_is_previewed_and_declared(clerk: Client) -> None:
    enter(at=now())
    drawn(order(direction=IMPORT), at=now())
    assert "预览并申报" in shown(clerk, "/storage")
    page = shown(clerk, declare_address(IMPORT))
    assert "¥300.00" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    answer = clerk.post(declare_address(IMPORT), {"seen": seen})
    assert answer.status_code == 302
    made = StorageDeclaration.objects.get()
    page = shown(clerk, answer["Location"])
    assert f"SD{made.declared_on.year}" in page
    assert "SO-1" in page
    data = clerk.get(f"{answer['Location']}/data.json")
    assert data.json() == made.data
    assert "预览并申报" not in shown(clerk, "/storage")
    assert "SD" in shown(clerk, "/storage/declarations")


def test_what_was_drawn_since_the_preview_is_looked_at_first(clerk: Client) -> None:
    enter(at=now())
    drawn(at=now())
    page = shown(clerk, declare_address())
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    drawn(order("SO-2", 1), at=now())
    answer = clerk.post(declare_address(), {"seen": seen})
    assert answer.status_code == 422
    assert "预览之后分送或税则有变化" in answer.content.decode()
    assert clerk.post(declare_address(), {}).status_code == 422, "nobody declares unseen"
    assert not StorageDeclaration.objects.exists()


def test_a_month_with_nothing_says_so(clerk: Client) -> None:
    enter()
    page = shown(clerk, declare_address(), 422)
    assert "storage.nothing" in page
    for wrong in ("book=x&direction=export&month=2026-11", f"book={BOOK}&direction=export&month=soon", ""):
        answer = clerk.get(f"/storage/declare?{wrong}")
        assert answer["Location"] == f"/storage?organisation={OWNER}"


def test_another_firm_finds_nothing(clerk: Client) -> None:
    number = enter()
    other = member("other", OTHER, "declarant")
    draw = drawn()
    for address in (f"lots/{number}", f"draws/{draw}", f"book?organisation={OWNER}", f"lots/new?organisation={OWNER}"):
        assert other.get(f"/storage/{address}").status_code == 404, address
    assert other.get("/storage").status_code == 200
    assert Client().get("/storage").status_code == 302


def test_an_agent_is_asked_for_whom(clerk: Client) -> None:
    member("clerk", OTHER, "declarant")
    page = shown(clerk, "/storage")
    assert OWNER in page
    assert OTHER in page


def test_an_officer_sees_all_and_what_is_overdue(clerk: Client) -> None:
    enter(at=now() - 400 * DAY)
    enter(lot("LOT-2", line()), at=now())
    drawn(order(pieces=1), at=now() - 100 * DAY)
    raised = raise_cases(now())
    guan = officer("guan", ["declarations"], HTTP_ACCEPT_LANGUAGE="zh-hans")
    page = shown(guan, "/storage/watch")
    assert "LOT-1" in page
    assert "LOT-2" in page
    overdue = shown(guan, "/storage/watch?list=overstay")
    assert "LOT-1" in overdue
    assert "LOT-2" not in overdue
    assert f"事项{raised.late[0]}" in shown(guan, "/storage/watch?list=late")
    for number in (*raised.late, *raised.overstay):
        assert "storage." in shown(guan, f"/cases/{number}")
    assert shown(guan, f"/storage/book?organisation={OWNER}")
    assert clerk.get("/storage/watch").status_code == 403


def test_the_firm_answers_in_the_case(clerk: Client) -> None:
    enter(at=now() - 400 * DAY)
    (number,) = raise_cases(now()).overstay
    casework.move(kept.OFFICER, number, "order", reason="请十日内提完", at=now())
    page = shown(clerk, f"/cases/{number}")
    assert "批次LOT-1应在" in page
    assert "已补办，说明原因" in page


def test_an_officer_lodges_a_guarantee(clerk: Client) -> None:
    guan = officer("guan", ["declarations"], HTTP_ACCEPT_LANGUAGE="zh-hans")
    given = {"owner_code": OWNER, "letter": "CCB-77", "amount": "5,000"}
    assert guan.post("/storage/guarantees", given | {"amount": "viel"}).status_code == 422
    assert guan.post("/storage/guarantees", given).status_code == 302
    page = shown(guan, "/storage/guarantees")
    assert "CCB-77" in page
    assert "¥15,000.00" in page
    found = queries.cover(OWNER)
    assert found is not None
    assert found.capacity == 1_500_000
    assert clerk.get("/storage/guarantees").status_code == 403
