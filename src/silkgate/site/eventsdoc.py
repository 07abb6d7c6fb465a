"""The reference page of events (`docs/reference/events.md`), rendered from the catalogue that the rooms declare."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from silkgate.journal.api import TYPES, EventType
from silkgate.site import rooms

_HEAD = """# 事件目录 Events

由各业务模块的`events.py`生成，请勿手工修改；改变后运行`python -m silkgate.site.eventsdoc`。
Rendered from the `events.py` of the rooms, not edited by hand. After a change run `python -m silkgate.site.eventsdoc`.

接口`GET /api/v1/events/types`给出同样的内容。怎样接收见[接口](../interfaces.md#webhooks--事件推送)。
`GET /api/v1/events/types` gives the same. How to be told of them: [Interfaces](../interfaces.md#webhooks--事件推送).
"""
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "events.md"


def render() -> str:
    """The whole page as Markdown."""
    rooms.furniture("events")
    parts = [_HEAD]
    for subject, members in groupby(sorted(TYPES.values()), key=lambda one: one.name.partition(".")[0]):
        parts.append(f"## {subject}\n")
        parts += [_event(one) for one in members]
    return "\n".join(parts)


def _event(one: EventType) -> str:
    lines = [f"### `{one.name}`", "", f"{one.words.zh} {one.words.en}：{one.when.zh}。{_sentence(one.when.en)}.", ""]
    if one.members:
        lines += ["| data | 类型 type | 含义 means |", "|---|---|---|"]
        for member in one.members:
            kind = member.schema.get("format") or member.schema["type"]
            lines.append(f"| `{member.name}` | {kind} | {member.words.zh} {member.words.en} |")
        lines.append("")
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    from silkgate.site.application import set_up

    set_up()
    PAGE.write_text(render(), encoding="utf-8")
