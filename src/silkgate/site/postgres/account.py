"""Which account of the machine the server runs as. PostgreSQL refuses to run as root, so root names another."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from silkgate.site.problem import Problem

_CANDIDATES = ("postgres", "nobody")


class Account(NamedTuple):
    """An account of the machine."""

    name: str
    uid: int
    gid: int


def server_account(data: Path) -> Account | None:
    """The account to run the server of `data` as; None means as ourselves.

    Data that exists stays with its owner: what an ordinary user made is not taken away from him by one command of root.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise Problem(
                f"数据库目录{data}属于用户{_name(owner)}。请以该用户（或root）运行，或另设SILKGATE_HOME。",
                f"The database directory {data} belongs to {_name(owner)}: run as that user or as root, "
                "or name another SILKGATE_HOME.",
            )
        return None
    if owner:
        entry = _entry(owner)
        return Account(_name(owner), owner, entry.pw_gid if entry else data.stat().st_gid)
    for name in _CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(name, found.pw_uid, found.pw_gid)
    raise Problem(
        "以root运行时，内置数据库需要系统中有postgres或nobody账户，但都不存在。请以普通用户运行，或设置DATABASE_URL。",
        "Run as root, the embedded database needs the account postgres or nobody, and this machine has neither. "
        "Run as an ordinary user or set DATABASE_URL.",
    )


def run_as(
    account: Account | None, command: Sequence[str | Path], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end as `account` from the root directory, which everybody may enter."""
    everything = clean_environment() | (environment or {})
    words = [str(word) for word in command]
    try:
        if account is None:
            return subprocess.run(words, env=everything, cwd="/", capture_output=True, text=True, check=False)
        return subprocess.run(
            words,
            env=everything,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except PermissionError as error:
        # exec itself was refused: the account cannot reach the file.
        return subprocess.CompletedProcess(words, 126, "", str(error))


def clean_environment() -> dict[str, str]:
    """Nothing of the caller's: PG… variables would lead the tools elsewhere, locales would change their words."""
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"}


def can_enter(account: Account | None, directory: Path) -> bool:
    """True where `account` may walk into `directory`; tried, not computed, so access lists count too."""
    return run_as(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", directory]).returncode == 0


def give(account: Account | None, directory: Path) -> None:
    """Make `directory` the account's own and nobody else's."""
    directory.chmod(0o700)
    if account is not None:
        os.chown(directory, account.uid, account.gid)


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _name(uid: int | None) -> str:
    entry = _entry(uid) if uid is not None else None
    return entry.pw_name if entry else str(uid)
