"""Runs as the store knows them, made in memory for tests of what works on rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import RunFacts, Value
from tailboard_tui.store.model import MetricStats, RunRow, Series, Status


def stats(values: Sequence[float]) -> MetricStats:
    """The statistics of `values` at steps 0, 1, 2 ..."""
    finite = [(value, step) for step, value in enumerate(values) if math.isfinite(value)]
    low = min(finite, key=lambda point: point[0], default=(math.nan, math.nan))
    high = max(finite, key=lambda point: point[0], default=(math.nan, math.nan))
    bad = [step for step, value in enumerate(values) if not math.isfinite(value)]
    return MetricStats(
        count=len(values),
        first=values[0],
        last=values[-1],
        min=low[0],
        min_step=low[1],
        max=high[0],
        max_step=high[1],
        last_step=len(values) - 1,
        nan_count=len(bad),
        first_bad_step=bad[0] if bad else None,
    )


def run_row(
    id: str = "20261123-120000-abcdef",
    status: Status = "finished",
    metrics: Mapping[str, MetricStats] | None = None,
    config: Mapping[str, Value] | None = None,
    summary: Mapping[str, Value] | None = None,
    step: float | None = None,
    started: float | None = None,
    ended: float | None = None,
    star: bool = False,
    is_read: bool = True,
    **facts: Any,
) -> RunRow:
    """A run; `facts` are fields of `RunFacts`."""
    facts = {"name": id, "source": "tailboard", "path": f"/runs/{id}", "created": 1_700_000_000.0, **facts}
    return RunRow(
        key=facts["path"],
        facts=RunFacts(id=id, config=config or {}, summary=summary or {}, **facts),
        status=status,
        status_reason="",
        step=step,
        started=started,
        ended=ended,
        metrics=metrics or {},
        star=star,
        is_read=is_read,
    )


def series(
    name: str,
    values: Sequence[float],
    steps: Sequence[float] | npt.NDArray[np.float64] | None = None,
    times: Sequence[float] | None = None,
) -> Series:
    """Points at steps 0, 1, 2 ... and as many seconds, unless said otherwise."""
    count = np.arange(len(values), dtype=float)
    return Series(
        name,
        count if steps is None else np.asarray(steps, dtype=float),
        count if times is None else np.asarray(times, dtype=float),
        np.asarray(values, dtype=float),
        0,
    )


class FakePoints:
    """Points of a run, held in memory."""

    is_complete = True

    def __init__(self, *metrics: Series, system: Sequence[Series] = ()) -> None:
        self._known = {item.name: item for item in (*metrics, *system)}
        self.metrics = tuple(item.name for item in metrics)
        self.system_metrics = tuple(item.name for item in system)

    def series(self, name: str, *, everything: bool = False) -> Series | None:
        return self._known.get(name)
