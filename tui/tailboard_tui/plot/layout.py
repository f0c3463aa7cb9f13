"""Where on a chart its parts stand: plot, scales, ticks and their labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailboard_tui.plot import axes, caption, ranges
from tailboard_tui.plot.axes import Scale, Tick
from tailboard_tui.plot.canvas import DOT_COLUMNS, DOT_ROWS
from tailboard_tui.plot.downsample import Frame
from tailboard_tui.plot.spec import GUTTER, ChartSpec
from tailboard_tui.plot.xaxis import NAMES, x_ticks

MIN_WIDTH, MIN_HEIGHT = 16, 4
"""Anything smaller holds the title only."""

NARROW = 40
"""Cells below which a chart gives its y labels no more than they commonly need."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where on the canvas the plot lies, in cells, and the scales laid on it."""

    left: int
    top: int
    width: int
    height: int
    x: Scale
    y: Scale
    y_ticks: tuple[Tick, ...]

    @property
    def frame(self) -> Frame:
        """The dots of the plot."""
        return Frame(self.x, self.y, self.width * DOT_COLUMNS, self.height * DOT_ROWS)

    def column(self, x: float) -> int | None:
        """The cell column, on the canvas, of a place on the x axis; None outside of it."""
        dot = float(self.frame.column(np.array([x]))[0])
        if not -0.5 <= dot <= self.width * DOT_COLUMNS - 0.5:
            return None
        return self.left + min(max(int(dot + 0.5), 0) // DOT_COLUMNS, self.width - 1)

    def x_at(self, column: int) -> float:
        """The place on the x axis in the middle of a cell column of the canvas."""
        dot = (column - self.left) * DOT_COLUMNS + 0.5
        return float(self.x.value(np.array([dot / max(self.width * DOT_COLUMNS - 1, 1)]))[0])

    def y_at(self, row: int) -> float:
        """The value in the middle of a cell row of the canvas."""
        dot = (row - self.top) * DOT_ROWS + (DOT_ROWS - 1) / 2
        return float(self.y.value(np.array([1 - dot / max(self.height * DOT_ROWS - 1, 1)]))[0])

    def row(self, value: float) -> int | None:
        """The cell row, on the canvas, of a value; None for one outside or NaN."""
        dot = float(self.frame.row(np.array([value]))[0])
        if not -0.5 <= dot < self.height * DOT_ROWS:
            return None
        return self.top + min(int(dot + 0.5) // DOT_ROWS, self.height - 1)


def layout(spec: ChartSpec, width: int, height: int) -> Layout | None:
    """Where the parts of the chart stand; None where there is no room for a plot."""
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return None
    x = ranges.x_scale(spec)
    y = ranges.y_scale(spec, x)
    rows = height - 3 - caption.legend_rows(spec, height)
    y_ticks = tuple((axes.size_ticks if spec.is_size else axes.ticks)(y, max(min(rows // 2, 9), 2)))
    widest = max((len(tick.label) for tick in y_ticks), default=0)
    gutter = spec.gutter if width >= NARROW else GUTTER
    left = max(gutter, widest + 2) if widest <= width // 3 else gutter
    right = caption.label_cells(spec, width)
    return Layout(left, 1, width - left - right, rows, x, y, y_ticks)


def x_labels(spec: ChartSpec, place: Layout, width: int) -> list[tuple[Tick, int, int]]:
    """Ticks of the x axis with the columns of the tick and of its label; at least two cells apart.

    Where the axis is to be named, the labels leave room for that at its end.
    """
    name = len(NAMES[spec.x_kind]) + 3 if spec.has_x_name else 0
    for most in range(max(place.width // 6, 2), 0, -1):
        found: list[tuple[Tick, int, int]] = []
        for tick in x_ticks(spec.x_kind, place.x, most):
            column = place.column(tick.value)
            if column is not None:
                start = min(max(column - len(tick.label) // 2, 0), width - len(tick.label))
                found.append((tick, column, start))
        ends = [start + len(tick.label) for tick, _, start in found]
        while name and len(found) > 2 and ends[-1] > width - name:
            found.pop()
            ends.pop()
        if all(found[i + 1][2] >= ends[i] + 2 for i in range(len(found) - 1)) and all(
            start >= 0 for _, _, start in found
        ):
            return found
    return []
