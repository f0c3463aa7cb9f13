"""Single points in words: the last, the best, the one nearest to the cursor, the first that is not finite."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tailboard_tui.plot.axes import Scale
from tailboard_tui.plot.downsample import visible
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.spec import Goal, Trace
from tailboard_tui.plot.xaxis import XKind, x_text
from tailboard_tui.text import units


@dataclass(frozen=True, slots=True)
class Reading:
    """A real point of a line."""

    index: int
    x: float
    """On the axis, after the shift."""
    value: float
    """NaN where it was logged so, or as an infinity."""


def last(trace: Trace) -> Reading | None:
    """The newest point."""
    return _reading(trace, trace.line.size - 1) if trace.line.size else None


def best(trace: Trace, goal: Goal | None) -> Reading | None:
    """The first best point, if it is known which way is better."""
    if goal is None:
        return None
    index = trace.line.envelope.index_of(trace.line.y, highest=goal == "maximize")
    return None if index is None else _reading(trace, index)


def nearest(trace: Trace, x: float) -> Reading | None:
    """The point whose x is nearest; of equals the later one, of several segments the newest."""
    line, target = trace.line, x + trace.shift
    found: int | None = None
    for start, end in line.segments:
        place = start + int(np.searchsorted(line.x[start:end], target, "right"))
        for index in (place - 1, place):
            if start <= index < end and (
                found is None or abs(line.x[index] - target) <= abs(line.x[found] - target)
            ):
                found = index
    return None if found is None else _reading(trace, found)


def _reading(trace: Trace, index: int) -> Reading:
    return Reading(index, float(trace.line.x[index]) - trace.shift, float(trace.line.y[index]))


def best_mark(goal: Goal | None, is_ascii: bool) -> str:
    """The sign before a best value: which way is better."""
    if is_ascii:
        return "best "
    return "↓" if goal == "minimize" else "↑"


def value_text(trace: Trace, reading: Reading | None, metric: str = "") -> str:
    """A reading as short text; infinities by the one that the line remembers."""
    if reading is None:
        return "—"
    if math.isnan(reading.value) and trace.line.bad.size and reading.index == trace.line.bad[0]:
        return units.number(trace.line.first_bad)
    return number_text(reading.value, metric)


def number_text(value: float, metric: str) -> str:
    """A value of `metric` as short text: what its name calls bytes as `3.2 GiB`."""
    is_size = metric.endswith("_bytes") and math.isfinite(value)
    return units.size(value) if is_size else units.number(value)


def bad_text(trace: Trace, kind: XKind) -> str:
    """What is not finite: `NaN at step 412`, `NaN from step 412`, `12 NaN, first at step 412`."""
    bad = trace.line.bad
    if not bad.size:
        return ""
    word = units.number(trace.line.first_bad)
    unit = {"step": "step ", "relative": "step ", "epoch": "epoch ", "index": "point "}.get(kind, "")
    place = unit + x_text(kind, float(trace.line.x[bad[0]]) - trace.shift)
    if bad.size == 1:
        return f"{word} at {place}"
    if bad.size == trace.line.size - bad[0]:
        return f"{word} from {place}"
    return f"{units.count(bad.size)} {word}, first at {place}"


def points_shown(line: Line, x: Scale, shift: float) -> int:
    """Points whose x lies on the scale."""
    return sum(end - start for start, end in visible(line, x, shift))
