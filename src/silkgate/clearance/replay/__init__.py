"""Replay: stored messages through the engine again, beside what was recorded. Writes nothing to the installation."""

from silkgate.clearance.replay.run import NothingToReplayError, Replayed, replay

__all__ = ["NothingToReplayError", "Replayed", "replay"]
