"""PostgreSQL's own client programs: which ones fit a server, and how they are run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from silkgate.site.database import named_url
from silkgate.site.postgres.account import clean_environment
from silkgate.site.postgres.binaries import installed
from silkgate.site.problem import Problem

SYSTEM_INSTALLATIONS = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep one folder a major version."""


class Programs(NamedTuple):
    """One installation's pg_dump, pg_restore and psql."""

    major: int
    bin: Path


def programs_for(major: int) -> Programs:
    """The oldest programs that know a server or a dump of `major`. Raises Problem where none are new enough."""
    known = [Programs(one.major, one.bin) for one in _embedded()]
    # Those of the system come first for a server of the system: they were built with its TLS.
    known = [*_of_the_system(), *known] if named_url() else [*known, *_of_the_system()]
    fitting = [one for one in known if one.major >= major]
    if not fitting:
        raise Problem(
            f"没有适用于PostgreSQL {major}的pg_dump和pg_restore，请安装postgresql-client-{major}。",
            f"No pg_dump and pg_restore for PostgreSQL {major} are here. Install postgresql-client-{major}.",
        )
    return min(fitting, key=lambda one: one.major)


def start(program: Path, url: str, words: Sequence[str | Path], **streams: object) -> subprocess.Popen[bytes]:
    """Start a program on the database at `url`; its password goes by the environment, where no list of processes
    shows it."""
    named = conninfo_to_dict(url)
    password = named.pop("password", None)
    environment = clean_environment() | ({"PGPASSWORD": str(password)} if password else {})
    command = [str(program), f"--dbname={make_conninfo('', **named)}", *map(str, words)]
    return subprocess.Popen(command, env=environment, **streams)  # type: ignore[call-overload,no-any-return]


def reason(stderr: bytes) -> str:
    """The line in which a program says what went wrong."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower() or "fatal:" in line.lower()]
    return (errors or lines or ["no reason given"])[0]


def _embedded() -> list[Programs]:
    with suppress(Problem):  # a server of one's own needs no embedded one
        return [Programs(one.major, one.bin) for one in installed()]
    return []


def _of_the_system() -> list[Programs]:
    folders = [folder for folder in SYSTEM_INSTALLATIONS.glob("*/bin") if re.fullmatch(r"\d+", folder.parent.name)]
    return [
        Programs(int(folder.parent.name), folder)
        for folder in folders
        if all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql"))
    ]
