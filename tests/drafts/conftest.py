"""A zone in which firms are on file, and the people who declare for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from silkgate.site.traffic.zone import Zone


@pytest.fixture
def zone(database: str, tmp_path: Path) -> Zone:
    """The made zone of today."""
    from drafts.made import zone_of_today

    return zone_of_today(tmp_path)


@pytest.fixture
def clerk(zone: Zone) -> Client:
    """A browser of a person who declares for the firm."""
    from drafts.made import FIRM
    from identity.made import member

    return member("chen", FIRM, "declarant")
