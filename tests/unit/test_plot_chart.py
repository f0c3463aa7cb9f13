"""Whole charts: nothing overflows, nothing is hidden silently, everything is where it belongs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tailboard_tui.plot.band import mean_band
from tailboard_tui.plot.canvas import BRAILLE
from tailboard_tui.plot.chart import draw
from tailboard_tui.plot.layout import layout, x_labels
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.smooth import Smoothing, smooth
from tailboard_tui.plot.spec import ChartSpec, Look, Trace
from tailboard_tui.plot.xaxis import X_KINDS

SERIES: dict[str, tuple[list[float], list[float]]] = {
    "curve": (list(range(300)), [2 * 0.98**i for i in range(300)]),
    "constant": (list(range(50)), [0.5] * 50),
    "single point": ([7.0], [3.0]),
    "empty": ([], []),
    "all NaN": (list(range(20)), [float("nan")] * 20),
    "all infinite": (list(range(20)), [float("inf")] * 20),
    "tiny": (list(range(20)), [1e-300 * i for i in range(20)]),
    "huge": (list(range(20)), [1e300 * (-1) ** i for i in range(20)]),
    "denormal": (list(range(5)), [5e-324 * i for i in range(5)]),
    "negative": (list(range(20)), [-float(i) for i in range(20)]),
    "back": ([0, 1, 2, 3, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
    "large steps": ([1e15 + i for i in range(20)], [float(i) for i in range(20)]),
    "steps below zero": ([-3.0, -1.0, 0.0, 2.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0]),
    "same step": ([5.0] * 20, [float(i) for i in range(20)]),
    "huge steps": ([1e300 * i for i in range(5)], [float(i) for i in range(5)]),
    "spike": (list(range(200)), [1.0 + 0.01 * (i % 7) + (500.0 if i == 60 else 0.0) for i in range(200)]),
}


def trace(name: str, letter: str = "a", color: str = "#56b4e9", shift: float = 0.0) -> Trace:
    x, y = (np.array(part, dtype=np.float64) for part in SERIES[name])
    return Trace(name, letter, color, Line.of(x, y), shift=shift)


def plain(spec: ChartSpec, width: int = 60, height: int = 12, look: Look | None = None) -> list[str]:
    text = draw(spec, width, height, look or Look()).text().split("\n")
    assert len(text) == height
    return text


@given(
    st.lists(st.sampled_from(sorted(SERIES)), max_size=4),
    st.integers(20, 250),
    st.integers(5, 60),
    st.sampled_from(X_KINDS),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.one_of(st.none(), st.floats(-10, 400)),
)
@settings(max_examples=200, deadline=None)
def test_no_chart_overflows(
    names: list[str],
    width: int,
    height: int,
    kind: str,
    is_log_x: bool,
    is_log_y: bool,
    is_plain: bool,
    cursor: float | None,
) -> None:
    spec = ChartSpec(
        title="train/größe 漢字 \x1b[31m[b]",
        traces=tuple(trace(name, "abcd"[i]) for i, name in enumerate(names)),
        x_kind=kind,  # type: ignore[arg-type]
        is_log_x=is_log_x,
        is_log_y=is_log_y,
        is_robust=not is_plain,
        cursor=cursor,
        goal="minimize",
        note="ema 0.9",
        has_legend=is_plain,
        has_x_name=is_plain,
        is_focused=is_log_y,
    )
    look = Look(is_ascii=is_plain, has_color=not is_plain)
    cells = draw(spec, width, height, look)
    assert (cells.height, cells.width) == (height, width)
    for row in range(height):
        text = "".join(part for part, _ in cells.runs(row))
        assert cell_len(text) == width
        assert "\x1b" not in text
        if is_plain:
            drawn = set(text) - set("∞␛")
            assert not any(0x2190 <= ord(char) < 0x2900 for char in drawn)


@given(st.integers(20, 250), st.floats(1, 1e9), st.sampled_from(X_KINDS))
@settings(max_examples=150, deadline=None)
def test_x_labels_are_ordered_and_never_overlap(width: int, length: float, kind: str) -> None:
    line = Line.of(np.linspace(0, length, 50), np.arange(50.0))
    spec = ChartSpec("m", (Trace("r", "a", "#ffffff", line),), x_kind=kind)  # type: ignore[arg-type]
    place = layout(spec, width, 12)
    assert place is not None
    labels = x_labels(spec, place, width)
    for (tick, _, start), (following, _, next_start) in pairwise(labels):
        assert tick.value < following.value
        assert start + len(tick.label) + 2 <= next_start
    assert all(start >= 0 and start + len(tick.label) <= width for tick, _, start in labels)


@given(st.integers(5, 60), st.floats(1e-6, 1e9), st.booleans())
@settings(max_examples=100, deadline=None)
def test_y_labels_stand_in_different_rows_from_the_largest_down(
    height: int, top: float, is_log: bool
) -> None:
    line = Line.of(np.arange(50.0), np.linspace(top * 1e-3, top, 50))
    place = layout(ChartSpec("m", (Trace("r", "a", "#ffffff", line),), is_log_y=is_log), 60, height)
    assert place is not None
    rows = [place.row(tick.value) for tick in place.y_ticks]
    known = [row for row in rows if row is not None]
    assert known == sorted(known, reverse=True)
    assert len(set(known)) == len(known)


def test_the_first_not_finite_step_is_named_and_marked_in_red() -> None:
    y = np.ones(100)
    y[40:50] = np.nan
    spec = ChartSpec("loss", (Trace("r", "a", "#56b4e9", Line.of(np.arange(100.0), y)),))
    cells = draw(spec, 70, 12, Look())
    text = cells.text().split("\n")
    assert "10 NaN, first at step 40" in text[0]
    assert "×" in text[10]
    column = text[10].index("×")
    assert cells.table[cells.styles[10, column]].color == Look().error


def test_an_infinity_is_called_by_its_name() -> None:
    y = np.ones(100)
    y[-1] = np.inf
    assert (
        "∞ at step 99"
        in plain(ChartSpec("loss", (Trace("r", "a", "#ffffff", Line.of(np.arange(100.0), y)),)))[0]
    )


def test_an_outlier_is_left_outside_counted_and_marked() -> None:
    spec = ChartSpec("loss", (trace("spike"),))
    text = plain(spec)
    assert "1 point outside" in text[0]
    assert "▲" in text[1]
    everything = plain(ChartSpec("loss", (trace("spike"),), is_robust=False))
    assert "outside" not in everything[0]
    assert not any("▲" in line for line in everything)


@pytest.mark.parametrize("is_log", [False, True])
def test_one_diverged_run_of_several_is_left_outside_and_named(is_log: bool) -> None:
    x = np.arange(100.0)
    curves = [(0.97**x + 0.1) * factor for factor in (1.0, 1.2, 0.8)]
    traces = [Trace(n, n, "#56b4e9", Line.of(x, y)) for n, y in zip("abc", curves, strict=True)]
    wild = Trace("d", "d", "#56b4e9", Line.of(x, 10.0 ** (x / 5 + 1)))
    spec = ChartSpec("loss", (*traces, wild), is_log_y=is_log)
    place = layout(spec, 80, 12)
    assert place is not None
    assert place.y.high < 5
    shown = draw(spec, 80, 12, Look()).text().split("\n")
    assert "100 points of d outside" in shown[0]
    assert "▲" in shown[1]
    everything = layout(replace(spec, is_robust=False), 80, 12)
    assert everything is not None
    assert everything.y.high > 1e19


def test_runs_that_are_merely_better_or_worse_are_all_shown() -> None:
    x = np.arange(100.0)
    curves = ((0.13, 0.2), (0.35, 0.45), (0.9, 0.98))
    traces = tuple(
        Trace(n, n, "#56b4e9", Line.of(x, np.linspace(*ends, 100)))
        for n, ends in zip("abc", curves, strict=True)
    )
    place = layout(ChartSpec("accuracy", traces), 80, 12)
    assert place is not None
    assert place.y.high >= 0.98
    assert place.y.low <= 0.13


def test_of_two_runs_far_apart_both_are_shown() -> None:
    x = np.arange(100.0)
    traces = tuple(Trace(n, n, "#56b4e9", Line.of(x, x + base)) for n, base in (("a", 0.0), ("b", 1e6)))
    place = layout(ChartSpec("loss", traces), 80, 12)
    assert place is not None
    assert (place.y.low, place.y.high) == (0.0, pytest.approx(1.1e6, rel=0.1))


def test_of_two_runs_the_one_that_explodes_is_left_outside_and_counted() -> None:
    x = np.arange(100.0)
    sound, exploded = np.linspace(1, 0.1, 100), 10.0 ** np.linspace(0, 300, 100)
    traces = (Trace("a", "a", "#ffffff", Line.of(x, sound)), Trace("b", "b", "#ffff00", Line.of(x, exploded)))
    place = layout(ChartSpec("loss", traces), 80, 12)
    assert place is not None
    assert place.y.high == pytest.approx(1.0, rel=0.2)
    assert "points of b outside" in plain(ChartSpec("loss", traces), width=80)[0]


def test_values_below_zero_on_a_log_axis_are_said_and_marked() -> None:
    y = np.array([1.0, 10.0, 0.0, -5.0, 100.0])
    text = plain(ChartSpec("m", (Trace("r", "a", "#ffffff", Line.of(np.arange(5.0), y)),), is_log_y=True))
    assert "2 not above 0" in text[0]
    assert "▼" in text[9]


def test_title_has_last_and_best_value() -> None:
    assert plain(ChartSpec("train/loss", (trace("curve"),), goal="minimize"))[0].split() == [
        "train/loss",
        "0.00476",
        "↓0.00476",
    ]
    assert "↑2" in plain(ChartSpec("acc", (trace("curve"),), goal="maximize"))[0]


def test_bytes_are_told_in_binary_units() -> None:
    line = Line.of(np.arange(3.0), np.array([1.0, 2.0, 3.5]) * 2**30)
    spec = ChartSpec("memory/used_bytes", (Trace("r", "a", "#ffffff", line),))
    assert plain(spec)[0].endswith("3.5 GiB")


def test_the_cursor_reads_the_nearest_real_point() -> None:
    text = plain(ChartSpec("m", (trace("curve"),), cursor=99.7))
    assert "@ 100" in text[0]
    assert "0.2652" in text[0]


def test_a_sparse_metric_shows_its_points() -> None:
    line = Line.of(np.arange(0.0, 1000.0, 200.0), np.array([1.0, 0.8, 0.6, 0.5, 0.45]))
    spec = ChartSpec("val", (Trace("r", "a", "#ffffff", line),))
    cells, place = draw(spec, 60, 12, Look()), layout(spec, 60, 12)
    assert place is not None
    for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True):
        row, column = place.row(y), place.column(x)
        assert row is not None
        assert column is not None
        assert (int(cells.chars[row, column]) - BRAILLE).bit_count() >= 4
    assert sum(text.count("o") for text in plain(spec, look=Look(is_ascii=True))) >= 5


def test_letters_tell_runs_apart_without_colour() -> None:
    traces = (trace("curve", "a"), trace("constant", "b"))
    cells = draw(ChartSpec("m", traces), 60, 12, Look(has_color=False))
    assert all(style.color is None and style.background is None for style in cells.table)
    rows = cells.text().split("\n")
    assert any(row.rstrip().endswith("a 0.0048") for row in rows)
    assert any(row.rstrip().endswith("b 0.5") for row in rows)


def test_the_first_trace_lies_on_top() -> None:
    under = Trace("under", "b", "#00ff00", trace("curve").line)
    over = Trace("over", "a", "#ff0000", trace("curve").line)
    cells = draw(ChartSpec("m", (over, under)), 60, 12, Look())
    braille = cells.chars > BRAILLE
    colors = {
        cells.table[index].color for index in np.unique(cells.styles[braille & (cells.chars < BRAILLE + 256)])
    }
    assert colors == {"#ff0000"}


def test_points_stay_visible_beneath_the_smoothed_line() -> None:
    y = np.random.default_rng(0).standard_normal(2000)
    x = np.arange(2000.0)
    smoothed = Line.of(x, smooth(y, Smoothing("ema", 0.99)))
    cells = draw(ChartSpec("m", (Trace("r", "a", "#ff0000", Line.of(x, y), smoothed),)), 60, 14, Look())
    colors = [cells.table[i].color for i in np.unique(cells.styles)]
    assert "#ff0000" in colors
    dimmed = [color for color in colors if color and color not in ("#ff0000", *vars_of(Look()))]
    assert len(dimmed) == 1


def vars_of(look: Look) -> tuple[str, ...]:
    return (look.text, look.muted, look.axis, look.accent, look.error)


def test_a_resumed_segment_is_marked_where_it_begins() -> None:
    line = trace("curve").line
    spec = ChartSpec("m", (Trace("r", "a", "#ffffff", line, seams=(150.0,)),))
    place = layout(spec, 60, 12)
    assert place is not None
    column = place.column(150.0)
    assert sum(text[column : column + 1] == "┊" for text in plain(spec)) >= 5


def test_a_window_shows_its_part_and_says_when_it_is_empty() -> None:
    spec = ChartSpec("m", (trace("curve"),), window=(1000.0, 2000.0))
    assert any("no points in this window" in text for text in plain(spec))


def test_an_empty_chart_says_so() -> None:
    assert any("no points yet" in text for text in plain(ChartSpec("m", ())))


def test_a_band_tints_cells_around_the_mean() -> None:
    x = np.arange(100.0)
    found = mean_band([(Line.of(x, np.full(100, value)), 0.0) for value in (1.0, 2.0, 3.0)])
    assert found is not None
    mean, band = found
    assert np.allclose(mean.y, 2.0)
    assert np.allclose(band.high.y, 3.0)
    assert band.count == 3
    cells = draw(ChartSpec("m", (Trace("g", "a", "#ff0000", mean, band=band),)), 60, 12, Look())
    assert any(style.background is not None for style in cells.table)


def test_the_mean_is_over_the_runs_that_are_there() -> None:
    long = Line.of(np.arange(5.0), np.full(5, 1.0))
    short = Line.of(np.arange(3.0), np.full(3, 3.0))
    mean, band = mean_band([(long, 0.0), (short, 0.0)], "range") or pytest.fail("no mean")
    assert mean.y.tolist() == [2.0, 2.0, 2.0, 1.0, 1.0]
    assert band.low.y.tolist() == [1.0] * 5


def test_a_chart_is_the_same_for_the_same_spec() -> None:
    spec = ChartSpec("m", (trace("curve"), trace("back", "b")), goal="minimize")
    first, second = draw(spec, 60, 12, Look()), draw(spec, 60, 12, Look())
    assert np.array_equal(first.chars, second.chars)
    assert np.array_equal(first.styles, second.styles)
    assert first.table == second.table


def test_ansi_has_the_same_text() -> None:
    import re

    cells = draw(ChartSpec("m", (trace("curve"),)), 60, 12, Look())
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", cells.ansi())
    assert [line.rstrip() for line in stripped.split("\n")] == cells.text().split("\n")
