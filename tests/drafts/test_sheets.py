"""Drafts from a spreadsheet: documents by their number, everything kept, what is wrong told row by row."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from drafts.made import FIRM, ORDER, trade
from silkgate.drafts import sheets
from silkgate.drafts.domain import KINDS, Content
from silkgate.drafts.models import Draft
from silkgate.site.traffic.zone import Zone

Rows = list[dict[str, str]]


def rows_of(content: Content, **more: str) -> Rows:
    head = {name: value for name, value in content.head.items() if name != "currency"}
    lines = [
        {f"line.{name}": value for name, value in line.items() if name != "currency"} for line in content.lines
    ] or [{}]
    return [{**(head if number == 0 else {}), **line, **more} for number, line in enumerate(lines)]


def as_csv(rows: Rows) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Rows, kind: str) -> bytes:
    """With the words of the columns instead of their keys."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([sheets.columns(kind)[name].zh for name in names])
    for row in rows:
        sheet.append([row.get(name, "") for name in names])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def upload(client: Client, kind: str, name: str, content: bytes) -> tuple[int, str]:
    file = SimpleUploadedFile(name, content)
    answer = client.post("/drafts/upload", {"kind": kind, "organisation": FIRM, "table": file})
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_columns_have_words_of_their_own(kind: str) -> None:
    for language in ("zh", "en"):
        words = [words.in_language(language).lower() for words in sheets.columns(kind).values()]
        assert len(words) == len(set(words)), sorted({word for word in words if words.count(word) > 1})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_stands_in_the_table_stands_in_the_draft(zone: Zone, clerk: Client, kind: str, form: str) -> None:
    content = ORDER if kind == "311" else trade(zone)[kind][1]
    rows = rows_of(content)
    status, page = upload(clerk, kind, f"t.{form}", as_csv(rows) if form == "csv" else as_xlsx(rows, kind))
    assert status == 200, page
    draft = Draft.objects.get()
    assert draft.head == dict(content.head)
    assert draft.lines == [dict(line) for line in content.lines]


def test_rows_of_one_number_are_one_document(zone: Zone, clerk: Client) -> None:
    two = ORDER._replace(lines=(*ORDER.lines, {**ORDER.lines[0], "itemName": "第二种"}))
    other = Content({**ORDER.head, "orderNo": "SL-9"}, ORDER.lines)
    table = as_csv([*rows_of(two), *rows_of(other)])
    assert upload(clerk, "311", "t.csv", table)[0] == 200
    assert sorted((one.title, len(one.lines)) for one in Draft.objects.all()) == [("SL-9", 1), ("SL20261123001", 2)]
    # The same table again makes nothing twice.
    assert upload(clerk, "311", "t.csv", table)[0] == 200
    assert Draft.objects.count() == 2


def test_what_is_wrong_is_told_row_by_row_and_kept(zone: Zone, clerk: Client) -> None:
    bad = Content({**ORDER.head, "buyerName": ""}, ({**ORDER.lines[0], "qty": "viele"},))
    rows = [*rows_of(ORDER), *rows_of(bad, orderNo="SL-9"), {**rows_of(ORDER)[0], "freight": "77"}]
    status, page = upload(clerk, "311", "t.csv", as_csv(rows))
    assert status == 200
    assert "数量应为数字" in page
    assert "订购人姓名没有填写" in page
    assert "与第2行不一致" in page
    draft = Draft.objects.get(title="SL-9")
    assert draft.lines[0]["qty"] == "viele"
    assert f'href="/drafts/{draft.pk}?told=1#line-0-qty"' in page


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", b"", "文件是空的"),
        ("t.pdf", b"%PDF-1.7", "只接收XLSX和CSV文件"),
        ("t.csv", "没有这一列\n1\n".encode(), "不认识的列名"),
        ("t.xlsx", b"PK\x03\x04broken", "XLSX"),
    ],
)
def test_what_is_no_table_is_refused_with_a_word(
    zone: Zone, clerk: Client, name: str, content: bytes, told: str
) -> None:
    status, page = upload(clerk, "311", name, content)
    assert status == 422
    assert told in page
    assert not Draft.objects.exists()


def test_more_documents_than_a_message_may_carry_are_refused(zone: Zone, clerk: Client) -> None:
    rows = [{**row, "orderNo": f"SL-{number}"} for number in range(101) for row in rows_of(ORDER)]
    status, page = upload(clerk, "311", "t.csv", as_csv(rows))
    assert (status, Draft.objects.count()) == (422, 0)
    assert "101" in page


def test_the_empty_table_names_every_column(zone: Zone) -> None:
    given = Client().get("/drafts/template/621.csv").content.decode("utf-8-sig")
    assert given.strip().split(",") == [words.zh for words in sheets.columns("621").values()]
