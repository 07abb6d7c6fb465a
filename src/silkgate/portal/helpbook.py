"""The help pages: an entry for every code that is answered, made of rule cards, code tables, catalogue and examples.

Nothing is said here about a rule: cards and tables say it, and `reference/help/examples.json`, which the engine itself
has made. So it cannot drift.
"""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from silkgate.clearance import api as clearance
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.portal import helpproblems
from silkgate.portal.law import Law, laws
from silkgate.standards.ceb.catalogue import MESSAGES, MessageKind
from silkgate.tariff.api import REFERENCE, Card, Citation, cards, notices
from silkgate.ui.problems import KINDS, Kind, document
from silkgate.ui.shapes import Reason
from silkgate.ui.states import declaration_states

RULE, STATUS, PROBLEM = "rule", "status", "problem"
SORTS = {
    RULE: Text("规则", "Rules"),
    STATUS: Text("回执状态与错误代码", "Receipt statuses and error codes"),
    PROBLEM: Text("接口错误", "Errors of the interface"),
}


class Element(NamedTuple):
    """A field that an entry concerns."""

    name: str
    words: Text


class Link(NamedTuple):
    """Another entry."""

    code: str
    title: Text


class Example(NamedTuple):
    """What the checker said once: the finding, the piece of the message, the receipt or the answer."""

    reason: Reason | None = None
    wrong: bool = True
    fragment: str = ""
    message: Text | None = None
    answer: str = ""


class Entry(NamedTuple):
    """One help page."""

    code: str
    sort: str
    group: Text
    title: Text
    meaning: tuple[Text, ...]
    law: tuple[Law, ...]
    causes: tuple[Text, ...]
    mend: tuple[Text, ...]
    example: Example | None
    messages: tuple[Text, ...]
    """Kinds of message, or addresses, that it concerns."""
    elements: tuple[Element, ...] = ()
    links: tuple[Link, ...] = ()
    """Rules behind a status; statuses of a rule."""
    aliases: tuple[str, ...] = ()
    since: date | None = None
    """Of a rule: the day from which it is applied here."""
    answered: bool = True
    """False: a code of the national system's dictionary that is never answered here."""
    note: str = ""


def book() -> Mapping[str, Entry]:
    """Every entry by its code, in the order of the list. Raises what the readers of the law files raise."""
    return _book(len(KINDS))


@functools.lru_cache(maxsize=1)
def _book(kinds: int) -> Mapping[str, Entry]:
    """Made once for the kinds of error that there are: rooms enter theirs as they are imported."""
    entries = (*_rules(), *_statuses(), *_problems())
    return MappingProxyType({entry.code: entry for entry in entries})


def aliases() -> Mapping[str, str]:
    """Other names of entries, such as a card's number, and their codes."""
    return MappingProxyType({alias: entry.code for entry in book().values() for alias in entry.aliases})


@functools.cache
def examples() -> Mapping[str, Mapping[str, Mapping[str, object]]]:
    """What the engine said of made traffic; recorded by `tests/portal/test_help.py`."""
    found: dict[str, dict[str, dict[str, object]]] = json.loads(
        (REFERENCE / "help" / "examples.json").read_text(encoding="utf-8")
    )
    return found


# --- Rules ------------------------------------------------------------------------------------------------------------

_PAGES_AND_INTERFACE = Text("网页与REST接口", "Pages and the REST interface")
"""Where rules are met that no message meets."""
_EFFECTS = {
    "refuse": Text(
        "单证被退回或拒收；没有占用额度、库存和担保。", "It is sent back or not taken; nothing was used up."
    ),
    "wait": Text("清单等待，条件满足后自动继续。", "The declaration waits and goes on by itself."),
    "hold": Text("等待关员处理，期间占用额度、库存和担保。", "It waits for an officer; what it needs is reserved."),
    "release": Text("放行。", "It is released."),
}


_GENERAL = frozenset({"format", "message", "sign", "party", "document"})
"""Groups of rules about every message, whatever its direction."""


def _rules() -> Iterator[Entry]:
    for card in cards().values():
        recorded = examples()["rules"].get(card.slug)
        example = _example(card, recorded) if recorded else None
        told = clearance.reason(card.example, in_full=True)
        kinds = _kinds_of(card, str(recorded["message"]) if recorded else "")
        yield Entry(
            code=card.slug,
            sort=RULE,
            group=card.group_title,
            title=card.title,
            meaning=(told.rule, _EFFECTS[card.effect], *([card.reading] if card.reading else ())),
            law=laws(card.law),
            causes=card.causes,
            mend=(told.nearest or _NOTHING,),
            example=example,
            messages=tuple(_message(kind) for kind in kinds) if card.receipts else (_PAGES_AND_INTERFACE,),
            elements=_elements(told, example.reason if example else None),
            links=tuple(Link(status, _status_title(status)) for status in dict.fromkeys(card.receipts.values())),
            aliases=(card.id,),
            since=card.in_force_from,
        )


def _kinds_of(card: Card, recorded: str) -> tuple[MessageKind, ...]:
    """Messages whose receipts a rule may stand in, and the one of its example."""
    inbound = [kind for kind in MESSAGES.values() if kind.inbound]
    everywhere = {"*", "900"} & card.receipts.keys()
    answered = [
        kind
        for kind in inbound
        if kind.receipt in card.receipts
        or (everywhere and (kind.trade == "import" or card.group in _GENERAL))
        or kind.code == recorded
    ]
    return tuple(answered)


def _message(kind: MessageKind) -> Text:
    return Text(f"CEB{kind.code} {kind.name.zh}", f"CEB{kind.code} {kind.name.en}")


def _elements(*told: Reason | None) -> tuple[Element, ...]:
    named = {reason.element: reason.field for reason in told if reason and reason.element and reason.field}
    return tuple(Element(name, words) for name, words in named.items())


