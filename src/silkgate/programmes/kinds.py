"""Reads `reference/market/kinds.toml`: the kinds of service in the directory, and who may offer each. No Django."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from silkgate.kernel.text import Text
from silkgate.registry.api import ROLES
from silkgate.tariff.api import REFERENCE, Citation, LawFileError, notices

_KEYS = {"words", "roles", "clears", "law"}
_REPAIR = Text("请照旁边的条目改写", "Write it like the entries beside it")


class Kind(NamedTuple):
    """A kind of service."""

    key: str
    words: Text
    roles: frozenset[str]
    """In one of which the provider has to be on file, in force; empty: a registered organisation is enough."""
    clears: bool
    """Orders of it may name the declarations that they served."""
    law: Citation


def _kind(key: str, content: Any) -> Kind:
    where = f"kinds.toml {key}"
    if not isinstance(content, dict) or not _KEYS >= set(content) >= {"words", "roles", "law"}:
        raise LawFileError(where, Text("键应为words、roles、law", "the keys are words, roles, law"), _REPAIR)
    words, law = content["words"], content["law"]
    if set(words) != {"zh", "en"} or not set(content["roles"]) <= set(ROLES) or law.get("notice") not in notices():
        told = Text("词语、角色或文件没有声明", "words, a role or the notice is declared nowhere")
        raise LawFileError(where, told, _REPAIR)
    article = Text(**law["article"]) if "article" in law else None
    return Kind(
        key,
        Text(**words),
        frozenset(content["roles"]),
        bool(content.get("clears", False)),
        Citation(notices()[law["notice"]], article, bool(law.get("verified", True))),
    )


def read(path: Path) -> Mapping[str, Kind]:
    """The kinds of a file, in its order. Raises LawFileError, which names the place and what to do."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LawFileError(str(path), Text(f"无法读取：{error}", f"cannot be read: {error}"), _REPAIR) from error
    return MappingProxyType({key: _kind(key, entry) for key, entry in content.items()})


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """Every kind of service, by key; read once. Raises LawFileError."""
    return read(REFERENCE / "market" / "kinds.toml")
