"""Sending the terminal only the cells that changed, and their colours only where these change.

Textual 8 crops a partial update at its right end only: each changed row is sent from the left edge of its
widget. For a chart whose last column grows that is 35 times the bytes needed, over ssh several times a
second. Of what is left, two thirds would be colours set again and again: each piece carries its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual import _compositor
from textual._compositor import ChopsUpdate


class NarrowUpdate(ChopsUpdate):
    """A partial update cropped at both ends."""

    def render_segments(self, console: Console) -> str:
        """The update as terminal sequences: for each changed stretch of a row a move and its cells."""
        pen = Pen(console._color_system)
        for y, first, end in self.spans:
            for chop_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= end or chop_end <= first:
                    continue
                begin, stop = max(x, first), min(chop_end, end)
                whole = (begin, stop) == (x, chop_end)
                pen.move(begin, y)
                pen.write(strip if whole else strip.crop(begin - x, stop - x))
        return pen.text()


class Pen:
    """Writes segments as terminal sequences; a style that goes on is not set again."""

    def __init__(self, color_system: ColorSystem | None) -> None:
        self._system = color_system
        self._parts: list[str] = []
        self._style = Style.null()
        """What the terminal writes in now."""

    def move(self, x: int, y: int) -> None:
        """Go to a cell."""
        self._parts.append(Control.move_to(x, y).segment.text)

    def write(self, segments: Iterable[Segment]) -> None:
        """Write from where the pen is; a blank in the style before or after it, where that looks alike."""
        pieces = list(segments)
        for index, (text, style, _) in enumerate(pieces):
            wanted = style or Style.null()
            if self._system is None or not text:
                self._parts.append(text)
            elif wanted.link:
                self._set(Style.null())
                self._parts.append(wanted.render(text, color_system=self._system))
            else:
                if text.isspace():
                    after = pieces[index + 1].style if index + 1 < len(pieces) else None
                    near = (self._style, after or wanted)
                    wanted = next((known for known in near if _is_alike_for_blanks(known, wanted)), wanted)
                self._set(wanted)
                self._parts.append(text)

    def text(self) -> str:
        """Everything written, ending in the terminal's own style."""
        self._set(Style.null())
        return "".join(self._parts)

    def _set(self, style: Style) -> None:
        old, self._style = self._style, style
        if style is old or style == old or self._system is None:
            return
        self._parts.append(f"\x1b[{_codes(old, style, self._system)}m")


_SWITCHES = (
    (1, "1", "22"),
    (2, "2", "22"),
    (4, "3", "23"),
    (8, "4", "24"),
    (64, "7", "27"),
    (256, "9", "29"),
)
"""Bold, dim, italic, underline, reverse and strike: Rich's bit, what switches it on, and what off.
Source: ECMA-48, 8.3.117 SGR"""

_LINES = 8 | 256 | 512 | 1024 | 2048 | 4096
"""Rich's bits of what shows on a blank: lines under, through, over and around it."""
_REVERSE = 64
_SWITCHED = sum(bit for bit, _, _ in _SWITCHES)


@lru_cache(maxsize=4096)
def _codes(old: Style, new: Style, system: ColorSystem) -> str:
    """From one style to another: what differs, or all where that is shorter or the only way."""
    every = new._make_ansi_codes(system)
    if not every:
        return "0"
    before, after = _attributes(old), _attributes(new)
    if (before ^ after) & ~_SWITCHED:
        return f"0;{every}"
    gone = {off for bit, _, off in _SWITCHES if before & bit and not after & bit}
    codes = sorted(gone)
    codes += [on for bit, on, off in _SWITCHES if after & bit and (not before & bit or off in gone)]
    for was, color, is_ink in ((old.color, new.color, True), (old.bgcolor, new.bgcolor, False)):
        if color is not None and color != was:
            codes += color.downgrade(system).get_ansi_codes(is_ink)
        elif color is None and was is not None:
            codes.append("39" if is_ink else "49")
    return min(";".join(codes), f"0;{every}", key=len) if codes else f"0;{every}"


def _attributes(style: Style) -> int:
    """What a style does beside its two colours, as Rich's bits."""
    return style._attributes & style._set_attributes


def _is_alike_for_blanks(one: Style, other: Style) -> bool:
    """Whether a blank looks the same in both: it shows the background and lines through it only."""
    bits = _attributes(one) | _attributes(other)
    return one.bgcolor == other.bgcolor and not bits & (_LINES | _REVERSE) and not (one.link or other.link)


def install() -> None:
    """Let Textual's compositor make narrow updates from now on. May be called any number of times."""
    _compositor.ChopsUpdate = NarrowUpdate  # type: ignore[misc]  # a subclass in place of its base
