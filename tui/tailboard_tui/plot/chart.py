"""A chart as cells: a pure function of lines, axes, size and look. Widget and `tailboard plot` both call it.

From the top: one row of title, the plot with its y labels to the left and the runs' letters to the right,
the x axis with marks, its labels, and, where wanted, a legend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot import axes, caption, ranges, readout
from tailboard_tui.plot.axes import Scale, Tick
from tailboard_tui.plot.canvas import DOT_COLUMNS, DOT_ROWS, Canvas
from tailboard_tui.plot.cells import Cells, CellStyle
from tailboard_tui.plot.downsample import Frame, Spans, columns_of, spans, visible
from tailboard_tui.plot.envelope import IntArray
from tailboard_tui.plot.palette import blend
from tailboard_tui.plot.spec import ChartSpec, Look, Trace
from tailboard_tui.plot.xaxis import NAMES, x_ticks

MIN_WIDTH, MIN_HEIGHT = 16, 4
"""Anything smaller holds the title only."""

GUTTER = 7
"""Cells for y labels and the axis, so that the axes of charts above one another stand in one column."""

SPARSE = 3
"""Cells per point from which on each point is marked: a line alone would hide how few there are."""

LETTER_EVERY = 16
"""Cells between the letters along a line."""

RAW_SHARE, BAND_SHARE, CURSOR_SHARE = 0.42, 0.22, 0.16
"""How strongly a dimmed line, a band and the cursor stand out from the background."""


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
    left = max(GUTTER, widest + 2) if widest <= width // 3 else GUTTER
    right = caption.label_cells(spec, width)
    return Layout(left, 1, width - left - right, rows, x, y, y_ticks)


def draw(spec: ChartSpec, width: int, height: int, look: Look) -> Cells:
    """The chart in `width` x `height` cells; never outside of them, whatever the values are.

    Points stand where they were logged: every column of dots holds its minimum, maximum, first and last
    (`downsample.spans`). What cannot be drawn is marked: a cross on the x axis where a value is NaN or
    infinite, a triangle at the border that points leave by.
    """
    canvas = Canvas(max(width, 1), max(height, 1), is_ascii=look.is_ascii)
    spec = _prepared(spec)
    place = layout(spec, width, height)
    if place is None:
        caption.write_title(canvas, spec, look, outside=())
        return canvas.cells()
    _axes(canvas, spec, place, look)
    found = [spans(trace.line, place.frame, trace.shift) for trace in spec.traces]
    _strokes(canvas, spec, found, place, look)
    for trace, lines in zip(reversed(spec.traces), reversed(found), strict=True):
        _marks(canvas, trace, lines, place, look)
    if not look.has_color and len(spec.traces) > 1:
        _letters(canvas, spec, place)
    _seams(canvas, spec, place, look)
    _bad_marks(canvas, spec, place, look)
    if spec.cursor is not None:
        _cursor(canvas, spec.cursor, place, look)
    caption.write_title(canvas, spec, look, outside=ranges.outside(spec, place.x, place.y))
    caption.write_labels(canvas, spec, place, look)
    caption.write_legend(canvas, spec, look)
    if not any(trace.line.size for trace in spec.traces):
        _say(canvas, place, "no points yet", look)
    elif not any(readout.points_shown(t.line, place.x, t.shift) for t in spec.traces):
        _say(canvas, place, "no points in this window", look)
    return canvas.cells()


def _prepared(spec: ChartSpec) -> ChartSpec:
    """The spec with lines that fit its y axis."""
    if not spec.is_log_y or all(trace.line.is_log for trace in spec.traces):
        return spec
    return replace(spec, traces=tuple(_for_log(trace) for trace in spec.traces))


def _for_log(trace: Trace) -> Trace:
    smooth = trace.smooth.for_log() if trace.smooth is not None else None
    return replace(trace, line=trace.line.for_log(), smooth=smooth)


def _axes(canvas: Canvas, spec: ChartSpec, place: Layout, look: Look) -> None:
    line, corner, tick_y, tick_x = ("|", "+", "+", "+") if look.is_ascii else ("│", "└", "┤", "┬")
    rule = "-" if look.is_ascii else "─"
    axis = CellStyle(look.axis) if look.has_color else CellStyle(is_dim=True)
    muted = CellStyle(look.muted) if look.has_color else CellStyle()
    bottom, column = place.top + place.height, place.left - 1
    for row in range(place.top, bottom):
        canvas.write(row, column, line, axis)
    canvas.write(bottom, column, corner + rule * place.width, axis)
    for tick in place.y_ticks:
        at_row = place.row(tick.value)
        if at_row is not None:
            canvas.write(at_row, column, tick_y, axis)
            if len(tick.label) < column:
                canvas.write(at_row, column - 1 - len(tick.label), tick.label, muted)
    end = 0
    for tick, at, start in x_labels(spec, place, canvas.width):
        canvas.write(bottom, at, tick_x, axis)
        canvas.write(bottom + 1, start, tick.label, muted)
        end = start + len(tick.label)
    name = NAMES[spec.x_kind]
    if spec.has_x_name and canvas.width - end >= len(name) + 3:
        canvas.write(bottom + 1, canvas.width - len(name) - 1, name, muted)


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


def _strokes(
    canvas: Canvas, spec: ChartSpec, found: Sequence[list[Spans]], place: Layout, look: Look
) -> None:
    """All lines, the first trace on top; points beneath smoothed lines are dimmed and below all of those."""
    beneath: list[tuple[list[Spans], CellStyle]] = []
    above: list[tuple[list[Spans], CellStyle]] = []
    for trace, lines in zip(reversed(spec.traces), reversed(found), strict=True):
        strong, dim = _styles(trace, look)
        if trace.band is not None:
            _band(canvas, trace, place, look)
        if trace.smooth is None:
            above.append((lines, strong))
        else:
            beneath.append((lines, dim))
            above.append((spans(trace.smooth, place.frame, trace.shift), strong))
    for lines, style in (*beneath, *above):
        for part in lines:
            canvas.strokes(part, place.top, place.left, place.height, place.width, style)


def _styles(trace: Trace, look: Look) -> tuple[CellStyle, CellStyle]:
    """Of a trace, and of its points beneath a smoothed line."""
    if not look.has_color:
        return CellStyle(), CellStyle(is_dim=True)
    return CellStyle(trace.color), CellStyle(blend(trace.color, look.background, RAW_SHARE))


def _marks(canvas: Canvas, trace: Trace, lines: list[Spans], place: Layout, look: Look) -> None:
    """Lone points and those of a sparse metric as bullets; triangles where points lie outside."""
    line, frame = trace.line, place.frame
    style = _styles(trace, look)[1 if trace.smooth is not None else 0]
    strong = _styles(trace, look)[0]
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
            _mark(canvas, place, columns, frame.row(line.y[begin:end]), point, style)


def _letters(canvas: Canvas, spec: ChartSpec, place: Layout) -> None:
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


def _band(canvas: Canvas, trace: Trace, place: Layout, look: Look) -> None:
    """Tint the cells between the borders of a band; without colour, draw the borders."""
    if trace.band is None:
        return
    frame = place.frame
    if not look.has_color:
        for border in (trace.band.low, trace.band.high):
            for found in spans(border, frame):
                canvas.strokes(
                    found, place.top, place.left, place.height, place.width, CellStyle(is_dim=True)
                )
        return
    top = np.full(frame.columns, np.inf)
    bottom = np.full(frame.columns, -np.inf)
    for border in (trace.band.low, trace.band.high):
        for found in spans(border, frame):
            top[found.columns] = np.minimum(top[found.columns], found.tops)
            bottom[found.columns] = np.maximum(bottom[found.columns], found.bottoms)
    tops = np.minimum(top[0::2], top[1::2])
    bottoms = np.maximum(bottom[0::2], bottom[1::2])
    rows = np.arange(place.height)[:, None] * DOT_ROWS
    covered = (rows + DOT_ROWS - 1.5 >= tops) & (rows + 0.5 <= bottoms)
    at_rows, at_columns = np.nonzero(covered)
    color = blend(trace.color, look.background, BAND_SHARE)
    canvas.tint(at_rows + place.top, at_columns + place.left, color)


def _seams(canvas: Canvas, spec: ChartSpec, place: Layout, look: Look) -> None:
    """A broken vertical line where a resumed segment begins, beneath the lines."""
    style = CellStyle(look.muted) if look.has_color else CellStyle(is_dim=True)
    for trace in spec.traces:
        for seam in trace.seams:
            column = place.column(seam - trace.shift)
            if column is not None:
                _upright(canvas, column, place, ":" if look.is_ascii else "┊", style)


def _upright(canvas: Canvas, column: int, place: Layout, char: str, style: CellStyle) -> None:
    rows = np.arange(place.top, place.top + place.height)
    free = np.array([canvas.blank(int(row), column, 1) for row in rows])
    canvas.mark(rows[free], np.full(int(free.sum()), column), char, style)


def _bad_marks(canvas: Canvas, spec: ChartSpec, place: Layout, look: Look) -> None:
    """Red crosses on the x axis where values are NaN or infinite."""
    style = CellStyle(look.error, is_bold=True) if look.has_color else CellStyle(is_bold=True)
    for trace in spec.traces:
        if trace.line.bad.size:
            cells = columns_of(trace.line.bad, trace.line, place.frame, trace.shift) // DOT_COLUMNS
            rows = np.full(cells.size, place.top + place.height)
            canvas.mark(rows, cells + place.left, "x" if look.is_ascii else "×", style)


def _cursor(canvas: Canvas, x: float, place: Layout, look: Look) -> None:
    column = place.column(x)
    if column is None:
        return
    style = CellStyle(look.accent) if look.has_color else CellStyle()
    if look.has_color:
        rows = slice(place.top, place.top + place.height)
        canvas.tint(rows, slice(column, column + 1), blend(look.accent, look.background, CURSOR_SHARE))
    _upright(canvas, column, place, "|" if look.is_ascii else "│", style)
    canvas.write(place.top + place.height, column, "^" if look.is_ascii else "┴", style)


def _say(canvas: Canvas, place: Layout, text: str, look: Look) -> None:
    if len(text) <= place.width:
        row, column = place.top + place.height // 2, place.left + (place.width - len(text)) // 2
        canvas.write(row, column, text, CellStyle(look.muted) if look.has_color else CellStyle())
