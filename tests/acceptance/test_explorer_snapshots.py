"""Pictures of every screen and state of the explorer, at every size that it is made for.

Run `pytest --snapshot-update` after a wanted change, and look at the report.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from fake_store import HOSTILE, NOW, fake_store, sweep
from rows import run_row
from tailboard_tui.app import TailboardApp
from tailboard_tui.screens.explorer import Explorer
from tailboard_tui.settings import Settings
from tailboard_tui.store.model import RunRow

Snap = Callable[..., bool]
SIZES = [(80, 24), (120, 40), (200, 50), (60, 20)]


@pytest.fixture(autouse=True)
def _private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("TZ", "UTC")


def app_on(rows: list[RunRow], theme: str = "tailboard-dark", *, is_scanning: bool = False) -> TailboardApp:
    """The explorer on these runs, at a fixed time."""
    store = fake_store(*rows, is_scanning=is_scanning)
    return TailboardApp(["/runs"], Settings(theme=theme), open_store=lambda: store, clock=lambda: NOW)


async def quiet(pilot: Pilot[None]) -> None:
    """Wait until the explorer shows what it knows and the focus has come to rest."""
    explorer = pilot.app.screen_stack[0]
    assert isinstance(explorer, Explorer)
    rounds = 0
    while rounds < 5:
        for line in pilot.app.screen.query(Input):
            line.cursor_blink = False
        await pilot.pause(0.05)
        rounds = rounds + 1 if explorer.is_settled else 0


def keys(*pressed: str) -> Callable[[Pilot[None]], object]:
    """What is done before the picture: wait for the runs, then these keys, then quiet."""

    async def run(pilot: Pilot[None]) -> None:
        for key in ("", *pressed, ""):
            if key:
                await pilot.press(key)
            await quiet(pilot)

    return run


@pytest.mark.parametrize("size", SIZES)
def test_the_list_beside_one_run_s_config(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(sweep()), terminal_size=size, run_before=keys("3", "tab"))


@pytest.mark.parametrize("size", SIZES)
def test_three_runs_compared(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(sweep()), terminal_size=size, run_before=keys("space", "space", "3"))


@pytest.mark.parametrize("size", SIZES)
def test_where_a_failed_run_comes_from(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(sweep()), terminal_size=size, run_before=keys("j", "j", "j", "6"))


@pytest.mark.parametrize("size", SIZES)
def test_without_runs(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(app_on([]), terminal_size=size, run_before=keys())


def test_while_it_looks_for_runs(snap_compare: Snap) -> None:
    assert snap_compare(app_on([], is_scanning=True), terminal_size=(120, 40), run_before=keys())


def test_in_the_light_theme(snap_compare: Snap) -> None:
    app = app_on(sweep(), "tailboard-light")
    assert snap_compare(app, terminal_size=(120, 40), run_before=keys("space", "3"))


def test_in_a_theme_of_textual_s(snap_compare: Snap) -> None:
    assert snap_compare(app_on(sweep(), "nord"), terminal_size=(120, 40), run_before=keys("3"))


def test_without_colour(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app_on(sweep()), terminal_size=(120, 40), run_before=keys("space", "3"))


def test_grouped_with_mean_and_deviation(snap_compare: Snap) -> None:
    assert snap_compare(
        app_on(sweep()), terminal_size=(200, 50), run_before=keys("3", "tab", "z", *"lr", "tab", "enter")
    )


def test_a_wrong_query(snap_compare: Snap) -> None:
    pressed = keys("3", "tab", "slash", *"tag:base and (lr > 0.1")
    assert snap_compare(app_on(sweep()), terminal_size=(120, 40), run_before=pressed)


def test_the_help(snap_compare: Snap) -> None:
    assert snap_compare(app_on(sweep()), terminal_size=(120, 40), run_before=keys("3", "question_mark"))


def test_the_picker_of_columns(snap_compare: Snap) -> None:
    assert snap_compare(app_on(sweep()), terminal_size=(120, 40), run_before=keys("3", "tab", "c"))


def test_the_list_of_problems(snap_compare: Snap) -> None:
    assert snap_compare(app_on(sweep()), terminal_size=(120, 40), run_before=keys("3", "exclamation_mark"))


def test_editing_tags(snap_compare: Snap) -> None:
    assert snap_compare(app_on(sweep()), terminal_size=(120, 40), run_before=keys("3", "tab", "t"))


def test_hostile_names(snap_compare: Snap) -> None:
    rows = [
        run_row(f"id-{number}", name=text, group=text, tags=(text,), config={text or "k": text})
        for number, text in enumerate(HOSTILE)
    ]
    assert snap_compare(app_on(rows), terminal_size=(120, 40), run_before=keys("3"))
