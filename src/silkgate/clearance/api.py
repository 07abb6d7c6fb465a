"""The door of clearance: load a zone, run the engine, run a case, replay what was recorded."""

from silkgate.clearance.cases import CaseResult, run_case
from silkgate.clearance.check import Alone, Checked, check_alone, check_message, judge
from silkgate.clearance.directions import DIRECTIONS, direction_chips
from silkgate.clearance.domain import AssessedLine, Party
from silkgate.clearance.dossier import carried, names_persons, said_in, without_persons
from silkgate.clearance.engine.run import Engine, EngineBusyError
from silkgate.clearance.explain import reason
from silkgate.clearance.queries import (
    COUNTED,
    GROUP_NAMES,
    Line,
    held,
    latest,
    matching,
    newest,
    of_parties,
    reasons_lately,
    today,
)
from silkgate.clearance.replay import NothingToReplayError, Replayed, replay
from silkgate.clearance.sandbox import Item, Played, PlayedDeclaration, Sandbox, SandboxZone
from silkgate.clearance.worker import Cleared, clear_folder, run_engine
from silkgate.clearance.zonefolder import FolderError, ZoneFolder, load_zone, read_zone_folder

__all__ = [
    "COUNTED",
    "DIRECTIONS",
    "GROUP_NAMES",
    "Alone",
    "AssessedLine",
    "CaseResult",
    "Checked",
    "Cleared",
    "Engine",
    "EngineBusyError",
    "FolderError",
    "Item",
    "Line",
    "NothingToReplayError",
    "Party",
    "Played",
    "PlayedDeclaration",
    "Replayed",
    "Sandbox",
    "SandboxZone",
    "ZoneFolder",
    "carried",
    "check_alone",
    "check_message",
    "clear_folder",
    "direction_chips",
    "held",
    "judge",
    "latest",
    "load_zone",
    "matching",
    "names_persons",
    "newest",
    "of_parties",
    "read_zone_folder",
    "reason",
    "reasons_lately",
    "replay",
    "run_case",
    "run_engine",
    "said_in",
    "today",
    "without_persons",
]
