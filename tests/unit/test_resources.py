from __future__ import annotations

import math

import pytest

from rows import FakePoints, run_row, series
from tailboard_tui.store.resources import energy_joules, resources

NOW = 1_700_007_200.0
STARTED = 1_700_000_000.0


def test_a_run_without_samples_tells_its_duration_only() -> None:
    found = resources(run_row(started=STARTED, ended=STARTED + 60), None, NOW)
    assert found.duration_s == 60
    assert (found.gpu_hours, found.peak_memory_bytes, found.energy_kwh, found.mean_gpu_percent) == (None,) * 4


def test_gpu_hours_count_every_gpu_for_the_whole_duration() -> None:
    points = FakePoints(
        system=[
            series("gpu/0/util_percent", [50.0, 100.0]),
            series("gpu/1/util_percent", [0.0, math.nan]),
            series("gpu/0/memory_used_bytes", [1e9, 3e9]),
            series("gpu/1/memory_used_bytes", [2e9]),
            series("process/rss_bytes", [10.0, 30.0, math.nan, 20.0]),
        ]
    )
    found = resources(run_row(started=STARTED), points, NOW)
    assert (found.gpu_count, found.gpu_hours) == (2, 4.0)
    assert found.peak_memory_bytes == 30.0
    assert found.peak_gpu_memory_bytes == 3e9
    assert found.mean_gpu_percent == pytest.approx(50.0)
    assert found.energy_kwh is None


def test_energy_is_the_integral_of_power_without_pauses() -> None:
    power = series("gpu/0/power_watts", [100.0, 200.0, 200.0, 400.0], times=[0, 10, 10_000, 10_010])
    assert energy_joules(power) == 150 * 10 + 300 * 10
    found = resources(run_row(started=STARTED), FakePoints(system=[power]), NOW)
    assert found.energy_kwh == pytest.approx(4500 / 3.6e6)


def test_samples_without_time_or_value_consume_nothing() -> None:
    power = series("p", [100.0, math.nan, 100.0, 5.0], times=[0, 5, 10, math.nan])
    assert energy_joules(power) == 1000.0
    assert energy_joules(series("p", [])) == 0.0
