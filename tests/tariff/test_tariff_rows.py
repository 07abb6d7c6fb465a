"""Rows of a tariff: exact, complete, without overlap; and the law that is made of them, without a database."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silkgate.tariff import api, files, rules
from silkgate.tariff.domain import DatedRate, Prohibition, Rate, TariffRowError

DAY = date(2026, 6, 18)
CREAM = {
    "gcode": "3304990029", "name": "保湿面霜", "duty_rate": "0.01", "vat_rate": "0.13", "consumption_rate": "0",
    "unit1": "035", "unit2": "011", "listed_modes": "9610;1210", "valid_from": "2019-04-01", "valid_to": "",
}  # fmt: skip


def parse(*rows: dict[str, str]) -> tuple[DatedRate, ...]:
    return rules.parse_rates(rows, "tariff.csv", unit_codes=files.unit_codes()).rates


def test_a_row_is_read_exactly() -> None:
    wine = CREAM | {
        "gcode": "2208300000", "name": "威士忌", "duty_rate": "0.1", "consumption_rate": "0.20", "unit1": "升",
        "unit2": "千克", "listed_modes": "1210", "valid_to": "2026-12-31", "consumption_specific": "0.912",
        "consumption_threshold": "2.64295885",
    }  # fmt: skip
    assert parse(wine) == (
        DatedRate(
            Rate(
                gcode="2208300000", name="威士忌", duty_e6=100_000, vat_e6=130_000, consumption_e6=200_000,
                specific_e6=912_000, threshold_e8=264_295_885, unit1="095", unit2="035", modes=frozenset({"1210"}),
                source="tariff.csv", verified=False,
            ),
            date(2019, 4, 1),
            date(2026, 12, 31),
        ),
    )  # fmt: skip


@given(st.decimals(min_value=0, max_value=Decimal("9.999999"), places=6))
def test_rates_keep_every_decimal(rate: Decimal) -> None:
    """Fraction and percentage of the same rate are the same integer, and the integer is the rate."""
    as_fraction = parse(CREAM | {"duty_rate": f"{rate:f}"})[0].rate.duty_e6
    as_percentage = parse(CREAM | {"duty_rate": f"{rate * 100:f}%"})[0].rate.duty_e6
    assert as_fraction == as_percentage
    assert Decimal(as_fraction).scaleb(-6) == rate


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"duty_rate": ""}, "duty_rate: '' is not a number"),
        ({"duty_rate": "-0.1"}, "'-0.1' is not a number of zero or more"),
        ({"vat_rate": "NaN"}, "'NaN' is not a number"),
        ({"vat_rate": "1e9"}, "'1e9' is not a number"),
        ({"vat_rate": "0.1300001"}, "has more than 6 decimals"),
        ({"vat_rate": "13.00001%"}, "has more than 6 decimals"),
        ({"consumption_threshold": "0.123456789"}, "has more than 8 decimals"),
        ({"consumption_rate": "15"}, "a rate of 1 or more"),
        ({"gcode": "3304.99"}, "is not a commodity code"),
        ({"unit1": "公斤袋"}, "is not a unit"),
        ({"listed_modes": "9610,1210"}, "are not modes"),
        ({"valid_from": "2019/04/01"}, "'2019/04/01' is not a date"),
        ({"valid_to": "2019-03-31"}, "is before the first day"),
        ({"consumption_rat": "0"}, "unknown columns"),
    ],
)
def test_a_malformed_row_names_its_place(change: dict[str, str], words: str) -> None:
    with pytest.raises(TariffRowError) as refused:
        parse(CREAM | {"gcode": "3304100091"}, CREAM | change)
    assert words in refused.value.text.en
    assert "tariff.csv" in refused.value.where
    if "unknown columns" not in words:
        assert "#3" in refused.value.where


def test_a_missing_column_is_named() -> None:
    row = {name: cell for name, cell in CREAM.items() if name != "vat_rate"}
    with pytest.raises(TariffRowError, match=r"missing columns \['vat_rate'\]"):
        parse(row)


# --- Periods -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        (("2019-01-01", "2019-12-31"), ("2020-01-01", ""), False),
        (("2020-01-01", ""), ("2019-01-01", "2019-12-31"), False),
        (("2019-01-01", "2020-01-01"), ("2020-01-01", ""), True),
        (("2019-01-01", ""), ("2024-01-01", ""), True),
        (("2019-01-01", "2019-01-01"), ("2019-01-01", "2019-01-01"), True),
        (("2019-01-01", "2019-01-01"), ("2019-01-02", "2019-01-02"), False),
    ],
    ids=["next day", "any order", "shared day", "both open", "same single day", "single days"],
)
def test_periods_of_one_code(first: tuple[str, str], second: tuple[str, str], clash: bool) -> None:
    rows = [CREAM | {"valid_from": start, "valid_to": end} for start, end in (first, second)]
    if clash:
        with pytest.raises(TariffRowError, match=r"3304990029: the periods .* overlap"):
            parse(*rows)
    else:
        assert len(parse(*rows)) == 2
    other_code = parse(rows[0], rows[1] | {"gcode": "3304100091"})
    assert len(other_code) == 2


SOME_DAYS = st.integers(0, 12).map(lambda days: date(2024, 1, 1) + timedelta(days))
PERIODS = st.lists(st.tuples(st.sampled_from("ab"), SOME_DAYS, st.none() | st.integers(0, 4)), max_size=5)


@given(PERIODS)
def test_overlap_is_found_exactly_where_a_day_is_shared(drawn: list[tuple[str, date, int | None]]) -> None:
    periods = [(code, start, None if length is None else start + timedelta(length)) for code, start, length in drawn]
    horizon = [date(2024, 1, 1) + timedelta(days) for days in range(40)]
    covered = Counter(
        (code, day) for code, start, end in periods for day in horizon if start <= day and (end is None or day <= end)
    )
    shared = any(count > 1 for count in covered.values())
    try:
        rules.refuse_overlaps(periods, "drawn")
    except TariffRowError:
        assert shared
    else:
        assert not shared


# --- The law of a day --------------------------------------------------------------------------------------------


def test_the_law_holds_the_rates_of_its_day_both_ends_included() -> None:
    old = parse(CREAM | {"vat_rate": "0.16", "valid_from": "2018-05-01", "valid_to": "2019-03-31"})
    rates = (*old, *parse(CREAM))
    found = {
        day: rate.vat_e6 if (rate := api.law_of_rows(day, rates=rates).rate("3304990029")) else None
        for day in (date(2018, 4, 30), date(2018, 5, 1), date(2019, 3, 31), date(2019, 4, 1), DAY)
    }
    assert list(found.values()) == [None, 160_000, 160_000, 130_000, 130_000]


def test_the_longest_prohibited_prefix_speaks() -> None:
    entries = [
        Prohibition("24", "烟草", date(2016, 4, 8), None),
        Prohibition("2402", "卷烟", date(2016, 4, 8), None),
        Prohibition("33", "曾经禁止", date(2016, 4, 8), date(2020, 1, 1)),
    ]
    law = api.law_of_rows(DAY, prohibitions=entries)
    assert law.prohibited("2402200000") == "卷烟"
    assert law.prohibited("2403110000") == "烟草"
    assert law.prohibited("3304990029") is None
    assert law.prohibited("2") is None


def test_the_tariff_version_follows_the_rates_and_not_their_order() -> None:
    cream, lipstick = parse(CREAM), parse(CREAM | {"gcode": "3304100091"})
    version = api.law_of_rows(DAY, rates=cream + lipstick).tariff_version
    assert version == api.law_of_rows(DAY, rates=lipstick + cream).tariff_version
    assert version != api.law_of_rows(DAY, rates=cream).tariff_version
    assert version != api.law_of_rows(DAY, rates=cream + parse(CREAM | {"gcode": "3304100091", "vat_rate": "0.09"}))


def test_the_shipped_sample_is_whole() -> None:
    """Every row is either read or left out with a reason; what is verified says where it was read."""
    with (api.REFERENCE / "tariff" / "tariff-sample.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    parsed = rules.parse_rates(rows, "sample", unit_codes=files.unit_codes(), skip_incomplete=True)
    assert len(rows) == 279
    assert len(parsed.rates) + len(parsed.skipped) == len(rows)
    assert len(parsed.rates) > 200
    law = api.law_of_rows(DAY, rates=parsed.rates)
    whisky, watch, cream = (law.rate(code) for code in ("2208300000", "9102210090", "3304990029"))
    assert whisky
    assert (whisky.consumption_e6, whisky.specific_e6, whisky.unit1) == (200_000, 912_000, "095")
    assert watch
    assert watch.threshold_e8 == 10_000 * api.E8
    assert cream
    assert (cream.consumption_e6, cream.threshold_e8, cream.verified) == (150_000, 10_000 * api.E8, True)
    assert cream.modes == {"9610", "1210"}
