"""How fast and how regularly a run moves, from its newest records."""

from __future__ import annotations

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.store.progress import Pace
from tailboard_tui.store.status import Rhythm

RECENT = 100
"""Records from which pace and rhythm are taken: enough to even out, few enough to follow a change."""

PAUSE = 100.0
"""Usual gaps, and seconds, beyond which a gap between records is no part of the run's pace."""


def pace(
    steps: FloatArray,
    times: FloatArray,
    epochs: FloatArray | None = None,
    epoch_times: FloatArray | None = None,
) -> Pace:
    """How a run moves.

    Args:
        steps: Steps of the newest records in file order, shape (n,); NaN where a record has none.
        times: Their times in Unix seconds, shape (n,); NaN where a record has none.
        epochs: Newest values of the run's epoch metric, shape (m,), where it has one.
        epoch_times: Their times, shape (m,).
    """
    if epochs is None or epoch_times is None:
        return Pace(newest(steps), rate(steps, times), rhythm=rhythm(times))
    return Pace(newest(steps), rate(steps, times), newest(epochs), rate(epochs, epoch_times), rhythm(times))


def newest(values: FloatArray) -> float | None:
    """The last finite value."""
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else None


def rate(counts: FloatArray, times: FloatArray) -> float | None:
    """How much `counts` grows a second over its newest `RECENT` entries; None when it does not.

    A restart among them, a count that falls or a pause of more than `PAUSE`, begins the measure anew.
    """
    counts, times = counts[-RECENT:], times[-RECENT:]
    known = np.isfinite(counts) & np.isfinite(times)
    counts, times = counts[known], times[known]
    if counts.size < 2:
        return None
    gaps = np.diff(times)
    restarts = np.flatnonzero((counts[1:] < counts[:-1]) | (gaps > PAUSE * np.median(gaps) + PAUSE))
    if restarts.size:
        counts, times = counts[restarts[-1] + 1 :], times[restarts[-1] + 1 :]
        if counts.size < 2:
            return None
    grown, seconds = float(counts[-1] - counts[0]), float(times[-1] - times[0])
    return grown / seconds if grown > 0 and seconds > 0 else None


def rhythm(times: FloatArray) -> Rhythm | None:
    """How regularly records come, from the newest `RECENT` times; None for fewer than three."""
    times = times[-RECENT:]
    gaps = np.diff(times[np.isfinite(times)])
    gaps = gaps[gaps >= 0]
    return Rhythm(float(np.median(gaps)), float(gaps.max())) if gaps.size >= 2 else None
