"""From points to one span of dots per column, exact at column resolution.

Each column keeps its minimum, maximum, first and last point, so the drawing equals that of all points
joined by straight strokes.

Source: M4, Jugel et al. 2014, https://www.vldb.org/pvldb/vol7/p797-jugel.pdf
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot.axes import Scale
from tailboard_tui.plot.envelope import IntArray
from tailboard_tui.plot.line import Line

BoolArray = npt.NDArray[np.bool_]

_FAR = 1e9
"""Dot rows beyond which a value is just far outside: keeps the arithmetic of strokes finite."""


_OUTSIDE = 1e-6
"""Dot rows that a value may lie outside by rounding alone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a line is drawn: a grid of dots and the scales laid on it."""

    x: Scale
    y: Scale
    columns: int
    """Dot columns, at least 1."""
    rows: int
    """Dot rows, at least 1; row 0 is the top."""

    def edges(self, shift: float = 0.0) -> FloatArray:
        """Borders of the dot columns in units of x plus `shift`, shape (columns + 1,)."""
        places = (np.arange(self.columns + 1) - 0.5) / max(self.columns - 1, 1)
        return self.x.value(places) + shift

    def column(self, x: FloatArray) -> FloatArray:
        """Fractional dot columns of `x`."""
        return self.x.position(x) * (self.columns - 1)

    def row(self, y: FloatArray) -> FloatArray:
        """Fractional dot rows of `y`; NaN stays NaN."""
        return np.minimum(np.maximum((1.0 - self.y.position(y)) * (self.rows - 1), -_FAR), _FAR)


@dataclass(frozen=True, slots=True)
class Spans:
    """What a line covers: one vertical run of dots per column. All of shape (k,)."""

    columns: IntArray
    """Ascending dot columns."""
    tops: FloatArray
    """Fractional dot row of the upper end."""
    bottoms: FloatArray
    """Fractional dot row of the lower end, at least the upper one."""
    is_lone: BoolArray
    """Whether it is a point without neighbours, which would be a speck without a marker."""
    is_above: BoolArray
    """Whether a point of the column lies above the frame."""
    is_below: BoolArray
    """Whether one lies below it."""


def spans(line: Line, frame: Frame, shift: float = 0.0) -> list[Spans]:
    """The dots of `line` in `frame`, one element per segment of ascending x that can be seen.

    Args:
        shift: Subtracted from the line's x: relative steps, elapsed time.
    """
    edges = frame.edges(shift)
    found = []
    for start, end in line.segments:
        cuts = np.searchsorted(line.x[start:end], edges) + start
        segment = _segment(line, frame, cuts, start, end, shift)
        if segment is not None:
            found.append(segment)
    return found


def columns_of(indices: IntArray, line: Line, frame: Frame, shift: float = 0.0) -> IntArray:
    """The dot columns in which points of `line` lie, given by ascending indices; each column once."""
    edges = frame.edges(shift)
    found = [np.empty(0, dtype=np.intp)]
    for start, end in line.segments:
        cuts = np.searchsorted(line.x[start:end], edges) + start
        found.append(np.flatnonzero(np.diff(np.searchsorted(indices, cuts))))
    return np.unique(np.concatenate(found))


def visible(line: Line, x: Scale, shift: float = 0.0) -> list[tuple[int, int]]:
    """Half-open index ranges of the points whose x lies on the scale."""
    found = []
    for start, end in line.segments:
        part = line.x[start:end]
        begin = start + int(np.searchsorted(part, x.low + shift, "left"))
        stop = start + int(np.searchsorted(part, x.high + shift, "right"))
        if stop > begin:
            found.append((begin, stop))
    return found


def _segment(line: Line, frame: Frame, cuts: IntArray, start: int, end: int, shift: float) -> Spans | None:
    occupied = np.flatnonzero(cuts[1:] > cuts[:-1])
    begin, stop = int(cuts[0]), int(cuts[-1])
    top = np.full(frame.columns, np.inf)
    bottom = np.full(frame.columns, -np.inf)
    if occupied.size:
        bounds = np.append(cuts[occupied], stop)
        lows, highs = line.envelope.extremes(line.y, bounds)
        top[occupied] = np.fmin(frame.row(highs), np.inf)
        bottom[occupied] = np.fmax(frame.row(lows), -np.inf)
        first, last = line.y[bounds[:-1]], line.y[bounds[1:] - 1]
    else:
        first = last = np.empty(0)
    above, below = top < -_OUTSIDE, bottom > frame.rows - 1 + _OUTSIDE
    lone = np.zeros(frame.columns, dtype=np.bool_)
    if line.is_joined:
        lone[occupied] = top[occupied] == bottom[occupied]
        # The neighbours just outside the window join in, so that strokes run to its border.
        columns = occupied.astype(np.float64)
        if begin > start:
            columns, first, last = _with(line, frame, begin - 1, shift, columns, first, last, at_end=False)
        if stop < end:
            columns, first, last = _with(line, frame, stop, shift, columns, first, last, at_end=True)
        _join(columns, frame.row(first), frame.row(last), top, bottom, lone)
    drawn = np.flatnonzero(top <= bottom)
    if not drawn.size:
        return None
    return Spans(drawn, top[drawn], bottom[drawn], lone[drawn], above[drawn], below[drawn])


def _with(
    line: Line,
    frame: Frame,
    index: int,
    shift: float,
    columns: FloatArray,
    first: FloatArray,
    last: FloatArray,
    *,
    at_end: bool,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The columns with the point at `index`, outside the window, as one more of them."""
    where = np.clip(frame.column(line.x[index : index + 1] - shift), -_FAR, _FAR)
    value = line.y[index : index + 1]
    if np.isnan(where[0]):
        return columns, first, last  # below zero on a logarithmic x axis
    if at_end:
        return np.append(columns, where), np.append(first, value), np.append(last, value)
    return np.append(where, columns), np.append(value, first), np.append(value, last)


