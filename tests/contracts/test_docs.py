"""Documents that fail the build: what they name exists, what exists is named, and both languages keep step."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

import django
import pytest
import yaml
from house import ROOT, SRC, packages, python_files, shown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "silkgate.site.settings")

DOCS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SRC.rglob("README.md"), *(ROOT / "reference").rglob("*.md")]
)
CAPABILITIES = [
    f"{letter}{number}"
    for letter, count in {"A": 10, "B": 12, "C": 8, "D": 6, "E": 3, "F": 10}.items()
    for number in range(1, count + 1)
]
"""Every capability that the zone's development plan asks of the software."""


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- Coverage ----------------------------------------------------------------------------------------------------


class Covered(NamedTuple):
    """One row of `docs/coverage.md`."""

    id: str
    state: str
    page: str
    test: str


def _coverage() -> list[Covered]:
    rows = []
    for line in _text("docs/coverage.md").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if re.fullmatch(r"[A-F]\d+", cells[0]):
            rows.append(Covered(cells[0], *cells[2:5]))
    return rows


def test_every_capability_stands_in_the_coverage_once() -> None:
    assert [row.id for row in _coverage()] == CAPABILITIES


@pytest.mark.parametrize("row", _coverage(), ids=lambda row: row.id)
def test_a_capability_points_at_its_page_and_test(row: Covered) -> None:
    """What is done, in full or in part, has a page and a test that exist; what is planned claims neither."""
    assert row.state in {"done", "part", "planned"}
    if row.state == "planned":
        assert (row.page, row.test) == ("–", "–")
        return
    for cell in (row.page, row.test):
        targets = re.findall(r"\]\(([^)#]+)", cell)
        assert targets, f"{row.id}: link the page and the test"
        for target in targets:
            assert (ROOT / "docs" / target).resolve().exists(), f"{row.id} points at {target}, which is not there"
    assert "tests/" in row.test


# --- Commands ----------------------------------------------------------------------------------------------------


@functools.cache
def _make_targets() -> frozenset[str]:
    makefiles = [ROOT / "Makefile", *sorted((ROOT / "tasks").glob("*.mk"))]
    text = "\n".join(path.read_text(encoding="utf-8") for path in makefiles if path.exists())
    return frozenset(re.findall(r"^([a-z][\w-]*)\s*:(?!=)", text, re.MULTILINE))


@functools.cache
def _commands() -> frozenset[str]:
    """Every command of the `silkgate` program, groups with their sub-commands (`case run`)."""
    from typer.main import get_command

    from silkgate.site.cli import app

    found: set[str] = set()

    def walk(command: object, prefix: str) -> None:
        for name, child in getattr(command, "commands", {}).items():
            found.add(f"{prefix}{name}")
            walk(child, f"{prefix}{name} ")

    walk(get_command(app), "")
    return frozenset(found)


def _code(text: str) -> str:
    """Fenced blocks and inline code of a page: there a command is meant as one."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


@pytest.mark.parametrize("page", DOCS, ids=shown)
def test_commands_in_documents_exist(page: Path) -> None:
    code = _code(page.read_text(encoding="utf-8"))
    targets = set(re.findall(r"(?:^|[`\s])make ([a-z][\w-]*)", code))
    assert targets <= _make_targets(), f"no such Make target: {sorted(targets - _make_targets())}"
    words = set(re.findall(r"(?:^|[`/\s])silkgate ([a-z]+(?: [a-z]+)?)", code))
    unknown = {word for word in words if word not in _commands() and word.split()[0] not in _commands()}
    assert not unknown, f"no such command: {sorted(unknown)}"


def test_every_command_is_documented() -> None:
    manual = _text("docs/operating.md")
    leaves = {name for name in _commands() if not any(other.startswith(f"{name} ") for other in _commands())}
    missing = {name for name in leaves if f"silkgate {name}" not in manual}
    assert not missing, f"docs/operating.md does not name {sorted(missing)}"


def test_every_setting_is_documented() -> None:
    """Environment variables are named in `docs/operating.md` and read in the code, both or neither."""
    variable = re.compile(r"\bSILKGATE_[A-Z][A-Z_]*[A-Z]\b")
    of_django = re.compile(r'settings, "SILKGATE_\w+"')
    read = {
        name
        for path in python_files()
        for name in variable.findall(of_django.sub("", path.read_text(encoding="utf-8")))
    }
    told = set(variable.findall(_text("docs/operating.md")))
    assert read == told, f"not told: {sorted(read - told)}; told, but read nowhere: {sorted(told - read)}"
    assert "DATABASE_URL" in _text("docs/operating.md")


def test_addresses_in_documents_are_served() -> None:
    """Every `/api/…` path that a page names resolves to a view."""
    django.setup()
    from django.urls import Resolver404, resolve

    dead = []
    for page in DOCS:
        for path in set(
            re.findall(r"(?<![\w.])(?:127\.0\.0\.1:\d+)?(/api/[\w/{}<>.-]*[\w}>])", page.read_text("utf-8"))
        ):
            concrete = re.sub(r"[{<][^}>]*[}>]", "1", path)
            try:
                resolve(concrete)
            except Resolver404:
                dead.append(f"{shown(page)}: {path}")
    assert not dead, dead


# --- Links -------------------------------------------------------------------------------------------------------


def _anchors(page: Path) -> set[str]:
    """Anchors that a page's headings make, in the way that code hosts make them."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#{1,6}\s+(.+?)\s*$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower().replace("`", "")).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", DOCS, ids=shown)
