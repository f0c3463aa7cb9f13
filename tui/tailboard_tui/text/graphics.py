"""Which graphics a terminal has: what it is asked, and what its answers mean.

It is asked for four things at once. The last, its device attributes, every terminal answers, and answers
come in order: with that one all is known. Nothing is waited for.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

Protocol = Literal["kitty", "iterm", "sixel", "blocks"]
"""How images are drawn: one of three protocols for pixels, or with half blocks."""

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)

ASK_KITTY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
"""May this pixel be shown? Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/#querying-support-and-available-transmission-mediums"""

ASK_NAME, ASK_CELL, ASK_ATTRIBUTES = "\x1b[>q", "\x1b[16t", "\x1b[c"
"""XTVERSION, the size of a cell in pixels, DA1. Source: XTerm control sequences,
https://invisible-island.net/xterm/ctlseqs/ctlseqs.html"""

_ANSWERS = re.compile(
    r"\x1b_G(?P<kitty>[^\x1b\x07]{0,200})\x1b\\"
    r"|\x1bP>\|(?P<name>[^\x1b\x07]{0,200})(?:\x1b\\|\x07)"
    r"|\x1b\[6;(?P<height>\d{1,4});(?P<width>\d{1,4})t"
    r"|\x1b\[\?(?P<attributes>[\d;]{1,100})c"
)
_LATE = re.compile(r"\x1b_G(?P<kitty>[^\x1b\x07]{0,200})\x1b\\")
"""What comes from behind tmux, which answers all other questions itself, and at once."""

_BEGUN = re.compile(
    r"\x1b(?:_(?:G[^\x1b\x07]{0,200}\x1b?)?|P(?:>(?:\|[^\x1b\x07]{0,200}\x1b?)?)?|\[(?:6(?:;[\d;]{0,9})?|\?[\d;]{0,100})?)\Z"
)
"""An answer whose end is still to come."""

_LATE_BEGUN = re.compile(r"\x1b_G[^\x1b\x07]{0,200}\x1b?\Z")
"""The same of `_LATE`, but for its first two characters, which may be keys."""

_SIXEL = "4"
"""Among the device attributes."""

_ITERM = ("iTerm2", "WezTerm")
"""Names of terminals that show iTerm's inline images."""


@dataclass(frozen=True, slots=True)
class Graphics:
    """How a terminal shows images."""

    protocol: Protocol = "blocks"
    cell: tuple[int, int] = (10, 20)
    """Width and height of a cell in pixels; a guess of the usual shape where the terminal did not say."""
    terminal: str = ""
    """What the terminal calls itself. Untrusted."""
    is_behind_tmux: bool = False
    """Whether kitty's commands must be handed on by tmux."""


def is_in_tmux(environment: Mapping[str, str]) -> bool:
    """Whether tmux, and nothing else, stands between us and the terminal."""
    return "TMUX" in environment and "STY" not in environment


def passed(text: str) -> str:
    """`text` for the terminal behind tmux, which drops it unless its option allow-passthrough is on.

    Source: https://github.com/tmux/tmux/wiki/FAQ#what-is-the-passthrough-escape-sequence-and-how-do-i-use-it
    """
    doubled = text.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def questions(environment: Mapping[str, str], *, may_pass: bool = False) -> str:
    """What to send to the terminal.

    Kitty's question is an APC string. tmux and screen take that for a title, Apple's terminal and the
    console print it: they are not asked.

    Args:
        may_pass: Whether tmux is to hand kitty's question on; its answer may come after all others.
    """
    term = environment.get("TERM", "")
    is_inside = "TMUX" in environment or "STY" in environment or term.startswith(("tmux", "screen"))
    is_plain = environment.get("TERM_PROGRAM") == "Apple_Terminal" or term == "linux"
    kitty = "" if is_inside or is_plain else ASK_KITTY
    if may_pass and is_in_tmux(environment):
        kitty = passed(ASK_KITTY)
    return f"{kitty}{'' if is_plain else ASK_NAME}{ASK_CELL}{ASK_ATTRIBUTES}"


class Answers:
    """Takes the answers out of what is typed."""

    def __init__(self, *, is_behind_tmux: bool = False) -> None:
        """Nothing is answered yet.

        Args:
            is_behind_tmux: Kitty's question was handed on by tmux: its answer, if any, comes last.
        """
        self.found: Graphics | None = None
        """What the terminal has, once it has said so; behind tmux it may have more in the end."""
        self._is_behind_tmux = is_behind_tmux
        self._is_late = is_behind_tmux
        """Whether kitty's answer is still to come."""
        self._held = ""
        self._has_kitty = False
        self._name = ""
        self._cell: tuple[int, int] | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing more is awaited."""
        return self.found is not None and not self._is_late

    def take(self, text: str) -> str:
        """The next input without answers; the beginning of one is held until its end comes."""
        if self.is_done:
            return text
        text = (_ANSWERS if self.found is None else _LATE).sub(self._note, self._held + text)
        begun = None
        if not self.is_done:
            begun = (_BEGUN if self.found is None else _LATE_BEGUN).search(text)
        self._held = "" if begun is None else begun.group()
        return text if begun is None else text[: begun.start()]

    def _note(self, answer: re.Match[str]) -> str:
        if answer["kitty"] is not None:
            self._has_kitty |= answer["kitty"].endswith(";OK")
            self._is_late = False
            if self.found is not None and self._has_kitty:
                self.found = replace(self.found, protocol="kitty")
        elif answer["name"] is not None:
            self._name = answer["name"]
        elif answer["width"] is not None:
            width, height = int(answer["width"]), int(answer["height"])
            self._cell = (width, height) if 3 <= width <= 200 and 6 <= height <= 400 else None
        else:
            self.found = self._graphics(answer["attributes"].split(";"))
        return ""

    def _graphics(self, attributes: list[str]) -> Graphics:
        protocol: Protocol = "blocks"
        if self._has_kitty:
            protocol = "kitty"
        elif self._name.startswith(_ITERM):
            protocol = "iterm"
        elif _SIXEL in attributes[1:]:
            protocol = "sixel"
        return Graphics(protocol, self._cell or Graphics().cell, self._name, self._is_behind_tmux)


def ask(
    environment: Mapping[str, str], *, reading: int, writing: int, timeout_s: float = 0.5
) -> Graphics | None:
    """Ask a terminal and wait for its answer; None where it gives none in time. For commands only.

    Args:
        reading: Descriptor of the terminal's input, which is not read by anyone else.
        writing: Descriptor of its output.
    """
    import termios
    import tty

    before = termios.tcgetattr(reading)
    answers, end = Answers(), time.monotonic() + timeout_s
    try:
        tty.setcbreak(reading)
        os.write(writing, questions(environment).encode())
        while answers.found is None and (left_s := end - time.monotonic()) > 0:
            if select.select([reading], [], [], left_s)[0]:
                answers.take(os.read(reading, 4096).decode("utf-8", "replace"))
    finally:
        termios.tcsetattr(reading, termios.TCSAFLUSH, before)
    return answers.found
