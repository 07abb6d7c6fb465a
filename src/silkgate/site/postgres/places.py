"""Where one embedded server keeps its data and its socket, and how every process of the home finds the same places."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from silkgate.site.postgres.account import Account, can_enter, give

SOCKET_FILE = ".s.PGSQL.5432"
MAX_SOCKET_PATH_BYTES = 107
"""`sun_path` of a Unix socket address holds 108 bytes with its closing zero (Linux; 104 on macOS and BSD)."""

_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
_ROOT_BASE = Path("/var/lib/silkgate")


class Places(NamedTuple):
    """Directories of one server."""

    data: Path
    sockets: Path


def recorded(area: Path) -> Places:
    """The places in use for `area`, or those that would be used first."""
    try:
        record = json.loads((area / "places.json").read_text(encoding="utf-8"))
        return Places(Path(record["data"]), Path(record["sockets"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Places(area / "data", area / "run")


def settle(area: Path, account: Account | None) -> Places:
    """Places that `account` can reach, made and recorded. Only called under the area's lock."""
    places = recorded(area)
    if not places.data.exists() and not can_enter(account, area):
        # Root's own home is closed to the server's account and stays so: the data goes where system services keep it.
        _ROOT_BASE.mkdir(parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(prefix="home-", dir=_ROOT_BASE))
        own.chmod(0o711)
        places = places._replace(data=own / "data")
    places = places._replace(sockets=_sockets(area, places.sockets, account))
    (area / "places.json").write_text(
        json.dumps({"data": str(places.data), "sockets": str(places.sockets)}, ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )
    return places


def _sockets(area: Path, known: Path, account: Account | None) -> Path:
    owner = account.uid if account else os.geteuid()
    for directory in (known, area / "run"):
        if directory == area / "run" and not directory.exists() and _short(directory):
            directory.mkdir()
            give(account, directory)
        ours = directory.is_dir() and directory.stat().st_uid == owner
        if ours and _short(directory) and can_enter(account, directory):
            return directory
    # A new name each time, made by mkdtemp: nobody can have prepared it for us in a directory open to all.
    fresh = Path(tempfile.mkdtemp(prefix="silkgate-", dir="/tmp"))
    give(account, fresh)
    return fresh


def _short(directory: Path) -> bool:
    text = str(directory / SOCKET_FILE)
    return len(os.fsencode(text)) <= MAX_SOCKET_PATH_BYTES - 4 and bool(_PLAIN.fullmatch(text))
