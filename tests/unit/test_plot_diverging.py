"""A run that explodes leaves the chart and it is said; a steep start, a spike or a breakthrough is shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.plot.chart import draw
from tailboard_tui.plot.layout import Layout, layout
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.spec import ChartSpec, Goal, Look, Trace

STEPS = np.arange(200.0)


def spec_of(values: np.ndarray, goal: Goal | None = "minimize", **more: object) -> ChartSpec:
    line = Line.of(np.arange(float(values.size)), values)
    return ChartSpec("loss", (Trace("r", "a", "#ffffff", line),), goal=goal, **more)  # type: ignore[arg-type]


def placed(spec: ChartSpec) -> Layout:
    place = layout(spec, 90, 14)
    assert place is not None
    return place


def title(spec: ChartSpec) -> str:
    return draw(spec, 90, 14, Look()).text().split("\n")[0]


def test_an_exploding_run_shows_what_came_before_and_how_far_it_went() -> None:
    values = np.where(STEPS < 150, 2 * 0.98**STEPS + 0.3, 10.0 ** np.minimum((STEPS - 140) / 4, 12.5))
    spec = spec_of(values)
    assert placed(spec).y.high < 10
    assert "▲ diverges: 50 points outside, up to 3.16e12" in title(spec)
    everything = spec_of(values, is_robust=False)
    assert placed(everything).y.high > 1e12
    assert "diverges" not in title(everything)
    assert "diverges" not in title(spec_of(values, y_range=(0.0, 1.0)))


def test_a_lone_spike_before_it_exploded_flattens_it_no_more_than_the_explosion() -> None:
    accuracy = np.where(STEPS < 140, 1 - 0.5 * 0.97**STEPS, -(10.0 ** ((STEPS - 130) / 5)))
    accuracy[70] = 25.0
    place = placed(spec_of(accuracy, "maximize"))
    assert place.y.high < 3
    assert place.y.low > -3
    assert "▼ diverges: 61 points outside, down to -" in title(spec_of(accuracy, "maximize"))


@pytest.mark.parametrize("goal", ["minimize", None])
def test_growth_from_the_start_is_shown_as_far_as_its_first_half(goal: Goal | None) -> None:
    values = np.geomspace(1e3, 1e12, 200)
    spec = spec_of(values, goal)
    assert values[99] <= placed(spec).y.high < values[150]
    assert "diverges" in title(spec)


def test_the_newest_finite_value_counts_where_nan_follows() -> None:
    values = np.where(STEPS < 150, 1 / (1 + STEPS), np.where(STEPS < 190, 1e9, np.nan))
    assert "up to 1e9" in title(spec_of(values))


@given(
    st.floats(1.5, 1e9),
    st.integers(8, 400),
    st.floats(0.0, 0.99),
    st.sampled_from(["minimize", "maximize", None]),
)
@settings(max_examples=100, deadline=None)
def test_a_steep_start_is_always_shown_whole(
    height: float, count: int, pace: float, goal: Goal | None
) -> None:
    """As far as its first percent is not a lone outlier, which has a rule of its own."""
    values = height * pace ** np.arange(float(count)) + 0.1
    values[: max(count // 25, 1) + 2] = values[0]
    place = placed(spec_of(values, goal))
    assert place.y.high >= values[0] * (1 - 1e-6)
    assert "diverges" not in title(spec_of(values, goal))


def test_a_breakthrough_is_shown_where_more_is_better() -> None:
    reward = np.where(STEPS < 120, np.sin(STEPS), 1e5 + STEPS)
    assert placed(spec_of(reward, "maximize")).y.high > 1e5
    assert placed(spec_of(-reward, "minimize")).y.low < -1e5
    assert placed(spec_of(reward, "minimize")).y.high < 10


def test_a_run_that_came_back_does_not_diverge() -> None:
    values = np.where((STEPS > 140) & (STEPS < 160), 1e8, 1.0 + np.sin(STEPS))
    assert placed(spec_of(values)).y.high < 10
    assert "▲ 19 points outside" in title(spec_of(values))


def test_on_a_log_axis_growth_is_shown_whole() -> None:
    spec = spec_of(np.geomspace(1e3, 1e12, 200), is_log_y=True)
    rows = draw(spec, 90, 14, Look()).text().split("\n")
    assert "1T" in "".join(row[:8] for row in rows)
    assert "outside" not in title(spec)