def _example(card: Card, recorded: Mapping[str, object]) -> Example:
    finding = Finding(*recorded["finding"])  # type: ignore[misc]
    kind = MESSAGES.get(str(recorded["message"]))
    return Example(
        # Made persons of made traffic: nothing is hidden.
        clearance.reason(finding, in_full=True)._replace(help_href=""),
        card.effect == "refuse",
        str(recorded["fragment"]),
        _message(kind) if kind else None,
        str(recorded["receipt"]),
    )


# --- Statuses of receipts ---------------------------------------------------------------------------------------------

_BY_RULE = Text(
    "打开清单页或看回执的returnInfo：方括号内是规则代码，按该规则的说明改正。",
    "Open the declaration’s page, or read returnInfo: the rule stands in brackets; mend what that rule names.",
)
_NOTHING = Text("不需要更正。", "Nothing to correct.")
_BY_STATE = Text("单证按流程到达这一状态，不是错误。", "The document came to this state in its course; it is no error.")
_RETURN_STATUS = Text("回执状态", "Receipt statuses")
_NOT_HERE = Text("全国系统的代码；本平台不答复这一代码。", "A code of the national system; it is never answered here.")


def _table(name: str) -> list[dict[str, str]]:
    with (REFERENCE / "codes" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@functools.cache
def _dictionary() -> Mapping[str, tuple[Text, Text, str]]:
    """Meaning, message and source by negative code; codes that stand twice have both meanings."""
    found: dict[str, tuple[Text, Text, str]] = {}
    for row in _table("error-codes.csv"):
        kind = MESSAGES.get(row["message"][3:6])
        meaning = Text(row["meaning_zh"], row["meaning_en"])
        if row["code"] in found:
            before = found[row["code"]][0]
            meaning = Text(f"{before.zh}；{meaning.zh}", f"{before.en}; {meaning.en}")
        found[row["code"]] = (meaning, _message(kind) if kind else Text("各类报文", "All messages"), row["source"])
    return found


def _status_title(status: str) -> Text:
    if status in _dictionary():
        return _begun(_dictionary()[status][0])
    for row in _table("return-status.csv"):
        if row["code"] == status:
            return _begun(Text(row["name_zh"] or row["name_en"], row["name_en"]))
    return Text("报文格式错误", "The message’s format is wrong")


def _begun(words: Text) -> Text:
    """As a title begins."""
    return Text(words.zh, words.en[:1].upper() + words.en[1:])


def _statuses() -> Iterator[Entry]:
    codes = [row["code"] for row in _table("return-status.csv") if row["code"] != "<0"]
    for status in dict.fromkeys(["-1", *codes, *_dictionary()]):
        yield _status(status)


def _status(status: str) -> Entry:
    behind = [card for card in cards().values() if status in card.receipts.values()]
    said = examples()["statuses"].get(status)
    state = next((one for one in declaration_states() if one.code == status), None)
    answered = bool(behind or said)
    known = _dictionary().get(status)
    meaning = (state.meaning,) if state else (_status_title(status),)
    return Entry(
        code=status,
        sort=STATUS,
        group=_RETURN_STATUS,
        title=_status_title(status),
        meaning=meaning if answered else (*meaning, _NOT_HERE),
        law=laws([Citation(notices()["spec-202205"], Text("表7-2", "table 7-2") if known else None, True)]),
        causes=behind[0].causes if len(behind) == 1 else tuple(card.title for card in behind) or (_BY_STATE,),
        mend=_mends(behind),
        example=Example(answer=str(said)) if said else None,
        messages=(known[1],) if known else _receipts_of(status),
        links=tuple(Link(card.slug, card.title) for card in behind),
        answered=answered,
        # Of most, the law says already where they stand.
        note=known[2] if known and not known[2].startswith("spec 202205") else "",
    )


def _mends(behind: list[Card]) -> tuple[Text, ...]:
    if not behind or all(card.effect == "release" for card in behind):
        return (_NOTHING,)
    if len(behind) > 1:
        return (_BY_RULE,)
    return (behind[0].advise(behind[0].example),)


def _receipts_of(status: str) -> tuple[Text, ...]:
    """Receipts that may carry a status, as the specification's table says."""
    for row in _table("return-status.csv"):
        if row["code"] == status:
            kinds = [MESSAGES[code] for code in row["receipts"].split() if code in MESSAGES]
            return tuple(_message(kind) for kind in kinds)
    return (_message(MESSAGES["900"]),)


# --- Errors of the interface ------------------------------------------------------------------------------------------

_INTERFACE = Text("REST接口与报文入口", "The REST interface and the door for messages")


def _problems() -> Iterator[Entry]:
    for code, kind in sorted(KINDS.items()):
        yield Entry(
            code=code,
            sort=PROBLEM,
            group=SORTS[PROBLEM],
            title=kind.title,
            meaning=(_sentence(kind.title), _answer_words(kind)),
            law=tuple(
                Law(one.name, one.subject, one.since, None, None, "rfc-editor.org", one.href, True)
                for one in helpproblems.standards(int(kind.status))
            ),
            causes=helpproblems.causes(code, kind),
            mend=(kind.mend,),
            example=Example(answer=json.dumps(document(code, kind.title), ensure_ascii=False, indent=2)),
            messages=(_INTERFACE,),
        )


def _sentence(words: Text) -> Text:
    return Text(f"{words.zh}。", f"{words.en}.")


def _answer_words(kind: Kind) -> Text:
    status = helpproblems.status_name(kind.status)
    return Text(
        f"接口答复{status.zh}，正文为application/problem+json，中英文各有说明。",
        f"The interface answers {status.en} with application/problem+json, in both languages.",
    )
