"""Lines are prepared once, extended as points arrive, and let go when nobody looks."""

from __future__ import annotations

import numpy as np

from chart_runs import MadePoints, row, selection, series
from tailboard_tui.plot.smooth import Smoothing
from tailboard_tui.store.model import Series
from tailboard_tui.widgets.chart_content import ChartContent
from tailboard_tui.widgets.chart_lines import QUICK_POINTS, ChartLines, LineKey, Prepared, prepare
from tailboard_tui.widgets.chart_view import ChartView
from tailboard_tui.widgets.selection import ShownRun

RAW = Smoothing()


def run_of(found: dict[str, Series]) -> ShownRun:
    return ShownRun(row("r", "r", found), MadePoints(found), "#ffffff", "a", True)


def key_of(smoothing: Smoothing = RAW) -> LineKey:
    return LineKey("r", "m", "step", False, False, smoothing)


def test_a_line_is_prepared_once_for_one_snapshot() -> None:
    lines, run = ChartLines(), run_of({"m": series("m", np.arange(10.0))})
    first = lines.get(key_of(), run)
    assert first is not None
    assert lines.get(key_of(), run) is first


def test_new_points_extend_the_line_and_its_smoothing() -> None:
    values = np.random.default_rng(0).standard_normal(1000)
    lines = ChartLines()
    smoothing = Smoothing("ema", 0.9)
    lines.get(key_of(smoothing), run_of({"m": series("m", values[:700])}))
    grown = lines.get(key_of(smoothing), run_of({"m": series("m", values)}))
    fresh = ChartLines().get(key_of(smoothing), run_of({"m": series("m", values)}))
    assert grown is not None
    assert fresh is not None
    assert grown.smooth is not None
    assert fresh.smooth is not None
    assert np.array_equal(grown.line.y, fresh.line.y)
    assert np.allclose(grown.smooth.y, fresh.smooth.y)


def test_a_long_line_waits_for_the_thread_and_shows_the_old_one_until_then() -> None:
    values = np.zeros(QUICK_POINTS + 1)
    lines, run = ChartLines(), run_of({"m": series("m", values)})
    assert lines.get(key_of(), run) is None
    (job,) = lines.waiting.values()
    lines.put(job, prepare(job))
    ready = lines.get(key_of(), run)
    assert isinstance(ready, Prepared)
    assert not lines.waiting
    smoothed = key_of(Smoothing("ema", 0.9))
    assert lines.get(smoothed, run) is ready
    (job,) = lines.waiting.values()
    lines.put(job, prepare(job))
    found = lines.get(smoothed, run)
    assert found is not None
    assert found.smooth is not None


def test_runs_that_are_no_longer_shown_are_let_go() -> None:
    lines, run = ChartLines(), run_of({"m": series("m", np.arange(10.0))})
    first = lines.get(key_of(), run)
    lines.keep(["other"])
    assert lines.get(key_of(), run) is not first


def test_a_replaced_file_gives_a_new_line() -> None:
    lines = ChartLines()
    lines.get(key_of(), run_of({"m": series("m", np.arange(10.0))}))
    other = series("m", np.full(20, 7.0))
    replaced = Series("m", other.steps, other.times, other.values, generation=1)
    found = lines.get(key_of(), run_of({"m": replaced}))
    assert found is not None
    assert found.line.y.tolist() == [7.0] * 20


def test_epochs_come_from_the_metric_of_that_name() -> None:
    found = {"m": series("m", np.arange(11.0)), "epoch": series("epoch", np.array([0.0, 1.0]), every=10)}
    content = ChartContent()
    content.take(selection([("r", found)]))
    (trace,) = content.traces("m", ChartView(x_kind="epoch"))
    assert np.allclose(trace.line.x, np.arange(11) / 10)


def test_a_resumed_segment_has_its_seam_at_its_first_point() -> None:
    content = ChartContent()
    content.take(selection([("r", {"m": series("m", np.arange(10.0), resumed=(4.0,))})]))
    (trace,) = content.traces("m", ChartView())
    assert trace.seams == (4.0,)
