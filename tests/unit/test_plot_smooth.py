"""Smoothing is debiased, exact, does not spread NaN, and grows with the series."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.plot.smooth import METHODS, Smoothing, extended, smooth

number = st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.just(float("inf")))


def ema_by_hand(values: list[float], weight: float) -> list[float]:
    """The loop of TensorBoard's scalar chart."""
    total, seen, result = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            result.append(math.nan)
            continue
        total = total * weight + (1 - weight) * value
        seen += 1
        result.append(total / (1 - weight**seen))
    return result


@given(st.lists(number, max_size=400), st.sampled_from([0.3, 0.6, 0.9, 0.99, 0.999]))
@settings(max_examples=150, deadline=None)
def test_ema_is_that_of_tensorboard(values: list[float], weight: float) -> None:
    found = smooth(np.array(values), Smoothing("ema", weight))
    assert np.allclose(found, ema_by_hand(values, weight), rtol=1e-9, atol=1e-6, equal_nan=True)


@given(st.lists(number, max_size=300), st.lists(st.integers(0, 300), max_size=5), st.sampled_from(METHODS))
@settings(max_examples=150, deadline=None)
def test_growing_gives_what_all_at_once_gives(values: list[float], cuts: list[int], method: str) -> None:
    smoothing = Smoothing(method, 0.9)  # type: ignore[arg-type]
    series = np.array(values)
    grown = np.empty(0)
    for cut in (*sorted(cuts), series.size):
        grown = extended(grown, series[:cut], smoothing)
    assert np.allclose(grown, smooth(series, smoothing), rtol=1e-9, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("method", METHODS)
def test_one_nan_stays_where_it_is(method: str) -> None:
    values = np.ones(100)
    values[30] = np.nan
    found = smooth(values, Smoothing(method, 0.9))  # type: ignore[arg-type]
    assert np.flatnonzero(np.isnan(found)).tolist() == [30]
    assert np.allclose(found[~np.isnan(found)], 1.0)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=100))
@settings(max_examples=80, deadline=None)
def test_mean_and_median_are_those_of_the_window(values: list[float]) -> None:
    series = np.array(values)
    for method, of in (("mean", np.mean), ("median", np.median)):
        smoothing = Smoothing(method, 0.8)  # type: ignore[arg-type]
        half = smoothing.window // 2
        by_hand = [of(series[max(i - half, 0) : i + half + 1]) for i in range(series.size)]
        assert np.allclose(smooth(series, smoothing), by_hand, atol=1e-9)


def test_a_spike_is_forgotten_by_the_mean() -> None:
    values = np.full(1000, 0.1)
    values[10] = 1e30
    assert np.array_equal(smooth(values, Smoothing("mean", 0.9))[100:], np.full(900, 0.1)) or np.allclose(
        smooth(values, Smoothing("mean", 0.9))[100:], 0.1, rtol=1e-12
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [1e300, -1e300, 1e-300, 1.7e308])
def test_extreme_numbers_survive(method: str, value: float) -> None:
    found = smooth(np.full(200, value), Smoothing(method, 0.9))  # type: ignore[arg-type]
    assert np.allclose(found / value, 1.0)


def test_no_smoothing_gives_the_points() -> None:
    values = np.array([1.0, 2.0, np.inf])
    assert np.array_equal(smooth(values, Smoothing()), [1.0, 2.0, np.nan], equal_nan=True)


def test_labels_state_method_and_strength() -> None:
    assert Smoothing().label == ""
    assert Smoothing("ema", 0.9).label == "ema 0.9"
    assert Smoothing("mean", 0.9).label == "mean 19"


@pytest.mark.parametrize("strength", [-0.1, 1.0, math.nan])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="strength"):
        Smoothing("ema", strength)
