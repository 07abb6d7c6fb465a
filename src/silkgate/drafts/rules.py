"""Judges of what was typed: the catalogue for each value, then intake's and clearance's own judges for the document.

The same judges as in service: a document with gaps is filled up with values that pass, and what they then say of
a gap is left out. So a sum is checked long before the last address is typed.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from silkgate.clearance import api as clearance
from silkgate.drafts.domain import (
    HEAD,
    Content,
    Problem,
    choices,
    head_fields,
    kind_of,
    line_fields,
    place_of,
    time_form,
)
from silkgate.kernel.clock import CHINA, message_time
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import Field
from silkgate.standards.ceb.message import Transfer
from silkgate.standards.ceb.write import compose
from silkgate.tariff import api as tariff

DECLARED, HELD_BACK = "2", "1"
"""`appStatus`: meant, and kept as a draft; judging asks for the second, which needs no signature."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_DIGITS = re.compile("[0-9]+")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SPACED_TIME = re.compile(r"([0-9]{4})[-/.]([0-9]{2})[-/.]([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?")
_INT_MAX = 2**31 - 1
_TAXED = frozenset({"totalPrice", "freight", "insuredFee", "gcode", "qty1"})
"""What the tax of a declaration is computed from."""
_SENDERS = ("ebpCode", "ebcCode", "payCode", "logisticsCode", "agentCode")
_RESTS_ON: dict[tuple[str, str], tuple[str, ...]] = {
    ("match.order_sum", "totalPrice"): ("price", "qty"),
    ("match.order_sum", "goodsValue"): ("totalPrice",),
    ("match.order_sum", "acturalPaid"): ("goodsValue", "freight", "discount", "taxTotal"),
    ("party.role", "assureCode"): ("ebpCode", "ebcCode", "logisticsCode"),
    ("party.sender", ""): _SENDERS,
    ("field.mode", ""): ("tradeMode",),
    ("goods.unlisted", ""): ("tradeMode",),
    ("limit.single", ""): ("totalPrice", "freight", "insuredFee", "qty"),
}
"""What else a finding is made of, by rule and field (empty: any): nothing is said while a part cannot be read."""


# --- One value ----------------------------------------------------------------------------------------------------


def plain(field: Field, value: str) -> str:
    """A typed value as the message carries it: trimmed; numbers and codes in ASCII, `1,234.50` without its comma.

    A time may be typed `2026-11-23 10:00:00`, a code by its word. What cannot be read stays as it is, and is refused.
    """
    value = value.strip()
    if field.type in {"decimal", "int"} or field.code_table or time_form(field) or choices(field):
        value = unicodedata.normalize("NFKC", value).strip()
    if field.type in {"decimal", "int"}:
        value = value.removeprefix("¥").strip()
        if field.type == "int":
            return value.lstrip("0") or value[:1] if _DIGITS.fullmatch(value) else value
        return value.replace(",", "") if _GROUPED.fullmatch(value) else value
    if field.code_table and value not in tariff.codes(field.code_table):
        return _by_word(field.code_table).get(value.lower(), value)
    if form := time_form(field):
        found = _SPACED_TIME.fullmatch(value)
        digits = "".join(part or "" for part in found.groups()) if found else value
        return digits.ljust(len(form), "0") if found and len(digits) == 12 and len(form) == 14 else digits
    return value


@functools.cache
def _by_word(table: str) -> Mapping[str, str]:
    """Codes by their Chinese and English words; a word that several codes share names none."""
    found: dict[str, str] = {}
    shared = set()
    for code, words in tariff.codes(table).items():
        for word in {words.zh.lower(), words.en.lower()}:
            if found.setdefault(word, code) != code:
                shared.add(word)
    return {word: code for word, code in found.items() if word not in shared}


def judge_value(place: str, field: Field, given: str) -> Problem | None:
    """What is wrong with one typed value; None: it can be sent."""
    value = plain(field, given)
    if not value and not field.required:
        return None
    told = fault(field, value)
    if told is None:
        return None
    name = field.label
    return Problem(place, field.name, Text(f"{name.zh}{told.zh}。", f"{name.en} {told.en}."), missing=not value)


def fault(field: Field, value: str) -> Text | None:
    """What is wrong with a value as the message would carry it, to be read behind the field's name."""
    if not value:
        return Text("没有填写", "is missing")
    if _FORBIDDEN.search(value):
        return Text("含有不能传输的控制字符，请重新输入", "holds characters that cannot be sent; type it again")
    listed = choices(field)
    if field.code_table:
        if value not in tariff.codes(field.code_table) or not _fits_length(field, value):
            return Text(
                f"“{value[:30]}”不在海关代码表中，请从列表中选择",
                f"“{value[:30]}” is not in the customs table; choose from the list",
            )
    elif listed and value not in listed:
        return Text(
            f"应为{'、'.join(f'{code}（{words.zh}）' for code, words in listed.items())}",
            f"must be {', '.join(f'{code} ({words.en})' for code, words in listed.items())}",
        )
    if field.fixed and value != field.fixed:
        return Text(f"只能是{field.fixed}", f"can only be {field.fixed}")
    if form := time_form(field):
        return None if _is_time(value, form) else _NEEDED_TIMES[form]
    needed = Text(f"应为{field.needed.zh}", f"must be {field.needed.en}")
    if field.type == "int":
        return None if _is_int(field, value) else needed
    if field.type == "decimal":
        if not _DECIMAL.fullmatch(value):
            return Text("应为数字，如1234.50", "must be a number such as 1234.50")
        return None if _fits_digits(field, value) else needed
    if not _fits_length(field, value):
        return Text(
            f"应为{field.needed.zh}，现有{len(value)}个", f"must have {field.needed.en}; there are {len(value)}"
        )
    return None


def _fits_length(field: Field, value: str) -> bool:
    return field.min_length <= len(value) and (field.max_length is None or len(value) <= field.max_length)


def _is_int(field: Field, value: str) -> bool:
    if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > _INT_MAX:
        return False
    return field.total_digits is None or len(str(int(value))) <= field.total_digits


def _fits_digits(field: Field, value: str) -> bool:
    whole, _, fraction = value.removeprefix("-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    assert field.total_digits is not None
    assert field.fraction_digits is not None
    return len(fraction) <= field.fraction_digits and len(whole) + len(fraction) <= field.total_digits


_NEEDED_TIMES = {
    "yyyyMMddHHmmss": Text("应为年月日时分秒，如2026-11-23 10:00:00", "must be a time such as 2026-11-23 10:00:00"),
    "yyyyMMdd": Text("应为年月日，如2026-11-23", "must be a day such as 2026-11-23"),
}


def _is_time(value: str, form: str) -> bool:
    return len(value) == len(form) and message_time(value.ljust(14, "0")) is not None


def judge_values(code: str, content: Content) -> list[Problem]:
    """What the catalogue says of every value, in the order of the form; and how many lines there may be."""
    found = [judge_value(HEAD, field, content.head.get(field.name, "")) for field in head_fields(code)]
    for number, line in enumerate(content.lines):
        found += [judge_value(place_of(number), field, line.get(field.name, "")) for field in line_fields(code)]
    problems = [problem for problem in found if problem is not None]
    most = kind_of(code).lines_max
    if kind_of(code).line and not content.lines:
        told = Text("至少要有一行商品。", "There must be one line of goods at least.")
        problems.append(Problem(HEAD, "", told, missing=True))
    elif most is not None and len(content.lines) > most:
        told = Text(f"商品至多{most}行，请分成几份单证。", f"At most {most} lines of goods; make several documents.")
        problems.append(Problem(HEAD, "", told))
    return problems


# --- The message ----------------------------------------------------------------------------------------------------


def message(
    code: str, content: Content, transfer: Transfer, *, guid: str, document_guid: str, at: str, status: str = DECLARED
) -> bytes:
    """The unsigned message of a draft without fault; `at` as yyyyMMddHHmmss. Raises ValueError for one with a fault."""
    head = _plain_part(head_fields(code), content.head)
    kind = kind_of(code)
    automatic = {"guid": document_guid, "appTime": at, "appStatus": status}
    lines = [
        {"gnum": str(number), **_plain_part(line_fields(code), line)} for number, line in enumerate(content.lines, 1)
    ]
    return compose(code, guid, transfer, [({**head, **automatic}, lines if kind.line else ())])


def message_stamp(at: datetime) -> str:
    """`yyyyMMddHHmmss` in China, as messages write a time."""
    return f"{at.astimezone(CHINA):%Y%m%d%H%M%S}"


def _plain_part(fields: Iterable[Field], values: Mapping[str, str]) -> dict[str, str]:
    return {field.name: plain(field, values.get(field.name, "")) for field in fields}


def stand_in(field: Field) -> str:
    """A value that the form takes, for a field that has none yet."""
    if field.fixed:
        return field.fixed
    if form := time_form(field):
        return "20200101000000"[: len(form)]
    if listed := choices(field):
        return next(iter(listed))
    if field.code_table:
        return next(code for code in tariff.codes(field.code_table) if _fits_length(field, code))
    if field.type in {"decimal", "int"}:
        return "1"
    return "0" * max(field.min_length, 1)


def _filled_up(fields: Iterable[Field], values: Mapping[str, str], bad: set[str]) -> dict[str, str]:
    """A part in which every gap and every fault is covered."""
    filled = {}
    for field in fields:
        value = values.get(field.name, "")
        if field.name in bad:
            value = stand_in(field) if field.required else ""
        filled[field.name] = value
    return filled


# --- The document ---------------------------------------------------------------------------------------------------

_NOBODY = Transfer("0" * 18, "0", "DXP", "0")
_GUID = "00000000-0000-4000-8000-000000000000"


class Judged(NamedTuple):
    """What is wrong with a document, and what it would be taxed where that can be said."""

    problems: list[Problem]
    assessed: list[clearance.AssessedLine]


def judge(code: str, content: Content, sender: Transfer | None, at: datetime) -> Judged:
    """Everything that can be said of a document before it is sent: by the catalogue, by intake, by clearance alone.

    `sender` None: the organisation is not on file, which is said once and hides nothing else.
    """
    problems = judge_values(code, content)
    assessed: list[clearance.AssessedLine] = []
    if content.lines or not kind_of(code).line:
        bad = _bad(problems)
        alone = clearance.check_alone(_covered(code, content, sender, at, bad), at)
        told = [_told(code, found, len(content.lines)) for found in alone.findings if _concerns(found, sender)]
        problems += [problem for problem in told if not _rests_on_gaps(problem, bad)]
        if not any(names & _TAXED for names in bad.values()):
            assessed = alone.assessed
    if sender is None:
        words = Text(
            "单位尚未备案，平台不会接收其报文；请先办理企业备案。",
            "The organisation is not on file, so its messages are not taken: file it first.",
        )
        problems.append(Problem(HEAD, "", words, "party.unknown"))
    return Judged(problems, assessed)


def covered(code: str, content: Content, sender: Transfer | None, at: datetime) -> bytes:
    """The message of a document with its gaps and faults covered, held back so that it needs no signature."""
    return _covered(code, content, sender, at, _bad(judge_values(code, content)))


def _bad(problems: Iterable[Problem]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for problem in problems:
        found.setdefault(problem.place, set()).add(problem.field)
    return found


def _covered(code: str, content: Content, sender: Transfer | None, at: datetime, bad: Mapping[str, set[str]]) -> bytes:
    """The message with its gaps covered, held back so that it needs no signature."""
    most = kind_of(code).lines_max or 1
    whole = Content(
        _filled_up(head_fields(code), content.head, bad.get(HEAD, set())),
        tuple(
            _filled_up(line_fields(code), line, bad.get(place_of(number), set()))
            for number, line in enumerate(content.lines[:most])
        ),
    )
    stamp = message_stamp(at)
    return message(code, whole, sender or _NOBODY, guid=_GUID, document_guid=_GUID, at=stamp, status=HELD_BACK)


def _concerns(finding: Finding, sender: Transfer | None) -> bool:
    """Of nobody's message, that its sender is unknown is said elsewhere."""
    return sender is not None or finding.field != "copCode"


def _rests_on_gaps(problem: Problem, bad: Mapping[str, set[str]]) -> bool:
    if problem.field in bad.get(problem.place, set()):
        return True
    rested = _RESTS_ON.get((problem.code, problem.field)) or _RESTS_ON.get((problem.code, ""), ())
    # What is said of a line rests on that line and on the head, what is said of the head on every line.
    places = bad if problem.place == HEAD else {problem.place, HEAD}
    return any(part in bad.get(place, set()) for place in places for part in rested)


def _told(code: str, finding: Finding, lines: int) -> Problem:
    """A finding beside its field, in the words of its rule; of a field that is not typed, with the whole document."""
    card = tariff.cards()[finding.code]
    number = finding.line - 1 if finding.line is not None and 0 < finding.line <= lines else None
    place = HEAD if number is None else place_of(number)
    fields = head_fields(code) if number is None else line_fields(code)
    field = next((field for field in fields if field.name == finding.field), None)
    label = field.label if field else Text(finding.field, finding.field)
    spoken = [
        (card.tell(named), card.advise(named))
        for named in (finding._replace(field=word, line=None) for word in (label.zh, _inside(label.en)))
    ]
    return Problem(
        place,
        field.name if field else "",
        Text(spoken[0][0].zh, spoken[1][0].en),
        finding.code,
        missing=field is not None and not finding.found,
        mend=Text(spoken[0][1].zh, spoken[1][1].en),
    )


def _inside(words: str) -> str:
    """Words of a heading as they stand inside a sentence."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
