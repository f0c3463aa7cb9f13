"""The points of one run as growing columns: what chunks of a reader add up to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from tailboard_tui.formats.base import Chunk, FloatArray, Problem, Rows
from tailboard_tui.store.column import ClockColumns, MetricColumn, Stream, new_generation
from tailboard_tui.store.model import MetricStats, Points
from tailboard_tui.store.points import BoolArray, CoarsePoints, RunPoints

PROBLEMS_KEPT = 1000


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
        return CoarsePoints(self._view(), sample._view(), unread, new_generation())


def _is_rank(clock: str) -> bool:
    return clock.startswith("rank") and clock[4:].isdigit()


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in itertools.count(2):
        yield f"{name} ({number})"
