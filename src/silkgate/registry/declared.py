"""Reads `reference/registry`: the roles, what each needs, who reads it what for, and the credit classes. No Django."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from silkgate.kernel.text import Text
from silkgate.registry.domain import ROLES, Asked, Declared, Field, Paper, Purpose, Role, Scheme
from silkgate.registry.rules import KINDS
from silkgate.tariff.api import REFERENCE, Citation, LawFileError, notices

_REPAIR = Text("请照旁边的条目改写", "Write it like the entries beside it")


def _fault(where: str, zh: str, en: str) -> LawFileError:
    return LawFileError(where, Text(zh, en), _REPAIR)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _fault(str(path), f"无法读取：{error}", f"cannot be read: {error}") from error


class _Entry:
    """One table of a file, with its place; strange and missing keys are told."""

    def __init__(self, where: str, content: Any, known: str) -> None:
        if not isinstance(content, dict):
            raise _fault(where, "这里应是一张表", "a table is needed here")
        if strange := sorted(set(content) - set(known.split())):
            raise _fault(where, f"不认识的键{strange}", f"unknown keys {strange}")
        self.where, self.content = where, content

    def __getitem__(self, key: str) -> Any:
        if key not in self.content:
            raise _fault(self.where, f"缺少{key}", f"{key} is missing")
        return self.content[key]

    def text(self, key: str) -> Text:
        return _text(self.where, self[key])

    def text_or_none(self, key: str) -> Text | None:
        return self.text(key) if key in self.content else None

    def names(self, key: str, known: Iterable[str]) -> tuple[str, ...]:
        """A list of names, each among those `known`; absent: empty."""
        names = tuple(self.content.get(key, ()))
        if unknown := sorted(set(names) - set(known)):
            raise _fault(f"{self.where} {key}", f"没有声明{unknown}", f"{unknown} are declared nowhere")
        return names


def _text(where: str, content: Any) -> Text:
    if not isinstance(content, dict) or set(content) != {"zh", "en"} or not all(content.values()):
        raise _fault(where, "应有zh和en两种语言", "zh and en are both needed")
    return Text(content["zh"], content["en"])


def _citation(where: str, content: Any) -> Citation:
    entry = _Entry(where, content, "notice article verified")
    key = entry["notice"]
    if key not in notices():
        raise _fault(where, f"notices.toml中没有{key}", f"notices.toml has no {key}")
    return Citation(notices()[key], entry.text_or_none("article"), bool(entry.content.get("verified", True)))


def _field(key: str, content: Any, purposes: Mapping[str, Purpose]) -> Field:
    where = f"fields.toml {key}"
    entry = _Entry(where, content, "words type help personal purposes choices needed_if")
    if entry["type"] not in KINDS:
        raise _fault(where, f"不认识的类型{entry['type']}", f"unknown type {entry['type']}")
    if (entry["type"] == "choice") != ("choices" in entry.content):
        raise _fault(where, "choice类型必须且只有它写choices", "choices belong to the type choice, and it needs them")
    personal = bool(entry.content.get("personal", False))
    read_for = {*entry.names("purposes", purposes), "review"}
    if personal and (wrong := sorted(name for name in read_for if not purposes[name].personal)):
        raise _fault(where, f"{wrong}不能读取个人信息", f"{wrong} may not read personal data")
    condition = entry.content.get("needed_if")
    return Field(
        key=key,
        words=entry.text("words"),
        kind=entry["type"],
        help=entry.text_or_none("help"),
        personal=personal,
        purposes=frozenset(read_for),
        choices=MappingProxyType({k: _text(f"{where} {k}", v) for k, v in entry.content.get("choices", {}).items()}),
        needed_if=(condition["field"], condition["is"]) if condition else None,
    )


def _purpose(key: str, content: Any) -> Purpose:
    entry = _Entry(f"purposes.toml {key}", content, "words agencies duties personal law")
    return Purpose(
        key,
        entry.text("words"),
        frozenset(entry["agencies"]),
        frozenset(entry.content.get("duties", ())),
        bool(entry["personal"]),
        _citation(entry.where, entry["law"]),
    )


def _role(key: str, content: Any, fields: Mapping[str, Field], papers: Mapping[str, Paper]) -> Role:
    where = f"roles.toml {key}"
    entry = _Entry(where, content, "words help needs may documents law with")
    return Role(
        key=key,
        words=entry.text("words"),
        help=entry.text("help"),
        needs=entry.names("needs", fields),
        may=entry.names("may", fields),
        papers=entry.names("documents", papers),
        law=tuple(_citation(where, citation) for citation in entry["law"]),
        beside=entry.names("with", ROLES),
    )


def _scheme(key: str, content: Any) -> Scheme:
    where = f"credit.toml {key}"
    entry = _Entry(where, content, "words law from to classes")
    return Scheme(
        key,
        entry.text("words"),
        _citation(where, entry["law"]),
        entry["from"],
        entry.content.get("to"),
        MappingProxyType({name: _text(f"{where} {name}", words) for name, words in entry["classes"].items()}),
    )


def read(folder: Path) -> Declared:
    """All that the files of `folder` declare. Raises LawFileError, which names the place and what to do."""
    purposes = {key: _purpose(key, content) for key, content in _read(folder / "purposes.toml").items()}
    listed = _Entry("fields.toml", _read(folder / "fields.toml"), "fields documents")
    fields = {key: _field(key, content, purposes) for key, content in listed["fields"].items()}
    papers = {}
    for key, content in listed["documents"].items():
        entry = _Entry(f"fields.toml {key}", content, "words help")
        papers[key] = Paper(key, entry.text("words"), entry.text_or_none("help"))
    said = _Entry("roles.toml", _read(folder / "roles.toml"), "common roles")
    common = _Entry("roles.toml common", said["common"], "needs may documents")
    roles = {key: _role(key, content, fields, papers) for key, content in said["roles"].items()}
    if set(roles) != set(ROLES):
        raise _fault("roles.toml", f"角色应为{ROLES}", f"the roles must be {ROLES}")
    return Declared(
        fields=MappingProxyType(fields),
        papers=MappingProxyType(papers),
        roles=MappingProxyType(roles),
        common_needs=common.names("needs", fields),
        common_may=common.names("may", fields),
        common_papers=common.names("documents", papers),
        purposes=MappingProxyType(purposes),
        schemes=MappingProxyType({key: _scheme(key, entry) for key, entry in _read(folder / "credit.toml").items()}),
    )


@functools.cache
def declared() -> Declared:
    """What `reference/registry` declares; read once. Raises LawFileError."""
    return read(REFERENCE / "registry")


def asked_of(roles: Iterable[str]) -> tuple[Asked, ...]:
    """The fields that an application for `roles` is asked for: common ones first, each once, needed before optional."""
    known = declared()
    chosen = [known.roles[role] for role in ROLES if role in set(roles)]
    needed = {*known.common_needs, *(key for role in chosen for key in role.needs)}
    groups = [("", (*known.common_needs, *known.common_may)), *((r.key, (*r.needs, *r.may)) for r in chosen)]
    asked: dict[str, Asked] = {}
    for role, keys in groups:
        for key in keys:
            asked.setdefault(key, Asked(known.fields[key], key in needed, role))
    promise = [item for item in asked.values() if item.field.kind == "promise"]
    return (*(item for item in asked.values() if item.field.kind != "promise"), *promise)


def papers_of(roles: Iterable[str]) -> tuple[Paper, ...]:
    """The papers that an application for `roles` has to bring."""
    known = declared()
    chosen = [known.roles[role] for role in ROLES if role in set(roles)]
    keys = dict.fromkeys([*known.common_papers, *(key for role in chosen for key in role.papers)])
    return tuple(known.papers[key] for key in keys)
