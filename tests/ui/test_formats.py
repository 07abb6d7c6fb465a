"""How money, quantities and times are written, and how differences are cut out."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silkgate.ui import formats


@pytest.mark.parametrize("module", [formats])
def test_examples_in_docstrings(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted >= 8
    assert result.failed == 0


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_money_reads_back_to_the_cent(amount_cents: int) -> None:
    written = formats.yuan(amount_cents)
    plain = written.replace("¥", "").replace(",", "").replace(formats.MINUS, "-")
    assert round(float(plain.replace(".", ""))) == amount_cents
    assert written[-3] == "."


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_micro_units_keep_every_digit(amount_e5: int) -> None:
    written = formats.yuan_e5(amount_e5).replace("¥", "").replace(",", "").replace(formats.MINUS, "-")
    whole, fraction = written.split(".")
    assert 2 <= len(fraction) <= 5
    assert int(whole + fraction.ljust(5, "0")) == amount_e5


def test_a_time_is_chinas_whatever_zone_it_came_in() -> None:
    assert formats.moment(datetime(2026, 12, 31, 17, 5, 9, tzinfo=UTC)) == "2027-01-01 01:05:09 +08:00"
    assert formats.clock(datetime(2026, 12, 31, 17, 5, 9, tzinfo=UTC)) == "01:05:09"
    assert formats.day(datetime(2026, 12, 31, 17, 5, 9, tzinfo=UTC)) == "2027-01-01"


@pytest.mark.parametrize("form", [formats.moment, formats.clock])
def test_a_time_without_zone_is_refused(form: Callable[[datetime], str]) -> None:
    with pytest.raises(ValueError, match="zone"):
        form(datetime(2026, 1, 1))  # noqa: DTZ001


@given(st.text("李明华花 410", max_size=12), st.text("李明华花 410", max_size=12))
def test_parts_of_a_difference_make_up_the_value(value: str, reference: str) -> None:
    parts = formats.differing_parts(value, reference)
    assert "".join(part.text for part in parts) == value
    assert any(part.differs for part in parts) == (value != reference)
