"""The tokens of the visual language as they stand in `static/ui/silkgate.css`, and how well they can be read."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from silkgate.ui.states import MARKS

_CSS = Path(__file__).parent / "static" / "ui" / "silkgate.css"
_DARK = "@media (prefers-color-scheme: dark)"
_COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")

BODY, TEXT, EDGE = 700, 450, 300
"""Least contrast in hundredths: of running text, of any text, of edges of controls."""

PAIRS: tuple[tuple[str, str, int], ...] = (
    *(("ink", ground, BODY) for ground in ("paper", "tint", "accent-tint", "refused-tint", "changed")),
    *(("quiet", ground, TEXT) for ground in ("paper", "tint")),
    *(("accent", ground, TEXT) for ground in ("paper", "tint", "accent-tint")),
    ("on-accent", "accent", TEXT),
    *((state, ground, TEXT) for state in MARKS for ground in ("paper", "tint")),
    ("refused", "refused-tint", TEXT),
    ("edge", "paper", EDGE),
)
"""What stands on what, and the contrast that is promised."""


class Contrast(NamedTuple):
    """One pair of tokens with its contrast in hundredths, rounded down, in the light and the dark scheme."""

    front: str
    ground: str
    light: int
    dark: int
    least: int


def colours(scheme: str) -> Mapping[str, str]:
    """Colours by token, as `#rrggbb`; `scheme` is `light` or `dark`."""
    light, dark = _CSS.read_text(encoding="utf-8").split(_DARK)
    found = dict(_COLOUR.findall(light))
    return found if scheme == "light" else {**found, **dict(_COLOUR.findall(dark))}


def contrast(one: str, other: str) -> int:
    """Contrast of two colours by WCAG 2.2, in hundredths, rounded down.

    >>> contrast("#000000", "#ffffff"), contrast("#777777", "#ffffff"), contrast("#123456", "#123456")
    (2100, 447, 100)
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return int((lighter + 0.05) / (darker + 0.05) * 100)


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@functools.cache
def contrasts() -> tuple[Contrast, ...]:
    """Every pair of PAIRS with its contrast in both schemes."""
    light, dark = colours("light"), colours("dark")
    return tuple(
        Contrast(front, ground, contrast(light[front], light[ground]), contrast(dark[front], dark[ground]), least)
        for front, ground, least in PAIRS
    )
