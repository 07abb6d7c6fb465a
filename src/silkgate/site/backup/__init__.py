"""Backup, restore, and the drill that proves that the one gives back what the other took."""

from silkgate.site.backup.drill import Drill, drill
from silkgate.site.backup.restoring import Restored, restore
from silkgate.site.backup.saving import Saved, save

__all__ = ["Drill", "Restored", "Saved", "drill", "restore", "save"]
