"""The points of one metric on one x axis, prepared for drawing; extended, not rebuilt, as points arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot.envelope import Envelope, IntArray

MAX_SEGMENTS = 64
"""Points whose x goes back more often than this are drawn as points, in the order of their x."""

_NONE: IntArray = np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Points in drawing order. Safe to hand between threads: nothing in it ever changes.

    Two lines are equal only if they are the same object, so that comparing what charts show is cheap.
    """

    x: FloatArray
    """Shape (n,), finite. Ascending within each segment."""
    y: FloatArray
    """Shape (n,), finite or NaN: what cannot be drawn is NaN here and stands in `bad` or `hidden`."""
    envelope: Envelope
    starts: IntArray
    """Where segments begin: 0, and every index at which x goes back. Empty for no points."""
    bad: IntArray
    """Ascending indices of points whose value is NaN or infinite."""
    hidden: IntArray
    """Ascending indices of finite values that a logarithmic axis has no place for: zero and below."""
    is_log: bool = False
    """Whether the line is for a logarithmic axis."""
    first_bad: float = np.nan
    """The value at `bad[0]`: NaN or an infinity."""
    is_view: bool = True
    """Whether `y` is the caller's own array, in which nothing had to be replaced."""
    is_joined: bool = True
    """Whether neighbours are joined by strokes; not where x leaps back and forth all the time."""

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.x.size)

    @property
    def segments(self) -> list[tuple[int, int]]:
        """Half-open index ranges of ascending x."""
        if self.starts.size == 1:
            return [(0, self.size)]
        ends = np.append(self.starts, self.size)[1:]
        return [(int(start), int(end)) for start, end in zip(self.starts, ends, strict=True)]

    @staticmethod
    def of(x: FloatArray, y: FloatArray, *, is_log: bool = False) -> Line:
        """A line through the points (x, y), both of shape (n,). Points whose x is not finite are left out."""
        known = np.isfinite(x)
        if not known.all():
            x, y = x[known], y[known]
        starts = _starts(x, 0)
        is_joined = starts.size <= MAX_SEGMENTS
        if not is_joined:
            order = np.argsort(x, kind="stable")
            x, y, starts = x[order], y[order], starts[:1]
        drawn, bad, hidden = _drawable(y, is_log)
        first_bad = float(y[bad[0]]) if bad.size else np.nan
        envelope = Envelope.of(drawn)
        return Line(x, drawn, envelope, starts, bad, hidden, is_log, first_bad, drawn is y, is_joined)

    def extended(self, x: FloatArray, y: FloatArray) -> Line:
        """The line through (x, y), of which the first `size` points are those of this line."""
        old = self.size
        starts = np.concatenate((self.starts, _starts(x[old - 1 :], old - 1)[1:])) if old else _NONE
        if not (old and self.is_joined and starts.size <= MAX_SEGMENTS and np.isfinite(x[old:]).all()):
            return Line.of(x, y, is_log=self.is_log)
        if x.size == old:
            return self
        fresh = y[old:]
        shown, bad, hidden = _drawable(fresh, self.is_log)
        bad = np.concatenate((self.bad, bad + old)) if bad.size else self.bad
        hidden = np.concatenate((self.hidden, hidden + old)) if hidden.size else self.hidden
        first_bad = self.first_bad if self.bad.size or not bad.size else float(y[bad[0]])
        is_view = self.is_view and shown is fresh
        drawn = y if is_view else np.concatenate((self.y, shown))
        envelope = self.envelope.extended(drawn)
        return Line(x, drawn, envelope, starts, bad, hidden, self.is_log, first_bad, is_view)

    def for_log(self) -> Line:
        """This line for a logarithmic axis."""
        return self if self.is_log else Line.of(self.x, self.y, is_log=True)


def _drawable(y: FloatArray, is_log: bool) -> tuple[FloatArray, IntArray, IntArray]:
    """`y` with NaN for what cannot be drawn, and the indices of bad and of hidden values."""
    finite = np.isfinite(y)
    bad = _NONE if finite.all() else np.flatnonzero(~finite)
    hidden = np.flatnonzero(finite & (y <= 0)) if is_log else _NONE
    if hidden.size or (bad.size and np.isinf(y[bad]).any()):
        y = np.where(finite & (y > 0) if is_log else finite, y, np.nan)
    return y, bad, hidden


def _starts(x: FloatArray, first: int) -> IntArray:
    """Indices, counted from `first`, at which a segment of ascending x begins."""
    if x.size == 0:
        return _NONE
    back = np.flatnonzero(x[1:] < x[:-1]) + 1
    return np.concatenate((np.zeros(1, dtype=np.intp), back)) + first
