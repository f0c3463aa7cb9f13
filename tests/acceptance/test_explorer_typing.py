"""What is typed at once behind the key that opens a line to type in goes into that line."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from exploring import explorer, screen, settled, table
from fake_store import fake_store, sweep
from helpers import write_run
from tailboard_tui.screens.edit_notes import EditNotes
from tailboard_tui.widgets.run_filter import RunFilter
from terminal import TAILBOARD, Terminal


@pytest.fixture(autouse=True)
def _private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


def burst(pilot: Pilot[None], *typed: str) -> None:
    """Keys by name or as one letter, all at once, as a terminal gives what came while we were busy."""
    characters = {"slash": "/", "tab": "\t", "enter": "\r"}
    for key in typed:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else characters[key]))


async def test_a_column_is_picked_by_keys_that_come_all_at_once() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        burst(pilot, "c", *"host", "tab", "enter", "j")
        await settled(pilot, lambda: "host" in [column.id for column in table(pilot).columns])
        await settled(pilot, lambda: table(pilot).cursor_line == table(pilot).model.lines[1])


async def test_an_order_and_a_filter_are_typed_at_once() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        burst(pilot, "s", *"age", "enter", "slash", *"seed", "enter")
        await settled(pilot, lambda: screen(pilot).query_one(RunFilter).query_text == "seed")
        assert [part.column.id for part in table(pilot).model.sort] == ["age"]


async def test_tags_are_typed_at_once() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.press("j")
        burst(pilot, "t", *"good")
        await settled(pilot, lambda: isinstance(pilot.app.screen, EditNotes))
        await settled(pilot, lambda: pilot.app.screen.query_one("#edit-tags", Input).value == "good")


async def test_a_search_in_the_config_is_typed_at_once() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.press("3")
        await settled(
            pilot, lambda: screen(pilot).query("SearchLines") and pilot.app.focused is not table(pilot)
        )
        burst(pilot, "slash", *"depth")
        await settled(pilot, lambda: [line for line in screen(pilot).query(Input) if line.value == "depth"])


def test_a_burst_from_a_terminal_sorts_by_what_was_typed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / "runs", name, metrics=[{"_step": 0, "_timestamp": 1.0, "loss": 1.0}], host=name)
    env = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("STATE", "CONFIG", "CACHE")}
    with Terminal(*TAILBOARD, str(tmp_path / "runs"), columns=120, rows=30, env=env) as terminal:
        terminal.wait_for(r"loss")
        terminal.send("closs\t\rsstatus\r")
        terminal.wait_for(r"(?m)^     run +status ▴")
        assert "loss ↓" not in terminal.text
        terminal.send("q")
        assert terminal.wait_end() == 0
