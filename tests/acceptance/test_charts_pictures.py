"""Pictures of the charts. After a wanted change: run pytest on this file with --snapshot-update."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from chart_runs import selection
from tailboard_tui.settings import Settings
from tailboard_tui.theme import DARK, LIGHT, variable_defaults
from tailboard_tui.widgets import chart_stage
from tailboard_tui.widgets.chart_grid import ChartGrid
from tailboard_tui.widgets.selection import Selection


class Picture(App[None]):
    """The charts alone, in our own theme."""

    def __init__(self, runs: Selection, *, theme: str = DARK.name, is_ascii: bool = False) -> None:
        super().__init__()
        self.settings = Settings(ascii=is_ascii)
        for known in (DARK, LIGHT):
            self.register_theme(known)
        self.theme = theme
        self.grid = ChartGrid()
        self.runs = runs

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.grid.show(self.runs)
        self.grid.focus()


@pytest.fixture(autouse=True)
def _draw_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_stage, "REDRAW_INTERVAL_S", 0.0)


async def settled(pilot: Pilot[None]) -> None:
    for _ in range(3):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()


def test_one_run_at_80x24(snap_compare: Any) -> None:
    """Two columns, groups with headings, a clipped spike, points of the sparse metric."""
    assert snap_compare(Picture(selection(1)), terminal_size=(80, 24), run_before=settled)


def test_three_runs_smoothed_at_120x40(snap_compare: Any) -> None:
    """Smoothed lines over dimmed points, letters with values at the ends."""

    async def smooth(pilot: Pilot[None]) -> None:
        await pilot.press("plus", "plus", "plus", "plus")
        await settled(pilot)

    assert snap_compare(Picture(selection(3)), terminal_size=(120, 40), run_before=smooth)


def test_one_chart_on_a_log_axis_in_a_light_theme(snap_compare: Any) -> None:
    """Full size with legend: decades on the axis, best values with their steps."""

    async def zoom(pilot: Pilot[None]) -> None:
        await pilot.press("l", "l", "enter", "y")
        await settled(pilot)

    app = Picture(selection(4), theme=LIGHT.name)
    assert snap_compare(app, terminal_size=(100, 30), run_before=zoom)


def test_a_group_as_mean_and_band(snap_compare: Any) -> None:
    """The mean of three seeds, tinted by a standard deviation to both sides."""

    async def band(pilot: Pilot[None]) -> None:
        await pilot.press("l", "l", "enter", "B")
        await settled(pilot)

    assert snap_compare(Picture(selection(3, group="seeds")), terminal_size=(100, 24), run_before=band)


def test_reading_off_where_a_run_diverges(snap_compare: Any) -> None:
    """Cursor and table; red crosses where values are not finite."""

    async def read(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"nan", "enter", "i", *["left"] * 30)
        await settled(pilot)

    assert snap_compare(Picture(selection(2)), terminal_size=(100, 24), run_before=read)


def test_ascii(snap_compare: Any) -> None:
    """Without braille and box characters."""
    assert snap_compare(Picture(selection(2), is_ascii=True), terminal_size=(80, 24), run_before=settled)
