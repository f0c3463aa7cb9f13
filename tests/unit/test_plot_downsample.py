"""What is drawn is what was logged: each column has its extremes, and nothing stands where no point is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.plot import envelope as pyramid
from tailboard_tui.plot.axes import Scale
from tailboard_tui.plot.downsample import Frame, columns_of, spans, visible
from tailboard_tui.plot.envelope import BUCKET, Envelope, Level
from tailboard_tui.plot.line import MAX_SEGMENTS, Line

values = st.floats(-1e6, 1e6, width=32)
logged = st.one_of(values, st.just(float("nan")), st.just(float("inf")), st.just(float("-inf")))


def series(draw_values: list[float]) -> np.ndarray:
    return np.array(draw_values, dtype=np.float64)


@st.composite
def cuts_of(draw: st.DrawFn, size: int) -> np.ndarray:
    inner = draw(st.sets(st.integers(0, size), min_size=2, max_size=12))
    return np.array(sorted(inner))


@given(st.data(), st.integers(2, 40_000), st.integers(0, 2**32 - 1))
@settings(max_examples=120, deadline=None)
def test_envelope_extremes_equal_those_of_all_values(data: st.DataObject, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(size)
    y[rng.random(size) < 0.1] = np.nan
    cuts = data.draw(cuts_of(size))
    lows, highs = Envelope.of(y).extremes(y, cuts)
    for index, (start, end) in enumerate(pairwise(cuts)):
        part = y[start:end]
        if np.isnan(part).all():
            assert np.isnan(lows[index])
            assert np.isnan(highs[index])
        else:
            assert lows[index] == np.nanmin(part)
            assert highs[index] == np.nanmax(part)


@given(st.data(), st.integers(2, 60_000), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_a_pyramid_of_many_levels_gives_the_same_extremes(data: st.DataObject, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(size)
    y[rng.random(size) < 0.3] = np.nan
    cuts = data.draw(cuts_of(size))
    split = data.draw(st.integers(0, size))
    whole = Envelope.of(y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyramid, "DIRECT", 20)
        tall = Envelope.of(y[:split]).extended(y)
        assert tall.buckets.above is not None or size < 21 * BUCKET
        found = tall.extremes(y, cuts)
        level: Level | None = tall.buckets
        fresh: Level | None = Envelope.of(y).buckets
        while level is not None and fresh is not None:
            assert np.array_equal(level.lows, fresh.lows, equal_nan=True)
            assert np.array_equal(level.highs, fresh.highs, equal_nan=True)
            level, fresh = level.above, fresh.above
        assert level is fresh
    for one, other in zip(found, whole.extremes(y, cuts), strict=True):
        assert np.array_equal(one, other, equal_nan=True)


@given(st.lists(st.integers(0, 3 * BUCKET), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_an_extended_envelope_equals_a_fresh_one(lengths: list[int], seed: int) -> None:
    y = np.random.default_rng(seed).standard_normal(sum(lengths))
    grown = Envelope.of(y[:0])
    for end in np.cumsum(lengths):
        grown = grown.extended(y[:end])
    fresh = Envelope.of(y)
    assert np.array_equal(grown.lows, fresh.lows)
    assert np.array_equal(grown.highs, fresh.highs)


@given(st.integers(1, 5000), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_envelope_finds_the_first_best_value_and_counts_what_is_outside(size: int, seed: int) -> None:
    y = np.round(np.random.default_rng(seed).standard_normal(size), 1)
    envelope = Envelope.of(y)
    assert envelope.index_of(y, highest=True) == int(np.argmax(y))
    assert envelope.index_of(y, highest=False) == int(np.argmin(y))
    assert envelope.outside(y, 0, size, -1.0, 1.0) == int(np.count_nonzero(np.abs(y) > 1.0))


@given(st.lists(logged, min_size=1, max_size=400), st.integers(2, 60), st.integers(4, 60))
@settings(max_examples=150, deadline=None)
def test_every_column_holds_its_minimum_and_maximum(ys: list[float], columns: int, rows: int) -> None:
    y = series(ys)
    x = np.arange(y.size, dtype=np.float64)
    line = Line.of(x, y)
    frame = Frame(Scale(0.0, max(x[-1], 1.0)), Scale(-1e6, 1e6), columns, rows)
    drawn = {
        int(c): (t, b)
        for s in spans(line, frame)
        for c, t, b in zip(s.columns, s.tops, s.bottoms, strict=True)
    }
    edges = frame.edges()
    for column in range(columns):
        part = y[(x >= edges[column]) & (x < edges[column + 1])]
        part = part[np.isfinite(part)]
        if part.size:
            top, bottom = drawn[column]
            assert top <= frame.row(np.array([part.max()]))[0] + 1e-9
            assert bottom >= frame.row(np.array([part.min()]))[0] - 1e-9


@given(st.lists(values, min_size=1, max_size=300), st.integers(2, 60))
@settings(max_examples=150, deadline=None)
def test_the_highest_and_lowest_dot_drawn_are_real_points(ys: list[float], columns: int) -> None:
    y = series(ys)
    line = Line.of(np.arange(y.size, dtype=np.float64), y)
    frame = Frame(Scale(0.0, max(y.size - 1.0, 1.0)), Scale(-1e6, 1e6), columns, 40)
    found = spans(line, frame)
    rows = frame.row(y)
    assert min(s.tops.min() for s in found) == pytest.approx(rows.min(), abs=1e-9)
    assert max(s.bottoms.max() for s in found) == pytest.approx(rows.max(), abs=1e-9)


@given(st.integers(20, 3000), st.integers(0, 2**32 - 1), st.integers(2, 80), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_a_window_draws_what_the_whole_would_draw_there(
    size: int, seed: int, columns: int, begin: float, end: float
) -> None:
    y = np.random.default_rng(seed).standard_normal(size)
    x = np.arange(size, dtype=np.float64)
    low, high = sorted((begin * size, end * size))
    if high - low < 1:
        return
    frame = Frame(Scale(low, high), Scale(-5, 5), columns, 40)
    inside = (x >= frame.edges()[0]) & (x < frame.edges()[-1])
    if not inside.any():
        return
    (found,) = spans(Line.of(x, y), frame)
    (alone,) = spans(Line.of(x[inside], y[inside]), frame)
    kept = np.isin(found.columns, alone.columns)
    assert kept.sum() == alone.columns.size
    assert (found.tops[kept] <= alone.tops + 1e-9).all()
    assert (found.bottoms[kept] >= alone.bottoms - 1e-9).all()


def test_strokes_between_distant_points_have_no_holes() -> None:
    line = Line.of(np.array([0.0, 10.0]), np.array([0.0, 100.0]))
    frame = Frame(Scale(0, 10), Scale(0, 100), 11, 101)
    (found,) = spans(line, frame)
    assert found.columns.tolist() == list(range(11))
    tops, bottoms = np.floor(found.tops + 0.5), np.floor(found.bottoms + 0.5)
    assert (tops[:-1] - bottoms[1:] <= 1).all()


def test_a_gentle_slope_is_one_dot_thick() -> None:
    line = Line.of(np.array([0.0, 99.0]), np.array([0.0, 20.0]))
    frame = Frame(Scale(0, 99), Scale(0, 20), 100, 21)
    (found,) = spans(line, frame)
    assert (np.floor(found.tops + 0.5) == np.floor(found.bottoms + 0.5)).all()


def test_nan_breaks_the_line_and_is_remembered() -> None:
    y = np.array([1.0, 1.0, np.nan, np.inf, 1.0, 1.0])
    line = Line.of(np.arange(6.0), y)
    frame = Frame(Scale(0, 5), Scale(0, 2), 6, 8)
    (found,) = spans(line, frame)
    assert found.columns.tolist() == [0, 1, 4, 5]
    assert columns_of(line.bad, line, frame).tolist() == [2, 3]
    assert np.isnan(line.first_bad)


def test_a_point_between_gaps_is_lone() -> None:
    y = np.array([1.0, np.nan, 1.0, np.nan, 1.0, 1.0])
    (found,) = spans(Line.of(np.arange(6.0), y), Frame(Scale(0, 5), Scale(0, 2), 6, 8))
    assert found.columns[found.is_lone].tolist() == [0, 2]


def test_points_outside_are_told_by_side() -> None:
    y = np.array([1.0, 9.0, 1.0, -9.0, 1.0])
    (found,) = spans(Line.of(np.arange(5.0), y), Frame(Scale(0, 4), Scale(0, 2), 5, 8))
    assert found.columns[found.is_above].tolist() == [1]
    assert found.columns[found.is_below].tolist() == [3]


def test_steps_that_go_back_begin_a_new_segment_and_are_not_joined() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0])
    y = np.array([0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0])
    frame = Frame(Scale(0, 4), Scale(0, 9), 5, 10)
    first, second = spans(Line.of(x, y), frame)
    assert first.columns.tolist() == [0, 1, 2, 3]
    assert (first.tops == 9).all()
    assert second.columns.tolist() == [1, 2, 3, 4]
    assert (second.bottoms == 0).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_x_that_leaps_about_is_drawn_as_points_by_x(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.permutation(1000).astype(np.float64), rng.standard_normal(1000)
    line = Line.of(x, y)
    assert not line.is_joined
    (found,) = spans(line, Frame(Scale(0, 999), Scale(-5, 5), 50, 40))
    assert np.diff(np.flatnonzero(x[1:] < x[:-1])).size >= MAX_SEGMENTS
    frame = Frame(Scale(0, 999), Scale(-5, 5), 50, 40)
    for column, top in zip(found.columns, found.tops, strict=True):
        edges = frame.edges()
        part = y[(x >= edges[column]) & (x < edges[column + 1])]
        assert top == frame.row(np.array([part.max()]))[0]


@given(st.lists(logged, max_size=300), st.integers(0, 300), st.booleans())
@settings(max_examples=120, deadline=None)
def test_an_extended_line_equals_a_fresh_one(ys: list[float], cut: int, is_log: bool) -> None:
    y = series(ys)
    x = np.arange(y.size, dtype=np.float64)
    x[y.size // 2 :] -= 5
    grown = Line.of(x[:cut], y[:cut], is_log=is_log).extended(x, y)
    fresh = Line.of(x, y, is_log=is_log)
    assert np.array_equal(grown.y, fresh.y, equal_nan=True)
    assert grown.starts.tolist() == fresh.starts.tolist()
    assert grown.bad.tolist() == fresh.bad.tolist()
    assert grown.hidden.tolist() == fresh.hidden.tolist()
    assert np.array_equal([grown.first_bad], [fresh.first_bad], equal_nan=True)
    assert np.array_equal(grown.envelope.lows, fresh.envelope.lows, equal_nan=True)


def test_values_that_a_log_axis_cannot_hold_are_hidden_and_counted() -> None:
    line = Line.of(np.arange(5.0), np.array([1.0, 0.0, -3.0, np.nan, 10.0]), is_log=True)
    assert line.hidden.tolist() == [1, 2]
    assert line.bad.tolist() == [3]
    assert np.isnan(line.y[1:4]).all()


def test_points_without_x_are_left_out() -> None:
    line = Line.of(np.array([0.0, np.nan, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert line.y.tolist() == [1.0, 3.0]


def test_visible_gives_the_points_on_the_scale() -> None:
    line = Line.of(np.arange(10.0), np.zeros(10))
    assert visible(line, Scale(2.5, 6.0)) == [(3, 7)]
    assert visible(line, Scale(20, 30)) == []
