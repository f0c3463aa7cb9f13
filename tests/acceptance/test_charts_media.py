"""The media pane over what the logger really writes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

import tailboard
from chart_runs import row
from helpers import until
from tailboard_tui.store.model import RunRow
from tailboard_tui.widgets import media_pane
from tailboard_tui.widgets.media_pane import MediaPane
from tailboard_tui.widgets.media_view import MediaView
from tailboard_tui.widgets.selection import Selection, ShownRun


class MediaApp(App[None]):
    def __init__(self, selection: Selection) -> None:
        super().__init__()
        self.pane = MediaPane()
        self.selection = selection

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.show(self.selection)
        self.pane.focus()


def of_path(path: Path) -> Selection:
    from dataclasses import replace

    from msgspec import structs

    made: RunRow = row("r", "r", {})
    made = replace(made, facts=structs.replace(made.facts, path=str(path)))
    return Selection((ShownRun(made, None, "#ffffff", "a", True),))


@asynccontextmanager
async def shown(path: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    app = MediaApp(of_path(path))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield pilot


@pytest.fixture(autouse=True)
def _read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_pane, "READ_INTERVAL_S", 0.0)


async def settled(pilot: Pilot[None]) -> None:
    for _ in range(4):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()


def screen(pilot: Pilot[None]) -> str:
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    with tailboard.init(dir=str(tmp_path), id="media", capture=False, git=False, system=False) as run:
        for step in range(12):
            pixels = np.zeros((16, 16, 3), dtype=np.uint8)
            pixels[:, : step + 1] = (255, 128, 0)
            run.log({"samples": tailboard.Image(pixels)}, step=step)
            run.log({"weights": tailboard.Histogram(rng.normal(step / 6, 1, 500))}, step=step)
        run.log(
            {"preds": tailboard.Table(columns=["text", "score"], data=[["good", 0.25], ["bad", 12]])}, step=1
        )
        run.log({"story": tailboard.Text("Once upon a time\n\x1b[31mred\x1b[0m [b]bold[/b]")}, step=2)
    path = Path(run.dir)
    until(lambda: (path / "media.jsonl").exists() and (path / "media.jsonl").read_bytes().count(b"\n") == 26)
    return path


async def test_images_are_shown_step_by_step(logged: Path) -> None:
    async with shown(logged) as pilot:
        text = screen(pilot)
        assert "samples" in text
        assert "12 of 12" in text
        view = pilot.app.query_one(MediaView)
        assert view.cells is not None
        colors = {style.color for style in view.cells.table}
        assert "#fc8000" in colors
        await pilot.press("g")
        await settled(pilot)
        assert "1 of 12" in screen(pilot)


async def test_histograms_are_a_heat_map_over_the_steps(logged: Path) -> None:
    async with shown(logged) as pilot:
        await pilot.press("j")
        await settled(pilot)
        text = screen(pilot)
        assert "weights" in text
        assert "▀" in text
        assert "▲" in text


async def test_tables_and_texts_are_shown_harmlessly(logged: Path) -> None:
    async with shown(logged) as pilot:
        await pilot.press("j", "j")
        await settled(pilot)
        text = screen(pilot)
        assert "text  score" in text
        assert "good   0.25" in text
        assert "bad      12" in text
        await pilot.press("j")
        await settled(pilot)
        text = screen(pilot)
        assert "Once upon a time" in text
        assert "␛[31mred␛[0m [b]bold[/b]" in text


async def test_what_is_logged_later_is_followed(logged: Path) -> None:
    async with shown(logged) as pilot:
        record = {"step": 99, "time": 1.0, "key": "story", "kind": "text", "text": "the end"}
        with (logged / "media.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")
        await pilot.press("j", "j", "j")
        assert isinstance(pilot.app, MediaApp)
        pilot.app.pane.show(pilot.app.selection)
        await settled(pilot)
        assert "the end" in screen(pilot)


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "image", "path": "../../../etc/passwd"},
        {"kind": "image", "path": "media/../run.json"},
        {"kind": "image", "path": "media/missing.png"},
        {"kind": "image", "path": "media/link.png"},
        {"kind": "image", "path": "media/broken.png"},
        {"kind": "image"},
        {"kind": "histogram", "counts": "x", "edges": [1]},
        {"kind": "histogram", "counts": [1, 2], "edges": [3, 1, 2]},
        {"kind": "table", "columns": 7, "rows": [[1, [2]], 3, [None, True, 1e400]]},
        {"kind": "confusion_matrix", "matrix": [[1, "x"], [2]], "class_names": ["\x1b[2J"]},
        {"kind": "text", "text": ["not text"]},
    ],
)
async def test_broken_and_hostile_records_act_on_nothing(tmp_path: Path, record: dict[str, object]) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    (tmp_path / "secret.png").write_bytes(b"secret")
    (media / "link.png").symlink_to(tmp_path / "secret.png")
    line = json.dumps({"step": 1, "time": 2.0, "key": "evil [b]\x1b]0;x\x07", **record})
    (tmp_path / "media.jsonl").write_text(f"not json\n{line}\n")
    async with shown(tmp_path) as pilot:
        text = screen(pilot)
        assert "\x1b" not in text
        assert "secret" not in text
        assert all(cell_len(part) == 80 for part in text.split("\n"))
        if record["kind"] == "image":
            assert "This cannot be shown" in text


async def test_a_run_without_media_says_how_to_log_some(tmp_path: Path) -> None:
    async with shown(tmp_path) as pilot:
        assert "No media." in screen(pilot)


@pytest.mark.parametrize("size", [(20, 5), (60, 20), (200, 50)])
async def test_every_size_works(logged: Path, size: tuple[int, int]) -> None:
    async with shown(logged, size) as pilot:
        for _ in range(4):
            await pilot.press("j")
            await settled(pilot)
            assert all(cell_len(line) == size[0] for line in screen(pilot).split("\n"))
