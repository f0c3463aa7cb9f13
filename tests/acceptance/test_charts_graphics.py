"""Images in terminals that answer: the right protocol's bytes, gone when the tab is left, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import tailboard
from helpers import until
from tailboard_tui.plot.graphics import KITTY_DELETE, PLACEHOLDER
from tailboard_tui.text.graphics import ASK_ATTRIBUTES, ASK_KITTY
from terminal import TAILBOARD, Terminal

KITTY = "\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.42.1)\x1b\\\x1b[6;20;10t\x1b[?62;c"
ITERM = "\x1b_Gi=31;ENOTSUP\x1b\\\x1bP>|iTerm2 3.5.1\x1b\\\x1b[6;20;10t\x1b[?65;4;18c"
SIXEL = "\x1bP>|XTerm(390)\x1b\\\x1b[6;20;10t\x1b[?64;1;2;4;22c"
PLAIN = "\x1b[?1;2c"

SENT = {
    "kitty": re.compile(
        rb"\x1b_Ga=T,[a-zA-Z0-9=,]*;[A-Za-z0-9+/=]+\x1b\\(?:\x1b_Gm=[01];[A-Za-z0-9+/=]+\x1b\\)*"
    ),
    "iterm": re.compile(rb"\x1b\]1337;File=[a-zA-Z0-9=;]+:[A-Za-z0-9+/=]+\x07"),
    "sixel": re.compile(rb'\x1bP0;1;0q"1;1;[0-9]+;[0-9]+[#0-9;!?-~$-]+\x1b\\'),
}
OTHERS = re.compile(
    rb"\x1b\]11;\?\x1b\\|\x1b\]22;default\x07|"
    + re.escape(f"{ASK_KITTY}|{KITTY_DELETE}").encode().replace(rb"\|", b"|")
)
COMMAND = re.compile(rb"\x1b[\]PX^_]")


class AnsweringTerminal(Terminal):
    """A terminal that tells what it can when it is asked."""

    answer = ""
    _has_answered = False

    def read(self, seconds: float = 0.05) -> int:
        taken = super().read(seconds)
        if not self._has_answered and ASK_ATTRIBUTES.encode() in self.raw:
            self._has_answered = True
            self.send(self.answer)
        return taken

    def wait_for_bytes(self, pattern: re.Pattern[bytes], after: int = 0) -> re.Match[bytes]:
        def found() -> re.Match[bytes] | None:
            self.read(0.05)
            return pattern.search(self.raw, after)

        match = until(found)
        assert isinstance(match, re.Match)
        return match


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A run with two images and one hostile file."""
    with tailboard.init(
        dir=str(tmp_path / "runs"), id="pictures", capture=False, git=False, system=False
    ) as run:
        for step in range(2):
            pixels = np.zeros((16, 16, 3), dtype=np.uint8)
            pixels[:, : 8 * (step + 1)] = (255, 128, 0)
            run.log({"samples": tailboard.Image(pixels)}, step=step)
        path = Path(run.dir)
    media = path / "media.jsonl"
    until(lambda: media.exists() and media.read_bytes().count(b"\n") == 2)
    (path / "media" / "evil.png").write_bytes(b"\x89PNG\r\n\x1a\n\x1b]0;owned\x07\x1b_Ga=d\x1b\\" * 9)
    with media.open("a") as file:
        record = {"step": 3, "time": 1.0, "key": "\x1b_Ga=d\x1b\\", "kind": "image", "path": "media/evil.png"}
        file.write(json.dumps(record) + "\n")
    return tmp_path


def opened(root: Path, answer: str, **env: str | None) -> AnsweringTerminal:
    places = {f"XDG_{name}_HOME": str(root / name) for name in ("CACHE", "STATE", "CONFIG")}
    plain = dict.fromkeys(("TMUX", "STY", "TERM_PROGRAM"))
    terminal = AnsweringTerminal(
        *TAILBOARD, str(root / "runs"), columns=120, rows=40, env={**places, **plain, **env}
    )
    terminal.answer = answer
    terminal.wait_for("pictures")
    return terminal


