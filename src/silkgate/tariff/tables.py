"""Typed reading of TOML tables, where every complaint says file, place, what is wrong and what to do."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from silkgate.kernel.text import Text
from silkgate.tariff.domain import LawFileError

T = TypeVar("T")

_LIKE_NEIGHBOURS = Text("请照旁边的文件改写", "Write it like the files beside it")


class Table:
    """A TOML table with its place in a file."""

    def __init__(self, where: str, content: object) -> None:
        if not isinstance(content, dict):
            raise LawFileError(where, Text("这里应是一张表", "a table is needed here"), _LIKE_NEIGHBOURS)
        self.where = where
        self.content: dict[str, object] = content

    def fault(self, key: str, what: Text, mend: Text) -> LawFileError:
        """An error about `key` of this table."""
        return LawFileError(f"{self.where} {key}", what, mend)

    def only(self, *keys: str) -> None:
        """Refuse keys that nobody reads: mostly they are misspelt."""
        strange = sorted(set(self.content) - set(keys))
        if strange:
            raise self.fault(
                ", ".join(strange),
                Text("不认识的键", "unknown key"),
                Text(f"可用的键是{'、'.join(keys)}", f"The keys are {', '.join(keys)}"),
            )

    def _get(self, key: str) -> object:
        if key not in self.content:
            raise self.fault(key, Text("缺少这一项", "this key is missing"), _LIKE_NEIGHBOURS)
        return self.content[key]

    def _wrong(self, key: str, zh: str, en: str) -> LawFileError:
        found = self.content[key]
        return self.fault(key, Text(f"“{found}”不是{zh}", f"{found!r} is not {en}"), _LIKE_NEIGHBOURS)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self._get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, "文字", "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._get(key)
        if not isinstance(value, list) or not value or not all(isinstance(part, str) for part in value):
            raise self._wrong(key, "代码列表", "a list of codes")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """true or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true或false", "true or false")
        return value

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "整数", "a whole number")
        return value

    def decimal(self, key: str) -> Decimal:
        """An exact decimal number."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
            raise self._wrong(key, "数", "a number")
        return Decimal(value)

    def day(self, key: str) -> date:
        """A calendar day."""
        value = self._get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self._wrong(key, "日期（如2019-01-01，不加引号）", "a date (like 2019-01-01, without quotes)")
        return value

    def day_or_none(self, key: str) -> date | None:
        """A calendar day, where given."""
        return self.day(key) if key in self.content else None

    def choice(self, key: str, choices: Mapping[str, T]) -> T:
        """One of the words named."""
        value = self.text(key)
        if value not in choices:
            raise self.fault(
                key,
                Text(f"不认识的词{value}", f"unknown word {value}"),
                Text(f"可用的是{'、'.join(choices)}", f"The words are {', '.join(choices)}"),
            )
        return choices[value]

    def bilingual(self, key: str) -> Text:
        """A text in both languages: `{ zh = "…", en = "…" }`."""
        table = self.table(key)
        table.only("zh", "en")
        return Text(table.text("zh"), table.text("en"))

    def table(self, key: str) -> Table:
        """A table within this one."""
        return Table(f"{self.where} {key}", self._get(key))

    def tables(self, key: str) -> list[Table]:
        """A list of tables, at least one."""
        value = self._get(key)
        if not isinstance(value, list) or not value:
            raise self._wrong(key, "表的列表", "a list of tables")
        return [Table(f"{self.where} {key}[{place}]", part) for place, part in enumerate(value, start=1)]


def read_toml(path: Path) -> Table:
    """A TOML file as a table; numbers with a point are exact decimals. Raises LawFileError."""
    where = f"{path.parent.name}/{path.name}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise LawFileError(
            where,
            Text("没有这个文件", "there is no such file"),
            Text("把SILKGATE_REFERENCE指向本项目的reference文件夹", "Point SILKGATE_REFERENCE at the reference folder"),
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LawFileError(
            where,
            Text(f"不是可读的TOML（{error}）", f"not readable as TOML ({error})"),
            Text("请改正这一处；文件用UTF-8保存", "Mend this place; save the file as UTF-8"),
        ) from None
    return Table(where, content)
