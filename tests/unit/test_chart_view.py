"""The view of the charts: steps of smoothing, windows, filters, and what is kept between sessions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.plot.smooth import STRENGTHS, Smoothing
from tailboard_tui.widgets.chart_view import ChartView, PatternError, ends_of, matcher

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


def test_a_view_survives_being_kept() -> None:
    view = ChartView(
        x_kind="elapsed",
        log_y=frozenset({"loss"}),
        smoothing=Smoothing("median", 0.9),
        has_bands=True,
        columns=3,
        pinned=("b", "a"),
        hidden=frozenset({"lr"}),
        folded=frozenset({"val"}),
        pattern="loss",
    )
    assert ChartView.from_json(json.loads(json.dumps(view.to_json()))) == view


@given(st.dictionaries(st.sampled_from(sorted(ChartView().to_json())), json_values))
@settings(max_examples=150, deadline=None)
def test_whatever_was_kept_gives_a_view(kept: dict[str, object]) -> None:
    view = ChartView.from_json(kept)
    assert ChartView.from_json(view.to_json()) == view


def test_smoothing_steps_up_and_down_and_stops_at_the_ends() -> None:
    view = ChartView()
    for expected in STRENGTHS[1:]:
        view = view.with_strength(1)
        assert view.smoothing.strength == expected
    assert view.with_strength(1) == view
    for _ in STRENGTHS:
        view = view.with_strength(-1)
    assert not view.smoothing.is_on


def test_changing_the_x_axis_gives_up_window_and_cursor() -> None:
    view = ChartView(window=(0, 10), cursor=5).with_next_x()
    assert (view.x_kind, view.window, view.cursor) == ("relative", None, None)


def test_zooming_keeps_the_cursor_in_its_place_and_ends_at_all_points() -> None:
    view = ChartView().closer((0.0, 100.0), 25.0, 0.5)
    assert view.window == (12.5, 62.5)
    assert view.closer((0.0, 100.0), 25.0, 4.0).window is None
    assert ChartView().closer((0.0, 100.0), None, 0.5).window == (50.0, 100.0)


def test_the_window_follows_the_cursor() -> None:
    view = ChartView(window=(10.0, 20.0))
    assert view.around(15.0) is view
    assert view.around(25.0).window == (15.0, 25.0)
    assert view.around(5.0).window == (5.0, 15.0)


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("", ["train/loss", "val/loss", "val/Acc"]),
        ("LOSS", ["train/loss", "val/loss"]),
        ("val/*", ["val/loss", "val/Acc"]),
        ("val acc", ["val/Acc"]),
        ("~^train|acc$", ["train/loss", "val/Acc"]),
    ],
)
def test_a_filter_is_text_glob_or_regex(pattern: str, matching: list[str]) -> None:
    found = matcher(pattern)
    assert [name for name in ["train/loss", "val/loss", "val/Acc"] if found(name)] == matching


def test_a_wrong_regex_says_what_is_wrong() -> None:
    with pytest.raises(PatternError, match="not a regular expression"):
        matcher("~(")


def test_a_window_moves_by_a_share_of_its_width_and_stops_at_the_last_points() -> None:
    view = ChartView(window=(40.0, 60.0))
    assert view.panned((0.0, 100.0), 0.25).window == (45.0, 65.0)
    assert view.panned((0.0, 100.0), -10).window == (0.0, 20.0)
    assert view.panned((0.0, 100.0), 10).window == (80.0, 100.0)
    assert ChartView(window=(-5.0, 10.0)).panned((0.0, 100.0), -0.25).window == (-5.0, 10.0)
    assert ChartView().panned((0.0, 100.0), 0.25).window is None


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("0 1", (0.0, 1.0)),
        ("0..1", (0.0, 1.0)),
        ("2.5, -1", (-1.0, 2.5)),
        ("1e-3 1", (0.001, 1.0)),
        ("", None),
    ],
)
def test_the_ends_of_an_axis_are_typed_as_two_numbers(text: str, ends: tuple[float, float] | None) -> None:
    assert ends_of(text) == ends


@pytest.mark.parametrize("text", ["1", "a b", "1 1", "nan 1", "0 inf", "1 2 3"])
def test_anything_else_is_no_ends_of_an_axis(text: str) -> None:
    with pytest.raises(ValueError, match="two different numbers"):
        ends_of(text)
