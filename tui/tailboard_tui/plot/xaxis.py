"""What stands on the x axis: step, relative step, epoch, elapsed time, wall clock or index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot.axes import Scale, Tick, ticks, time_ticks
from tailboard_tui.text import units

XKind = Literal["step", "relative", "epoch", "elapsed", "wall", "index"]
X_KINDS: tuple[XKind, ...] = get_args(XKind)

NAMES: dict[XKind, str] = {
    "step": "step",
    "relative": "relative step",
    "epoch": "epoch",
    "elapsed": "elapsed",
    "wall": "wall clock",
    "index": "index",
}


@dataclass(frozen=True, slots=True)
class Epochs:
    """Where a run stands in epochs at some of its steps, from the metric that it logs them as."""

    steps: FloatArray
    """Shape (n,), ascending."""
    epochs: FloatArray
    """Shape (n,)."""

    @staticmethod
    def of(steps: FloatArray, epochs: FloatArray) -> Epochs | None:
        """From logged points; those that are not finite or go back are left out."""
        good = np.isfinite(steps) & np.isfinite(epochs)
        steps, epochs = steps[good], epochs[good]
        if not steps.size:
            return None
        ahead = np.concatenate(([True], steps[1:] > np.maximum.accumulate(steps)[:-1]))
        return Epochs(steps[ahead], epochs[ahead])


@dataclass(frozen=True, slots=True)
class Abscissa:
    """x of each point, and what to subtract from it: the arrays of the store are not copied."""

    x: FloatArray
    """Shape (n,). NaN where a point has no place on this axis."""
    shift: float = 0.0


def abscissa(
    kind: XKind,
    steps: FloatArray,
    times: FloatArray,
    *,
    started: float | None = None,
    epochs: Epochs | None = None,
) -> Abscissa:
    """Where points lie on an axis of `kind`.

    Points of a metric that was logged without any step are counted. Without epochs, an epoch axis shows
    steps; without times, an axis of time shows nothing.

    Args:
        steps: Shape (n,). NaN where a point has none.
        times: Shape (n,), Unix seconds, likewise.
        started: Unix seconds at which elapsed time is 0; by default the first time.
        epochs: For kind `epoch`: the run's epochs, between which lines are drawn.
    """
    if kind == "wall":
        return Abscissa(times)
    if kind == "elapsed":
        return Abscissa(times, started if started is not None else _first(times))
    if kind == "index" or not np.isfinite(steps).any():
        return Abscissa(np.arange(steps.size, dtype=np.float64))
    if kind == "epoch" and epochs is not None:
        return Abscissa(np.interp(steps, epochs.steps, epochs.epochs))
    if kind == "relative":
        return Abscissa(steps, _first(steps))
    return Abscissa(steps)


def _first(values: FloatArray) -> float:
    known = np.flatnonzero(np.isfinite(values[:1024]))
    if not known.size:
        known = np.flatnonzero(np.isfinite(values))
    return float(values[known[0]]) if known.size else 0.0


def x_ticks(kind: XKind, scale: Scale, most: int) -> list[Tick]:
    """Round ticks of an x axis."""
    if kind in ("elapsed", "wall") and not scale.is_log:
        return time_ticks(scale, most, is_clock=kind == "wall")
    return ticks(scale, most)


def x_text(kind: XKind, value: float) -> str:
    """One place on the axis as exact short text, for the read-out."""
    if kind == "elapsed":
        return units.duration(value)
    if kind == "wall":
        return units.moment(value)
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:,.6g}"
