"""What stands in the cells of the run list."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from rich.style import Style

from fake_store import HOSTILE, NOW, sweep
from rows import run_row, stats
from tailboard_tui.screens.explorer_columns import automatic_columns
from tailboard_tui.store.model import RunRow
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.cells import changed_part, fit, fit_middle, sparkline, width_of, wrap
from tailboard_tui.widgets.run_table_columns import FIXED_COLUMNS
from tailboard_tui.widgets.run_table_group_cells import group_cells
from tailboard_tui.widgets.run_table_lines import GroupLine
from tailboard_tui.widgets.run_table_measures import make_column


def cell(column_id: str, row: RunRow, now: float = NOW) -> str:
    column = make_column(column_id, lambda name: "max" if "acc" in name else "min" if "loss" in name else "")
    assert column is not None
    return column.text(row, now)


def test_a_metric_column_shows_last_best_min_and_max_with_the_step() -> None:
    row = run_row(metrics={"val/acc": stats([0.5, 0.9, 0.7])})
    assert cell("metric:last:val/acc", row) == "0.7"
    assert cell("metric:best:val/acc", row).split() == ["0.9", "@1"]
    assert cell("metric:min:val/acc", row).split() == ["0.5", "@0"]
    assert cell("metric:max:val/acc", row).split() == ["0.9", "@1"]


def test_the_best_is_not_told_before_the_points_are_read() -> None:
    unread = structs.replace(stats([0.5]), count=0, min=math.nan, max=math.nan)
    row = run_row(metrics={"loss": unread})
    assert cell("metric:last:loss", row) == "0.5"
    assert cell("metric:best:loss", row) == ""


def test_a_last_value_that_is_nan_is_said() -> None:
    assert cell("metric:last:loss", run_row(metrics={"loss": stats([1.0, math.nan])})) == "NaN"


def test_a_live_run_shows_step_of_total_share_and_time_left() -> None:
    row = replace(run_row(status="running", step=1200.0), total_steps=5000.0, progress=0.24, eta_s=190.0)
    assert cell("step", row) == "1.2k/5k"
    assert cell("progress", row) == "24%"
    assert cell("eta", row) == "3m"


def test_a_live_duration_changes_only_with_its_unit() -> None:
    row = run_row(status="running", started=NOW - 130.0)
    assert cell("duration", row) == cell("duration", row, NOW + 30.0) == "2m"
    assert cell("duration", replace(row, ended=NOW)) == "2m 10s"


def test_an_age_below_a_minute_changes_every_ten_seconds() -> None:
    row = replace(run_row(status="running"), last_write=NOW, ended=None)
    ages = [cell("age", row, NOW + seconds) for seconds in (-1.0, 9.9, 10.0, 19.9, 59.9, 60.0, 119.0)]
    assert ages == ["now", "now", "10s", "10s", "50s", "1m", "1m"]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(31, "0.7 ±0.2  best 0.9"), (16, "0.7 ±0.2"), (8, "0.7±0.2"), (5, "    …")],
)
def test_a_group_shows_mean_deviation_and_extremes_as_far_as_there_is_room(width: int, shown: str) -> None:
    rows = [run_row(metrics={"val/acc": stats([value])}) for value in (0.5, 0.7, 0.9)]
    column = make_column("metric:best:val/acc", lambda name: "max")
    assert column is not None
    line = GroupLine("\0", "sweep", tuple(row.key for row in rows), is_open=False)
    cells = group_cells(line, rows, 20, [(column, width)], NOW, lambda name: Style())
    assert cells[-1][0].strip() == shown.strip()


def test_automatic_columns_are_what_tells_these_runs_apart() -> None:
    assert automatic_columns(sweep(12)) == [
        "status",
        "metric:best:val/accuracy",
        "trend",
        "metric:last:val/accuracy",
        "step",
        "progress",
        "eta",
        "age",
        "config:lr",
        "config:seed",
        "duration",
        "group",
        "tags",
    ]


def test_one_bare_run_has_only_the_columns_that_say_something() -> None:
    assert automatic_columns([run_row()]) == ["status", "step", "age", "duration"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_holds_a_character_that_acts(text: str) -> None:
    row = run_row(
        "x", name=text, group=text, tags=(text,), config={text or "k": text}, host=text, project=text
    )
    texts = [column.text(row, NOW) for column in FIXED_COLUMNS.values()]
    texts += [cell(f"config:{text or 'k'}", row)]
    assert all(clean(shown) == shown for shown in texts)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60).map(clean), st.integers(0, 30), st.booleans())
def test_a_fitted_text_takes_exactly_the_cells_it_is_given(text: str, width: int, right: bool) -> None:
    assert width_of(fit(text, width, right=right)) == width


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(), max_size=40).map(tuple), st.integers(0, 20))
def test_a_sparkline_takes_exactly_its_cells_and_marks_what_is_not_finite(
    values: tuple[float, ...], width: int
) -> None:
    drawn = sparkline(values, width)
    assert width_of(drawn) == width
    if values and width and not any(map(math.isfinite, values)):
        assert set(drawn.rstrip()) == {"×"}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.integers(0, 20))
def test_a_name_cut_in_the_middle_never_takes_more_than_its_room(text: str, width: int) -> None:
    assert width_of(fit_middle(clean(text), width)) <= width


def test_a_name_cut_in_the_middle_keeps_both_ends() -> None:
    assert fit_middle("resnet50-warmup5-seed3", 13) == "resnet…-seed3"
    assert fit_middle("short", 13) == "short"
    assert fit_middle("学习率-seed-1", 10) == "学习…ed-1"


@given(st.text("01.▁█漢", max_size=6), st.text("01.▁█漢", max_size=6), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_the_changed_part_covers_all_that_changed(old: str, new: str, width: int) -> None:
    before, after = fit(old, width, right=True), fit(new, width, right=True)
    first, count = changed_part(before, after)
    assert 0 <= first <= first + count <= width
    if before != after and before.isascii() and after.isascii():
        assert before[:first] == after[:first]
        assert before[first + count :] == after[first + count :]
        assert before[first] != after[first]
        assert before[first + count - 1] != after[first + count - 1]


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab 日本é🚀"), max_size=60), st.integers(2, 30))
def test_wrapped_text_keeps_every_letter_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(width_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_text_is_wrapped_at_spaces() -> None:
    assert wrap("the file ends in a torn line", 12) == ["the file", "ends in a", "torn line"]


def test_a_delta_is_the_difference_to_the_baseline_s_best_and_nothing_without_one() -> None:
    rows = [
        run_row(str(number), metrics={"acc": stats([0.1, value])}) for number, value in enumerate((0.5, 0.75))
    ]
    rows.append(run_row("none"))
    column = make_column("metric:delta:acc", lambda name: "max", lambda: rows[0])
    alone = make_column("metric:delta:acc", lambda name: "max")
    assert column is not None
    assert alone is not None
    assert [column.text(row, NOW) for row in rows] == ["0", "+0.25", ""]
    assert [column.key(row, NOW) for row in rows] == [(0, 0.0), (0, 0.25), None]
    assert alone.text(rows[1], NOW) == ""
