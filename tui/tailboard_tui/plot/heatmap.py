"""Histograms over steps as a heat map: a column per record, half a cell per bin, brighter for more values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot import axes
from tailboard_tui.plot.axes import Scale
from tailboard_tui.plot.canvas import Canvas
from tailboard_tui.plot.cells import Cells, CellStyle
from tailboard_tui.plot.palette import blend
from tailboard_tui.plot.spec import Look

GUTTER = 8
SHADES = 12
"""Steps of brightness; more are not told apart."""

_ASCII = " .:-=+*#%@"


@dataclass(frozen=True, slots=True)
class Histogram:
    """One record."""

    step: float
    counts: FloatArray
    """Shape (bins,)."""
    edges: FloatArray
    """Shape (bins + 1,), ascending."""

    @property
    def is_good(self) -> bool:
        """Whether it can be drawn."""
        return bool(
            self.counts.size > 0
            and self.edges.size == self.counts.size + 1
            and np.isfinite(self.edges).all()
            and (np.diff(self.edges) >= 0).all()
            and np.isfinite(self.counts).all()
            and (self.counts >= 0).all()
        )


def draw_heatmap(found: Sequence[Histogram], current: int, width: int, height: int, look: Look) -> Cells:
    """The map in `width` x `height` cells; `current` is the index of the record that is marked."""
    canvas = Canvas(max(width, 1), max(height, 1), is_ascii=look.is_ascii)
    good = [(index, histogram) for index, histogram in enumerate(found) if histogram.is_good]
    columns, rows = width - GUTTER - 1, height - 2
    if not good or columns < 4 or rows < 2:
        return canvas.cells()
    low = min(float(histogram.edges[0]) for _, histogram in good)
    high = max(float(histogram.edges[-1]) for _, histogram in good)
    scale = Scale(*axes.limits(low, high))
    chosen = np.linspace(0, len(good) - 1, min(columns, len(good))).round().astype(np.intp)
    bins = rows * (1 if look.is_ascii or not look.has_color else 2)
    shares = np.stack([_rebinned(good[int(i)][1], scale, bins) for i in chosen], axis=1)
    stretch = columns // len(chosen)
    _paint(canvas, np.repeat(shares, stretch, axis=1), look)
    _axes(canvas, scale, rows, look)
    positions = [good[int(i)] for i in chosen]
    _steps(canvas, [(index, histogram.step) for index, histogram in positions], current, stretch, rows, look)
    return canvas.cells()


def _rebinned(histogram: Histogram, scale: Scale, bins: int) -> FloatArray:
    """Shares of the values in `bins` equal parts of the scale from the top, shape (bins,), at most 1."""
    borders = scale.value(np.linspace(0, 1, bins + 1))
    totals = np.concatenate(([0.0], np.cumsum(histogram.counts)))
    # Values are taken to be spread evenly inside of their bin.
    at = np.interp(borders, histogram.edges, totals)
    parts = np.diff(at)
    largest = parts.max()
    return (parts / largest if largest > 0 else parts)[::-1]


def _paint(canvas: Canvas, shares: FloatArray, look: Look) -> None:
    steps = np.ceil(np.sqrt(shares) * SHADES).astype(np.intp)
    if look.is_ascii or not look.has_color:
        for row, column in zip(*np.nonzero(steps), strict=True):
            shade = _ASCII[min(int(steps[row, column]) * len(_ASCII) // (SHADES + 1), len(_ASCII) - 1)]
            canvas.write(int(row), GUTTER + int(column), shade, CellStyle())
        return
    colors = [blend(look.accent, look.background, step / SHADES) for step in range(SHADES + 1)]
    upper, lower = steps[0::2], steps[1::2]
    for row in range(upper.shape[0]):
        for column in range(upper.shape[1]):
            over, under = int(upper[row, column]), int(lower[row, column])
            if over or under:
                canvas.write(row, GUTTER + column, "▀", CellStyle(colors[over], colors[under]))


def _axes(canvas: Canvas, scale: Scale, rows: int, look: Look) -> None:
    line, tick = ("|", "+") if look.is_ascii else ("│", "┤")
    axis = CellStyle(look.axis) if look.has_color else CellStyle()
    muted = CellStyle(look.muted) if look.has_color else CellStyle()
    for row in range(rows):
        canvas.write(row, GUTTER - 1, line, axis)
    for found in axes.ticks(scale, max(rows // 3, 2)):
        place = float(scale.position(np.array([found.value]))[0])
        row = min(int((1 - place) * rows), rows - 1)
        canvas.write(row, GUTTER - 1, tick, axis)
        if len(found.label) < GUTTER - 1:
            canvas.write(row, GUTTER - 2 - len(found.label), found.label, muted)


def _steps(
    canvas: Canvas, shown: Sequence[tuple[int, float]], current: int, stretch: int, rows: int, look: Look
) -> None:
    """The steps of the first and last record, and a mark below the current one."""
    muted = CellStyle(look.muted) if look.has_color else CellStyle()
    strong = CellStyle(look.accent, is_bold=True) if look.has_color else CellStyle(is_bold=True)
    first, last = f"{shown[0][1]:g}", f"{shown[-1][1]:g}"
    canvas.write(rows + 1, GUTTER, first, muted)
    end = GUTTER + len(shown) * stretch
    if end - len(last) > GUTTER + len(first) + 1:
        canvas.write(rows + 1, end - len(last), last, muted)
    near = min(range(len(shown)), key=lambda i: abs(shown[i][0] - current))
    canvas.write(rows, GUTTER + near * stretch + stretch // 2, "^" if look.is_ascii else "▲", strong)
