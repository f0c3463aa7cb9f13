"""From the points of a run to what stays known of them: statistics, sparkline, pace."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tailboard_tui.formats.base import MetricDef
from tailboard_tui.store import goal
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.model import Points
from tailboard_tui.store.pace import RECENT, newest, pace
from tailboard_tui.store.progress import epoch_metric
from tailboard_tui.store.rowmaker import Digest

SPARK_POINTS = 32
"""At most, and at least half as many where there are points."""


def digest(columns: RunColumns, defs: Sequence[MetricDef]) -> Digest:
    """The points of a run in short.

    Args:
        defs: What the run said of its metrics; they choose the one for the sparkline.
    """
    points = columns.points()
    steps, times = columns.recent(RECENT)
    epochs = points.series(epoch_metric(points.metrics) or "")
    recent = (None, None) if epochs is None else (epochs.values[-RECENT:], epochs.times[-RECENT:])
    return Digest(
        columns.stats(),
        _sparkline(points, goal.key_metric(points.metrics, defs)),
        pace(steps, times, *recent),
        newest(times),
        columns.problems,
    )


def _sparkline(points: Points, metric: str | None) -> tuple[float, ...]:
    """Finite values of a metric, evenly spread, those of the first and last point included.

    Every 2**k-th: while points arrive they stay the same but for the last, and the picture holds still.
    """
    series = points.series(metric) if metric is not None else None
    if series is None or not series.values.size:
        return ()
    last = series.values.size - 1
    every = 1 << max(-(-last // (SPARK_POINTS - 1)) - 1, 0).bit_length()
    values = np.append(series.values[:last:every], series.values[last])
    return tuple(values[np.isfinite(values)].tolist())
