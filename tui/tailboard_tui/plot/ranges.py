"""Which part of the values a chart shows: limits of both axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median_high, median_low

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot import axes
from tailboard_tui.plot.axes import Scale
from tailboard_tui.plot.diverging import half_of, leaves
from tailboard_tui.plot.downsample import visible
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.spec import ChartSpec, Trace

SAMPLE = 1024
"""Values by which outliers are judged: the fences move by a percent or two with the sample, no more."""

STRETCH = 16

FEWEST = 32
"""With fewer points none is called an outlier."""

MAJORITY = 3
"""So many runs have one: of two that lie far apart, neither is the outlier."""

RUN_FENCE, PAIR_FENCE = 10.0, 1e6
"""Heights of what a run usually spans, beyond which one that left the others does not stretch the y axis;
of two, the one that spans more has diverged only where the other would be no more than a line beside it."""

X_PARTS = 8
"""x limits are rounded to about an eighth: a live axis, and with it all of its chart, moves that seldom."""


def x_scale(spec: ChartSpec) -> Scale:
    """The x axis: the window, or all points, rounded outward."""
    if spec.window is not None and spec.window[0] < spec.window[1]:
        low, high = spec.window
        if spec.is_log_x and high > 0:
            return Scale(max(low, high * 1e-6), high, is_log=True)
        return Scale(low, high)
    lows = [] if spec.extent is None or spec.is_log_x else [spec.extent[0]]
    highs = [] if spec.extent is None else [spec.extent[1]]
    for trace in spec.traces:
        x = trace.line.x
        for start, end in trace.line.segments:
            first = (
                int(np.searchsorted(x[start:end], trace.shift, "right")) + start if spec.is_log_x else start
            )
            if first < end:
                lows.append(float(x[first]) - trace.shift)
                highs.append(float(x[end - 1]) - trace.shift)
    if not lows or not highs:
        return Scale(1.0, 10.0, is_log=True) if spec.is_log_x else Scale(0.0, 1.0)
    low, high = min(lows), max(highs)
    if spec.is_log_x:
        return Scale(low, max(high, low * 1.01), is_log=True)
    return _x_limits(low, high, is_clock=spec.x_kind == "wall")


def _x_limits(low: float, high: float, *, is_clock: bool) -> Scale:
    if high <= low:
        spread = max(abs(low) * 1e-6, 0.5)
        return Scale(max(low - spread, 0.0) if low >= 0 else low - spread, high + spread)
    top = axes.limits(low, high, parts=X_PARTS)[1]
    if is_clock or (top - low) / (high - low) > 1.2 or not math.isfinite(top):
        step = axes.nice_step(max((high / 2 - low / 2) / X_PARTS * 2, axes.TINY))
        top = low + math.ceil((high - low) / step - 1e-9) * step
    bottom = 0.0 if 0 <= low <= (high - low) * 0.05 else low
    return Scale(bottom, top) if math.isfinite(top) and top > bottom else Scale(low, high)


def y_scale(spec: ChartSpec, x: Scale) -> Scale:
    """The y axis over what `x` shows: fixed, or rounded outward around all points or all but outliers."""
    if spec.y_range is not None and _is_usable(spec.y_range, spec.is_log_y):
        return Scale(*spec.y_range, is_log=spec.is_log_y)
    found: Sequence[tuple[float, float]] = [
        ends for trace in spec.traces if (ends := _span(trace, x, spec)) is not None
    ]
    if spec.is_robust:
        found = _most(found, is_log=spec.is_log_y)
    low = min((ends[0] for ends in found), default=math.nan)
    high = max((ends[1] for ends in found), default=math.nan)
    if spec.is_size and not spec.is_log_y:
        return Scale(*axes.size_limits(low, high))
    return Scale(*axes.limits(low, high, is_log=spec.is_log_y), is_log=spec.is_log_y)


def _span(trace: Trace, x: Scale, spec: ChartSpec) -> tuple[float, float] | None:
    """Smallest and largest value of a trace that `x` shows; None where there is none."""
    found = [
        _range(line, start, end, spec)
        for line in _ranged(trace)
        for start, end in visible(line, x, trace.shift)
    ]
    known = [ends for ends in found if not math.isnan(ends[0])]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _most(spans: Sequence[tuple[float, float]], *, is_log: bool) -> Sequence[tuple[float, float]]:
    """The spans without those of diverged runs: far beyond what the majority, or the tamer of two, spans."""
    if len(spans) < 2:
        return spans
    laid = [(math.log10(low), math.log10(high)) for low, high in spans] if is_log else spans
    low, high = median_high(low for low, _ in laid), median_low(high for _, high in laid)
    usual = median_low(top / 2 - bottom / 2 for bottom, top in laid) * 2
    reach = (RUN_FENCE if len(spans) >= MAJORITY else PAIR_FENCE) * max(high - low, usual)
    if not reach > 0:
        return spans
    kept = [
        ends for ends, at in zip(spans, laid, strict=True) if at[0] >= low - reach and at[1] <= high + reach
    ]
    return kept or spans


def _is_usable(ends: tuple[float, float], is_log: bool) -> bool:
    return ends[0] < ends[1] and (ends[0] > 0 or not is_log)


def _ranged(trace: Trace) -> list[Line]:
    return [trace.band.low, trace.band.high] if trace.band is not None else [trace.line]


def _range(line: Line, start: int, end: int, spec: ChartSpec) -> tuple[float, float]:
    """Minimum and maximum of the points from `start` to `end`; if so wanted, of those that are to be seen."""
    low, high = line.envelope.range(line.y, start, end)
    if not spec.is_robust or math.isnan(low) or low == high:
        return low, high
    is_down, is_up = leaves(line, start, end, (low, high), spec.goal)
    if not (is_down or is_up):
        return _without_outliers(line, start, end, (low, high))
    half = half_of(start, end)
    bottom, top = _without_outliers(line, start, half, line.envelope.range(line.y, start, half))
    span = top - bottom or abs(top)
    sample = _sorted_sample(line, start, end)
    cut = sample.size // 100
    return (
        bottom - span if is_down else min(bottom, max(low, float(sample[cut]) - span)),
        top + span if is_up else max(top, min(high, float(sample[-1 - cut]) + span)),
    )


def _without_outliers(line: Line, start: int, end: int, ends: tuple[float, float]) -> tuple[float, float]:
    """`ends`, or closer ones, as far from what most points span as that spans."""
    sample = _sorted_sample(line, start, end)
    if sample.size < FEWEST:
        return ends
    cut = max(sample.size // 100, 1)
    inner = np.log10(sample[[cut, -1 - cut]]) if line.is_log else sample[[cut, -1 - cut]]
    bottom, top = float(inner[0]), float(inner[1])
    spread = top / 2 - bottom / 2
    if spread <= 0:
        return ends
    fences = bottom - 2 * spread, top + 2 * spread
    if line.is_log:
        fences = 10 ** max(fences[0], -300.0), 10 ** min(fences[1], 300.0)
    return max(ends[0], fences[0]), min(ends[1], fences[1])


def _sorted_sample(line: Line, start: int, end: int) -> FloatArray:
    """Some of the values from `start` to `end` that are not NaN, ascending."""
    sample = _sample(line.y[start:end])
    return np.sort(sample[~np.isnan(sample)])


def _sample(values: FloatArray) -> FloatArray:
    """At most `SAMPLE` of the values: evenly spread stretches, each of which lies in two cache lines."""
    if values.size <= SAMPLE:
        return values
    starts = np.linspace(0, values.size - STRETCH, SAMPLE // STRETCH).astype(np.intp)
    sample: FloatArray = values[starts[:, None] + np.arange(STRETCH)].ravel()
    return sample