def test_links_resolve(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    assert not broken, broken


def test_every_page_of_the_docs_is_in_the_index() -> None:
    index = _text("docs/index.md")
    missing = [
        shown(page)
        for page in sorted((ROOT / "docs").rglob("*.md"))
        if page.name != "index.md" and f"({page.relative_to(ROOT / 'docs').as_posix()})" not in index
    ]
    assert not missing, f"docs/index.md does not lead to {missing}"


# --- Records -----------------------------------------------------------------------------------------------------


def test_the_version_is_the_same_everywhere() -> None:
    from silkgate import __version__

    project = tomllib.loads(_text("pyproject.toml"))["project"]
    newest = re.search(r"^## (\d+\.\d+\.\d+)", _text("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    public = yaml.safe_load(_text("publiccode.yml"))
    assert {project["version"], newest.group(1), str(public["softwareVersion"])} == {__version__}


def test_every_dependency_has_its_line() -> None:
    """One line each in `docs/dependencies.md`, neither more nor fewer."""
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project.get("optional-dependencies", {}).values() for d in extra),
    ]
    names = sorted(re.match(r"[\w-]+", dependency).group().lower() for dependency in wanted)  # type: ignore[union-attr]
    listed = sorted(name.lower() for name in re.findall(r"^\| `([\w-]+)`", _text("docs/dependencies.md"), re.MULTILINE))
    assert listed == names


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=shown)
def test_a_decision_is_dated_and_weighed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"^Date: \d{4}-\d{2}-\d{2} · Status: (accepted|replaced by \d{4})$", text, re.MULTILINE)
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert titles == ["Context", "Alternatives", "Decision", "Consequences"]


@pytest.mark.parametrize("folder", [*(f"src/silkgate/{name}" for name in packages())])
def test_the_map_names_every_room(folder: str) -> None:
    assert f"`{folder.removeprefix('src/silkgate/')}/`" in _text("ARCHITECTURE.md")


def test_the_map_names_every_top_folder() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tops = {name.split("/")[0] for name in listed.split("\0") if "/" in name and not name.startswith(".")}
    missing = [name for name in sorted(tops) if f"`{name}/" not in _text("ARCHITECTURE.md")]
    assert not missing, missing


def _blocks(text: str) -> list[str]:
    """Commands of the fenced blocks, without comments (those are translated)."""
    lines = [line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return [command for line in lines if (command := line.split("#")[0].rstrip())]


def test_the_two_readmes_are_twins() -> None:
    """Same sections in number and level, same commands, same links; a page that has a Chinese twin is linked by it."""
    english, chinese = _text("README.md"), _text("README.zh-CN.md")
    for shape in (r"^(#+) ", r"^(\|)", r"^([-*]) "):
        assert re.findall(shape, english, re.MULTILINE) == re.findall(shape, chinese, re.MULTILINE)
    assert _blocks(english) == _blocks(chinese)
    links = r"\]\(([^)\s]+)\)"
    each_other = {"README.md", "README.zh-CN.md"}
    assert {_in_chinese(link) for link in set(re.findall(links, english)) - each_other} == (
        set(re.findall(links, chinese)) - each_other
    )


def _in_chinese(link: str) -> str:
    twin = link.replace(".md", ".zh-CN.md")
    return twin if (ROOT / twin).exists() else link


def test_the_first_screen_says_how_to_begin() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        first = "\n".join(_text(name).splitlines()[:40])
        assert "make run" in first
        assert "make test" in first
