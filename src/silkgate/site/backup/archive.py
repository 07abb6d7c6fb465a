"""A backup as files: a folder, or the same in one `.tar`, with a manifest that names every file and its SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import msgspec

from silkgate.site.backup.facts import Facts
from silkgate.site.problem import Problem

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
HOME = "home"
_MAX_MANIFEST_BYTES = 16 * 2**20


class File(NamedTuple):
    """One file of a backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    format: int
    made_at: str
    silkgate: str
    postgres: str
    dumped_by_major: int
    migrations: list[str]
    with_secrets: bool
    facts: Facts
    files: dict[str, File]


class Backup(NamedTuple):
    """An opened backup whose files are as the manifest says."""

    folder: Path
    manifest: Manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The last file of a backup: without it the folder is none."""
    written = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(written + b"\n")


def listed(folder: Path) -> dict[str, File]:
    """Every file below `folder` with its size and digest, and on its way to the disk."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        found[path.relative_to(folder).as_posix()] = File(path.stat().st_size, digest)
    return found


def pack(folder: Path, target: Path) -> None:
    """`folder` as one tar file, manifest first; the folder goes."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        for name in sorted(names, key=lambda name: name != MANIFEST):
            tar.add(folder / name, arcname=name)
        tar.close()
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(folder)


@contextmanager
def opened(source: Path, room: Path) -> Iterator[Backup]:
    """The backup at `source`, checked byte for byte. A tar is unpacked below `room` for the time of the block.

    Raises Problem where it is none, or not whole.
    """
    if source.is_dir():
        yield _checked(source, source)
        return
    if not source.is_file():
        raise Problem(f"没有备份{source}。", f"There is no backup {source}.")
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=room) as name:
        folder = Path(name)
        try:
            with tarfile.open(source) as tar:
                _unpack(tar, folder)
        except tarfile.TarError as error:
            raise _broken(source, str(error)) from None
        yield _checked(folder, source)


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    """Plain files under plain names only: what else a tar may hold is left in it."""
    for member in tar:
        parts = PurePosixPath(member.name).parts
        stream = tar.extractfile(member) if member.isreg() else None
        if stream is None or not parts or ".." in parts or parts[0] == "/":
            continue
        place = folder.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        _copy(stream, place)


def _copy(stream: IO[bytes], place: Path) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(stream, file, 2**20)


def _checked(folder: Path, source: Path) -> Backup:
    try:
        with (folder / MANIFEST).open("rb") as file:
            told = msgspec.json.decode(file.read(_MAX_MANIFEST_BYTES))
        if told.get("format") != FORMAT:
            raise Problem(
                f"备份{source}的格式是{told.get('format')}，本版本只能读{FORMAT}。请使用制作它的版本。",
                f"The backup {source} has the format {told.get('format')}; this release reads {FORMAT}. "
                "Use the release that made it.",
            )
        manifest = msgspec.convert(told, Manifest)
    except OSError as error:
        raise _broken(source, f"{MANIFEST}: {error.strerror}") from None
    except (msgspec.MsgspecError, AttributeError) as error:
        raise _broken(source, f"{MANIFEST}: {error}") from None
    for name, expected in manifest.files.items():
        parts = PurePosixPath(name).parts
        path = folder.joinpath(*parts)
        if ".." in parts or parts[0] == "/" or not path.is_file():
            raise _broken(source, f"{name} is missing")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if File(path.stat().st_size, digest) != expected:
            raise _broken(source, f"{name} is not what was written")
    if DUMP not in manifest.files:
        raise _broken(source, f"{DUMP} is missing")
    return Backup(folder, manifest)


def _broken(source: Path, why: str) -> Problem:
    return Problem(
        f"备份{source}不完整或已损坏（{why}），未作任何改动。请换用另一份备份。",
        f"The backup {source} is not whole ({why}); nothing was changed. Use another one.",
    )
