"""A run that explodes: its later values are not to flatten what came before, and it is said that they left.

A line that falls steeply at its start has its largest values there, and is always shown whole: only later
values can lie far beyond earlier ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tailboard_tui.plot.axes import Scale
from tailboard_tui.plot.downsample import visible
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.spec import ChartSpec, Goal

FEWEST = 8
"""Of fewer points one cannot tell the usual from what left it."""

WORSE, UNKNOWN, BETTER = 1e3, 1e4, 1e6
"""Later values lie outside when they lie so many times the span and size of the first half beyond it: that
half would be no more than a line on the axis. A value that grows better may be what one waits for."""

RECENT = 64
"""Points among which the newest finite value is looked for: after an explosion there often come NaN."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The points that the y axis does not show."""

    counts: tuple[int, ...] = ()
    """For each trace; empty: none of any."""
    farthest: float | None = None
    """Where a run's newest point is one of them: the value that lies farthest out."""


def leaves(
    line: Line, start: int, end: int, ends: tuple[float, float], goal: Goal | None
) -> tuple[bool, bool]:
    """Whether, of the points from `start` to `end`, later ones lie far below, and far above, the first half.

    Args:
        ends: Smallest and largest value of all of them, not NaN.
        goal: Which way is better, if that is known.
    """
    if line.is_log or end - start < FEWEST:
        return False, False
    if ends[1] - ends[0] <= WORSE * abs(float(line.y[start])):
        return False, False  # the first half is as large as its first value: nothing lies that far beyond
    low, high = line.envelope.range(line.y, start, half_of(start, end))
    unit = max(high - low, abs(low), abs(high))
    if not unit > 0:
        return False, False
    up = BETTER if goal == "maximize" else WORSE if goal == "minimize" else UNKNOWN
    down = BETTER if goal == "minimize" else WORSE if goal == "maximize" else UNKNOWN
    return low - ends[0] > down * unit, ends[1] - high > up * unit


def half_of(start: int, end: int) -> int:
    """Where the first half of the points from `start` to `end` ends."""
    return start + (end - start) // 2


def outside(spec: ChartSpec, x: Scale, y: Scale) -> Outside:
    """What of the points that `x` shows lies above or below `y`."""
    counts: list[int] = []
    farthest: float | None = None
    for trace in spec.traces:
        line, count = trace.line, 0
        for start, end in visible(line, x, trace.shift):
            count += line.envelope.outside(line.y, start, end, y.low, y.high)
            newest = _newest(line, start, end)
            if y.low <= newest <= y.high:
                continue
            ends = line.envelope.range(line.y, start, end)
            if any(leaves(line, start, end, ends, spec.goal)):
                value = ends[1] if newest > y.high else ends[0]
                farthest = value if farthest is None else max(farthest, value, key=abs)
        counts.append(count)
    return Outside(tuple(counts), farthest if spec.y_range is None and spec.is_robust else None)


def _newest(line: Line, start: int, end: int) -> float:
    """The last finite value; NaN where there is none among the newest."""
    value = float(line.y[end - 1])
    if not math.isnan(value):
        return value
    recent = line.y[max(start, end - RECENT) : end]
    known = np.flatnonzero(~np.isnan(recent))
    return float(recent[known[-1]]) if known.size else math.nan
