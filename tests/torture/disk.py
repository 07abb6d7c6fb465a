"""A file system of our own, small enough to be filled."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FILLER = "filler"


class SmallDisk:
    """A mounted file system at `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def fill(self, leave_bytes: int) -> None:
        """Take all room but so much."""
        free = shutil.disk_usage(self.place).free
        with (self.place / _FILLER).open("wb") as file:
            wanted = free - leave_bytes
            while wanted > 4096:
                try:
                    os.posix_fallocate(file.fileno(), file.tell(), wanted)
                    file.seek(0, os.SEEK_END)
                    wanted = shutil.disk_usage(self.place).free - leave_bytes
                except OSError:  # the service was faster: less is left than was asked for
                    wanted //= 2

    def make_room(self) -> None:
        """Give it back."""
        (self.place / _FILLER).unlink(missing_ok=True)


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[SmallDisk | None]:
    """An ext4 of so many megabytes at `place` for the time of the block; None where this account may not mount one."""
    place.mkdir()
    image = place.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    # No reserve: for whoever owns the files and for root the disk is full at the same time.
    if not _done("mkfs.ext4", "-q", "-F", "-m", "0", image) or not _done("mount", "-o", "loop", image, place):
        image.unlink()
        yield None
        return
    place.chmod(0o711)
    try:
        yield SmallDisk(place)
    finally:
        if not _done("umount", place):
            _done("umount", "--lazy", place)
        image.unlink()


def _done(*words: str | Path) -> bool:
    if shutil.which(str(words[0])) is None:
        return False
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
