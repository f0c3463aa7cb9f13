"""How the metrics of runs compare; `store.differences` has configuration, `store.origins` code and data.

Values stand in the order of the runs given; the first run is the baseline unless another is named. Where
points are compared, pandas does it; it is imported then, so call with points from a worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailboard_tui.formats.base import MetricDef
from tailboard_tui.store.differences import delta, is_same
from tailboard_tui.store.goal import Best, Direction, best, definition, direction
from tailboard_tui.store.model import MetricStats, Points, RunRow

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Level:
    """All runs of one metric read off at the same place."""

    at: float
    """Step, or seconds since the run began: the furthest that all runs with the metric reached."""
    values: tuple[float | None, ...]
    """The last value that stood at that place; None where the run has none."""


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric over all compared runs."""

    name: str
    direction: Direction | None
    last: tuple[float | None, ...]
    best: tuple[Best | None, ...]
    leaders: tuple[int, ...]
    """Indices of the runs with the best value; none without a direction or in a tie of all."""
    deltas: tuple[float | None, ...]
    """Best (last, without a direction) minus the baseline's."""
    at_step: Level | None = None
    at_time: Level | None = None

    @property
    def winner(self) -> int | None:
        """Index of the run that alone has the best value."""
        return self.leaders[0] if len(self.leaders) == 1 else None

    @property
    def differs(self) -> bool:
        """Whether not all runs have the same best and last value."""
        bests = {item and item.value for item in self.best}
        return len(bests) > 1 or any(not is_same(value, self.last[0]) for value in self.last)


def metric_comparisons(
    rows: Sequence[RunRow], points: Sequence[Points | None] | None = None, baseline: int = 0
) -> list[MetricComparison]:
    """Every metric of any run: those of most runs first, of these the ones that have a better and a worse.

    Args:
        points: The runs' points, for values at equal step and time; without them those are None.
    """
    counts: dict[str, int] = {}
    for row in rows:
        for name in row.metrics:
            counts[name] = counts.get(name, 0) + 1
    found = [_metric(name, rows, points, baseline) for name in counts]
    return sorted(found, key=lambda item: (-counts[item.name], item.direction is None))


def _metric(
    name: str, rows: Sequence[RunRow], points: Sequence[Points | None] | None, baseline: int
) -> MetricComparison:
    stats = [row.metrics.get(name) for row in rows]
    towards = direction(name, definitions_of(name, rows))
    found = tuple(_best(item, towards) for item in stats)
    last = tuple(None if item is None else item.last for item in stats)
    judged = last if towards is None else tuple(item.value if item else None for item in found)
    at_step, at_time = read_off(name, rows, points) if points else (None, None)
    return MetricComparison(
        name=name,
        direction=towards,
        last=last,
        best=found,
        leaders=_leaders(found, towards),
        deltas=tuple(delta(value, judged[baseline]) for value in judged),
        at_step=at_step,
        at_time=at_time,
    )


def definitions_of(name: str, rows: Sequence[RunRow]) -> Sequence[MetricDef]:
    """The definitions of the first run whose `define_metric` speaks of `name`."""
    return next(
        (row.facts.metric_defs for row in rows if definition(name, row.facts.metric_defs) is not None), ()
    )


def _best(stats: MetricStats | None, towards: Direction | None) -> Best | None:
    return None if stats is None or stats.count == 0 else best(stats, towards)


def _leaders(found: Sequence[Best | None], towards: Direction | None) -> tuple[int, ...]:
    values = [item.value for item in found if item is not None]
    if towards is None or len(values) < 2 or min(values) == max(values):
        return ()
    top = min(values) if towards == "minimize" else max(values)
    return tuple(at for at, item in enumerate(found) if item is not None and item.value == top)


def read_off(
    name: str, rows: Sequence[RunRow], points: Sequence[Points | None]
) -> tuple[Level | None, Level | None]:
    """All runs of one metric at equal step, and at equal time since each run began."""
    import pandas as pd

    by_step: list[pd.Series[float]] = []
    by_time: list[pd.Series[float]] = []
    for row, of_run in zip(rows, points, strict=True):
        series = of_run.series(name) if of_run is not None else None
        parts = (series.values, series.steps, series.times) if series is not None else ((), (), ())
        values, steps, times = (pd.Series(part, dtype=float) for part in parts)
        by_step.append(values.set_axis(steps))
        by_time.append(values.set_axis(times - (times.min() if row.started is None else row.started)))
    return _level(by_step), _level(by_time)


def _level(found: Sequence[pd.Series[float]]) -> Level | None:
    """All runs at the furthest place that each of them reached; None with fewer than two of them.

    Of a run it is the point nearest to that place from below, the last written of equals.

    Args:
        found: The values of each run by place, in the order of writing; places may be NaN.
    """
    import numpy as np

    known = [item.loc[np.isfinite(item.index.to_numpy())].sort_index(kind="stable") for item in found]
    reached = [item.index[-1] for item in known if len(item)]
    if len(reached) < 2:
        return None
    at = min(reached)
    below = [item.loc[:at] for item in known]
    return Level(float(at), tuple(float(item.iloc[-1]) if len(item) else None for item in below))
