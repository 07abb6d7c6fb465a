"""What tests of the bench share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def shared_database(database_server: str) -> Iterator[str]:
    """A migrated database for all tests of a file, which write nothing or do not mind each other."""
    from silkgate.site.database import use_database
    from silkgate.site.scratch import private_database

    try:
        with private_database(database_server) as url:
            yield url
    finally:
        use_database("postgresql:///this_test_asked_for_no_database?host=/nonexistent")
        os.environ.pop("DATABASE_URL", None)
