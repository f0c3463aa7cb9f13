"""Sending the terminal only the cells that changed, and their colours only where these change.

Textual 8 crops a partial update at its right end only: each changed row is sent from the left edge of its
widget. For a chart whose last column grows that is 35 times the bytes needed, over ssh several times a
second. Of what is left, two thirds would be colours set again and again: each piece carries its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual import _compositor
from textual._compositor import ChopsUpdate

_RESET = "\x1b[0m"


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
        """Write from where the pen is."""
        for text, style, _ in segments:
            if self._system is None or not text:
                self._parts.append(text)
            elif style is not None and style.link:
                self._set(Style.null())
                self._parts.append(style.render(text, color_system=self._system))
            else:
                wanted = style or Style.null()
                if not (text.isspace() and _is_alike_for_blanks(self._style, wanted)):
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
        codes = style._make_ansi_codes(self._system)
        if not codes:
            self._parts.append(_RESET)
        elif style.bgcolor == old.bgcolor and _attributes(style) == _attributes(old) and style.color:
            color = ";".join(style.color.downgrade(self._system).get_ansi_codes())
            self._parts.append(f"\x1b[{color}m")
        else:
            self._parts.append(f"\x1b[0;{codes}m")


def _attributes(style: Style) -> tuple[bool | None, ...]:
    """What a style does beside its two colours."""
    return (
        *(style.bold, style.dim, style.italic, style.underline, style.blink, style.blink2, style.reverse),
        *(style.conceal, style.strike, style.underline2, style.frame, style.encircle, style.overline),
    )


def _is_alike_for_blanks(one: Style, other: Style) -> bool:
    """Whether a blank looks the same in both: it shows the background and lines through it only."""
    if one.bgcolor != other.bgcolor or one.reverse or other.reverse:
        return False
    return not any(_attributes(style)[3] or any(_attributes(style)[8:]) for style in (one, other))


def install() -> None:
    """Let Textual's compositor make narrow updates from now on. May be called any number of times."""
    _compositor.ChopsUpdate = NarrowUpdate  # type: ignore[misc]  # a subclass in place of its base
