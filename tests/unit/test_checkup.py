from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers import write_run
from tailboard_tui.store.checkup import Check, machine, tree
from tailboard_tui.store.watch import Watch
from tailboard_tui.text.graphics import Graphics


@pytest.fixture(autouse=True)
def own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


def checks(topic: str, **environment: str) -> list[Check]:
    found = machine({"TERM": "xterm-256color", **environment}, is_terminal=True)
    return [check for check in found if check.topic == topic]


@pytest.mark.parametrize(
    ("environment", "state", "text"),
    [
        ({"COLORTERM": "truecolor"}, "ok", "16 million"),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, "note", "NO_COLOR"),
        ({}, "note", "256"),
        ({"TERM": "vt100"}, "note", "16"),
    ],
)
def test_colours_are_told_from_the_environment(environment: dict[str, str], state: str, text: str) -> None:
    (check,) = checks("colours", **environment)
    assert check.state == state
    assert text in check.text


def test_tmux_users_are_told_what_to_write_into_its_configuration() -> None:
    (check,) = checks("colours", TMUX="/tmp/tmux-0/default,1,0")
    assert "terminal-features" in check.advice


def test_a_dumb_terminal_is_bad() -> None:
    assert [check.state for check in checks("terminal", TERM="dumb")][-1] == "bad"


@pytest.mark.parametrize(
    ("answer", "state", "text"),
    [
        (Graphics("kitty", (9, 18), "kitty(0.42)"), "ok", "kitty (kitty(0.42)), cells of 9x18"),
        (Graphics("blocks", terminal="tmux 3.3a"), "note", "none in this terminal (tmux 3.3a)"),
        (None, "note", "did not answer"),
    ],
)
def test_graphics_are_what_the_terminal_answered(answer: Graphics | None, state: str, text: str) -> None:
    (check,) = (c for c in machine({}, is_terminal=True, graphics=answer) if c.topic == "graphics")
    assert check.state == state
    assert text in check.text


def test_the_settings_decide_over_the_terminals_answer(tmp_path: Path) -> None:
    path = tmp_path / "config" / "tailboard" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('images = "sixel"\n')
    (check,) = (c for c in machine({}, is_terminal=True) if c.topic == "graphics")
    assert check.text == "sixel, as config.toml says"


@pytest.mark.parametrize("name", ["cache", "state"])
def test_a_directory_of_ours_that_cannot_be_written_or_is_full_is_bad(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {check.state for check in checks(name)} <= {"ok"}
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=4096))
    (full,) = checks(name)
    assert (full.state, "4.0 KiB left" in full.text) == ("bad", True)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    (closed,) = checks(name)
    assert (closed.state, "cannot be written" in closed.text) == ("bad", True)
    assert f"XDG_{name.upper()}_HOME" in full.advice
    assert f"XDG_{name.upper()}_HOME" in closed.advice


def states(root: Path, now: float) -> dict[str, str]:
    return {check.topic: check.state for check in tree(str(root), now)}


def test_a_sound_tree_is_sound(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", "r1", metrics=[{"_step": 0, "_timestamp": 1.0, "loss": 1.0}])
    found = states(tmp_path / "runs", time.time())
    assert found["runs"] == found["problems"] == "ok"
    assert "clock" not in found


def test_files_from_the_future_are_told(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs", "r1", metrics=[{"_step": 0, "_timestamp": 1.0, "loss": 1.0}])
    later = time.time() + 3600
    os.utime(run / "metrics.jsonl", (later, later))
    assert states(tmp_path / "runs", time.time())["clock"] == "bad"


def test_an_empty_tree_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert states(tmp_path / "runs", time.time())["runs"] == "note"


def test_looking_makes_no_directory(tmp_path: Path) -> None:
    list(machine({}, is_terminal=False))
    assert list(tmp_path.iterdir()) == []


def test_used_up_watches_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Watch, watched: object) -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(Watch, "_schedule", refuse)
    (found,) = (check for check in checks("events") if check.state == "bad")
    assert found.text == "polled, since watching failed (inotify watch limit reached)"
