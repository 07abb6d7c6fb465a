"""The tariff in the database: loads are all or none, periods cannot overlap, a kept law is never stale."""

from __future__ import annotations

import threading
from datetime import date

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from silkgate.tariff import actions, api, models, queries
from silkgate.tariff.domain import TariffRowError

pytestmark = pytest.mark.usefixtures("database")

DAY = date(2026, 6, 18)
CREAM = {
    "gcode": "3304990029", "name": "保湿面霜", "duty_rate": "0.01", "vat_rate": "0.13", "consumption_rate": "0",
    "unit1": "035", "unit2": "011", "listed_modes": "9610;1210", "valid_from": "2019-04-01", "valid_to": "",
    "consumption_specific": "0.912", "consumption_threshold": "2.64295885",
}  # fmt: skip
TOBACCO = {"gcode_prefix": "2402", "reason": "烟草制品", "valid_from": "2016-04-08", "valid_to": ""}


def test_what_is_loaded_is_what_is_read() -> None:
    assert api.load_tariff([CREAM], "tariff.csv") == (1, 0, ())
    assert api.load_prohibited([TOBACCO], "prohibited.csv") == (1, 0, ())
    law = api.law_of(DAY)
    assert law.rate("3304990029") == (
        "3304990029", "保湿面霜", 10_000, 130_000, 0, 912_000, 264_295_885, "035", "011",
        frozenset({"9610", "1210"}), "tariff.csv", False,
    )  # fmt: skip
    assert law.prohibited("2402200000") == "烟草制品"
    same = api.law_of_rows(DAY, rates=queries.rates_of(["3304990029"]), prohibitions=queries.prohibitions_of(["2402"]))
    assert (law.tariff_version, law.version) == (same.tariff_version, same.version)


def test_the_same_rows_again_change_nothing() -> None:
    api.load_tariff([CREAM], "tariff.csv")
    before = queries.revision()
    assert api.load_tariff([CREAM], "tariff.csv") == (0, 1, ())
    assert models.Rate.objects.count() == 1
    assert queries.revision() == before


def test_a_load_is_all_or_none() -> None:
    with pytest.raises(TariffRowError):
        api.load_tariff([CREAM, CREAM | {"gcode": "3304100091", "vat_rate": "13"}, CREAM | {"vat_rate": "x"}], "t.csv")
    assert not models.Rate.objects.exists()


def test_the_loader_refuses_a_period_that_overlaps_a_stored_one() -> None:
    api.load_tariff([CREAM | {"valid_to": "2026-12-31"}], "tariff.csv")
    with pytest.raises(TariffRowError, match=r"next\.csv 3304990029: the periods from 2019-04-01 and from 2026-12-31"):
        api.load_tariff([CREAM | {"valid_from": "2026-12-31", "vat_rate": "0.09"}], "next.csv")
    api.load_tariff([CREAM | {"valid_from": "2027-01-01", "vat_rate": "0.09"}], "next.csv")
    api.load_prohibited([TOBACCO], "prohibited.csv")
    with pytest.raises(TariffRowError, match=r"2402: the periods"):
        api.load_prohibited([TOBACCO | {"reason": "别的"}], "prohibited.csv")
    law_now, law_next_year = api.law_of(DAY), api.law_of(date(2027, 1, 1))
    rate_now, rate_next_year = law_now.rate("3304990029"), law_next_year.rate("3304990029")
    assert rate_now
    assert rate_next_year
    assert (rate_now.vat_e6, rate_next_year.vat_e6) == (130_000, 90_000)


@pytest.mark.parametrize(
    ("code", "first", "last", "refused"),
    [
        ("3304990029", "2026-12-31", None, True),
        ("3304990029", "2018-01-01", "2019-04-01", True),
        ("3304990029", "2018-01-01", None, True),
        ("3304990029", "2027-01-01", None, False),
        ("3304990029", "2018-01-01", "2019-03-31", False),
        ("3304990028", "2019-04-01", None, False),
        ("03304990029", "2019-04-01", None, False),
    ],
    ids=["last day shared", "first day shared", "covers", "after", "before", "other code", "leading zero"],
)
def test_the_database_itself_refuses_overlaps(code: str, first: str, last: str | None, refused: bool) -> None:
    """Past the loader, by a writer that never asked it."""
    api.load_tariff([CREAM | {"valid_to": "2026-12-31"}], "tariff.csv")
    insert = """
        INSERT INTO tariff_rate (gcode, name, duty_rate, vat_rate, consumption_rate, consumption_specific,
            consumption_threshold, unit1, unit2, listed_modes, valid_from, valid_to, source, verified)
        VALUES (%s, '', 0, 0, 0, 0, 0, '', '', '', %s, %s, 'hand', false)
    """
    with connection.cursor() as cursor:
        if refused:
            with pytest.raises(IntegrityError, match="tariff_rate_no_overlap"), transaction.atomic():
                cursor.execute(insert, [code, first, last])
        else:
            cursor.execute(insert, [code, first, last])
            assert cursor.rowcount == 1


