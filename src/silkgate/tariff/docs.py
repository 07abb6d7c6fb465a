"""The reference page of rules and parameters (`docs/reference/rules.md`), rendered from the law files."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from silkgate.kernel.text import Text
from silkgate.tariff.domain import Card, Citation, Parameter, Plain, Value
from silkgate.tariff.files import REFERENCE, cards, parameters

_HEAD = """# 规则与参数 Rules and parameters

由`reference/`中的规则文件生成，请勿手工修改；规则改变时运行`python -m silkgate.tariff.docs`。
Rendered from the law files under `reference/`, not edited by hand. After a change run `python -m silkgate.tariff.docs`.

各组按判断的先后排列。接收时（报文格式至单证）只报第一处不符；办理时（当事各方，再从栏目至担保）一组内的不符一次报全，后面的组
不再判断。句子中的{field}、{found}、{needed}是栏目、实为、应为。
Groups stand in the order in which they are checked. Intake (form of the message to documents) tells the first failure
only; clearing (parties, then fields to guarantee) tells all failures of one group and leaves out the later groups.
{field}, {found} and {needed} in a sentence are the field, the value found and the value needed.
"""

_EFFECTS = {
    "refuse": Text("退单", "refuses"),
    "wait": Text("等待", "waits"),
    "hold": Text("等待关员", "holds"),
    "release": Text("放行", "releases"),
}
_NOT_READ = Text("（未读到原文）", " (not read in a source)")


def render_rules_page() -> str:
    """The whole page as Markdown, both languages side by side. Raises LawFileError."""
    parts = [_HEAD]
    for _, group in groupby(cards().values(), key=lambda card: card.group):
        members = list(group)
        title = members[0].group_title
        parts.append(f"## {title.zh} {title.en}\n")
        parts += [_rule(card) for card in members]
    parts.append("## 参数 Parameters\n")
    parts += [_parameter(entry) for entry in parameters().values()]
    return "\n".join(parts).replace("<", "&lt;")


def _rule(card: Card) -> str:
    effect = _EFFECTS[card.effect]
    statuses = "，".join(f"{'其余 others' if kind == '*' else kind}: {code}" for kind, code in card.receipts.items())
    receipt = f"回执状态 receipt status {statuses}" if statuses else "不经回执 no receipt"
    told = card.tell(card.example)
    lines = [
        f"### {card.slug}",
        "",
        f"**{card.title.zh}** · {card.title.en}",
        "",
        f"- {card.id} · {effect.zh} {effect.en} · {receipt} · "
        f"自 from {card.in_force_from}" + (f" 至 to {card.in_force_to}" if card.in_force_to else ""),
        f"- {card.sentence.zh}",
        f"  {card.sentence.en}",
        f"- 例 Example: {told.zh}",
        f"  {told.en}",
        f"- 怎样才能通过 What would pass: {card.mend.zh}",
        f"  {card.mend.en}",
        f"- 依据 Law: {_citations(card.law)}",
    ]
    if card.reading:
        lines += [f"- 我们的理解 Our reading: {card.reading.zh}", f"  {card.reading.en}"]
    return "\n".join((*lines, ""))


def _citations(law: Iterable[Citation]) -> str:
    return "; ".join(_citation(citation) for citation in law)


def _citation(citation: Citation) -> str:
    unread = not (citation.verified and citation.notice.verified)
    return f"{citation.text.zh} · {citation.text.en}" + (f"{_NOT_READ.zh}{_NOT_READ.en}" if unread else "")


def _parameter(parameter: Parameter) -> str:
    rows = [_value_row(value) for value in parameter.values]
    return "\n".join(
        (
            f"### {parameter.name}",
            "",
            f"**{parameter.title.zh}** · {parameter.title.en} ({parameter.unit})",
            "",
            "| 起 from | 值 value | 依据 law | 已核 verified | 注 note |",
            "|---|---|---|---|---|",
            *rows,
            "",
        )
    )


def _value_row(value: Value) -> str:
    note = f"{value.note.zh} {value.note.en}" if value.note else ""
    verified = "是 yes" if value.verified else "否 no"
    return f"| {value.since} | {_plain(value.value)} | {_citation(value.law)} | {verified} | {note} |"


def _plain(value: Plain | None) -> str:
    if value is None:
        return "终止 ended"
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


def main() -> None:
    """Write the page into the project that holds the law files."""
    page = REFERENCE.parent / "docs" / "reference" / "rules.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render_rules_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
