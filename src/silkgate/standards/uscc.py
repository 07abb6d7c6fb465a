"""Codes by which enterprises are known: unified social credit codes (GB 32100-2015), customs registration codes of old.

A unified social credit code has 18 characters: 1 registering authority, 2 category, 3–8 administrative division,
9–17 organisation code (GB 11714), 18 check character. It is written with digits and capitals without I, O, S, V, Z.
A customs registration code has 10: four digits of the customs district's division, then digits and capitals.
"""

from __future__ import annotations

from typing import NamedTuple

from silkgate.kernel.text import Text

CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH, CUSTOMS_LENGTH = 18, 10
_LOOK_ALIKE = {"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}
_CAPITALS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Mistake(NamedTuple):
    """What is wrong with a code, and at which position (from 1; 0: with all of it)."""

    position: int
    text: Text


def normal(code: str) -> str:
    """As codes are kept: capitals, without spaces and hyphens that people put in to read them."""
    return "".join(code.split()).replace("-", "").upper()


def check_character(first_17: str) -> str:
    """The 18th character: 31 less the sum of values times 3^i modulo 31. ValueError for other characters.

    >>> check_character("91350100M000100Y4")
    '3'
    """
    total = sum(CHARACTERS.index(character) * pow(3, place, 31) for place, character in enumerate(first_17))
    return CHARACTERS[-total % 31]


def mistake_in(code: str) -> Mistake | None:
    """The first mistake in a code as `normal` gives it; None where there is none.

    The organisation code's own check character, the 17th, is not judged: the 18th covers it.
    """
    if len(code) == CUSTOMS_LENGTH:
        return _in_customs_code(code)
    if len(code) != LENGTH:
        return Mistake(
            0,
            Text(
                f"统一社会信用代码为18位（原海关注册编码为10位），现有{len(code)}位。",
                f"A unified social credit code has 18 characters (an old customs code 10); this one has {len(code)}.",
            ),
        )
    for position, character in enumerate(code, start=1):
        wrong = _wrong(position, character)
        if wrong:
            return wrong
    wanted = check_character(code[:17])
    if code[17] != wanted:
        return Mistake(
            18,
            Text(
                f"第18位校验码不符：按前17位应为{wanted}，现为{code[17]}。请核对全部18位，可能有一位抄错。",
                f"Position 18, the check character, does not fit: for the first 17 it is {wanted}, not {code[17]}."
                " Compare all 18; one of them may be mistyped.",
            ),
        )
    return None


def _wrong(position: int, character: str) -> Mistake | None:
    """A character that cannot stand at its position."""
    if character not in CHARACTERS:
        like = _LOOK_ALIKE.get(character, "")
        return Mistake(
            position,
            Text(
                f"第{position}位“{character}”不是代码所用字符" + (f"，可能是{like}。" if like else "。"),
                f"Position {position}: “{character}” does not occur in these codes"
                + (f"; perhaps it is {like}." if like else "."),
            ),
        )
    if 3 <= position <= 8 and not character.isdigit():
        return Mistake(
            position,
            Text(
                f"第{position}位应为数字（第3至8位是行政区划代码），现为{character}。",
                f"Position {position} is a digit (3 to 8 are the administrative division), not {character}.",
            ),
        )
    return None


def _in_customs_code(code: str) -> Mistake | None:
    for position, character in enumerate(code, start=1):
        if character not in (_CAPITALS if position > 4 else frozenset("0123456789")):
            zh, en = ("数字或大写字母", "a digit or a capital") if position > 4 else ("数字", "a digit")
            return Mistake(
                position,
                Text(
                    f"海关注册编码第{position}位应为{zh}，现为“{character}”。",
                    f"Position {position} of a customs code is {en}, not “{character}”.",
                ),
            )
    return None
