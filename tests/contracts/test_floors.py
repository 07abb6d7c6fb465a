"""Floors and doors: which way the rooms may look, and through what.

`.importlinter` holds the floors. What it cannot say is held here: that a room enters another one only by its door.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from house import LIBRARIES, ROOT, SRC, floor_of, imports, packages, python_files, room_of, rooms, shown, tree

PURE_FURNITURE = frozenset({"domain.py", "rules.py"})
IMPURE_LIBRARIES = ("django", "ninja", "psycopg")
ENGINE_SHELL = frozenset({"run.py", "ahead.py", "prefetch.py", "persist.py", "commit.py", "claim.py"})
"""Files of `clearance/engine` that speak to the database: the loop, the reads before a batch, the writes after it."""


def test_import_linter_finds_every_floor_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--config", ROOT / ".importlinter", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_stands_on_a_floor() -> None:
    assert set(packages()) <= set(floor_of()), "a package without a floor: give it one in .importlinter"


def _doors(room: str) -> frozenset[str]:
    return frozenset({f"silkgate.{room}.api", f"silkgate.{room}.templatetags"})


def _through_a_wall(path: Path) -> list[str]:
    """Imports of one file that enter another room by anything but its `api`."""
    here = room_of(path)
    found = []
    for imported in imports(path):
        parts = imported.module.split(".")
        if parts[0] != "silkgate":
            continue
        target = parts[1] if len(parts) > 1 else imported.name
        if target in {here, ""} or target in LIBRARIES or target not in packages():
            continue
        by_the_door = imported.module in _doors(target) or (
            imported.module == f"silkgate.{target}" and imported.name == "api"
        )
        if not by_the_door:
            found.append(f"{shown(path)}:{imported.line} imports {imported.module} {imported.name}".rstrip())
    return found


@pytest.mark.parametrize("room", [*rooms(), "ui", "standards", "kernel"])
def test_a_room_enters_another_only_by_its_door(room: str) -> None:
    walls = [line for path in python_files() if room_of(path) == room for line in _through_a_wall(path)]
    assert not walls, f"import from silkgate.<room>.api instead, or export the name there: {walls}"


@pytest.mark.parametrize("room", rooms())
def test_what_a_door_offers_exists(room: str) -> None:
    """`__all__` of an `api.py` names things that the file itself defines or imports."""
    import ast

    door = SRC / room / "api.py"
    if not door.exists():
        users = [shown(p) for p in python_files() for i in imports(p) if i.module == f"silkgate.{room}.api"]
        assert not users, f"{room} has no door, yet these use it: {users}"
        return
    defined: set[str] = set()
    offered: list[str] = []
    for node in tree(door).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            defined |= set(names)
            if names == ["__all__"]:
                offered = ast.literal_eval(node.value)
    assert set(offered) <= defined, f"{shown(door)} offers what it has not: {sorted(set(offered) - defined)}"


def _pure_files() -> list[Path]:
    engine = SRC / "clearance" / "engine"
    return [
        path
        for path in python_files()
        if (path.parent == engine and path.name not in ENGINE_SHELL)
        or (path.parent.parent == SRC and path.name in PURE_FURNITURE)
    ]


def test_words_judges_and_the_engine_are_pure() -> None:
    """`domain.py`, `rules.py` and the engine's inside know no Django and no database: facts in, findings out."""
    stained = [
        f"{shown(path)}:{imported.line} imports {imported.module}"
        for path in _pure_files()
        for imported in imports(path)
        if imported.module.split(".")[0] in IMPURE_LIBRARIES
    ]
    assert not stained, stained
