"""Collecting records one by one into `Rows`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from tailboard_tui.formats.base import Column, Rows


class RowsBuilder:
    """Records of one clock, taken out in blocks."""

    def __init__(self, clock: str = "", stream: Literal["metrics", "system"] = "metrics") -> None:
        self.clock = clock
        self._stream: Literal["metrics", "system"] = stream
        self._clear()

    def _clear(self) -> None:
        self._steps: list[float] = []
        self._times: list[float] = []
        self._columns: dict[str, tuple[list[int], list[float]]] = {}
        self._resumes: list[tuple[int, float]] = []

    def add(
        self,
        step: float,
        time: float,
        values: Mapping[str, float] | Iterable[tuple[str, float]],
        *,
        resumes: bool = False,
    ) -> None:
        """One record.

        Args:
            step: NaN where it has none.
            time: Unix seconds; NaN where it has none.
            values: The metrics; each name once.
            resumes: From here on later records replace earlier ones with a step of `step` or more.
        """
        row = len(self._steps)
        if resumes:
            self._resumes.append((row, step))
        self._steps.append(step)
        self._times.append(time)
        for name, value in values.items() if isinstance(values, Mapping) else values:
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = ([], [])
            column[0].append(row)
            column[1].append(value)

    def take(self) -> list[Rows]:
        """The records since the last call as one block, or no block."""
        count = len(self._steps)
        if not count:
            return []
        columns = {
            name: Column(
                None if len(values) == count else np.array(rows, dtype=np.uint32),
                np.array(values, dtype=np.float64),
            )
            for name, (rows, values) in self._columns.items()
        }
        block = Rows(
            self.clock,
            self._stream,
            np.array(self._steps, dtype=np.float64),
            np.array(self._times, dtype=np.float64),
            columns,
            tuple(self._resumes),
        )
        self._clear()
        return [block]


class ResumeWatch:
    """Tells a resumed run from late points, where the format itself does not say it.

    A step that falls back by more than `STRIDES` of the usual strides begins a resumed segment: a run
    that went on from a checkpoint, or a second run in the same file. A smaller fall is a late point, or
    a second writer, and replaces nothing.
    """

    STRIDES = 5.0

    def __init__(self) -> None:
        self._last = math.nan
        self._stride = math.inf

    def state(self) -> list[float]:
        """Where it stands: the last step and the usual stride."""
        return [self._last, self._stride]

    def restore(self, state: Sequence[float]) -> None:
        """Go on there."""
        self._last, self._stride = map(float, state)

    def mark(self, rows: Rows) -> Rows:
        """`rows`, the next of their clock, with markers where a resumed segment begins."""
        steps = rows.steps
        is_step = np.isfinite(steps)
        finite = steps[is_step]
        with np.errstate(over="ignore"):  # Steps of 1e308 and -1e308 are infinitely far apart.
            changes = finite - np.concatenate(([self._last], finite[:-1]))[: len(finite)]
        if not (changes < 0).any():
            grown = changes[changes > 0]
            if len(grown):
                self._stride = min(self._stride, float(grown.min()))
            if len(finite):
                self._last = float(finite[-1])
            return rows
        found = [(row, step) for row, step in enumerate(steps.tolist()) if self.falls_back(step)]
        return replace(rows, resumes=tuple(sorted({*rows.resumes, *found})))

    def falls_back(self, step: float) -> bool:
        """Whether the record with this step, the next in the file, begins a resumed segment."""
        if not math.isfinite(step):
            return False
        change, self._last = step - self._last, step
        if change > 0:
            self._stride = min(self._stride, change)
        return change < -self.STRIDES * self._stride
