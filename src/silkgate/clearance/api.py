"""The door of clearance: load a zone, run the engine, run a case."""

from silkgate.clearance.cases import CaseResult, run_case
from silkgate.clearance.engine.run import Engine, EngineBusyError
from silkgate.clearance.zonefolder import FolderError, ZoneFolder, load_zone, read_zone_folder

__all__ = [
    "CaseResult",
    "Engine",
    "EngineBusyError",
    "FolderError",
    "ZoneFolder",
    "load_zone",
    "read_zone_folder",
    "run_case",
]
