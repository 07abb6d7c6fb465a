"""The server's settings: what differs from PostgreSQL's defaults, and why."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_MIB = 1024 * 1024
INCLUDE = "silkgate.conf"


def shared_buffers_mb() -> int:
    """An eighth of the machine's memory, at most 512 MB; `SILKGATE_SHARED_BUFFERS_MB` overrides.

    Numbers of orders, payments and waybills come in no order, so every page of their indexes is as likely as any other:
    beyond two million declarations stored they take more than that (decisions/0014). All processes together are to stay
    below 2 GB unless the operator gives more.
    """
    named = os.environ.get("SILKGATE_SHARED_BUFFERS_MB", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB
    return max(32, min(512, memory_mb // 8))


def max_wal_size_mb(data: Path) -> int:
    """A tenth of what is free on the disk of `data`, at least 1 GB and at most 8.

    A page that is changed for the first time after a checkpoint is logged whole, and a checkpoint comes at the latest
    when half of this is written: the less there is, the more pages are whole ones (decisions/0014).
    """
    return int(max(1024, min(8192, shutil.disk_usage(data).free // _MIB // 10)))


def settings(data: Path, sockets: Path, overrides: Mapping[str, str]) -> dict[str, str]:
    """Names and values as `postgresql.conf` takes them; `overrides` win."""
    return {
        # Reached through a private directory only; no port is opened on any network.
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "60",
        "shared_buffers": f"{shared_buffers_mb()}MB",
        "effective_cache_size": f"{4 * shared_buffers_mb()}MB",
        # What is acknowledged is on disk.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        # Few, long checkpoints: the engine writes evenly all day.
        "wal_buffers": "16MB",
        "min_wal_size": "256MB",
        "max_wal_size": f"{max_wal_size_mb(data)}MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        # Many short statements: compiling or splitting one among processes costs more than it saves.
        "jit": "off",
        "max_parallel_workers_per_gather": "0",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
        "cluster_name": "silkgate",
    } | dict(overrides)


def write(data: Path, sockets: Path, overrides: Mapping[str, str]) -> None:
    """Write our include into `data` and see that `postgresql.conf` names it."""
    lines = [f"{name} = '{_quoted(value)}'" for name, value in settings(data, sockets, overrides).items()]
    _write_as_is(data / INCLUDE, "\n".join(["# Written at every start by Silkgate.", *lines, ""]))
    main = data / "postgresql.conf"
    if f"include = '{INCLUDE}'" not in main.read_text(encoding="utf-8"):
        with main.open("a", encoding="utf-8") as file:
            file.write(f"\ninclude = '{INCLUDE}'\n")


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _write_as_is(path: Path, text: str) -> None:
    """Write with the directory's owner, so that the server, and its owner later without us, can read it."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    owner = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
