"""Engine and oracle, two accounts of one contract, come to the same: every status, reason, amount, number, balance.

`SILKGATE_ORACLE_SEEDS=1000:1200` takes other seeds than the quick ones; `SILKGATE_ORACLE_PARCELS` other sizes.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from clearance.rig import connector
from oracles.clearing import run_case as oracle
from oracles.output import compare, read_outcome
from oracles.random_case import CORNERS, EXPORTS, KINDS, write_random_case
from silkgate.clearance.api import run_case as engine
from silkgate.site.traffic.case import write_case, write_inbox
from silkgate.site.traffic.hostile import HOSTILE, disturbed, hostile
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

FIRST, LAST = map(int, os.environ.get("SILKGATE_ORACLE_SEEDS", "0:8").split(":"))
PARCELS = int(os.environ.get("SILKGATE_ORACLE_PARCELS", "60"))
KEPT = os.environ.get("SILKGATE_ORACLE_KEEP")
"""A folder under which cases that differ are kept."""


def differences(case: Path, database: str, out: Path) -> list[str]:
    result = engine(case, out, connector(database))
    assert result.differences == []
    assert result.declarations
    found = compare(oracle(case), read_outcome(out))
    if found and KEPT:
        case.rename(Path(KEPT) / case.name)
    return found


@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_adversarial_cases(seed: int, database: str, tmp_path: Path) -> None:
    kinds = KINDS | {CORNERS} if seed % 4 == 3 else KINDS
    case = write_random_case(tmp_path / f"case-{seed}", seed, PARCELS, kinds=kinds)
    assert differences(case, database, tmp_path / "out") == []


@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_adversarial_cases_of_both_directions(seed: int, database: str, tmp_path: Path) -> None:
    case = write_random_case(tmp_path / f"case-{seed}", seed, PARCELS, kinds=KINDS | {EXPORTS})
    assert differences(case, database, tmp_path / "out") == []


@pytest.mark.parametrize(
    ("per_message", "shares"),
    [
        (1, {"faults": 0.2, "late": 0.1, "dear": 0.02, "buyers": 40}),
        (100, {"faults": 0.05, "late": 0.05, "scarce": 0.3, "dear": 0.02, "buyers": 30}),
    ],
    ids=["one document a message", "a hundred documents a message"],
)
def test_made_traffic(per_message: int, shares: dict[str, float], database: str, tmp_path: Path) -> None:
    zone = Zone(seed=FIRST + per_message, scarce_stock=2)
    parcels = islice(Parcels(zone, FIRST, **shares), 4 * PARCELS if per_message > 1 else PARCELS)
    write_case(tmp_path / "traffic", zone, parcels, per_message=per_message)
    assert differences(tmp_path / "traffic", database, tmp_path / "out") == []


def test_disturbed_traffic(database: str, tmp_path: Path) -> None:
    """Tampered copies before, duplicates after, guids used again, and every hostile message."""
    zone = Zone(seed=FIRST)
    honest = messages(islice(Parcels(zone, FIRST, faults=0.2), PARCELS), zone, per_message=5, enveloped=0.3)
    traffic = list(disturbed(honest, zone, tampering=0.3, duplicates=0.3, reuse=0.2))
    traffic += [hostile(zone, name, Random(FIRST)) for name in HOSTILE]
    case = tmp_path / "disturbed"
    zone.write(case)
    write_inbox(case, traffic)
    assert differences(case, database, tmp_path / "out") == []
