"""A zone in which firms are on file, and the people who declare for them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from silkgate.site.traffic.zone import Zone


@pytest.fixture
def zone(database: str, tmp_path: Path) -> Zone:
    """The made zone of today, its firms and certificates filed. All tests of a process have the same keys."""
    from silkgate.clearance import api as clearance

    made = Zone(as_of=datetime.now(UTC))
    made.write(tmp_path / "zone")
    clearance.load_zone(tmp_path / "zone", selection_key=bytes(32))
    return made


@pytest.fixture
def clerk(zone: Zone) -> Client:
    """A browser of a person who declares for the firm."""
    from drafts.made import FIRM
    from identity.made import member

    return member("chen", FIRM, "declarant")
