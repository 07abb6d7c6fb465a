"""What the market's tests share."""

from __future__ import annotations

import pytest


@pytest.fixture
def firms(database: str) -> None:
    """A shop, a carrier, a studio, somebody else: see `made`."""
    from programmes import made

    made.firms()
