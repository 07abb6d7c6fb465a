"""What the contract tests know about the house: where it stands, its floors, and how its files are read."""

from __future__ import annotations

import ast
import configparser
import functools
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "silkgate"

LIBRARIES = frozenset({"kernel", "standards", "client", "ui"})
"""Floors that anyone above may use in full; every other floor is a room with a door."""


@functools.cache
def floors() -> tuple[tuple[str, ...], ...]:
    """The floors, lowest first, as `.importlinter` declares them (the one place where they are written)."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    lines = config["importlinter:contract:floors"]["layers"].split("\n")
    named = [tuple(name.strip(" ()") for name in line.split("|")) for line in lines if line.strip()]
    return tuple(reversed(named))


@functools.cache
def floor_of() -> dict[str, int]:
    """Room name to the number of its floor, 0 at the bottom."""
    return {room: number for number, rooms in enumerate(floors()) for room in rooms}


def may_look_at(room: str, other: str) -> bool:
    """Whether `room` may import from, refer to or read `other`."""
    return room == other or floor_of()[other] < floor_of()[room]


def packages() -> list[str]:
    """Every package directly under `silkgate`, rooms and libraries, in name order."""
    return sorted(path.parent.name for path in SRC.glob("*/__init__.py"))


def rooms() -> list[str]:
    """Packages with a door: all but the libraries and the site, which wires everything and is wired by nobody."""
    return [name for name in packages() if name not in LIBRARIES and name != "site"]


def room_of(path: Path) -> str:
    """The room in which a file under `src/silkgate` lives; `silkgate` for files of the package itself."""
    parts = path.relative_to(SRC).parts
    return parts[0] if len(parts) > 1 else "silkgate"


def shown(path: Path) -> str:
    """A path as people say it: from the root of the project."""
    return path.relative_to(ROOT).as_posix()


@functools.cache
def python_files() -> tuple[Path, ...]:
    """All Python files under `src/silkgate`."""
    return tuple(sorted(SRC.rglob("*.py")))


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


class Import(NamedTuple):
    """One imported name: `from module import name`, or `import module` with an empty name."""

    module: str
    name: str
    line: int


def imports(path: Path) -> list[Import]:
    """Every import of a file, at any depth, with relative ones made absolute."""
    package = ("silkgate", *path.relative_to(SRC).parts[:-1])
    found: list[Import] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, "", node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *((node.module,) if node.module else ())))
            found += [Import(module, alias.name, node.lineno) for alias in node.names]
    return found
