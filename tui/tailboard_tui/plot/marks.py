"""What lies on and beside the lines of a chart: points, letters, triangles, crosses, seams, the cursor."""

from __future__ import annotations

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot.canvas import DOT_COLUMNS, DOT_ROWS, Canvas
from tailboard_tui.plot.cells import SPACE, CellStyle
from tailboard_tui.plot.downsample import Spans, columns_of, spans, visible
from tailboard_tui.plot.envelope import IntArray
from tailboard_tui.plot.layout import Layout
from tailboard_tui.plot.palette import blend
from tailboard_tui.plot.spec import ChartSpec, Look, Trace

SPARSE = 3
"""Cells per point from which on each point is marked: a line alone would hide how few there are."""

LETTER_EVERY = 16
"""Cells between the letters along a line."""

RAW_SHARE, CURSOR_SHARE = 0.42, 0.16
"""How strongly a dimmed line and the cursor stand out from the background."""


def styles(trace: Trace, look: Look) -> tuple[CellStyle, CellStyle]:
    """Of a trace, and of its points beneath a smoothed line."""
    if not look.has_color:
        return CellStyle(), CellStyle(is_dim=True)
    return CellStyle(trace.color), CellStyle(blend(trace.color, look.background, RAW_SHARE))


def marks(canvas: Canvas, trace: Trace, lines: list[Spans], place: Layout, look: Look) -> None:
    """Lone points and those of a sparse metric as bullets; triangles where points lie outside."""
    line, frame = trace.line, place.frame
    style = styles(trace, look)[1 if trace.smooth is not None else 0]
    strong = styles(trace, look)[0]
    up, down, point = ("^", "v", "o") if look.is_ascii else ("▲", "▼", "•")
    if not look.has_color:
        point = trace.letter or point
    for found in lines:
        _mark(canvas, place, found.columns[found.is_lone], found.tops[found.is_lone], point, style)
        for outside, row, char in ((found.is_above, 0, up), (found.is_below, frame.rows - 1, down)):
            columns = found.columns[outside]
            _mark(canvas, place, columns, np.full(columns.size, float(row)), char, strong)
    if line.hidden.size:
        columns = columns_of(line.hidden, line, frame, trace.shift)
        _mark(canvas, place, columns, np.full(columns.size, frame.rows - 1.0), down, strong)
    for begin, end in visible(line, place.x, trace.shift):
        if end - begin <= place.width // SPARSE:
            columns = np.floor(frame.column(line.x[begin:end] - trace.shift) + 0.5).astype(np.intp)
            rows = frame.row(line.y[begin:end])
            if line.is_joined and look.has_color and not look.is_ascii:
                _knots(canvas, place, columns, rows, style)
            else:
                _mark(canvas, place, columns, rows, point, style)


def _knots(canvas: Canvas, place: Layout, columns: IntArray, rows: FloatArray, style: CellStyle) -> None:
    """Points of a sparse line, on the line: a bullet stands in the middle of its cell, the line may not."""
    rows = np.floor(rows + 0.5)
    inside = (rows >= 0) & (rows < place.frame.rows)
    canvas.knots(columns[inside], rows[inside].astype(np.intp), place.top, place.left, style)


def letters(canvas: Canvas, spec: ChartSpec, place: Layout) -> None:
    """Letters along the lines, each trace's at its own columns: where there is no colour."""
    for index, trace in enumerate(spec.traces):
        first = DOT_COLUMNS * (2 + index * LETTER_EVERY // len(spec.traces))
        for found in spans(trace.smooth or trace.line, place.frame, trace.shift):
            chosen = (found.columns - first) % (DOT_COLUMNS * LETTER_EVERY) == 0
            middle = (found.tops[chosen] + found.bottoms[chosen]) / 2
            _mark(canvas, place, found.columns[chosen], middle, trace.letter, CellStyle(is_bold=True))


def _mark(
    canvas: Canvas, place: Layout, columns: IntArray, rows: FloatArray, char: str, style: CellStyle
) -> None:
    """One character at dots, as far as they lie inside of the plot."""
    if not columns.size:
        return
    rows = np.floor(rows + 0.5)
    inside = (rows >= 0) & (rows < place.frame.rows)
    at = rows[inside].astype(np.intp) // DOT_ROWS + place.top
    canvas.mark(at, columns[inside] // DOT_COLUMNS + place.left, char, style)


def seams(canvas: Canvas, spec: ChartSpec, place: Layout, look: Look) -> None:
    """A broken vertical line where a resumed segment begins, beneath the lines."""
    style = CellStyle(look.muted) if look.has_color else CellStyle(is_dim=True)
    for trace in spec.traces:
        for seam in trace.seams:
            column = place.column(seam - trace.shift)
            if column is not None:
                _upright(canvas, column, place, ":" if look.is_ascii else "┊", style)


def _upright(canvas: Canvas, column: int, place: Layout, char: str, style: CellStyle) -> None:
    rows = np.arange(place.top, place.top + place.height)
    free = rows[canvas.chars[rows, column] == SPACE]
    canvas.mark(free, np.full(free.size, column), char, style)


def bad_marks(canvas: Canvas, spec: ChartSpec, place: Layout, look: Look) -> None:
    """Red crosses on the x axis where values are NaN or infinite."""
    style = CellStyle(look.error, is_bold=True) if look.has_color else CellStyle(is_bold=True)
    for trace in spec.traces:
        if trace.line.bad.size:
            cells = columns_of(trace.line.bad, trace.line, place.frame, trace.shift) // DOT_COLUMNS
            rows = np.full(cells.size, place.top + place.height)
            canvas.mark(rows, cells + place.left, "x" if look.is_ascii else "×", style)


def cursor(canvas: Canvas, x: float, place: Layout, look: Look) -> None:
    """The upright line at which values are read off."""
    column = place.column(x)
    if column is None:
        return
    style = CellStyle(look.accent) if look.has_color else CellStyle()
    if look.has_color:
        rows = slice(place.top, place.top + place.height)
        canvas.tint(rows, slice(column, column + 1), blend(look.accent, look.background, CURSOR_SHARE))
    _upright(canvas, column, place, "|" if look.is_ascii else "│", style)
    canvas.write(place.top + place.height, column, "^" if look.is_ascii else "┴", style)
