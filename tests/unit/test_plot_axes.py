"""Ticks are round, ordered and apart; limits hold still and hold the data."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tailboard_tui.plot import axes
from tailboard_tui.plot.axes import Scale

any_value = st.floats(-1e300, 1e300).filter(lambda v: v == 0 or abs(v) > 1e-290)
positive = st.floats(1e-290, 1e300)


def ends(a: float, b: float) -> tuple[float, float]:
    low, high = sorted((a, b))
    assume(high / 2 - low / 2 > max(abs(low), abs(high)) * 1e-9)
    return low, high


def is_round(value: float, step: float) -> bool:
    return math.isclose(value / step, round(value / step), abs_tol=1e-6)


@given(any_value, any_value, st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_linear_ticks_are_round_ordered_inside_and_not_too_many(a: float, b: float, most: int) -> None:
    low, high = ends(a, b)
    found = axes.ticks(Scale(low, high), most)
    assert len(found) <= most
    values = [tick.value for tick in found]
    assert values == sorted(set(values))
    slack = (high / 2 - low / 2) * 1e-5
    assert all(low - slack <= value <= high + slack for value in values)
    assert len({tick.label for tick in found}) == len(found)
    if len(values) > 1:
        step = values[1] - values[0]
        mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9) if abs(step) < 1e300 else 1.0
        assert min(abs(mantissa - nice) for nice in (1, 2, 5, 10)) < 1e-3 or abs(low) > step * 1e6
        assert all(is_round(value, step) for value in values if abs(value) < step * 1e6)


@given(positive, positive, st.integers(2, 12))
@settings(max_examples=200, deadline=None)
def test_log_ticks_are_ordered_inside_and_not_too_many(a: float, b: float, most: int) -> None:
    low, high = ends(a, b)
    low, high = axes.limits(low, high, is_log=True)
    found = axes.ticks(Scale(low, high, is_log=True), most)
    values = [tick.value for tick in found]
    assert len(values) <= most
    assert values == sorted(set(values))
    assert all(low * 0.999 <= value <= high * 1.001 for value in values)


@given(any_value, any_value)
@settings(max_examples=200, deadline=None)
def test_limits_hold_the_data(a: float, b: float) -> None:
    low, high = sorted((a, b))
    bottom, top = axes.limits(low, high)
    assert bottom < top
    slack = max(abs(low), abs(high)) * 1e-5
    assert bottom <= low + slack
    assert top >= high - slack
    assert math.isfinite(bottom)
    assert math.isfinite(top)


@given(positive, positive)
@settings(max_examples=200, deadline=None)
def test_log_limits_hold_the_data_and_stay_positive(a: float, b: float) -> None:
    low, high = sorted((a, b))
    bottom, top = axes.limits(low, high, is_log=True)
    assert 0 < bottom <= low * (1 + 1e-9)
    assert top >= high * (1 - 1e-9)
    assert bottom < top


def test_limits_hold_still_while_data_grows_a_little() -> None:
    assert axes.limits(0.31, 2.28) == axes.limits(0.305, 2.295)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-300, -1e-300, 1e300, 5e-324])
def test_a_constant_gets_room_around_it(value: float) -> None:
    bottom, top = axes.limits(value, value)
    assert bottom < value < top


def test_no_data_gives_plain_limits() -> None:
    assert axes.limits(math.nan, math.nan) == (0.0, 1.0)
    assert axes.limits(math.nan, math.nan, is_log=True) == (1.0, 10.0)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0", "0.5", "1.0"]),
        (0, 2000, ["0", "500", "1000", "1500", "2000"]),
        (0, 1_000_000, ["0", "0.5M", "1.0M"]),
        (0, 80_000, ["0", "20k", "40k", "60k", "80k"]),
        (0, 3e-4, ["0", "1e-4", "2e-4", "3e-4"]),
        (-1, 1, ["-1.0", "-0.5", "0", "0.5", "1.0"]),
    ],
)
def test_labels_are_short_and_in_one_unit(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in axes.ticks(Scale(low, high), 5)] == labels


@settings(max_examples=150, deadline=None)
@given(any_value, any_value, st.integers(2, 9))
def test_ticks_of_bytes_are_ordered_inside_and_not_too_many(a: float, b: float, most: int) -> None:
    low, high = axes.size_limits(min(a, b), max(a, b))
    slack = (high / 2 - low / 2) * 1e-5
    assert low - slack <= min(a, b) <= max(a, b) <= high + slack
    found = [tick.value for tick in axes.size_ticks(Scale(low, high), most)]
    assert found == sorted(set(found))
    assert len(found) <= most
    assert all(low - slack <= value <= high + slack for value in found)


@pytest.mark.parametrize(
    ("high", "labels"),
    [
        (2.4 * 2**20, ["0", "0.5 MiB", "1.0 MiB", "1.5 MiB", "2.0 MiB"]),
        (80 * 2**30, ["0", "16 GiB", "32 GiB", "48 GiB", "64 GiB", "80 GiB"]),
        (100.0, ["0", "20", "40", "60", "80", "100"]),
    ],
)
def test_ticks_of_bytes_speak_binary_units(high: float, labels: list[str]) -> None:
    assert [tick.label for tick in axes.size_ticks(Scale(*axes.size_limits(0.0, high)), 6)] == labels


def test_log_labels_are_decades() -> None:
    found = axes.ticks(Scale(1e-5, 1e4, is_log=True), 10)
    assert [tick.label for tick in found] == [
        "1e-5",
        "1e-4",
        "0.001",
        "0.01",
        "0.1",
        "1",
        "10",
        "100",
        "1000",
        "10k",
    ]


def test_a_short_log_axis_has_ones_twos_and_fives() -> None:
    found = axes.ticks(Scale(0.1, 5.0, is_log=True), 8)
    assert [tick.label for tick in found] == ["0.1", "0.2", "0.5", "1", "2", "5"]


@given(st.floats(3, 1e9), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_time_ticks_are_ordered_and_not_too_many(length: float, most: int) -> None:
    for is_clock in (False, True):
        found = axes.time_ticks(Scale(1.7e9, 1.7e9 + length), most, is_clock=is_clock)
        values = [tick.value for tick in found]
        assert len(values) <= most
        assert values == sorted(set(values))


def test_elapsed_labels_have_two_units_at_most() -> None:
    found = axes.time_ticks(Scale(0, 5400), 5, is_clock=False)
    assert [tick.label for tick in found] == ["0", "30m", "1h", "1h30m"]


def test_wall_clock_ticks_stand_at_full_local_hours() -> None:
    noon = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))
    found = axes.time_ticks(Scale(noon - 100, noon + 4 * 3600), 6, is_clock=True)
    assert [tick.label for tick in found] == ["12:00", "13:00", "14:00", "15:00", "16:00"]


@given(any_value, any_value, st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_value_is_the_inverse_of_position(a: float, b: float, places: list[float]) -> None:
    low, high = ends(a, b)
    scale = Scale(low, high)
    assert np.allclose(scale.position(scale.value(np.array(places))), places, atol=1e-6)
