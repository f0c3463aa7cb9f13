"""The charts as a user drives them: keys, mouse, live data, hostile names, every size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from chart_runs import STARTED, curves, selection, series
from tailboard_tui.plot.cells import Cells
from tailboard_tui.store.model import MetricStats
from tailboard_tui.widgets import chart as chart_module
from tailboard_tui.widgets import chart_stage
from tailboard_tui.widgets.chart import Chart
from tailboard_tui.widgets.chart_board import ChartBoard
from tailboard_tui.widgets.chart_figure import ChartFigure
from tailboard_tui.widgets.chart_grid import ChartGrid
from tailboard_tui.widgets.chart_readout import ChartReadout
from tailboard_tui.widgets.selection import Selection, ShownRun
from tailboard_tui.widgets.system_pane import SystemPane


class ChartApp(App[None]):
    """Nothing but the charts."""

    def __init__(self, selection: Selection, pane: Callable[[], ChartGrid] = ChartGrid) -> None:
        super().__init__()
        self.grid = pane()
        self.selection = selection
        self.told: list[object] = []

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.grid.show(self.selection)
        self.grid.focus()

    def on_chart_grid_cursor_moved(self, event: ChartGrid.CursorMoved) -> None:
        self.told.append(event)

    def on_chart_grid_show_in_log(self, event: ChartGrid.ShowInLog) -> None:
        self.told.append(event)

    def on_chart_grid_view_changed(self, event: ChartGrid.ViewChanged) -> None:
        self.told.append(event)


@pytest.fixture(autouse=True)
def _draw_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_stage, "REDRAW_INTERVAL_S", 0.0)


@asynccontextmanager
async def shown(
    runs: Selection, size: tuple[int, int] = (120, 40), pane: Callable[[], ChartGrid] = ChartGrid
) -> AsyncIterator[tuple[Pilot[None], ChartGrid]]:
    app = ChartApp(runs, pane)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield pilot, app.grid


async def settled(pilot: Pilot[None]) -> None:
    """All that was asked for is drawn."""
    for _ in range(3):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()


def screen(pilot: Pilot[None]) -> list[str]:
    """The rows of the screen as text."""
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


def visible(grid: ChartGrid) -> list[str]:
    return grid.query_one(ChartBoard).metrics


def told(pilot: Pilot[None], kind: type) -> list[object]:
    assert isinstance(pilot.app, ChartApp)
    return [event for event in pilot.app.told if isinstance(event, kind)]


async def test_charts_stand_by_groups_with_last_and_best_value() -> None:
    async with shown(selection()) as (pilot, grid):
        text = "\n".join(screen(pilot))
        assert visible(grid)[:3] == ["train/accuracy", "train/grad_norm", "train/loss"]
        assert "▾ train  3" in text
        assert "↑0.9" in text
        assert "▲1" in text


async def test_enter_shows_one_chart_alone_and_escape_returns_to_the_same_place() -> None:
    async with shown(selection(2)) as (pilot, grid):
        await pilot.press("l", "l")
        before = screen(pilot)
        assert grid.focused_metric == "train/loss"
        await pilot.press("enter")
        await settled(pilot)
        assert visible(grid) == ["train/loss"]
        assert any("b ━━ wide" in line for line in screen(pilot))
        assert grid.go_back()
        await settled(pilot)
        assert screen(pilot) == before
        assert not grid.go_back()


async def test_a_filter_acts_while_it_is_typed_and_escape_clears_it() -> None:
    async with shown(selection()) as (pilot, grid):
        await pilot.press("slash", *"loss")
        await settled(pilot)
        assert visible(grid) == ["train/loss", "val/loss", "val/nan_loss"]
        await pilot.press("enter")
        assert grid.has_focus
        assert any("3 of 6" in line for line in screen(pilot))
        assert grid.go_back()
        assert grid.view.pattern == ""


async def test_a_wrong_filter_says_so_and_hides_nothing() -> None:
    async with shown(selection()) as (pilot, grid):
        await pilot.press("slash", "~", "left_parenthesis", "enter")
        await settled(pilot)
        assert len(visible(grid)) >= 4
        assert "not a regular expression" in screen(pilot)[0]


async def test_the_cursor_reads_real_points_of_all_runs_and_tells_its_moment() -> None:
    async with shown(selection(2)) as (pilot, grid):
        await pilot.press("i", "g")
        await settled(pilot)
        assert grid.view.cursor == 0.0
        await pilot.press("right", "right")
        await settled(pilot)
        x = grid.view.cursor
        assert x is not None
        assert x == int(x) > 0
        table = grid.query_one(ChartReadout)
        assert table.display
        text = "\n".join(screen(pilot)[-3:])
        assert "baseline" in text
        assert "wide" in text
        events = told(pilot, ChartGrid.CursorMoved)
        assert isinstance(events[-1], ChartGrid.CursorMoved)
        assert events[-1].moment == STARTED + x * 0.5
        await pilot.press("i")
        await settled(pilot)
        assert grid.view.cursor is None
        assert not table.display


async def test_a_sparse_metric_is_read_point_by_point() -> None:
    async with shown(selection()) as (pilot, grid):
        await pilot.press("slash", *"val/loss", "enter", "i", "g", "right", "right")
        await settled(pilot)
        assert grid.view.cursor == 120.0


async def test_differences_are_to_the_baseline_run_at_the_same_x() -> None:
    runs = [("one", {"m": series("m", np.full(50, 3.0))}), ("two", {"m": series("m", np.full(50, 2.0))})]
    async with shown(selection(runs, baseline="run-1")) as (pilot, _grid):
        await pilot.press("b")
        await settled(pilot)
        text = "\n".join(screen(pilot)[-3:])
        assert "to baseline" in text
        assert "+1" in text


async def test_v_asks_for_the_log_at_the_cursors_moment() -> None:
    async with shown(selection()) as (pilot, _grid):
        await pilot.press("i", "g", "v")
        await pilot.pause()
        (event,) = told(pilot, ChartGrid.ShowInLog)
        assert isinstance(event, ChartGrid.ShowInLog)
        assert event.moment == STARTED


async def test_the_log_can_put_the_cursor_at_a_moment() -> None:
    async with shown(selection()) as (pilot, grid):
        grid.show_moment(STARTED + 100.2)
        await settled(pilot)
        assert grid.view.cursor == 200.0


async def test_the_window_zooms_around_the_cursor_and_stays_while_data_arrives() -> None:
    async with shown(selection()) as (pilot, grid):
        await pilot.press("z")
        await settled(pilot)
        window = grid.view.window
        assert window == (299.5, 599.0)
        grid.show(selection(points=900))
        await settled(pilot)
        assert grid.view.window == window
        await pilot.press("Z")
        assert grid.view.window is None


async def test_the_window_is_moved_by_keys() -> None:
    async with shown(selection()) as (pilot, grid):
        await pilot.press("z", "less_than_sign")
        assert grid.view.window == (224.625, 524.125)
        await pilot.press("greater_than_sign", "greater_than_sign")
        assert grid.view.window == (299.5, 599.0)


async def test_the_window_of_a_chart_at_full_size_is_moved_by_h_and_l() -> None:
    async with shown(selection()) as (pilot, grid):
        await pilot.press("enter", "z", "z")
        before = grid.view.window
        await pilot.press("h")
        assert before is not None
        assert grid.view.window == (
            before[0] - (before[1] - before[0]) / 4,
            before[1] - (before[1] - before[0]) / 4,
        )
        await pilot.press("l")
        assert grid.view.window == before
        await pilot.press("Z", "l")
        assert grid.view.window is None
        assert grid.focused_metric == "train/grad_norm"


async def test_a_metrics_chart_covers_its_own_points_only() -> None:
    long = series("train/mse", np.linspace(1, 0, 10_000))
    short = series("train/accuracy", np.linspace(0, 1, 600))
    async with shown(selection([("long", {"train/mse": long}), ("short", {"train/accuracy": short})])) as (
        _,
        grid,
    ):
        ends = {
            chart.metric: chart.place.x.high for _, chart in grid.query_one(ChartBoard).charts if chart.place
        }
        assert ends == {"train/mse": 10_000.0, "train/accuracy": 600.0}


async def test_the_ends_of_the_y_axis_are_typed_and_hold_while_data_arrives() -> None:
    async with shown(selection()) as (pilot, grid):
        metric = grid.focused_metric
        assert metric is not None
        await pilot.press("Y")
        field = grid.query_one("#y-range", Input)
        assert field.display
        field.value = "nonsense"
        await pilot.press("enter")
        assert field.display
        field.value = "0 12.5"
        await pilot.press("enter")
        await settled(pilot)
        grid.show(selection(points=900))
        await settled(pilot)
        chart = grid.query_one(ChartBoard).charts[0][1]
        assert chart.place is not None
        assert (chart.place.y.low, chart.place.y.high) == (0.0, 12.5)
        assert grid.has_focus
        await pilot.press("Y")
        field.value = ""
        await pilot.press("enter")
        assert grid.view.y_range(metric) is None
        await pilot.press("Y")
        assert grid.go_back()
        assert not field.display


def _shown_cells(grid: ChartGrid) -> Cells:
    cells = grid.query_one(ChartFigure).cells
    assert cells is not None
    return cells


async def test_best_values_are_shown_as_bars_then_by_each_varied_hyperparameter() -> None:
    runs = [
        ShownRun(
            replace(
                run.row,
                facts=structs.replace(
                    run.row.facts, name=f"run {at}", config={"lr": 0.001 * 10**at, "batch": 32}
                ),
                metrics={"train/loss": MetricStats(10, 1.0, 0.5, 0.1 + at, 3.0, 1.0, 0.0, 9.0, 0)},
            ),
            run.points,
            run.color,
            run.letter,
            run.is_cursor,
        )
        for at, run in enumerate(selection(3).runs)
    ]
    async with shown(Selection(tuple(runs))) as (pilot, grid):
        grid.focused_metric = "train/loss"
        await pilot.press("F")
        await settled(pilot)
        text = "\n".join(screen(pilot))
        assert "lowest train/loss" in text
        assert text.index("run 0") < text.index("run 1") < text.index("run 2")
        await pilot.press("F")
        await settled(pilot)
        text = "\n".join(screen(pilot))
        assert "lowest train/loss by lr" in text
        assert "a  run 0" in text
        colors = {style.color for style in _shown_cells(grid).table}
        assert {run.color for run in runs} <= colors
        await pilot.press("F")
        await settled(pilot)
        assert grid.figure is None
        await pilot.press("F")
        assert grid.go_back()
        assert not grid.has_class("-figure")
        assert visible(grid)


async def test_smoothing_is_stated_with_its_strength() -> None:
    async with shown(selection()) as (pilot, _grid):
        await pilot.press("plus", "plus", "plus", "plus")
        await settled(pilot)
        assert "ema 0.9" in screen(pilot)[0]
        await pilot.press("M")
        await settled(pilot)
        assert "mean 19" in screen(pilot)[0]
        await pilot.press("0")
        await settled(pilot)
        assert "mean" not in screen(pilot)[0]


async def test_pinned_charts_come_first_hidden_ones_go_and_groups_fold() -> None:
    async with shown(selection()) as (pilot, grid):
        await pilot.press("G", "p")
        await settled(pilot)
        grid.action_first_chart()
        await settled(pilot)
        assert visible(grid)[0] == "lr"
        await pilot.press("l", "H")
        await settled(pilot)
        assert "train/accuracy" not in visible(grid)
        assert grid.view.hidden == {"train/accuracy"}
        await pilot.press("f")
        await settled(pilot)
        assert grid.view.folded == {"train"}
        assert "train/loss" not in visible(grid)


async def test_runs_of_a_group_become_a_mean_with_their_number() -> None:
    async with shown(selection(3, group="seeds")) as (pilot, grid):
        await pilot.press("B", "enter")
        await settled(pilot)
        chart = next(iter(grid.query(Chart)))
        assert chart.spec is not None
        assert [trace.name for trace in chart.spec.traces] == ["seeds (n=3)"]


async def test_nothing_is_drawn_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = selection(2)
    async with shown(runs) as (pilot, grid):
        drawn: list[str] = []
        monkeypatch.setattr(chart_module.chart, "draw", lambda *args: drawn.append("drawn"))
        grid.show(runs)
        await settled(pilot)
        assert drawn == []


async def test_only_charts_with_new_points_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = curves(0), curves(0)
    longer = np.append(before["train/loss"].values, 0.3)
    after["train/loss"] = series("train/loss", longer)
    async with shown(selection([("r", before)])) as (pilot, grid):
        drawn: list[str] = []
        draw = chart_module.chart.draw
        monkeypatch.setattr(
            chart_module.chart, "draw", lambda spec, *args: drawn.append(spec.title) or draw(spec, *args)
        )
        same = dict.fromkeys(before)
        grid.show(
            selection([("r", {name: after[name] if name == "train/loss" else before[name] for name in same})])
        )
        await settled(pilot)
        assert "train/loss" in drawn


async def test_a_live_point_changes_few_cells() -> None:
    before = curves(0, 590)["train/loss"].values
    async with shown(selection([("r", {"train/loss": series("train/loss", before[:-2])})])) as (pilot, grid):
        chart = next(iter(grid.query(Chart)))
        old = chart.cells
        grid.show(selection([("r", {"train/loss": series("train/loss", before)})]))
        await settled(pilot)
        assert chart.cells is not None
        regions = chart_module.changed_regions(old, chart.cells)
        changed = sum(region.area for region in regions)
        assert 0 < changed < 40


async def test_a_million_points_are_prepared_off_the_event_loop() -> None:
    values = np.sin(np.linspace(0, 50, 200_000))
    async with shown(selection([("long", {"m": series("m", values)})])) as (_pilot, grid):
        chart = next(iter(grid.query(Chart)))
        assert chart.spec is not None
        assert chart.spec.traces[0].line.size == 200_000


async def test_hostile_names_act_on_nothing() -> None:
    evil = "[@click=app.quit]x[/] \x1b]52;c;aGk=\x07\u202e" + "y" * 5000
    runs = [(evil, {evil: series(evil, np.arange(9.0))}), ("b", {evil: series(evil, np.ones(9))})]
    async with shown(selection(runs), size=(80, 24)) as (pilot, _grid):
        for keys in (("i",), ("enter",), ("plus",)):
            await pilot.press(*keys)
            await settled(pilot)
            lines = screen(pilot)
            assert all(cell_len(line) == 80 for line in lines)
            assert not any(char in "".join(lines) for char in "\x1b\x07\u202e")


@pytest.mark.parametrize("size", [(20, 6), (34, 10), (60, 20), (80, 24), (200, 50), (250, 60)])
async def test_every_size_works(size: tuple[int, int]) -> None:
    async with shown(selection(4), size=size) as (pilot, _grid):
        for keys in (("j",), ("i", "left"), ("enter",), ("y",), ("pagedown",)):
            await pilot.press(*keys)
            await pilot.pause()
        await settled(pilot)
        assert all(cell_len(line) == size[0] for line in screen(pilot))


async def test_every_state_without_charts_is_said() -> None:
    for runs, text in (
        (Selection(), "No run is selected."),
        (selection([("r", {})]), "No metrics yet."),
    ):
        async with shown(runs) as (pilot, _):
            assert any(text in line for line in screen(pilot))


async def test_resource_samples_stand_on_elapsed_time() -> None:
    found = {name: series(name, np.linspace(0, 90, 60)) for name in ("cpu/percent", "gpu/0/util_percent")}
    async with shown(selection([("r", found)], system=True), pane=SystemPane) as (pilot, _grid):
        text = "\n".join(screen(pilot))
        assert "cpu/percent" in text
        assert "elapsed" in text


async def test_the_mouse_marks_a_window_and_picks_a_chart() -> None:
    async with shown(selection()) as (pilot, grid):
        (slot, chart) = grid.query_one(ChartBoard).charts[1]
        await pilot.mouse_down(chart, offset=(10, 4))
        await pilot.mouse_up(chart, offset=(30, 5))
        await settled(pilot)
        assert grid.view.window is not None
        assert grid.view.window[0] < grid.view.window[1]
        await pilot.click(chart, offset=(5, 0))
        await settled(pilot)
        assert grid.focused_metric == slot.metric


async def test_every_action_of_the_charts_can_be_done() -> None:
    from tailboard_tui.actions import actions

    async with shown(selection(2)) as (pilot, grid):
        for action in actions("charts"):
            method = getattr(grid, f"action_{action.id}", None)
            assert method is not None, action.id
            method()
            await pilot.pause()
            if action.id == "filter_charts":
                grid.go_back()
        await settled(pilot)


@pytest.mark.parametrize("has_epochs", [False, True])
async def test_an_epoch_axis_is_offered_where_a_run_has_epochs(has_epochs: bool) -> None:
    metrics = {"loss": series("loss", np.arange(50.0))}
    if has_epochs:
        metrics["epoch"] = series("epoch", np.arange(50.0) / 10)
    async with shown(selection([("one", metrics)])) as (pilot, grid):
        await pilot.press("x", "x")
        assert grid.view.x_kind == ("epoch" if has_epochs else "elapsed")
