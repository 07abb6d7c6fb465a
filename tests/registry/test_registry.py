"""The registry keeps one record per code, refuses unknown roles, and tells readers when something changed."""

import pytest
from django.db import connection

from silkgate.journal import api as journal
from silkgate.registry import api as registry


def enterprise(code: str = "4101960P01", **changes: object) -> registry.Enterprise:
    return registry.Enterprise(code, "豫见优选", frozenset({"ebp", "assure"}), "A", "DXPENT0000410001")._replace(
        **changes
    )


@pytest.fixture
def cursor(database: str):
    with connection.cursor() as opened:
        yield opened


def test_an_enterprise_is_read_as_it_was_filed(cursor) -> None:
    registry.file_enterprises(cursor, [enterprise()])
    assert registry.enterprises(cursor) == {"4101960P01": enterprise()}


def test_filing_again_changes_the_record_and_the_revision(cursor) -> None:
    registry.file_enterprises(cursor, [enterprise()])
    before = journal.revisions(cursor)[registry.TOPIC]
    registry.file_enterprises(cursor, [enterprise(roles=frozenset({"ebc"}), dxp_id="")])
    assert registry.enterprises(cursor)["4101960P01"].roles == {"ebc"}
    assert journal.revisions(cursor)[registry.TOPIC] > before


def test_an_unknown_role_is_refused_with_the_roles_that_exist(cursor) -> None:
    with pytest.raises(ValueError, match=r"unknown role king; known: ebp, ebc, pay"):
        registry.file_enterprises(cursor, [enterprise(roles=frozenset({"king"}))])
    assert registry.enterprises(cursor) == {}


def test_there_is_one_zone_and_setting_it_again_replaces_it(cursor) -> None:
    assert registry.zone(cursor) is None
    first = registry.ZoneRecord("zhengzhou", "4612", True, b"\x01" * 32, {"allow_1239": True})
    registry.set_zone(cursor, first)
    assert registry.zone(cursor) == first
    registry.set_zone(cursor, first._replace(customs_code="4604", policy={}))
    assert registry.zone(cursor).customs_code == "4604"
    cursor.execute("select count(*) from registry_zone")
    assert cursor.fetchone() == (1,)
