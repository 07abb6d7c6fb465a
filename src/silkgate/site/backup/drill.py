"""`silkgate drill`: a backup that nobody has restored is a hope. This one is restored, compared, and thrown away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from silkgate.site.backup import archive
from silkgate.site.backup.facts import Comparison
from silkgate.site.backup.restoring import restored_copy
from silkgate.site.backup.saving import write
from silkgate.site.home import Home


class Drill(NamedTuple):
    """What a drill came to; `backup_seconds` is None where an earlier backup was restored."""

    manifest: archive.Manifest
    lines: list[Comparison]
    backup_seconds: float | None
    restore_seconds: float
    compare_seconds: float

    @property
    def passed(self) -> bool:
        """True where everything is equal."""
        return all(line.agrees for line in self.lines)


def drill(home: Home, url: str, source: Path | None = None) -> Drill:
    """Restore `source`, or a backup made now, into a scratch database of the server of `url` and compare.

    The service may run meanwhile; nothing of it is touched. Raises Problem where the backup cannot be restored at all.
    """
    with tempfile.TemporaryDirectory(prefix=".drill-", dir=home.root) as name:
        saved = None if source else write(home, url, Path(name) / "backup", secrets=True)
        with (
            archive.opened(source or Path(name) / "backup", home.root) as backup,
            restored_copy(url, backup) as copy,
        ):
            return Drill(
                backup.manifest, copy.lines, saved and saved.seconds, copy.restore_seconds, copy.compare_seconds
            )
