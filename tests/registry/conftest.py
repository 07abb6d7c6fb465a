"""What the registry's tests share: a folder for papers, a small tariff, browsers of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

PASSWORD = "silk-road-2026-x"


@pytest.fixture(autouse=True)
def _papers(tmp_path: Path) -> Iterator[None]:
    """Papers of cases go to a folder of the test."""
    from django.test import override_settings

    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        yield


@pytest.fixture
def tariff(database: str) -> None:
    """The shipped sample of the tariff."""
    from silkgate.tariff import api

    api.load_shipped_tariff()


@pytest.fixture
def visitor(database: str) -> Callable[..., Client]:
    """A browser of an officer with duties, or of a member of an organisation, or of somebody with neither."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from silkgate.identity import models
    from silkgate.identity.api import add_officer

    def signed_in(
        name: str, *duties: str, agency: str = "customs", code: str = "", role: str = "filer", language: str = "en"
    ) -> Client:
        if duties:
            add_officer(name, PASSWORD, agency, duties)
        user, _ = get_user_model().objects.get_or_create(username=name)
        if code:
            at = datetime(2026, 1, 1, tzinfo=UTC)
            firm, _ = models.Organisation.objects.get_or_create(code=code, defaults={"name": code, "registered_at": at})
            models.Membership.objects.create(user=user, organisation=firm, role=role, since=at)
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        client.force_login(user)
        return client

    return signed_in
