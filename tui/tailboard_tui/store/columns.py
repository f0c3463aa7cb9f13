"""The points of one run as growing columns: what chunks of a reader add up to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from tailboard_tui.formats.base import Chunk, Column, FloatArray, Problem, RowArray, Rows
from tailboard_tui.store.growable import Growable
from tailboard_tui.store.model import MetricStats, Points
from tailboard_tui.store.points import BoolArray, ClockView, CoarsePoints, Gathered, MetricView, RunPoints
from tailboard_tui.store.running_stats import RunningStats

PROBLEMS_KEPT = 1000

RESUMES_SHOWN = 1000
"""Seams of one run that a chart is told of."""

_generations = itertools.count(1)
"""Unique among all runs, so that a chart never takes one run's points, read again, for a longer version."""

Stream = Literal["metrics", "system"]


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
        self.generation = next(_generations)
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
            self.generation = next(_generations)
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


class RunColumns:
    """All points of one run, fed by one thread; `points` gives what any thread may read.

    A metric is called as its file spells it. Where several clocks have the name, the run's own metrics
    keep it, and the others' stand as `<clock>/<name>`; those of further ranks always do (`rank1/loss`),
    so that rank 0 is what is seen first and all of a rank stands together (docs/design.md).
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.clocks: dict[str, ClockColumns] = {}
        self.columns: dict[tuple[str, str], MetricColumn] = {}
        self._names: dict[str, MetricColumn] = {}
        self._sample: RunColumns | None = None
        self._points: Points | None = None
        self.is_complete = False
        self.problems: tuple[Problem, ...] = ()
        self.bytes_read = 0

    def apply(self, chunk: Chunk) -> None:
        """Add what a poll gave."""
        if chunk.reset:
            self._clear()
        for rows in chunk.rows:
            self._add(rows)
        self.bytes_read = chunk.bytes_read
        if chunk.problems:
            self.problems = (self.problems + chunk.problems)[:PROBLEMS_KEPT]
        if not chunk.more and not self.is_complete:
            self.is_complete = True
            self._sample = None
            self._points = None
        if chunk.rows:
            self._points = None

    def apply_preview(self, chunk: Chunk) -> None:
        """Show these samples where the file has not been read yet."""
        if self.is_complete or not chunk.rows:
            return
        self._sample = RunColumns()
        for rows in chunk.rows:
            self._sample._add(rows)
        self._points = None

    def points(self) -> Points:
        """A frozen view of all that has been read."""
        if self._points is None:
            self._points = self._view() if self._sample is None else self._coarse_view(self._sample)
        return self._points

    def stats(self) -> dict[str, MetricStats]:
        """Each metric in numbers, resource samples left out; complete as far as has been read."""
        return {
            name: column.stats().freeze()
            for name, column in self._names.items()
            if column.clock.stream == "metrics"
        }

    def recent(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Steps and times of the newest `count` records of the metrics clock that has most."""
        clocks = [clock for clock in self.clocks.values() if clock.stream == "metrics"]
        if not clocks:
            return np.empty(0), np.empty(0)
        longest = max(clocks, key=lambda clock: len(clock.steps))
        start = max(len(longest.steps) - count, 0)
        return longest.steps.view(start), longest.times.view(start)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        clocks = sum(clock.nbytes for clock in self.clocks.values())
        return clocks + sum(column.nbytes for column in self.columns.values())

    def clock(self, name: str, stream: Stream) -> ClockColumns:
        """The clock of this name, new where there is none."""
        found = self.clocks.get(name)
        if found is None:
            found = self.clocks[name] = ClockColumns(name, stream)
        return found

    def column(self, clock: ClockColumns, name: str) -> MetricColumn:
        """The column of the metric that `clock` calls `name`, new where there is none."""
        found = self.columns.get((clock.name, name))
        if found is None:
            found = self.columns[clock.name, name] = MetricColumn(name, clock)
            self._call(found)
        return found

    def _add(self, rows: Rows) -> None:
        clock = self.clock(rows.clock, rows.stream)
        first = len(clock.steps)
        replaced = clock.append(rows)
        for name, column in rows.columns.items():
            self.column(clock, name).append(column, first)
        if replaced is not None:
            for found in self.columns.values():
                if found.clock is clock:
                    found.replace_where(replaced)

    def _call(self, column: MetricColumn) -> None:
        """Give a new column the name under which it is shown."""
        holder = self._names.get(column.name)
        if _is_rank(column.clock.name):
            self._names[self._free_name(column)] = column
        elif holder is None:
            self._names[column.name] = column
        elif holder.clock.stream == "system" and column.clock.stream == "metrics":
            self._names[column.name] = column
            self._names[self._free_name(holder)] = holder
        else:
            self._names[self._free_name(column)] = column

    def _free_name(self, column: MetricColumn) -> str:
        name = f"{column.clock.name}/{column.name}"
        return next(free for free in _numbered(name) if free not in self._names)

    def _view(self) -> RunPoints:
        names: dict[Stream, list[str]] = {"metrics": [], "system": []}
        for name, column in self._names.items():
            names[column.clock.stream].append(name)
        return RunPoints(
            tuple(names["metrics"]),
            tuple(names["system"]),
            self.is_complete,
            {name: column.view() for name, column in self._names.items()},
        )

    def _coarse_view(self, sample: RunColumns) -> CoarsePoints:
        unread: dict[str, BoolArray] = {}
        for name, column in sample._names.items():
            clock = self.clocks.get(column.clock.name)
            offsets = np.array(column.clock.offsets, dtype=np.int64)
            rows = slice(len(column.values)) if column.rows is None else column.rows.view()
            unread[name] = offsets[rows] >= (clock.end if clock else 0)
        return CoarsePoints(self._view(), sample._view(), unread, next(_generations))


def _is_rank(clock: str) -> bool:
    return clock.startswith("rank") and clock[4:].isdigit()


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in itertools.count(2):
        yield f"{name} ({number})"


def _not_replaced(steps: Sequence[float]) -> list[float]:
    """The markers that no later marker replaces: those below all that follow."""
    found: list[float] = []
    lowest = math.inf
    for step in reversed(steps):
        if step < lowest:
            found.append(step)
            lowest = step
    return found[::-1]
