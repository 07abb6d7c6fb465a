"""The door of the portal, for the processes and the monitoring of the site: beats, counts, and reads of them."""

from silkgate.portal.counting import BOUNDS_SECONDS, Counted, Passed, beat, prune, step
from silkgate.portal.watching import beats, counters, waiting

__all__ = ["BOUNDS_SECONDS", "Counted", "Passed", "beat", "beats", "counters", "prune", "step", "waiting"]
