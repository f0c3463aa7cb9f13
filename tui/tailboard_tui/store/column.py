"""What growing columns are made of: the records of one clock, and the values of one metric in them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from tailboard_tui.formats.base import Column, FloatArray, RowArray, Rows
from tailboard_tui.store.growable import Growable
from tailboard_tui.store.points import BoolArray, ClockView, Gathered, MetricView
from tailboard_tui.store.running_stats import RunningStats

RESUMES_SHOWN = 1000
"""Seams of one run that a chart is told of."""

_generations = itertools.count(1)

Stream = Literal["metrics", "system"]


def new_generation() -> int:
    """Unique among all runs: no chart takes the points of one that was read again for a longer version."""
    return next(_generations)


class ClockColumns:
    """Steps and times that the metrics of one clock share, and what resumed segments replaced."""

    def __init__(self, name: str, stream: Stream) -> None:
        self.name, self.stream = name, stream
        self.steps: Growable[np.float64] = Growable(np.float64)
        self.times: Growable[np.float64] = Growable(np.float64)
        self.resumes: list[tuple[int, float]] = []
        self.end = 0
        self.offsets: list[int] = []
        self._kept: Growable[np.bool_] | None = None
        self._highest = -math.inf
        self._view: ClockView | None = None

    def append(self, rows: Rows) -> BoolArray | None:
        """Add records; gives which records are replaced by resumed segments since before, None for none."""
        first = len(self.steps)
        self.steps.append(rows.steps)
        self.times.append(rows.times)
        self.end = rows.end
        if rows.offsets is not None:
            self.offsets += rows.offsets.tolist()
        if self._kept is not None:
            self._kept.append(np.ones(len(rows.steps), np.bool_))
        self._view = None
        markers = self._markers(rows.resumes, first)
        self.resumes += markers
        replaced = self._replaced_by(markers, first)
        self._raise_highest(rows.steps)
        return replaced

    def restore(
        self, steps: FloatArray, times: FloatArray, resumes: Sequence[tuple[int, float]], end: int
    ) -> None:
        """Stand where another process stood."""
        self.steps, self.times = Growable(np.float64, steps), Growable(np.float64, times)
        self.resumes, self.end = list(resumes), end
        self._replaced_by(self.resumes, 0)
        self._raise_highest(steps)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.steps.nbytes + self.times.nbytes + (self._kept.nbytes if self._kept else 0)

    def view(self) -> ClockView:
        """The records as they are now."""
        if self._view is None:
            steps = [step for _, step in self.resumes]
            self._view = ClockView(
                self.steps.view(),
                self.times.view(),
                None if self._kept is None else self._kept.view(),
                tuple(_not_replaced(steps)[-RESUMES_SHOWN:]),
                tuple(steps[-RESUMES_SHOWN:]),
            )
        return self._view

    def _markers(self, resumes: Sequence[tuple[int, float]], first: int) -> list[tuple[int, float]]:
        """Where the segments of a new block begin, at most one a record: (record, step).

        A run that goes on from a checkpoint may log from before the step that the logger took for the
        next one: the first record of a segment lowers its step. A marker at the end of the block before
        waits for that record, and is taken back here.
        """
        found: dict[int, float] = {}
        if self.resumes and self.resumes[-1][0] == first:
            found[first] = self.resumes.pop()[1]
        for row, step in resumes:
            if not math.isnan(step):
                found[first + row] = min(step, found.get(first + row, math.inf))
        steps = self.steps.view()
        for row, step in found.items():
            if row < len(steps) and steps[row] < step:
                found[row] = float(steps[row])
        return list(found.items())

    def _raise_highest(self, steps: FloatArray) -> None:
        if steps.size:
            self._highest = float(np.fmax.reduce(steps, initial=self._highest))

    def _replaced_by(self, markers: Sequence[tuple[int, float]], first: int) -> BoolArray | None:
        """Drop what `markers` replace; records before `first` only where a marker reaches them.

        A record is replaced when a marker behind it names its step or an earlier one. All markers of a
        block are taken together, so that a file of nothing but markers costs no more than its size.
        """
        if not markers:
            return None
        lowest = min(step for _, step in markers)
        start = 0 if lowest <= self._highest else first
        stop = markers[-1][0]
        limits = np.empty(max(stop - start, 0))
        limit, end = math.inf, stop
        for row, step in reversed(markers):
            limits[max(row - start, 0) : max(end - start, 0)] = limit
            limit, end = min(limit, step), row
        limits[: max(end - start, 0)] = limit
        replaced = np.zeros(len(self.steps), np.bool_)
        replaced[start:stop] = self.steps.view()[start:stop] >= limits
        if self._kept is not None:
            replaced &= self._kept.view()
        if not replaced.any():
            return None
        kept = ~replaced if self._kept is None else self._kept.view() & ~replaced
        self._kept = Growable(np.bool_, kept)
        self._view = None
        return replaced


class MetricColumn:
    """The values of one metric and the records that they stand in."""

    def __init__(self, name: str, clock: ClockColumns) -> None:
        self.name, self.clock = name, clock
        self.values: Growable[np.float64] = Growable(np.float64)
        self.rows: Growable[np.uint32] | None = None
        self.generation = new_generation()
        self.has_replaced = False
        self._kept_series, self._all_series = Gathered(), Gathered()
        self._stats = RunningStats()
        self._counted = 0
        self._view: MetricView | None = None

    def append(self, column: Column, first: int) -> None:
        """Add the values of a block whose first record is the clock's `first`-th."""
        if self.rows is None and (column.rows is not None or first != len(self.values)):
            self.rows = Growable(np.uint32, np.arange(len(self.values), dtype=np.uint32))
        if self.rows is not None:
            rows = np.arange(len(column.values), dtype=np.uint32) if column.rows is None else column.rows
            self.rows.append(rows + np.uint32(first))
        self.values.append(column.values)
        self._view = None

    def restore(
        self, values: FloatArray, rows: RowArray | None, stats: RunningStats, *, has_replaced: bool
    ) -> None:
        """Stand where another process stood."""
        self.values = Growable(np.float64, values)
        self.rows = None if rows is None else Growable(np.uint32, rows)
        self.has_replaced = has_replaced
        self._stats, self._counted = stats, len(values)

    def replace_where(self, replaced: BoolArray) -> None:
        """Begin a new generation if any of the points is among the replaced records."""
        if self.rows is None:
            is_hit = replaced[: len(self.values)].any()
        else:
            rows = self.rows.view()
            is_hit = replaced[rows].any()
        if is_hit:
            self.has_replaced = True
            self.generation = new_generation()
            self._stats, self._counted = RunningStats(), 0
            self._view = None

    def view(self) -> MetricView:
        """The points as they are now."""
        clock = self.clock.view()
        if self._view is None:
            self._view = MetricView(
                self.values.view(),
                None if self.rows is None else self.rows.view(),
                clock,
                self.has_replaced,
                self.generation,
                self._kept_series,
                self._all_series,
            )
        elif self._view.clock is not clock:
            self._view = replace(self._view, clock=clock)
        return self._view

    def stats(self) -> RunningStats:
        """In numbers, over the points that count."""
        if self._counted < len(self.values):
            steps, _, values = self.view().pick(self._counted)
            self._stats.add(steps, values)
            self._counted = len(self.values)
        return self._stats

    @property
    def nbytes(self) -> int:
        """Memory held."""
        gathered = self._kept_series.nbytes + self._all_series.nbytes
        return self.values.nbytes + (self.rows.nbytes if self.rows else 0) + gathered


def _not_replaced(steps: Sequence[float]) -> list[float]:
    """The markers that no later marker replaces: those below all that follow."""
    found: list[float] = []
    lowest = math.inf
    for step in reversed(steps):
        if step < lowest:
            found.append(step)
            lowest = step
    return found[::-1]
