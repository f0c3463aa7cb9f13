"""What stays known of a run's points when they are let go: statistics, sparkline, pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import MetricDef, Problem
from tailboard_tui.store import goal
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.model import MetricStats, Points
from tailboard_tui.store.pace import RECENT, newest, pace
from tailboard_tui.store.progress import Pace, epoch_metric

SPARK_POINTS = 32


@dataclass(frozen=True, slots=True)
class Digest:
    """A run's points in short."""

    statistics: Mapping[str, MetricStats]
    sparkline: tuple[float, ...]
    """At most `SPARK_POINTS` finite values of the key metric."""
    pace: Pace
    last_record: float | None
    """Time of the newest metrics, Unix seconds."""
    problems: tuple[Problem, ...]
    """What could not be read among them."""


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
    """Finite values of a metric, evenly spread, those of the first and last point included."""
    series = points.series(metric) if metric is not None else None
    if series is None or not series.values.size:
        return ()
    spread = np.linspace(0, series.values.size - 1, SPARK_POINTS).astype(int)
    values = series.values[np.unique(spread)]
    return tuple(values[np.isfinite(values)].tolist())
