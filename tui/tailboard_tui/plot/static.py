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
_SCATTER_FRAME, _BARS_FRAME = 5, 4
"""Rows around the plot: title, two borders, ticks, and the name of the x axis."""

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
    """Letters at their places, as plain text of `height` lines; where several share a cell, their number.

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
    x_ticks, y_ticks = axes.ticks(x, max(width // 12, 2)), axes.ticks(y, max(height // 3, 2))
    columns = width - 2 - max((len(tick.label) for tick in y_ticks), default=0)
    marks = _by_cell(placed, x, y, max(columns - 1, 1), max(height - _SCATTER_FRAME - 1, 1))
    words = _Words()
    with _LOCK, redirect_stderr(StringIO()):
        from plotext import figure, terminal

        terminal.limit(False, False)  # else a figure is no larger than stdout's terminal
        figure.clear()
        figure.theme("colorless")
        figure.plot_size(width, height)
        figure.title(words.put(heading, width - 4))
        figure.label(words.put(x_name, width // 2), "x")
        for mark in dict.fromkeys(marks.values()):
            own = [place for place, other in marks.items() if other == mark]
            figure.draw(figure.signal([x for x, _ in own], [y for _, y in own], marker=fit(mark, 1) or "o"))
        for name, scale, found in (("x", x, x_ticks), ("y", y, y_ticks)):
            figure.ruler(name).lim(0.0, 1.0)
            figure.ruler(name).ticks([_place(scale, t.value) for t in found], [t.label for t in found])
        return words.back(_text(figure.build()))


def _by_cell(
    dots: Sequence[Dot], x: Scale, y: Scale, columns: int, rows: int
) -> dict[tuple[float, float], str]:
    """What stands at which place, 0 to 1 on both axes: a letter, or how many dots meet in the cell there."""
    cells: dict[tuple[int, int], list[str]] = {}
    for dot in dots:
        cell = int(_place(x, dot.x) * columns + 0.5), int(_place(y, dot.y) * rows + 0.5)
        cells.setdefault(cell, []).append(dot.mark)
    found = {}
    for (column, row), marks in cells.items():
        mark = marks[0] if len(marks) == 1 else str(len(marks)) if len(marks) < 10 else "+"
        found[column / columns, row / rows] = mark
    return found


def _place(scale: Scale, value: float) -> float:
    """`value` on a scale from 0 to 1: plotext never sees the numbers themselves."""
    import numpy as np

    return float(scale.position(np.array([value]))[0])


def bars(values: Sequence[tuple[str, float]], title: str, width: int, height: int) -> str:
    """One horizontal bar per (name, value), in that order from the top, as plain text.

    Each bar is one row; they stand apart where `height` has room for it. Bars begin at zero. Values that
    are not finite have no bar; the title says how many.
    """
    shown = [(name, value) for name, value in values if usable(value)]
    missing = len(values) - len(shown)
    cut = max(len(shown) - MOST_BARS, 0)
    notes = [f"{missing} without a value"] if missing else []
    notes += [f"{cut} more"] if cut else []
    heading = title + (f" ({', '.join(notes)})" if notes else "")
    if not shown:
        return _nothing(heading, width)
    shown = shown[:MOST_BARS][::-1]
    words = _Words()
    names = [words.put(text, width // 2) for text in _labels(shown, max(width * 2 // 5, 12))]
    drawn = [value if abs(value) > SMALLEST else 0.0 for _, value in shown]
    largest = max(abs(value) for value in drawn) or 1.0
    lengths = [value / largest for value in drawn]
    count = len(shown)
    is_roomy = 2 * count + 1 + _BARS_FRAME <= height or count == 1
    rows = 2 * count + 1 if is_roomy else count
    edge = 0.5 if is_roomy else 0.0  # so that every bar lies in the middle of a row
    with _LOCK, redirect_stderr(StringIO()):
        from plotext import figure, terminal

        terminal.limit(False, False)  # else a figure is no larger than stdout's terminal
        figure.clear()
        figure.theme("colorless")
        figure.plot_size(width, rows + _BARS_FRAME)
        figure.title(words.put(heading, width - 4))
        figure.draw(figure.bar(list(range(count)), lengths, orientation="horizontal", width=0.3))
        figure.ruler("y").lim(-edge, count - 1 + edge)
        figure.ruler("y").ticks(list(range(count)), names)
        low, high = min(0.0, *lengths), max(0.0, *lengths)
        scale = Scale(*axes.limits(low * largest, high * largest))
        found = axes.ticks(scale, max(width // 16, 2))
        figure.ruler("x").lim(scale.low / largest, scale.high / largest)
        figure.ruler("x").ticks([t.value / largest for t in found], [t.label for t in found])
        return words.back(_text(figure.build()))


def _labels(values: Sequence[tuple[str, float]], room: int) -> list[str]:
    """Names at the left and values at the right, all of the same width, at most `room` cells."""
    numbers = [units.number(value) for _, value in values]
    widest = max(len(number) for number in numbers)
    names = [fit(name, max(room - widest - 2, 1)) for name, _ in values]
    width = max(cell_len(name) for name in names)
    return [
        name + " " * (width - cell_len(name)) + f"  {number:>{widest}}"
        for name, number in zip(names, numbers, strict=True)
    ]


def _nothing(heading: str, width: int) -> str:
    return fit(heading, width) + "\n\n" + fit("nothing to draw", width)


def _text(matrix: object) -> str:
    text = matrix.string(colorless=True)  # type: ignore[attr-defined]  # plotext has no types
    return "\n".join(line.rstrip() for line in str(text).split("\n")).strip("\n")
