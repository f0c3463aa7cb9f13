"""Minimum and maximum of every 64 values, of every 8 of those, and so on: what makes a redraw cost the
same for any number of points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import FloatArray

IntArray = npt.NDArray[np.intp]

BUCKET = 64
"""Values per bucket: building costs 2 ms per million, and a border's remainder stays one cache line wide."""

FANOUT = 8
"""Buckets per bucket of the level above."""

DIRECT = 16 * 1024
"""So many values are looked through as fast as the buckets around them are gathered."""

_OFFSETS = np.arange(BUCKET)


@dataclass(frozen=True, slots=True)
class Level:
    """Extremes of stretches of equal length; above it, where it is long, those of 8 stretches each."""

    lows: FloatArray
    """NaN where a stretch has nothing else."""
    highs: FloatArray
    above: Level | None

    @staticmethod
    def of(lows: FloatArray, highs: FloatArray, known: Level | None = None) -> Level:
        """The level of these extremes, of which `known` covers a prefix. Only what is new is computed."""
        count = lows.size // FANOUT
        if lows.size <= DIRECT:
            return Level(lows, highs, None)
        before = known.above if known is not None else None
        done = before.lows.size if before is not None else 0
        fresh = np.s_[done * FANOUT : count * FANOUT]
        upper_lows = np.fmin.reduce(lows[fresh].reshape(-1, FANOUT), axis=1)
        upper_highs = np.fmax.reduce(highs[fresh].reshape(-1, FANOUT), axis=1)
        if before is not None:
            upper_lows = np.concatenate((before.lows, upper_lows))
            upper_highs = np.concatenate((before.highs, upper_highs))
        return Level(lows, highs, Level.of(upper_lows, upper_highs, before))

    def extremes(self, begin: IntArray, end: IntArray) -> tuple[FloatArray, FloatArray]:
        """Minimum and maximum of each [begin, end), shape (k,); NaN for empty ones.

        Both are ascending, and none begins before the one before it has ended.
        """
        if self.above is None or int(end[-1]) - int(begin[0]) <= DIRECT:
            return self._direct(begin, end)
        inner_begin, inner_end = -(-begin // FANOUT), end // FANOUT
        low, high = self.above.extremes(np.minimum(inner_begin, inner_end), inner_end)
        # What lies before the first whole bucket and after the last, fewer than 8 on each side.
        head = begin[:, None] + _OFFSETS[:FANOUT]
        tail = np.maximum(inner_end * FANOUT, begin)[:, None] + _OFFSETS[:FANOUT]
        inside = np.concatenate(
            (head < np.minimum(inner_begin * FANOUT, end)[:, None], tail < end[:, None]), 1
        )
        around = np.minimum(np.concatenate((head, tail), axis=1), self.lows.size - 1)
        edge_low = np.fmin.reduce(np.where(inside, self.lows[around], np.nan), axis=1)
        edge_high = np.fmax.reduce(np.where(inside, self.highs[around], np.nan), axis=1)
        return np.fmin(low, edge_low), np.fmax(high, edge_high)

    def _direct(self, begin: IntArray, end: IntArray) -> tuple[FloatArray, FloatArray]:
        # Pairs (begin, end) interleaved: every second stretch is wanted, the others lie between.
        pairs = np.stack((begin, end), axis=1).ravel()
        first, stop = int(pairs[0]), int(pairs[-1])
        empty = begin == end
        if first == stop:
            return np.full(begin.size, np.nan), np.full(begin.size, np.nan)
        starts = np.minimum(pairs[:-1], stop - 1) - first
        low = np.fmin.reduceat(self.lows[first:stop], starts)[::2]
        high = np.fmax.reduceat(self.highs[first:stop], starts)[::2]
        low[empty], high[empty] = np.nan, np.nan
        return low, high


@dataclass(frozen=True, slots=True)
class Envelope:
    """Extremes of whole buckets of a growing array; an incomplete last bucket is not in it."""

    buckets: Level

    @property
    def lows(self) -> FloatArray:
        """Smallest value of each bucket, NaN ignored, shape (n // 64,). NaN where it has nothing else."""
        return self.buckets.lows

    @property
    def highs(self) -> FloatArray:
        """Largest value of each bucket, likewise."""
        return self.buckets.highs

    @staticmethod
    def of(values: FloatArray) -> Envelope:
        """The envelope of `values`, shape (n,), which must not hold infinities."""
        empty = np.empty(0)
        return Envelope(Level(empty, empty, None)).extended(values)

    def extended(self, values: FloatArray) -> Envelope:
        """The envelope of `values`, of which this one covers a prefix. Only new buckets are computed."""
        done = self.lows.size
        count = values.size // BUCKET
        if count == done:
            return self
        fresh = values[done * BUCKET : count * BUCKET].reshape(-1, BUCKET)
        lows, highs = np.fmin.reduce(fresh, axis=1), np.fmax.reduce(fresh, axis=1)
        if done:
            lows, highs = np.concatenate((self.lows, lows)), np.concatenate((self.highs, highs))
        return Envelope(Level.of(lows, highs, self.buckets))

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
        low, high = self.buckets.extremes(begin, end)
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
        buckets, rest = self.highs if highest else self.lows, values[self.lows.size * BUCKET :]
        reduce = np.fmax if highest else np.fmin
        best = reduce.reduce(
            np.array([reduce.reduce(part) for part in (buckets, rest) if part.size]), initial=np.nan
        )
        if np.isnan(best):
            return None
        whole = np.flatnonzero(buckets == best)
        begin = int(whole[0]) * BUCKET if whole.size else self.lows.size * BUCKET
        return begin + int(np.argmax(values[begin : begin + BUCKET] == best))

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
