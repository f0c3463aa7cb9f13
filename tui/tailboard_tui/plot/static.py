"""Figures that are drawn once: a hyperparameter against the best metric, and best values as bars.

The only module that knows plotext. It gets finite numbers and short clean text only: plotext 6.1 aborts the
process on NaN and raises on infinities. It draws into one global figure, so figures are made one at a time,
under a lock. Ticks and their labels are ours (`axes`): its own are not round. It takes every character for
one cell wide and warns on stderr: text goes in as stand-ins of the right width, and the warnings nowhere.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO

from rich.cells import cell_len

from tailboard_tui.plot import axes
from tailboard_tui.plot.axes import Scale
from tailboard_tui.plot.cells import fit
from tailboard_tui.text import units

_LOCK = threading.Lock()

MOST_BARS = 60
LARGEST = 1e300
"""Beyond this plotext's own arithmetic overflows."""

SMALLEST = 1e-290
"""What is nearer to zero is drawn as zero: quotients of denormal numbers are not finite."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One run in a scatter."""

    x: float
    y: float
    mark: str
    """One letter."""


def usable(value: object) -> bool:
    """Whether plotext can be given `value`: a finite number, not a truth value, not too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) < LARGEST


class _Words:
    """Text for plotext: each is given as one private character, repeated to the text's width."""

    def __init__(self) -> None:
        self._texts: list[tuple[str, str]] = []

    def put(self, text: str, width: int) -> str:
        """The stand-in of untrusted `text`, cut to `width` cells."""
        text = fit(text, width)
        stand_in = chr(0xE000 + len(self._texts)) * cell_len(text)
        self._texts.append((stand_in, text))
        return stand_in

    def back(self, drawn: str) -> str:
        """`drawn` with the texts in their places; what plotext has cut off is cut off here too."""
        for stand_in, text in self._texts:
            if stand_in:
                drawn = re.sub(re.escape(stand_in[0]) + "+", lambda m, t=text: fit(t, len(m[0])), drawn)  # type: ignore[misc]  # t is bound now
        return drawn


def scatter(
    dots: Sequence[Dot],
    title: str,
    x_name: str,
    width: int,
    height: int,
    *,
    is_log_x: bool = False,
    is_log_y: bool = False,
) -> str:
    """Letters at their places, as plain text of `height` lines.

    What has no place (NaN, infinities, values up to zero on a logarithmic axis) is left out; the title
    says how many.
    """
    placed = [
        dot
        for dot in dots
        if usable(dot.x) and usable(dot.y) and (dot.x > 0 or not is_log_x) and (dot.y > 0 or not is_log_y)
    ]
    missing = len(dots) - len(placed)
    heading = title + (f" ({missing} without a place)" if missing else "")
    if not placed:
        return _nothing(heading, width)
    xs, ys = [dot.x for dot in placed], [dot.y for dot in placed]
    x = Scale(*axes.limits(min(xs), max(xs), is_log_x), is_log=is_log_x)
    y = Scale(*axes.limits(min(ys), max(ys), is_log_y), is_log=is_log_y)
    words = _Words()
    with _LOCK, redirect_stderr(StringIO()):
        from plotext import figure, terminal

        terminal.limit(False, False)  # else a figure is no larger than stdout's terminal
        figure.clear()
        figure.theme("colorless")
        figure.plot_size(width, height)
        figure.title(words.put(heading, width - 4))
        figure.label(words.put(x_name, width // 2), "x")
        for letter in dict.fromkeys(dot.mark for dot in placed):
            own = [dot for dot in placed if dot.mark == letter]
            at = ([_place(x, dot.x) for dot in own], [_place(y, dot.y) for dot in own])
            figure.draw(figure.signal(*at, marker=fit(letter, 1) or "o"))
        for name, scale, most in (("x", x, max(width // 12, 2)), ("y", y, max(height // 3, 2))):
            found = axes.ticks(scale, most)
            figure.ruler(name).lim(0.0, 1.0)
            figure.ruler(name).ticks([_place(scale, t.value) for t in found], [t.label for t in found])
        return words.back(_text(figure.build()))


def _place(scale: Scale, value: float) -> float:
    """`value` on a scale from 0 to 1: plotext never sees the numbers themselves."""
    import numpy as np

    return float(scale.position(np.array([value]))[0])


def bars(values: Sequence[tuple[str, float]], title: str, width: int, height: int) -> str:
    """One horizontal bar per (name, value), in that order from the top, as plain text.

    Bars begin at zero. Values that are not finite have no bar; the title says how many.
    """
    shown = [(name, value) for name, value in values if usable(value)]
    missing = len(values) - len(shown)
    cut = max(len(shown) - MOST_BARS, 0)
    notes = [f"{missing} without a value"] if missing else []
    notes += [f"{cut} more" if cut else ""]
    heading = title + (f" ({', '.join(note for note in notes if note)})" if any(notes) else "")
    if not shown:
        return _nothing(heading, width)
    shown = shown[:MOST_BARS][::-1]
    room = max(width // 3, 8)
    words = _Words()
    names = [words.put(f"{fit(name, room - 10)} {units.number(value)}", room) for name, value in shown]
    drawn = [value if abs(value) > SMALLEST else 0.0 for _, value in shown]
    largest = max(abs(value) for value in drawn) or 1.0
    lengths = [value / largest for value in drawn]
    with _LOCK, redirect_stderr(StringIO()):
        from plotext import figure, terminal

        terminal.limit(False, False)  # else a figure is no larger than stdout's terminal
        figure.clear()
        figure.theme("colorless")
        figure.plot_size(width, max(height, len(shown) + 4))
        figure.title(words.put(heading, width - 4))
        figure.draw(figure.bar(list(range(len(shown))), lengths, orientation="horizontal", width=0.5))
        figure.ruler("y").ticks(list(range(len(shown))), names)
        low, high = min(0.0, *lengths), max(0.0, *lengths)
        scale = Scale(*axes.limits(low * largest, high * largest))
        found = axes.ticks(scale, max(width // 16, 2))
        figure.ruler("x").lim(scale.low / largest, scale.high / largest)
        figure.ruler("x").ticks([t.value / largest for t in found], [t.label for t in found])
        return words.back(_text(figure.build()))


def _nothing(heading: str, width: int) -> str:
    return fit(heading, width) + "\n\n" + fit("nothing to draw", width)


def _text(matrix: object) -> str:
    text = matrix.string(colorless=True)  # type: ignore[attr-defined]  # plotext has no types
    return "\n".join(line.rstrip() for line in str(text).split("\n")).strip("\n")
