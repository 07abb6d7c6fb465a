"""What the tests of bonded supervision share."""

from __future__ import annotations

import pytest


@pytest.fixture
def storage(database: str) -> None:
    """A trader, its warehouse and a guarantee of CNY 10,000: see `kept`."""
    from bonded import kept

    kept.firms()
    kept.lodge()
