"""Keys in any order and without a pause end nothing, on real runs."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from textual import events

from tailboard_tui.app import TailboardApp
from tailboard_tui.settings import Settings
from tailboard_tui.widgets.run_table import RunTable

ROOT = Path(__file__).resolve().parents[2]
KEYS = (*"123456123456jk", "space", "tab", "enter", "escape", "escape", *"dzibC", "slash", "escape")


@pytest.fixture(autouse=True)
def _private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [(200, 50), (80, 24)])
async def test_tabs_opened_in_any_order_without_a_pause_show_their_panes(
    size: tuple[int, int], seed: int
) -> None:
    chosen = random.Random(seed)
    app = TailboardApp([str(ROOT / "sample_runs")], Settings())
    async with app.run_test(size=size) as pilot:
        while not app.screen_stack[0].query_one(RunTable).model.lines:
            await asyncio.sleep(0.01)
        for key in chosen.choices(KEYS, k=50):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
            if chosen.random() < 0.1:
                await pilot.pause()
        for key in "254613":
            app.post_message(events.Key("escape", None))
            app.post_message(events.Key(key, key))
        await pilot.pause()
        assert app.is_running
        assert app.return_code is None
