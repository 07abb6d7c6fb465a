"""Contrast is computed from the tokens, not believed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from silkgate import ui

STATIC = Path(ui.__file__).parent / "static" / "ui"
SOURCE = (STATIC / "silkgate.css").read_text(encoding="utf-8")
HEX = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")


def _tokens(scheme: str) -> dict[str, str]:
    light, dark = SOURCE.split("@media (prefers-color-scheme: dark)")
    tokens = dict(HEX.findall(light))
    return tokens if scheme == "light" else {**tokens, **dict(HEX.findall(dark))}


def contrast(one: str, other: str) -> float:
    """By the formula of WCAG 2.2, in its own words."""
    luminance = []
    for colour in (one, other):
        red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
        luminance.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(luminance) + 0.05) / (min(luminance) + 0.05)


STATES = ("waiting", "released", "held", "refused", "returned")
PAIRS = [
    ("ink", "paper", 7.0), ("ink", "tint", 7.0), ("ink", "changed", 7.0), ("ink", "refused-tint", 7.0),
    ("ink", "accent-tint", 7.0),
    ("quiet", "paper", 4.5), ("quiet", "tint", 4.5), ("quiet", "accent-tint", 4.5), ("quiet", "refused-tint", 4.5),
    ("accent", "paper", 4.5), ("accent", "tint", 4.5), ("accent", "accent-tint", 4.5), ("on-accent", "accent", 4.5),
    *[(mark, ground, 4.5) for mark in STATES for ground in ("paper", "tint")],
    ("refused", "refused-tint", 4.5), ("edge", "paper", 3.0),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_contrast(scheme: str, front: str, ground: str, least: float) -> None:
    tokens = _tokens(scheme)
    assert contrast(tokens[front], tokens[ground]) >= least


@pytest.mark.parametrize("name", ["frame.css", "lists.css", "shapes.css", "media.css"])
def test_colours_and_fonts_come_from_tokens(name: str) -> None:
    """Only the tokens name a colour or a font; paper redefines tokens and nothing else."""
    source = (STATIC / name).read_text(encoding="utf-8")
    source = re.sub(r"(?s)@media print \{\n  :root \{.*?\n  \}", "", source)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", source)
    assert not re.findall(r"font-family: (?!var\()", source)
