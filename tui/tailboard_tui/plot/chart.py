"""A chart as cells: a pure function of lines, axes, size and look. Widget and `tailboard plot` both call it.

From the top: one row of title, the plot with its y labels to the left and the runs' letters to the right,
the x axis with marks, its labels, and, where wanted, a legend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tailboard_tui.plot import caption, marks, readout
from tailboard_tui.plot.canvas import DOT_ROWS, Canvas
from tailboard_tui.plot.cells import Cells, CellStyle
from tailboard_tui.plot.diverging import Outside, outside
from tailboard_tui.plot.downsample import Spans, spans
from tailboard_tui.plot.layout import Layout, layout, x_labels
from tailboard_tui.plot.palette import blend
from tailboard_tui.plot.spec import ChartSpec, Look, Trace
from tailboard_tui.plot.xaxis import NAMES

BAND_SHARE = 0.22
"""How strongly a band stands out from the background."""


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
        caption.write_title(canvas, spec, look, Outside())
        return canvas.cells()
    _axes(canvas, spec, place, look)
    found = [spans(trace.line, place.frame, trace.shift) for trace in spec.traces]
    _strokes(canvas, spec, found, place, look)
    for trace, lines in zip(reversed(spec.traces), reversed(found), strict=True):
        marks.marks(canvas, trace, lines, place, look)
    if not look.has_color and len(spec.traces) > 1:
        marks.letters(canvas, spec, place)
    marks.seams(canvas, spec, place, look)
    marks.bad_marks(canvas, spec, place, look)
    if spec.cursor is not None:
        marks.cursor(canvas, spec.cursor, place, look)
    caption.write_title(canvas, spec, look, outside(spec, place.x, place.y))
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
    rows, columns = np.arange(place.top, bottom), np.arange(place.left, place.left + place.width)
    canvas.mark(rows, np.full(rows.size, column), line, axis)
    canvas.mark(np.full(columns.size, bottom), columns, rule, axis)
    canvas.mark(np.array([bottom]), np.array([column]), corner, axis)
    for tick in place.y_ticks:
        at_row = place.row(tick.value)
        if at_row is not None:
            canvas.mark(np.array([at_row]), np.array([column]), tick_y, axis)
            if len(tick.label) < column:
                canvas.write(at_row, column - 1 - len(tick.label), tick.label, muted)
    end = 0
    for tick, at, start in x_labels(spec, place, canvas.width):
        canvas.mark(np.array([bottom]), np.array([at]), tick_x, axis)
        canvas.write(bottom + 1, start, tick.label, muted)
        end = start + len(tick.label)
    name = NAMES[spec.x_kind]
    if spec.has_x_name and canvas.width - end >= len(name) + 3:
        canvas.write(bottom + 1, canvas.width - len(name) - 1, name, muted)


def _strokes(
    canvas: Canvas, spec: ChartSpec, found: Sequence[list[Spans]], place: Layout, look: Look
) -> None:
    """All lines, the first trace on top; points beneath smoothed lines are dimmed and below all of those."""
    beneath: list[tuple[list[Spans], CellStyle]] = []
    above: list[tuple[list[Spans], CellStyle]] = []
    for trace, lines in zip(reversed(spec.traces), reversed(found), strict=True):
        strong, dim = marks.styles(trace, look)
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


def _say(canvas: Canvas, place: Layout, text: str, look: Look) -> None:
    if len(text) <= place.width:
        row, column = place.top + place.height // 2, place.left + (place.width - len(text)) // 2
        canvas.write(row, column, text, CellStyle(look.muted) if look.has_color else CellStyle())
