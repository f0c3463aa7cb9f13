"""What `tailboard serve` lets a browser do: look."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult

from commands import call
from tailboard_tui.commands import web
from tailboard_tui.commands.serve import LOOPBACK
from tailboard_tui.formats.base import LogFile
from tailboard_tui.theme import DARK, VARIABLES
from tailboard_tui.widgets.log_pane import LogPane


class Served(App[None]):
    """A log pane in a browser: Textual's driver for the web neither suspends nor is a terminal."""

    is_web = True

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self._path = path

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield LogPane()

    def on_mount(self) -> None:
        self.query_one(LogPane).open_files((LogFile(str(self._path), "output.log"),))


async def test_a_browser_starts_no_program_and_writes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "output.log"
    path.write_text("line\n")
    started: list[Sequence[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: started.append(command))
    async with Served(path).run_test() as pilot:
        pane = pilot.app.query_one(LogPane)
        pane.view.focus()
        await pilot.press("P")
        await pilot.press("W")
        await pilot.pause()
        assert started == []
        assert not pane.has_class("-typing")


@pytest.mark.parametrize(
    ("options", "hosts", "has_token"),
    [
        ((), LOOPBACK, False),
        (("--host", "127.0.0.1"), LOOPBACK, False),
        (("--host", "127.0.0.1", "--token", "mine"), LOOPBACK, True),
        (("--token", "new"), LOOPBACK, True),
        (("--host", "0.0.0.0"), (), True),
        (("--host", "::"), (), True),
        (("--host", ""), (), True),
    ],
)
def test_unless_told_otherwise_only_this_machine_is_served_and_elsewhere_a_token_is_asked(
    options: tuple[str, ...],
    hosts: object,
    has_token: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made: dict[str, Any] = {}

    class Recorded:
        def __init__(self, command: str, host: str, port: int, **options: object) -> None:
            made.update(options, host=host)

        def serve(self) -> None:
            made["served"] = True

    monkeypatch.setattr(web, "GuardedServer", Recorded)
    monkeypatch.setattr("tailboard_tui.commands.serve._check_free", lambda host, port: None)
    done = call(capsys, "serve", tmp_path, *options)
    assert done.status == 0, done.err
    assert made["served"]
    assert made["hosts"] == hosts
    assert (made["token"] is not None) == has_token
    assert made["token"] is None or made["token"] == "mine" or len(made["token"]) >= 32
    if not options:
        assert made["host"] == "localhost"


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ((), "http://localhost:8000/ "),
        (("--host", "::1"), "http://[::1]:8000/ "),
        (("--token", "a&b c"), "http://localhost:8000/?token=a%26b%20c "),
    ],
)
def test_the_address_that_is_told_can_be_opened(
    options: tuple[str, ...],
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(web.GuardedServer, "serve", lambda self: None)
    monkeypatch.setattr("tailboard_tui.commands.serve._check_free", lambda host, port: None)
    assert address in call(capsys, "serve", tmp_path, *options).err