@pytest.mark.parametrize(("protocol", "answer"), [("kitty", KITTY), ("iterm", ITERM), ("sixel", SIXEL)])
def test_an_image_goes_by_the_protocol_that_the_terminal_has(root: Path, protocol: str, answer: str) -> None:
    with opened(root, answer) as terminal:
        terminal.send("5")
        last = terminal.wait_for_bytes(SENT[protocol])
        terminal.settle()
        begin = len(terminal.raw)
        terminal.send("h")
        first = terminal.wait_for_bytes(SENT[protocol], begin)
        assert first.group() != last.group()
        terminal.settle()
        begin = len(terminal.raw)
        terminal.send("6")
        if protocol == "kitty":
            terminal.wait_for_bytes(re.compile(re.escape(KITTY_DELETE).encode()), begin)
        terminal.settle()
        assert SENT[protocol].search(terminal.raw, begin) is None
        terminal.send("5")
        again = terminal.wait_for_bytes(SENT[protocol], begin)
        terminal.settle()
        terminal.send("q")
        assert terminal.wait_end() == 0
        if protocol == "kitty":
            assert KITTY_DELETE.encode() in terminal.raw[again.end() :]
        rest = OTHERS.sub(b"", SENT[protocol].sub(b"", bytes(terminal.raw)))
        assert COMMAND.search(rest) is None


@pytest.mark.parametrize("env", [{}, {"TMUX": "/tmp/tmux-0/default,1,0"}, {"TERM": "screen-256color"}])
def test_without_graphics_and_in_tmux_there_are_half_blocks(root: Path, env: dict[str, str]) -> None:
    with opened(root, PLAIN, **env) as terminal:
        terminal.send("5")
        terminal.wait_for("▀▀▀")
        terminal.settle()
        assert (ASK_KITTY.encode() in terminal.raw) is not bool(env)
        assert not any(pattern.search(terminal.raw) for pattern in SENT.values())


def test_kitty_behind_tmux_gets_the_image_by_passthrough_and_placeholders(root: Path) -> None:
    handed_on = re.compile(rb"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\")
    answer = "\x1bP>|tmux 3.4\x1b\\\x1b[6;20;10t\x1b[?1;2c"
    with opened(root, answer, TMUX="/tmp/tmux-0/default,1,0", TERM="tmux-256color") as terminal:
        terminal.send("5")
        terminal.wait_for("▀▀▀")
        terminal.send("\x1b_Gi=31;OK\x1b\\")
        terminal.wait_for(PLACEHOLDER)
        terminal.settle()
        terminal.send("?")
        until(lambda: terminal.read(0.05) >= 0 and PLACEHOLDER not in terminal.text)
        terminal.send("?")
        terminal.wait_for(PLACEHOLDER)
        terminal.settle()
        terminal.send("6")
        until(lambda: terminal.read(0.05) >= 0 and PLACEHOLDER not in terminal.text)
        terminal.settle()
        commands = [found.replace(b"\x1b\x1b", b"\x1b") for found in handed_on.findall(terminal.raw)]
        assert commands[0] == ASK_KITTY.encode()
        assert commands[-1].startswith(b"\x1b_Ga=d,d=I,i=122,")
        assert all(re.fullmatch(rb"\x1b_G[a-zA-Z0-9=,]+(;[A-Za-z0-9+/=]+)?\x1b\\", one) for one in commands)
        assert any(one.startswith(b"\x1b_Ga=T") for one in commands)
        assert b"\x1b_G" not in handed_on.sub(b"", bytes(terminal.raw))


def test_the_settings_decide(root: Path) -> None:
    (root / "CONFIG" / "tailboard").mkdir(parents=True)
    (root / "CONFIG" / "tailboard" / "config.toml").write_text('images = "blocks"\n')
    with opened(root, KITTY) as terminal:
        terminal.send("5")
        terminal.wait_for("▀▀▀")
        assert ASK_ATTRIBUTES.encode() not in terminal.raw


def test_help_over_an_image_takes_it_away_for_so_long(root: Path) -> None:
    with opened(root, KITTY) as terminal:
        terminal.send("5")
        shown = terminal.wait_for_bytes(SENT["kitty"])
        terminal.send("?")
        gone = terminal.wait_for_bytes(re.compile(re.escape(KITTY_DELETE).encode()), shown.end())
        terminal.send("?")
        terminal.wait_for_bytes(SENT["kitty"], gone.end())
