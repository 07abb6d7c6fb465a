"""Plots as SVG, written by hand: legible on a light and on a dark page, with title, axes and the figures themselves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH = 760
LEFT, RIGHT = 210, 90
BAR, GAP = 22, 12
COLOURS = ("#3b78c4", "#d9822b", "#4a9d6b", "#a855a8", "#8a8f98", "#c2453d", "#2aa5a5", "#b59a1c", "#6d6fd0", "#7a5c43",
           "#d0719b", "#5f8f2f", "#4f6478")  # fmt: skip

_STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}.small{font-size:12px}
.in{fill:#fff}.line{stroke:#8a8f98;stroke-width:1}.goal{stroke:#c2453d;stroke-width:1.5;stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){text{fill:#d7dce2}.in{fill:#fff}.line{stroke:#6b7280}}
</style>"""


class Bar(NamedTuple):
    """One bar: its parts from left to right, the ends of the spread of their sum, and its goal or limit."""

    name: str
    parts: Sequence[float]
    low: float | None = None
    high: float | None = None
    goal: float | None = None


def bars(
    title: str,
    axis: str,
    rows: Sequence[Bar],
    *,
    parts: Sequence[str] = (),
    goal: str = "",
    form: str = "{:,.0f}",
) -> str:
    """Horizontal bars with a common axis from 0; `parts` names what is stacked, `goal` what the
    dashed lines are."""
    most = max([1e-9, *[max(sum(row.parts), row.high or 0, row.goal or 0) for row in rows]])
    step = _step(most)
    end = step * (int(most / step) + 1)
    legend_rows = (len(parts) + 2) // 3
    top = 42
    bottom = top + len(rows) * (BAR + GAP)
    height = bottom + 52 + 20 * legend_rows
    scale = (WIDTH - LEFT - RIGHT) / end

    def x(value: float) -> float:
        return round(LEFT + value * scale, 1)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" width="{WIDTH}">',
        f"<title>{escape(title)}</title>",
        _STYLE,
        _text(12, 24, title, "title"),
    ]
    for tick in range(round(end / step) + 1):
        at = x(tick * step)
        out.append(f'<line class="line" x1="{at}" x2="{at}" y1="{top}" y2="{bottom}" opacity=".35"/>')
        out.append(_text(at, bottom + 18, _short(tick * step), "small", "middle"))
    out.append(_text(LEFT + (WIDTH - LEFT - RIGHT) / 2, bottom + 38, axis, "small", "middle"))
    for number, row in enumerate(rows):
        out.extend(_bar(row, top + GAP / 2 + number * (BAR + GAP), x, form))
    if goal:
        out.append(f'<line class="goal" x1="{WIDTH - 180}" x2="{WIDTH - 156}" y1="20" y2="20"/>')
        out.append(_text(WIDTH - 150, 24, goal, "small"))
    for number, name in enumerate(parts):
        column, line = number % 3, number // 3
        left, y = 12 + column * 248, bottom + 48 + 20 * line
        out.append(f'<rect x="{left}" y="{y}" width="12" height="12" fill="{COLOURS[number % len(COLOURS)]}"/>')
        out.append(_text(left + 18, y + 11, name, "small"))
    return "\n".join([*out, "</svg>\n"])


def _bar(row: Bar, y: float, x, form: str) -> list[str]:  # type: ignore[no-untyped-def]
    out = [_text(LEFT - 8, y + 16, row.name, "small", "end")]
    total = 0.0
    for number, part in enumerate(row.parts):
        left, width = x(total), round(x(total + part) - x(total), 1)
        colour = COLOURS[number % len(COLOURS)]
        out.append(f'<rect x="{left}" y="{y}" width="{max(0.0, width)}" height="{BAR}" fill="{colour}"/>')
        if len(row.parts) > 1 and width > 26:
            out.append(_text(left + width / 2, y + 15, form.format(part), "small in", "middle"))
        total += part
    last = x(max(total, row.high or 0))
    if row.low is not None and row.high is not None and row.high > row.low:
        y1 = y + BAR / 2
        out.append(f'<line class="line" x1="{x(row.low)}" x2="{x(row.high)}" y1="{y1}" y2="{y1}" stroke-width="3"/>')
    if row.goal is not None:
        at = x(row.goal)
        out.append(f'<line class="goal" x1="{at}" x2="{at}" y1="{y - 4}" y2="{y + BAR + 4}"/>')
    out.append(_text(last + 6, y + 16, form.format(total), "small"))
    return out


def _step(most: float) -> float:
    """A round distance of the axis' marks, four to nine of them."""
    power = 10.0 ** (len(str(int(most))) - 1) if most >= 1 else 0.1
    return next(power * part for part in (0.1, 0.2, 0.25, 0.5, 1, 2) if most / (power * part) <= 8)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{round(x, 1)}" y="{round(y, 1)}" text-anchor="{anchor}">{escape(text)}</text>'
