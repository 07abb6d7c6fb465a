"""The reckoning of a nation: what it says must follow from what it was given."""

from __future__ import annotations

from random import Random

import pytest
from bench.nation import PAGE, Costs, Nation, SubBalances, hot, placed, simulate, table_of_zones
from hypothesis import given, settings
from hypothesis import strategies as st

SMALL = Nation(zones=5, parcels_a_day=500_000, peak_per_second=100)


def test_a_day_has_the_parcels_and_the_peak_that_were_asked_for() -> None:
    arrivals = Nation().arrivals()
    assert sum(arrivals) == pytest.approx(20_000_000)
    assert max(arrivals) == 10_000 * 10


def test_shares_sum_to_one_and_fall() -> None:
    shares = Nation().shares()
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


@given(servers=st.integers(1, 8), zones=st.integers(1, 40))
def test_every_zone_lies_on_one_server_and_no_server_is_much_fuller(servers: int, zones: int) -> None:
    shares = Nation(zones=zones).shares()
    on = placed(shares, servers)
    assert sorted(zone for there in on for zone in there) == list(range(zones))
    loads = [sum(shares[zone] for zone in there) for there in on]
    assert max(loads) - min(loads) <= max(shares) + 1e-9


def test_with_room_nothing_waits_and_nothing_is_left() -> None:
    day = simulate(SMALL, Costs(), servers=2, cores=4, engines=1, random=Random(1))
    assert (day.longest_wait_seconds, day.undecided) == (0, 0)
    assert day.busiest_server < 1 > day.busiest_engine


def test_without_room_parcels_wait_and_what_cannot_be_done_is_left() -> None:
    slow = Costs(engine_us=1e6)
    day = simulate(SMALL, slow, servers=2, cores=4, engines=1, random=Random(1))
    assert day.busiest_engine > 1
    # Five engines at 0.8 a second decide 345,600 a day at most.
    assert day.undecided > 500_000 - 5 * 86_400 * 0.8 - 1


@settings(max_examples=200)
@given(
    capacity=st.integers(0, 2_000),
    parts=st.integers(1, 9),
    asked=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 60)), max_size=150),
)
def test_a_split_account_takes_and_refuses_as_one_whole_one_would(
    capacity: int, parts: int, asked: list[tuple[int, int]]
) -> None:
    account, left = SubBalances(capacity, parts), capacity
    for part, amount in asked:
        assert account.reserve(part % parts, amount) == (amount <= left)
        left -= amount if amount <= left else 0
        assert account.left == left
        assert min(account.parts) >= 0 <= account.rest


def test_splitting_costs_few_questions() -> None:
    split = hot(16, capacity=100_000, random=Random(1))
    assert split.refused_early == 0
    assert split.asked_per_thousand < 10


def test_the_page_shows_what_the_program_says() -> None:
    assert table_of_zones(Nation(), Costs()) in PAGE.read_text(encoding="utf-8")
