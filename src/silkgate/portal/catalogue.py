"""Reads `reference/services`: what the zone does for whom, what that needs, how long it takes, on which law.

Deadlines are the workflows' own, read from casework, so that the catalogue cannot promise what nobody keeps.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from silkgate.casework import api as casework
from silkgate.kernel.text import Text
from silkgate.tariff.api import REFERENCE, Citation, LawFileError, notices, parameter, parameters
from silkgate.ui.templatetags.ui import plain

SUBJECTS: Mapping[str, Text] = {
    "joining": Text("加入平台", "Joining"),
    "filing": Text("备案与许可", "Filing and permits"),
    "declaring": Text("申报与通关", "Declaring and clearance"),
    "firms": Text("企业服务", "Services for firms"),
    "consumers": Text("消费者", "For consumers"),
    "everybody": Text("公开查询", "Open to all"),
}
"""Under which a service stands in the catalogue, in this order."""

_REPAIR = Text("请照旁边的条目改写", "Write it like the entries beside it")
_NEEDED = frozenset({"subject", "title", "summary", "who", "steps", "fee", "begin", "law", "result", "checked"})
_KEYS = _NEEDED | {"needs", "time", "workflow", "appeal"}


class Step(NamedTuple):
    """One thing to do, and the page where it is done (name of an address without arguments; empty: none)."""

    words: Text
    page: str


class Entry(NamedTuple):
    """One service as the catalogue describes it."""

    slug: str
    subject: str
    title: Text
    summary: Text
    who: Text
    needs: tuple[Text, ...]
    steps: tuple[Step, ...]
    result: Text
    fee: Text
    time: Text | None
    """How long it takes where no person decides; with a workflow its deadlines say so."""
    workflow: str
    """Name of the workflow that it begins or belongs to; empty: nobody decides."""
    begin: str
    """Name of the address where one begins."""
    appeal: Text | None
    """How to object where the workflow has no appeal of its own."""
    law: tuple[Citation, ...]
    checked: date
    """Day on which somebody last compared it with the law and the pages."""


class Deadline(NamedTuple):
    """Who has how many working days for what."""

    what: Text
    who: Text
    working_days: int


def _fault(where: str, zh: str, en: str) -> LawFileError:
    return LawFileError(where, Text(zh, en), _REPAIR)


def read(path: Path) -> Entry:
    """One service from its file, whose name is its slug. Raises LawFileError, which names the place."""
    where = f"services/{path.name}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _fault(where, f"无法读取：{error}", f"cannot be read: {error}") from error
    if strange := sorted(set(content) - _KEYS):
        raise _fault(where, f"不认识的键{strange}", f"unknown keys {strange}")
    if missing := sorted(_NEEDED - set(content)):
        raise _fault(where, f"缺少{missing}", f"missing: {missing}")
    if content["subject"] not in SUBJECTS:
        raise _fault(where, f"不认识的主题{content['subject']}", f"unknown subject {content['subject']}")
    if ("workflow" in content) == ("time" in content):
        raise _fault(where, "应写workflow或time之一", "either workflow or time says how long it takes")
    return Entry(
        slug=path.stem,
        subject=content["subject"],
        title=_text(where, content["title"]),
        summary=_text(where, content["summary"]),
        who=_text(where, content["who"]),
        needs=tuple(_text(where, one) for one in content.get("needs", ())),
        steps=tuple(Step(_text(where, one), one.get("page", "")) for one in content["steps"]),
        result=_text(where, content["result"]),
        fee=_text(where, content["fee"]),
        time=_text(where, content["time"]) if "time" in content else None,
        workflow=content.get("workflow", ""),
        begin=content["begin"],
        appeal=_text(where, content["appeal"]) if "appeal" in content else None,
        law=tuple(_citation(where, one) for one in content["law"]),
        checked=content["checked"],
    )


def _text(where: str, content: Any) -> Text:
    if not isinstance(content, dict) or not content.get("zh") or not content.get("en"):
        raise _fault(where, "应有zh和en两种语言", "zh and en are both needed")
    text = Text(content["zh"], content["en"])
    asked = set(figures(text))
    if asked != set(_FIGURE.findall(text.en)) or not asked <= set(parameters()):
        raise _fault(
            where,
            f"两种语言应引用相同且存在的参数{sorted(asked)}",
            f"both languages name known figures: {sorted(asked)}",
        )
    return text


_FIGURE = re.compile(r"\{([\w.]+)\}")


def figures(text: Text) -> tuple[str, ...]:
    """Names of the figures of law that a text asks for, as `{retail_import.return_apply_days}`."""
    return tuple(_FIGURE.findall(text.zh))


def told(text: Text, day: date) -> Text:
    """A text with the figures of law as they stand on `day`. Raises KeyError, NotInForceError."""

    def value(found: re.Match[str]) -> str:
        return plain(parameter(found[1], day).value)

    return Text(_FIGURE.sub(value, text.zh), _FIGURE.sub(value, text.en))


def _citation(where: str, content: Mapping[str, Any]) -> Citation:
    key = content.get("notice", "")
    if key not in notices():
        raise _fault(where, f"notices.toml中没有{key}", f"notices.toml has no {key}")
    article = _text(where, content["article"]) if "article" in content else None
    return Citation(notices()[key], article, bool(content.get("verified", True)))


@functools.cache
def catalogue() -> Mapping[str, Entry]:
    """All services by slug, in the order of their subjects and titles; read once. Raises LawFileError."""
    found = [read(path) for path in sorted((REFERENCE / "services").glob("*.toml"))]
    order = list(SUBJECTS)
    found.sort(key=lambda one: (order.index(one.subject), one.slug))
    return MappingProxyType({one.slug: one for one in found})


def deadlines(entry: Entry) -> tuple[Deadline, ...]:
    """The deadlines of an entry's workflow in the order of its states. Raises KeyError for an unknown workflow."""
    if not entry.workflow:
        return ()
    return tuple(
        Deadline(state.words, casework.SIDES[state.waits_for], state.working_days)
        for state in casework.workflow(entry.workflow).states.values()
        if state.working_days is not None and state.waits_for
    )


def appeals(entry: Entry) -> tuple[Deadline, ...]:
    """What one may object to, and within how many working days, by the entry's workflow."""
    if not entry.workflow:
        return ()
    known = casework.workflow(entry.workflow)
    return tuple(
        Deadline(known.states[source].words, casework.SIDES[move.by], move.within_working_days)
        for move in known.moves
        if move.by == casework.APPLICANT and move.within_working_days is not None
        for source in sorted(move.sources)
    )
