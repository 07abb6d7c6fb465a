"""Judges of what is filed: one value of a declared kind, a goods row, check digits. Facts in, problems out. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date

from silkgate.kernel.text import Text
from silkgate.registry.domain import Asked, Problem, Role

MAX_TEXT, MAX_LONG_TEXT = 200, 2_000
SHORTEST_REASON, LONGEST_REASON, LONGEST_RULE = 4, 2_000, 300
"""Characters."""

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def valid_credit_code(code: str) -> bool:
    """A unified social credit code by GB 32100: 18 of 31 characters, the last a check character."""
    if len(code) != 18 or any(character not in _CREDIT for character in code):
        return False
    total = sum(w * _CREDIT.index(c) for w, c in zip(_CREDIT_WEIGHTS, code[:17], strict=True))
    return _CREDIT[-total % 31] == code[17]


def valid_identity_number(number: str, day: date) -> bool:
    """A resident identity number by GB 11643, of somebody born by `day`."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return False
    total = sum(w * int(c) for w, c in zip(_IDENTITY_WEIGHTS, number[:17], strict=True))
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return "10X98765432"[total % 11] == number[17] and born <= day


def valid_gtin(code: str) -> bool:
    """A GTIN of 8, 12, 13 or 14 digits with its check digit (GS1 General Specifications, section 7.9)."""
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", code):
        return False
    digits = [int(character) for character in code]
    total = sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits[:-1])))
    return -total % 10 == digits[-1]


def unwritable(value: str) -> bool:
    """Whether a text holds control characters or halves of characters, which nobody typed and no table keeps."""
    return any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\r\n\t" for c in value)


CONTROL = Text("含有不可见的控制字符，请重新输入", "holds control characters; type it again")


def _matches(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_PATTERNS: Mapping[str, tuple[re.Pattern[str], Text]] = {
    "customs_code": (
        _matches(r"[0-9]{4}[0-9A-Z]{6}"),
        Text("应为10位，前4位是数字", "must be 10 characters, beginning with 4 digits"),
    ),
    "dxp_id": (
        _matches(r"DXP[0-9A-Z]{13}"),
        Text("应为DXP加13位数字或大写字母", "must be DXP and 13 digits or capitals"),
    ),
    "phone": (
        _matches(r"1[0-9]{10}|0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?|\+[0-9][0-9 -]{6,18}[0-9]"),
        Text(
            "应为11位手机号、带区号的电话或+开头的国际号码",
            "must be a mobile number, a number with area code, or begin with +",
        ),
    ),
    "email": (
        _matches(r"[^@\s,;<>\"]{1,64}@[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)+"),
        Text("不是电子邮箱", "is no e-mail address"),
    ),
    "url": (
        _matches(r"https?://[^\s/$.?#<>\"'][^\s<>\"']{1,300}"),
        Text("应为http://或https://开头的网址", "must be an address that begins with http:// or https://"),
    ),
    "digits": (_matches(r"[0-9]{8,32}"), Text("应为8至32位数字", "must be 8 to 32 digits")),
    "number": (
        _matches(r"[0-9]{1,12}(\.[0-9]{1,2})?"),
        Text("应为数字，至多两位小数", "must be a number with at most two decimals"),
    ),
    "country": (_matches(r"[0-9]{3}"), Text("应为三位数字代码", "must be a code of three digits")),
}

KINDS = frozenset({"text", "long_text", "credit_code", "id_number", "date", "choice", "promise", *_PATTERNS})


def judge_reason(reason: str, rule: str) -> list[Problem]:
    """What is wrong with a reason and the rule that it rests on."""
    problems = []
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON or unwritable(reason):
        told = Text(
            "请写明理由，4至2,000字，企业会看到。", "Give a reason of 4 to 2,000 characters; the enterprise reads it."
        )
        problems.append(Problem("reason", told))
    if not 2 <= len(rule) <= LONGEST_RULE or unwritable(rule):
        told = Text("请写明依据的规定，至多300字。", "Name the rule that it rests on, in at most 300 characters.")
        problems.append(Problem("rule", told))
    return problems


def _told(field: Text, what: Text) -> Text:
    return Text(f"“{field.zh}”{what.zh}。", f"{field.en} {what.en}.")


def judge_value(asked: Asked, value: str, day: date, countries: Iterable[str]) -> Text | None:
    """What is wrong with the `value` of one field on `day`; None: nothing."""
    field = asked.field
    wrong: Text | None = None
    if unwritable(value):
        wrong = CONTROL
    elif len(value) > (limit := MAX_LONG_TEXT if field.kind == "long_text" else MAX_TEXT):
        wrong = Text(f"至多{limit}个字", f"has at most {limit} characters")
    elif field.kind in _PATTERNS:
        pattern, words = _PATTERNS[field.kind]
        wrong = None if pattern.fullmatch(value) else words
        if field.kind == "country" and wrong is None and value not in set(countries):
            wrong = Text("不在海关国别代码表中", "is not in the customs table of countries")
    elif field.kind == "credit_code" and not valid_credit_code(value):
        wrong = Text("应为18位，请核对末位校验码", "must be 18 characters with a right check character")
    elif field.kind == "id_number":
        wrong = _identity(value, day)
    elif field.kind == "date":
        wrong = _date(value, day)
    elif field.kind == "choice" and value not in field.choices:
        wrong = Text("请从所列各项中选择", "must be one of those listed")
    elif field.kind == "promise" and value != "yes":
        wrong = Text("须勾选后才能提交", "has to be ticked before it can be sent")
    return _told(field.words, wrong) if wrong else None


def _identity(value: str, day: date) -> Text | None:
    if valid_identity_number(value, day) or (re.fullmatch(r"[A-Z][0-9A-Z]{5,14}", value) is not None):
        return None
    return Text(
        "应为18位居民身份证号码（核对末位），或护照号码",
        "must be an 18-digit identity number (check the last), or a passport number",
    )


def _date(value: str, day: date) -> Text | None:
    try:
        given = date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) else None
    except ValueError:
        given = None
    if given is None:
        return Text("应写成2026-11-23的样子", "must be written like 2026-11-23")
    return None if given >= day else Text("已经过期", "has passed already")


