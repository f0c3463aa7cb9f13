"""`tailboard demo` in a real terminal, and how a crash and a suspend end."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from helpers import until
from terminal import TAILBOARD, Terminal


@pytest.fixture
def private(tmp_path: Path) -> dict[str, str | None]:
    return {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}


def test_the_demo_shows_live_runs_and_leaves_nothing_behind(
    tmp_path: Path, private: dict[str, str | None]
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    with Terminal(*TAILBOARD, "demo", columns=160, env={**private, "TMPDIR": str(place)}) as terminal:
        terminal.wait_for(r"lr-0\.02-live +running", 60)
        terminal.wait_for("out-of-memory[ ▲]+failed", 60)
        assert list(place.glob("tailboard-demo-*"))
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert terminal.is_restored
    assert not list(place.glob("tailboard-demo-*"))


def test_a_bug_ends_with_a_plain_traceback_status_1_and_the_terminal_back(
    tmp_path: Path, private: dict[str, str | None]
) -> None:
    code = (
        "from tailboard_tui.app import TailboardApp; from tailboard_tui.terminal import TerminalDriver\n"
        "from tailboard_tui.screens.explorer import Explorer\n"
        "def broken(self): raise RuntimeError('a bug with \\x1b]0;title\\x07 in it')\n"
        "Explorer.action_refresh = broken\n"
        f"app = TailboardApp([{str(tmp_path)!r}], driver_class=TerminalDriver); app.run()\n"
        "raise SystemExit(app.return_code)"
    )
    with Terminal(TAILBOARD[0], "-c", code, env=private) as terminal:
        terminal.wait_for("No runs here yet")
        terminal.send("r")
        assert terminal.wait_end() == 1
        assert terminal.is_restored
        assert "RuntimeError: a bug with" in terminal.text
        assert b"\x1b]0;title" not in bytes(terminal.raw)


def test_a_terminal_that_shrinks_and_grows_back_at_once_is_painted_anew(
    tmp_path: Path, private: dict[str, str | None]
) -> None:
    with Terminal(*TAILBOARD, str(tmp_path), env=private) as terminal:
        terminal.wait_for("No runs here yet")
        terminal.settle()
        os.kill(terminal.pid, signal.SIGSTOP)  # it is busy and sees both changes as one, of no size
        terminal.resize(1, 1)
        terminal.resize(120, 40)
        terminal.screen.reset()
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for("No runs here yet")
        terminal.screen.reset()
        os.kill(terminal.pid, signal.SIGWINCH)
        terminal.wait_for("No runs here yet")
        terminal.send("q")
        assert terminal.wait_end() == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with job control: bash")
def test_ctrl_z_gives_the_shell_back_and_fg_the_screen(
    tmp_path: Path, private: dict[str, str | None]
) -> None:
    command = " ".join((*TAILBOARD, str(tmp_path)))
    with Terminal("bash", "--norc", "-i", env={**private, "PS1": "shell> "}) as terminal:
        terminal.wait_for("shell>")
        terminal.send(f"{command}\r")
        terminal.wait_for("No runs here yet")
        terminal.send(b"\x1a")
        terminal.wait_for("Stopped")
        terminal.send("echo $((40 + 2)) here\r")
        terminal.wait_for("42 here")
        terminal.send("fg\r")
        until(lambda: terminal.read() >= 0 and terminal.raw.count(b"\x1b[?1049h") == 2)
        terminal.settle()
        terminal.send("q")
        until(lambda: terminal.read() >= 0 and terminal.raw.count(b"\x1b[?1049l") == 2)
        terminal.send("echo $((50 + 5)) after\r")
        terminal.wait_for("55 after")
        terminal.send("exit\r")
        terminal.wait_end()


@pytest.mark.parametrize(
    ("redirect", "words"), [("< /dev/null", "standard input"), ("| cat", "standard output")]
)
def test_without_a_terminal_it_says_so_in_one_line(tmp_path: Path, redirect: str, words: str) -> None:
    command = " ".join((*TAILBOARD, str(tmp_path)))
    with Terminal("bash", "-c", f"set -o pipefail; {command} {redirect}") as terminal:
        assert terminal.wait_end() == 1
        assert words in terminal.text
        assert "Traceback" not in terminal.text


def test_a_plain_log_opens_at_its_end_with_its_keys_at_hand(
    tmp_path: Path, private: dict[str, str | None]
) -> None:
    log = tmp_path / "build.log"
    log.write_text("".join(f"line {at}\n" for at in range(500)))
    with Terminal(*TAILBOARD, str(log), columns=80, rows=24, env=private) as terminal:
        terminal.wait_for("line 499")
        terminal.wait_for("f follow")
        terminal.send("g")
        terminal.wait_for(r"line 0\b")
