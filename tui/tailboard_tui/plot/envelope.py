"""Minimum and maximum of every 64 values: what makes a redraw cost the same for any number of points.

One level is enough. A redraw reads n/64 buckets and at most 64 values at each column's border, which for
1,000,000 points is 15,625 + 64 per column; a further level saves microseconds (benchmarks/draw.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import FloatArray

IntArray = npt.NDArray[np.intp]

BUCKET = 64
"""Values per bucket: building costs 2 ms per million, and a border's remainder stays one cache line wide."""

DIRECT = 16 * 1024
"""So many values are looked through as fast as the buckets around them are gathered."""

_OFFSETS = np.arange(BUCKET)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Extremes of whole buckets of a growing array; an incomplete last bucket is not in it."""

    lows: FloatArray
    """Smallest value of each bucket, NaN ignored, shape (n // 64,). NaN where a bucket has nothing else."""
    highs: FloatArray
    """Largest value of each bucket, likewise."""

    @staticmethod
    def of(values: FloatArray) -> Envelope:
        """The envelope of `values`, shape (n,), which must not hold infinities."""
        empty = np.empty(0)
        return Envelope(empty, empty).extended(values)

    def extended(self, values: FloatArray) -> Envelope:
        """The envelope of `values`, of which this one covers a prefix. Only new buckets are computed."""
        done = self.lows.size
        count = values.size // BUCKET
        if count == done:
            return self
        fresh = values[done * BUCKET : count * BUCKET].reshape(-1, BUCKET)
        lows, highs = np.fmin.reduce(fresh, axis=1), np.fmax.reduce(fresh, axis=1)
        if done == 0:
            return Envelope(lows, highs)
        return Envelope(np.concatenate((self.lows, lows)), np.concatenate((self.highs, highs)))

    def extremes(self, values: FloatArray, cuts: IntArray) -> tuple[FloatArray, FloatArray]:
        """Minimum and maximum of `values` between each cut and the next, NaN ignored.

        Args:
            values: The array of which this is the envelope, shape (n,).
            cuts: Strictly ascending indices, shape (k + 1,), the last one at most n.

        Returns:
            Two arrays of shape (k,). NaN where a stretch has only NaN.
        """
        first, last = int(cuts[0]), int(cuts[-1])
        if last - first <= DIRECT or (cuts[1:] - cuts[:-1]).min() < BUCKET:
            stretch, starts = values[first:last], cuts[:-1] - first
            return np.fmin.reduceat(stretch, starts), np.fmax.reduceat(stretch, starts)
        return self._by_buckets(values, cuts)

    def _by_buckets(self, values: FloatArray, cuts: IntArray) -> tuple[FloatArray, FloatArray]:
        """The same for columns of a bucket and more each: whole buckets, then what lies around each cut."""
        begin, end = -(-cuts[:-1] // BUCKET), cuts[1:] // BUCKET
        # Pairs (begin, end) interleaved: every second stretch is a column, the others are its border.
        pairs = np.stack((begin, end), axis=1).ravel()
        stop = int(pairs[-1])
        low = np.fmin.reduceat(self.lows[:stop], np.minimum(pairs[:-1], stop - 1))[::2]
        high = np.fmax.reduceat(self.highs[:stop], np.minimum(pairs[:-1], stop - 1))[::2]
        none = begin == end
        low[none], high[none] = np.nan, np.nan
        # The bucket in which a cut lies, cut in two: its head belongs to the column before, its tail after.
        inside = cuts % BUCKET
        around = np.minimum((cuts - inside)[:, None] + _OFFSETS, values.size - 1).ravel()
        halves = np.stack((np.zeros_like(inside), inside), axis=1) + np.arange(cuts.size)[:, None] * BUCKET
        near = values[around]
        for whole, reduce in ((low, np.fmin), (high, np.fmax)):
            parts = reduce.reduceat(near, halves.ravel()).reshape(-1, 2)
            parts[inside == 0, 0] = np.nan
            parts[inside == 0, 1] = np.nan  # whole buckets begin here: nothing is left over
            reduce(whole, reduce(parts[:-1, 1], parts[1:, 0]), out=whole)
        return low, high

    def outside(self, values: FloatArray, start: int, stop: int, low: float, high: float) -> int:
        """How many of `values[start:stop]` are finite and below `low` or above `high`."""
        begin, end = -(-start // BUCKET), stop // BUCKET
        if end <= begin:
            return _count_outside(values[start:stop], low, high)
        hit = np.flatnonzero((self.lows[begin:end] < low) | (self.highs[begin:end] > high)) + begin
        inner = values[(hit[:, None] * BUCKET + _OFFSETS).ravel()] if hit.size else values[:0]
        ends = (values[start : begin * BUCKET], inner, values[end * BUCKET : stop])
        return sum(_count_outside(part, low, high) for part in ends)

    def index_of(self, values: FloatArray, *, highest: bool) -> int | None:
        """Index of the first smallest (or largest) of `values`; None when there is nothing but NaN."""
        buckets = self.highs if highest else self.lows
        rest = values[self.lows.size * BUCKET :]
        found = np.concatenate((buckets, rest))
        if np.isnan(found).all():
            return None
        at = int(np.nanargmax(found) if highest else np.nanargmin(found))
        if at >= buckets.size:
            return at - buckets.size + buckets.size * BUCKET
        inside = values[at * BUCKET : (at + 1) * BUCKET]
        return at * BUCKET + int(np.nanargmax(inside) if highest else np.nanargmin(inside))

    def range(self, values: FloatArray, start: int, stop: int) -> tuple[float, float]:
        """Minimum and maximum of `values[start:stop]`; (NaN, NaN) when there is nothing but NaN."""
        begin, end = -(-start // BUCKET), stop // BUCKET
        if end <= begin:
            parts: list[FloatArray] = [values[start:stop]] * 2
        else:
            ends = (values[start : begin * BUCKET], values[end * BUCKET : stop])
            parts = [np.concatenate((*ends, level[begin:end])) for level in (self.lows, self.highs)]
        return float(np.fmin.reduce(parts[0])), float(np.fmax.reduce(parts[1]))


def _count_outside(values: FloatArray, low: float, high: float) -> int:
    return int(np.count_nonzero((values < low) | (values > high)))