def test_the_database_refuses_overlapping_prohibitions() -> None:
    api.load_prohibited([TOBACCO], "prohibited.csv")
    with pytest.raises(IntegrityError, match="tariff_prohibited_no_overlap"):
        models.Prohibited.objects.create(gcode_prefix="2402", reason="", valid_from=DAY, valid_to=None)


def test_two_loads_at_once_cannot_both_add_a_period(database: str) -> None:
    """The second waits for the first and is then refused: a check before writing alone would let both through."""
    insert = """
        INSERT INTO tariff_rate (gcode, name, duty_rate, vat_rate, consumption_rate, consumption_specific,
            consumption_threshold, unit1, unit2, listed_modes, valid_from, valid_to, source, verified)
        VALUES ('3304990029', '', 0, 0, 0, 0, 0, '', '', '', '2019-04-01', NULL, 'hand', false)
    """
    outcomes: list[str] = []

    def second() -> None:
        try:
            with psycopg.connect(database) as other:
                other.execute(insert)
            outcomes.append("stored")
        except psycopg.errors.ExclusionViolation:
            outcomes.append("refused")

    with psycopg.connect(database) as first:
        first.execute(insert)
        thread = threading.Thread(target=second)
        thread.start()
        first.commit()
        thread.join(timeout=20)
    assert outcomes == ["refused"]


@pytest.mark.parametrize(
    "change",
    [{"consumption_rate": 1}, {"vat_rate": -1}, {"gcode": "33.04"}, {"valid_to": date(2019, 3, 31)}],
    ids=lambda change: next(iter(change)),
)
def test_the_database_refuses_rows_that_no_loader_would_write(change: dict[str, object]) -> None:
    row: dict[str, object] = {
        "gcode": "3304990029", "duty_rate": 0, "vat_rate": 0, "consumption_rate": 0, "consumption_specific": 0,
        "consumption_threshold": 0, "valid_from": date(2019, 4, 1), "valid_to": None, "source": "hand",
        "verified": False,
    }  # fmt: skip
    with pytest.raises(IntegrityError):
        models.Rate.objects.create(**(row | change))


def test_a_kept_law_is_used_until_the_tariff_changes() -> None:
    api.load_tariff([CREAM], "tariff.csv")
    law = api.law_of(DAY)
    assert api.law_of(DAY) is law
    assert api.law_of(DAY, policy={"allow_1239": True}) is not law
    api.load_prohibited([TOBACCO], "prohibited.csv")
    assert api.law_of(DAY).prohibited("2402200000") == "烟草制品"
    models.Rate.objects.all().delete()
    assert api.law_of(DAY).rate("3304990029") is None
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tariff_prohibited")
    assert api.law_of(DAY).prohibited("2402200000") is None


def test_an_empty_tariff_has_no_rates() -> None:
    assert queries.revision() is None
    assert api.law_of(DAY).rate("3304990029") is None


def test_one_query_reads_the_rates() -> None:
    api.load_tariff([CREAM, CREAM | {"gcode": "3304100091"}], "tariff.csv")
    with CaptureQueriesContext(connection) as asked:
        api.law_of(DAY)
        api.law_of(DAY)
    assert [query["sql"].count("tariff_rate") > 0 for query in asked].count(True) == 1
    assert len(asked) == 4


def test_the_shipped_sample_loads_and_reloads() -> None:
    first = api.load_shipped_tariff()
    assert first.added > 200
    assert all(skipped.why.zh and skipped.why.en for skipped in first.skipped)
    again = api.load_shipped_tariff()
    assert (again.added, again.unchanged, again.skipped) == (0, first.added, first.skipped)
    assert actions.Loaded(*first) == first