def judge_application(
    roles: Iterable[str],
    known: Mapping[str, Role],
    asked: Iterable[Asked],
    data: Mapping[str, str],
    day: date,
    countries: Iterable[str],
) -> list[Problem]:
    """All that is wrong with an application on `day`: roles, missing and wrong fields, fields that nobody asked for."""
    chosen = list(roles)
    problems = [
        Problem("roles", Text(f"没有“{role}”这个角色。", f"There is no role {role!r}."))
        for role in chosen
        if role not in known
    ]
    if not chosen:
        problems.append(Problem("roles", Text("请至少选择一个角色。", "Choose at least one role.")))
    for role in chosen:
        beside = known[role].beside if role in known else ()
        if beside and not set(beside) & set(chosen):
            zh, en = "、".join(known[name].words.zh for name in beside), ", ".join(known[n].words.en for n in beside)
            told = Text(
                f"“{known[role].words.zh}”须同时备案为其中之一：{zh}。",
                f"{known[role].words.en} must also be filed as one of: {en}.",
            )
            problems.append(Problem("roles", told))
    keys = set()
    for item in asked:
        keys.add(item.field.key)
        value = data.get(item.field.key, "")
        condition = item.field.needed_if
        needed = item.needed or (condition is not None and data.get(condition[0]) == condition[1])
        if value:
            wrong = judge_value(item, value, day, countries)
        else:
            wrong = _told(item.field.words, Text("没有填写", "is missing")) if needed else None
        if wrong:
            problems.append(Problem(item.field.key, wrong))
    problems += [
        Problem(key, Text(f"不认识的栏目“{key}”，请去掉。", f"The field {key!r} is not known here; leave it out."))
        for key in sorted(set(data) - keys)
    ]
    return problems
