"""A draft as a form: boxes made of the field catalogue, with what was typed, what is wrong and what is offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.http import QueryDict

from silkgate.drafts import rules
from silkgate.drafts.domain import (
    GROUPS,
    HEAD,
    MAX_VALUE_CHARS,
    Content,
    Problem,
    choices,
    head_fields,
    kind_of,
    line_fields,
    place_of,
    time_form,
)
from silkgate.drafts.offers import Offer
from silkgate.kernel.text import Text
from silkgate.registry import api as registry
from silkgate.standards.ceb.catalogue import Field
from silkgate.standards.ceb.message import Transfer
from silkgate.tariff.api import codes

LINES_NAME = "lines"
_SELECT_AT_MOST = 30
"""Codes of a longer table are typed, with the table as suggestions."""
_WIDE_CHARS = 150


class Box(NamedTuple):
    """One field of the form."""

    place: str
    field: Field
    value: str
    problems: tuple[Problem, ...] = ()
    offer: Offer | None = None

    @property
    def id(self) -> str:
        return f"{self.place}-{self.field.name}"

    @property
    def options(self) -> list[tuple[str, Text]]:
        """Of a list to choose from, with what was typed where the list does not have it; empty: it is typed."""
        field = self.field
        known = dict(choices(field))
        if not known and field.code_table:
            table = codes(field.code_table)
            known = {field.fixed: table[field.fixed]} if field.fixed else dict(table)
        if not known or len(known) > _SELECT_AT_MOST:
            return []
        if self.value and self.value not in known:
            known[self.value] = Text("不在列表中", "not in the list")
        return list(known.items())

    @property
    def table(self) -> str:
        """The code table that suggests values; empty: none."""
        return self.field.code_table if self.field.code_table and not self.options else ""

    @property
    def meaning(self) -> Text | None:
        """The word of a typed code."""
        return codes(self.table).get(rules.plain(self.field, self.value)) if self.table and self.value else None

    @property
    def word(self) -> Text | None:
        """The word of a code, chosen or typed."""
        return dict(self.options).get(self.value) or self.meaning

    @property
    def wide(self) -> bool:
        """Whether it takes a whole row."""
        return (self.field.max_length or 0) >= _WIDE_CHARS

    @property
    def mode(self) -> str:
        """Which keyboard a phone shows."""
        if self.field.type == "decimal":
            return "decimal"
        return "numeric" if self.field.type == "int" else "text"

    @property
    def example(self) -> str:
        """A value that would be taken, where the form is not plain from the words."""
        form = time_form(self.field)
        if form:
            return "2026-11-23 10:00:00" if len(form) == 14 else "2026-11-23"
        if self.table:
            return next(code for code in codes(self.table) if code.strip("0"))
        if self.field.type == "decimal":
            return "128.50"
        return ""

    @property
    def format(self) -> Text:
        """What the catalogue asks for, in words."""
        return self.field.needed

    @property
    def help(self) -> Text | None:
        """What helps while one types; a list to choose from says it all."""
        field = self.field
        if field.fixed or choices(field):
            return None
        parts = [field.note] if field.note.zh else []
        if self.table or self.options:
            parts += [Text("代码或名称", "code or name")] if self.table else []
        elif field.type == "decimal":
            parts.append(Text(f"至多{field.fraction_digits}位小数", f"at most {field.fraction_digits} decimals"))
        elif field.type == "string" and not time_form(field):
            parts.append(
                Text(f"{field.max_length}个字符", f"{field.max_length} characters")
                if field.min_length == field.max_length
                else Text(f"至多{field.max_length}个字符", f"at most {field.max_length} characters")
            )
        if time_form(field):
            parts = []
        if self.example:
            parts.append(Text(f"如{self.example}", f"such as {self.example}"))
        if not parts:
            return None
        return Text("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))

    @property
    def described_by(self) -> str:
        return f"{self.id}-help {self.id}-said"


class Section(NamedTuple):
    """Boxes under one heading."""

    id: str
    words: Text
    boxes: tuple[Box, ...]

    @property
    def filled(self) -> list[Box]:
        """Those in which something stands, for the document on paper."""
        return [box for box in self.boxes if box.value]


class Shown(NamedTuple):
    """The whole form."""

    sections: tuple[Section, ...]
    lines: tuple[Section, ...]
    tables: tuple[str, ...]
    general: tuple[Problem, ...]
    """What is wrong with the document as a whole."""
    summary: tuple[Problem, ...]
    """Everything that is wrong, in the order of the form."""

    @property
    def boxes(self) -> list[Box]:
        return [box for section in (*self.sections, *self.lines) for box in section.boxes]

    @property
    def written(self) -> list[Section]:
        """Where something stands, for the document on paper."""
        return [section for section in (*self.sections, *self.lines) if section.filled]

    @property
    def suggestions(self) -> list[tuple[str, list[tuple[str, Text]]]]:
        """The code tables that suggest values."""
        return [(table, list(codes(table).items())) for table in self.tables]


def shown(code: str, content: Content, problems: Iterable[Problem] = (), offers: Iterable[Offer] = ()) -> Shown:
    """The form of a document with its faults and offers, each at its box."""
    told: dict[str, list[Problem]] = {}
    general: list[Problem] = []
    for problem in problems:
        (told.setdefault(problem.id, []) if problem.field else general).append(problem)
    offered = {offer.id: offer for offer in offers}

    def boxes(place: str, fields: Iterable[Field], values: Mapping[str, str]) -> tuple[Box, ...]:
        made = (Box(place, field, values.get(field.name, "")) for field in fields)
        return tuple(box._replace(problems=tuple(told.get(box.id, ())), offer=offered.get(box.id)) for box in made)

    head = boxes(HEAD, head_fields(code), content.head)
    sections = tuple(
        Section(f"group-{group.name}", group.words, found)
        for group in GROUPS
        if (found := tuple(box for box in head if box.field.name in group.fields))
    )
    lines = tuple(
        Section(
            place_of(number),
            Text(f"第{number + 1}行商品", f"Goods, line {number + 1}"),
            boxes(place_of(number), line_fields(code), line),
        )
        for number, line in enumerate(content.lines)
    )
    every = [box for section in (*sections, *lines) for box in section.boxes]
    tables = tuple(sorted({box.table for box in every if box.table}))
    summary = (*general, *(problem for box in every for problem in box.problems))
    return Shown(sections, lines, tables, tuple(general), summary)


def typed(code: str, data: QueryDict) -> Content:
    """What a form sent, unchanged; more lines than a document may have are not read."""

    def part(place: str, fields: Iterable[Field]) -> dict[str, str]:
        given = ((field.name, data.get(f"{place}-{field.name}", "")) for field in fields)
        return {name: value.replace("\0", "\ufffd")[:MAX_VALUE_CHARS] for name, value in given if value}

    kind = kind_of(code)
    count = data.get(LINES_NAME, "")
    most = kind.lines_max or 0
    lines = min(int(count), most) if count.isascii() and count.isdigit() and len(count) < 4 and kind.line else 0
    return Content(
        part(HEAD, head_fields(code)), tuple(part(place_of(number), line_fields(code)) for number in range(lines))
    )


def blank_line(code: str) -> dict[str, str]:
    """A new goods line, with what can only be one thing filled in."""
    return {field.name: field.fixed for field in line_fields(code) if field.fixed}


_OWN = {"ebp": "ebp", "ebc": "ebc", "pay": "pay", "logistics": "logistics", "agent": "agent", "area": "area"}


def blank(code: str, sender: Transfer | None, roles: Iterable[str], at: datetime) -> Content:
    """A new document: what can only be one thing, what is most common, and the organisation in its own roles."""
    fields = {field.name: field for field in head_fields(code)}
    head: dict[str, Any] = {}
    for name, field in fields.items():
        listed = choices(field)
        if field.fixed:
            head[name] = field.fixed
        elif listed and name != "tradeMode":
            head[name] = next(iter(listed))
    for role in roles:
        if sender is not None and f"{role}Code" in fields and role in _OWN:
            head[f"{role}Code"], head[f"{role}Name"] = sender.cop_code, sender.cop_name
    if "declTime" in fields:
        head["declTime"] = rules.message_stamp(at)[:8]
    return Content(head, (blank_line(code),) if kind_of(code).line else ())


def roles_of(organisation: str) -> tuple[str, ...]:
    """The roles in which an organisation is on file now."""
    held = registry.current(organisation)
    return tuple(held.roles) if held else ()
