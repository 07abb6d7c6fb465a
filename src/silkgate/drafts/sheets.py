"""Drafts filled from a spreadsheet: a row for each goods line, the head in its first row, or in every one."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from django.db import transaction

from silkgate.drafts import actions, queries, rules
from silkgate.drafts.domain import KEYS, MAX_VALUE_CHARS, Content, Problem, head_fields, kind_of, line_fields, line_of
from silkgate.drafts.models import Draft
from silkgate.identity.api import Actor
from silkgate.kernel.text import Text
from silkgate.registry.api import SheetError, read_sheet

MAX_DOCUMENTS = 100
"""As many as one message may carry."""
_LINE = "line."


@functools.cache
def columns(kind: str) -> dict[str, Text]:
    """The columns of a table by key: element names, those of goods lines with `line.` before them.

    What can only be one value needs no column. A goods line's field that is called like one of the head says so.
    """
    found = {field.name: field.label for field in head_fields(kind) if not field.fixed}
    heads = {words.zh for words in found.values()}
    for field in line_fields(kind):
        if not field.fixed:
            same = field.label.zh in heads
            label = Text(f"商品{field.label.zh}", f"Goods: {field.label.en}") if same else field.label
            found[_LINE + field.name] = label
    return found


class Told(NamedTuple):
    """Something wrong in a row of the table; `draft` where it was kept all the same."""

    line: int
    column: Text
    found: str
    what: Text
    draft: int | None = None
    control: str = ""


class Filled(NamedTuple):
    """What became of a table."""

    drafts: tuple[Draft, ...]
    told: tuple[Told, ...]
    rows: int


class _Document(NamedTuple):
    content: Content
    first: int
    lines: tuple[int, ...]
    """The row of each goods line."""


def template(kind: str, language: str) -> str:
    """An empty table as CSV with a byte order mark."""
    out = io.StringIO()
    csv.writer(out).writerow([words.in_language(language) for words in columns(kind).values()])
    return "\ufeff" + out.getvalue()


def fill(actor: Actor, organisation: str, kind: str, name: str, content: bytes, *, at: datetime) -> Filled:
    """Make a draft of every document of a table, with its mistakes in it; all of them or none.

    The same table again makes none twice while the drafts are as it left them. Raises SheetError for what is no table.
    """
    sheet = read_sheet(name, content, columns(kind))
    named = columns(kind)
    documents, told = _documents(kind, sheet.rows)
    if len(documents) > MAX_DOCUMENTS:
        raise SheetError(
            f"表格有{len(documents)}份单证，一次至多{MAX_DOCUMENTS}份，请分成几份上传。",
            f"The table holds {len(documents)} documents; at most {MAX_DOCUMENTS} at once: upload it in parts.",
        )
    told += [
        Told(problem.line or 1, named.get(problem.field, Text("", "")), "", problem.what) for problem in sheet.problems
    ]
    sender = queries.sender(organisation)
    drafts = []
    with transaction.atomic():
        for document in documents:
            problems = rules.judge(kind, document.content, sender, at).problems
            draft = _same(organisation, kind, document.content) or actions.make(
                actor, organisation, kind, document.content, faults=len(problems), at=at
            )
            drafts.append(draft)
            told += [_placed(kind, document, problem, draft.pk) for problem in problems]
    return Filled(tuple(drafts), tuple(sorted(told, key=lambda one: one.line)), len(sheet.rows))


def _same(organisation: str, kind: str, content: Content) -> Draft | None:
    """An unsent draft that holds just this already."""
    return Draft.objects.filter(
        organisation_code=organisation,
        kind=kind,
        signed=None,
        head=dict(content.head),
        lines=[dict(line) for line in content.lines],
    ).first()


class _Row(Protocol):
    @property
    def line(self) -> int: ...

    @property
    def values(self) -> dict[str, str]: ...


def _documents(kind: str, rows: Iterable[_Row]) -> tuple[list[_Document], list[Told]]:
    """The documents of a table: rows with the same number belong together, one without a number to the one above."""
    key, named = KEYS[kind], columns(kind)
    fixed = {field.name: field.fixed for field in head_fields(kind) if field.fixed}
    fixed_line = {field.name: field.fixed for field in line_fields(kind) if field.fixed}
    found: dict[str, _Document] = {}
    told: list[Told] = []
    last = ""
    for row in rows:
        line, values = row.line, row.values
        head = {name: value[:MAX_VALUE_CHARS] for name, value in values.items() if not name.startswith(_LINE)}
        goods = {name.removeprefix(_LINE): value for name, value in values.items() if name.startswith(_LINE)}
        number = head.get(key, "") or last
        if not number:
            told.append(
                Told(line, named[key], "", Text("没有单号，无法归入单证。", "There is no number to group it by."))
            )
            continue
        last = number
        known = found.get(number)
        if known is None:
            lines = ({**fixed_line, **goods},) if kind_of(kind).line else ()
            found[number] = _Document(Content({**fixed, **head}, lines), line, (line,))
            continue
        if not kind_of(kind).line:
            words = Text(f"与第{known.first}行重复。", f"It stands in row {known.first} already.")
            told.append(Told(line, named[key], number, words))
            continue
        told += [
            Told(line, named[name], value, Text(f"与第{known.first}行不一致。", f"It differs from row {known.first}."))
            for name, value in head.items()
            if value != known.content.head.get(name, value)
        ]
        merged = Content({**head, **known.content.head}, (*known.content.lines, {**fixed_line, **goods}))
        found[number] = _Document(merged, known.first, (*known.lines, line))
    return list(found.values()), told


def _placed(kind: str, document: _Document, problem: Problem, draft: int) -> Told:
    """A problem of a document at the row that it comes from."""
    number = line_of(problem.place)
    fields = head_fields(kind) if number is None else line_fields(kind)
    label = next((field.label for field in fields if field.name == problem.field), Text("", ""))
    row = document.first if number is None else document.lines[number]
    part = document.content.part(problem.place)
    return Told(row, label, part.get(problem.field, "")[:60], problem.what, draft, problem.id)
