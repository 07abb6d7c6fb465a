"""The description against the code: whatever fits it is taken, whatever does not is refused, and nothing fails inside.

Requests are made from the description by schemathesis, good and bad ones, and sent to the real application on a real
database: by nobody, and by a program of an organisation that has something of everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from silkgate.ui.problems import MEDIA_TYPE

OWN = "91410100MA3X00001X"
NOW = datetime.now(tz=UTC)

NETSTRINGS = "application/vnd.silkgate.netstrings"


FILES = ("application/pdf", *(f"application/vnd.openxmlformats-officedocument.{kind}" for kind in (
    "spreadsheetml.sheet", "wordprocessingml.document",
)))  # fmt: skip


@schemathesis.serializer(NETSTRINGS, *FILES)
def as_bytes(context: Any, value: Any) -> bytes:
    """Whatever was made up, as it is: what it means is for the door to find out."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """A number in a header is a text like any other, so a key cannot be of the wrong type: `test_idempotency.py`."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "Idempotency-Key"]


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
BOUNDED = settings(
    deadline=None,
    derandomize=True,
    max_examples=4,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
LONG = settings(BOUNDED, derandomize=False, max_examples=300)


@pytest.fixture(scope="module")
def nobody(database_server: str) -> Iterator[dict[str, str]]:
    """Headers of whom nobody knows. All requests of this module go to one database."""
    from silkgate.exchange.api import forget_shared_receiver
    from silkgate.site.database import use_database
    from silkgate.site.scratch import private_database

    forget_shared_receiver()
    with private_database(database_server):
        yield {}
        forget_shared_receiver()
    use_database("postgresql:///nothing_after_this_module?host=/nonexistent")
    os.environ.pop("DATABASE_URL", None)


@pytest.fixture(scope="module")
def program(nobody: dict[str, str]) -> dict[str, str]:
    """Headers of a program that may do everything, for an organisation with events and a webhook."""
    from oauth2_provider.models import AccessToken, Application

    from silkgate.exchange.webhooks import subscriptions
    from silkgate.identity import clients
    from silkgate.identity.domain import SCOPES
    from silkgate.identity.models import Organisation
    from silkgate.journal import api as journal

    organisation = Organisation.objects.create(code=OWN, name="甲", registered_at=NOW)
    made = clients.make(organisation, "ERP", list(SCOPES), by="li", at=NOW)
    AccessToken.objects.create(
        application=Application.objects.get(client_id=made.client.client_id),
        token="t" * 40,
        expires=NOW + timedelta(days=1),  # the module is read long before its turn comes
        scope=" ".join(SCOPES),
    )
    with connection.cursor() as cursor:
        for kind in ("member.joined", "certificate.filed"):
            journal.record(cursor, at=NOW, actor="li", kind=kind, subject=("organisation", organisation.pk), detail={})
    subscriptions.make(OWN, "https://8.8.8.8/", ["member.joined"], "li", NOW)
    return {"Authorization": f"Bearer {'t' * 40}"}


def sent(case: Case, headers: dict[str, str]) -> Any:
    answer = case.call_and_validate(headers=headers, checks=CHECKS)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == [MEDIA_TYPE]
    return answer


@schema.parametrize()
@BOUNDED
def test_as_nobody(case: Case, nobody: dict[str, str]) -> None:
    sent(case, nobody)


@schema.parametrize()
@BOUNDED
def test_as_a_program(case: Case, program: dict[str, str]) -> None:
    answer = sent(case, program)
    assert answer.status_code != 401


@pytest.mark.slow
@schema.parametrize()
@LONG
def test_as_a_program_for_long(case: Case, program: dict[str, str]) -> None:
    sent(case, program)
