"""`silkgate backup`: one moment of the database, and what of the home folder cannot be made again."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg

from silkgate import __version__
from silkgate.site.backup import archive, facts
from silkgate.site.backup.programs import programs_for, reason, start
from silkgate.site.home import Home
from silkgate.site.problem import Problem

_LOCK_WAIT = "60s"
_NOT_SAVED = frozenset({"postgres", "drop", "run.lock"})
"""Of the home folder: the database goes by its dump; the drop holds only copies and what nobody has acknowledged.
Names with a dot in front are work under way."""


class Saved(NamedTuple):
    """What a backup came to."""

    place: Path
    manifest: archive.Manifest
    seconds: float

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.manifest.files.values())


def save(home: Home, url: str, target: Path, *, secrets: bool) -> Saved:
    """Write a backup of the database at `url` and of `home` to `target`, a folder, or one file where it ends in .tar.

    The service may run meanwhile: dump and facts see the same snapshot. `secrets`: the files of the home folder too.
    A backup that was not finished leaves nothing under the name of `target`. Raises Problem.
    """
    if home.root in target.absolute().parents:
        raise Problem(
            f"备份不应放在它所备份的数据目录{home.root}中，请另选位置。",
            f"A backup does not belong into the home folder that it is of, {home.root}. Choose another place.",
        )
    return write(home, url, target, secrets=secrets)


def write(home: Home, url: str, target: Path, *, secrets: bool) -> Saved:
    """The same wherever `target` is."""
    started = time.monotonic()
    if target.exists():
        raise Problem(f"{target}已存在，备份不会覆盖它。", f"{target} is there already and is not overwritten.")
    folder = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        folder.mkdir(mode=0o700, parents=True)
        manifest = _fill(folder, home, url, secrets)
        if target.suffix == ".tar":
            whole = target.with_name(f"{folder.name}.tar")
            try:
                archive.pack(folder, whole)
                whole.rename(target)
            finally:
                whole.unlink(missing_ok=True)
        else:
            folder.rename(target)
    except OSError as error:
        told = error.strerror or str(error)
        raise Problem(
            f"无法写入备份{target}：{told}。请检查磁盘空间和权限。",
            f"The backup {target} cannot be written: {told}. Check disk space and permissions.",
        ) from error
    except psycopg.Error as error:
        told = " ".join(str(error).split())
        raise Problem(f"备份时数据库出错：{told}", f"The database failed during the backup: {told}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Saved(target, manifest, time.monotonic() - started)


def _fill(folder: Path, home: Home, url: str, secrets: bool) -> archive.Manifest:
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("select pg_export_snapshot(), current_setting('server_version')").fetchone()
        assert row is not None
        snapshot, version = row
        chosen = programs_for(connection.info.server_version // 10_000)
        dump = start(
            chosen.bin / "pg_dump",
            url,
            ["--format=custom", "--compress=1", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
             f"--lock-wait-timeout={_LOCK_WAIT}", "--file", folder / archive.DUMP],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            # Beside the dump, in the very transaction whose snapshot it reads.
            read = facts.read(connection)
            migrations = facts.applied_migrations(connection)
            _, told = dump.communicate()
        finally:
            if dump.poll() is None:
                dump.kill()
                dump.communicate()
    if dump.returncode != 0:
        raise Problem(f"pg_dump失败：{reason(told)}", f"pg_dump failed: {reason(told)}")
    if secrets:
        _copy_home(home, folder / archive.HOME)
    (folder / archive.DUMP).chmod(0o600)
    manifest = archive.Manifest(
        format=archive.FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        silkgate=__version__,
        postgres=version,
        dumped_by_major=chosen.major,
        migrations=migrations,
        with_secrets=secrets,
        facts=read,
        files=archive.listed(folder),
    )
    archive.write_manifest(folder, manifest)
    return manifest


def _copy_home(home: Home, place: Path) -> None:
    place.mkdir(mode=0o700)
    for found in sorted(home.root.iterdir()):
        if found.name in _NOT_SAVED or found.name.startswith(".") or found.is_symlink():
            continue
        if found.is_dir():
            shutil.copytree(found, place / found.name, symlinks=True)
        elif found.is_file():
            shutil.copy2(found, place / found.name)