def _join(
    columns: FloatArray,
    first: FloatArray,
    last: FloatArray,
    top: FloatArray,
    bottom: FloatArray,
    lone: BoolArray,
) -> None:
    """Draw the strokes from the last point of each column to the first of the next into top and bottom.

    A stroke covers in each column the rows that it crosses there. Ends that meet the next column stop half
    a dot short of it, so that slanted strokes are one dot thick, and steep ones have no holes.
    """
    joined = np.flatnonzero(np.isfinite(last[:-1]) & np.isfinite(first[1:]))
    if not joined.size:
        return
    left, right = columns[joined], columns[joined + 1]
    from_row, to_row = last[joined], first[joined + 1]
    is_next = (right - left == 1) & (left >= 0) & (right <= top.size - 1)
    if is_next.any():
        _join_next(left[is_next].astype(np.intp), from_row[is_next], to_row[is_next], top, bottom, lone)
        if is_next.all():
            return
        rest = ~is_next
        left, right, from_row, to_row = left[rest], right[rest], from_row[rest], to_row[rest]
    begin = np.clip(np.ceil(left), 0, top.size).astype(np.intp)
    end = np.clip(np.floor(right), -1, top.size - 1).astype(np.intp)
    counts = np.maximum(end - begin + 1, 0)
    which = np.repeat(np.arange(left.size), counts)
    column = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts) + begin[which]
    left, right = left[which], right[which]
    slope = (to_row[which] - from_row[which]) / (right - left)
    enter = np.maximum(column - 0.5, left)
    leave = np.minimum(column + 0.5, right)
    row_in = from_row[which] + (enter - left) * slope
    row_out = from_row[which] + (leave - left) * slope
    short_in = np.where(enter > left, 0.5, 0.0)
    short_out = np.where(leave < right, 0.5, 0.0)
    length = np.abs(row_out - row_in)
    total = np.maximum(short_in + short_out, 1e-12)
    sign = np.sign(row_out - row_in)
    row_in, row_out = (
        row_in + sign * np.minimum(short_in, length * short_in / total),
        row_out - sign * np.minimum(short_out, length * short_out / total),
    )
    np.minimum.at(top, column, np.minimum(row_in, row_out))
    np.maximum.at(bottom, column, np.maximum(row_in, row_out))
    lone[column] = False


def _join_next(
    left: IntArray,
    from_row: FloatArray,
    to_row: FloatArray,
    top: FloatArray,
    bottom: FloatArray,
    lone: BoolArray,
) -> None:
    """The strokes between neighbouring columns, of which a dense line has nothing else.

    They meet half-way: each column's end of the stroke stops half a dot short of the middle.
    """
    middle = from_row + 0.5 * (to_row - from_row)
    short = np.sign(to_row - from_row) * np.minimum(0.5, np.abs(middle - from_row))
    for columns, one, other in ((left, from_row, middle - short), (left + 1, middle + short, to_row)):
        top[columns] = np.minimum(top[columns], np.minimum(one, other))
        bottom[columns] = np.maximum(bottom[columns], np.maximum(one, other))
        lone[columns] = False
