"""What the tests of machine books share."""

from __future__ import annotations

import pytest


@pytest.fixture
def firms(database: str) -> None:
    """The shipped sample of the tariff; an exporter of pumps and somebody else, both on file: see `made`."""
    from machinery import made
    from silkgate.tariff import api

    api.load_shipped_tariff()
    made.firms()
