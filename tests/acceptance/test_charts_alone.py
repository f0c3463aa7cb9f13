"""A run that is named on the command line: its charts are the whole screen, the list is one key away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tailboard_tui.app import TailboardApp
from tailboard_tui.settings import Settings
from tailboard_tui.widgets.chart_grid import ChartGrid
from tailboard_tui.widgets.run_table import RunTable

RUNS = Path(__file__).resolve().parents[2] / "sample_runs"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_named_run_opens_at_once_and_escape_leads_to_the_list(size: tuple[int, int]) -> None:
    run = next(path for path in sorted(RUNS.iterdir()) if (path / "metrics.jsonl").exists())
    async with TailboardApp([str(run)], Settings()).run_test(size=size) as pilot:
        await _until(pilot, lambda: pilot.app.query(ChartGrid))
        await _until(pilot, lambda: pilot.app.query_one(ChartGrid).has_focus)
        assert pilot.app.query_one(ChartGrid).region.width >= size[0] - 1
        await pilot.press("escape")
        await _until(pilot, lambda: pilot.app.query_one(RunTable).has_focus)
        assert pilot.app.query_one(RunTable).region.width > 0


async def test_a_folder_of_one_run_opens_on_its_list(tmp_path: Path) -> None:
    run = next(path for path in sorted(RUNS.iterdir()) if (path / "metrics.jsonl").exists())
    (tmp_path / run.name).mkdir()
    for name in ("run.json", "metrics.jsonl"):
        (tmp_path / run.name / name).write_bytes((run / name).read_bytes())
    async with TailboardApp([str(tmp_path)], Settings()).run_test(size=(120, 40)) as pilot:
        await _until(pilot, lambda: pilot.app.query(ChartGrid))
        assert pilot.app.query_one(RunTable).has_focus


async def _until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    for _ in range(1000):
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never came about")
