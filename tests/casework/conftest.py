"""What the tests of casework share: a declared workflow, a folder for its files, a case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from silkgate.casework.api import Case, Workflow


@pytest.fixture
def licence() -> Workflow:
    from casework.people import LICENCE
    from silkgate.casework import api as casework

    casework.declare(LICENCE)
    return LICENCE


@pytest.fixture
def folder(tmp_path: Path, settings_of: Callable[..., None]) -> Path:
    """The evidence folder of this test."""
    settings_of(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER="")
    return tmp_path / "evidence"


@pytest.fixture
def settings_of() -> Iterator[Callable[..., None]]:
    """Changes settings until the test ends."""
    from django.test import override_settings

    changed: list[override_settings] = []

    def change(**values: object) -> None:
        override = override_settings(**values)
        override.enable()
        changed.append(override)

    yield change
    for override in reversed(changed):
        override.disable()


@pytest.fixture
def opened(database: str, licence: Workflow, folder: Path) -> Case:
    """A case of the firm, opened on a Monday by its clerk."""
    from casework.people import MONDAY, opened_at

    return opened_at(MONDAY)
