"""Lines of the shown runs, prepared for drawing: in place where that is quick, else in a thread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.smooth import Smoothing, extended
from tailboard_tui.plot.xaxis import Epochs, XKind, abscissa
from tailboard_tui.store.model import Points, Series
from tailboard_tui.widgets.selection import ShownRun

QUICK_POINTS = 50_000
"""A line of so many points is ready in under a millisecond; longer ones, and medians, wait for the thread."""

_EPOCH_NAMES = ("epoch", "train/epoch", "epochs", "trainer/epoch")


class LineKey(NamedTuple):
    """What a prepared line depends on, beside the points themselves."""

    run: str
    metric: str
    x_kind: XKind
    is_log: bool
    is_everything: bool
    smoothing: Smoothing


@dataclass(frozen=True, slots=True)
class Prepared:
    """A line ready for drawing. Frozen: made in one thread, drawn in another."""

    points: Points
    """The snapshot that it was made from."""
    series: Series
    line: Line
    smoothed: FloatArray | None
    smooth: Line | None
    shift: float
    seams: tuple[float, ...]
    can_grow: bool
    """Whether all points are on the line in their order, so that it may be extended."""


class Job(NamedTuple):
    """A line that is to be prepared."""

    key: LineKey
    run: ShownRun
    points: Points
    old: Prepared | None


class ChartLines:
    """The prepared lines of the shown runs. Used from the UI thread; `prepare` from any."""

    def __init__(self) -> None:
        self._lines: dict[LineKey, Prepared | None] = {}
        self._snapshots: dict[LineKey, Points] = {}
        self.waiting: dict[LineKey, Job] = {}
        """What is to be prepared in a thread."""

    def keep(self, runs: Iterable[str]) -> None:
        """Let go of all other runs' lines, so that the store's budget holds."""
        kept = set(runs)
        for key in [key for key in self._lines if key.run not in kept]:
            del self._lines[key]
            self._snapshots.pop(key, None)
            self.waiting.pop(key, None)

    def get(self, key: LineKey, run: ShownRun) -> Prepared | None:
        """The line as it is now, or, where it is long, as it was until the thread is done."""
        points = run.points
        if points is None:
            return None
        old = self._lines.get(key)
        if self._snapshots.get(key) is points:
            return old
        job = Job(key, run, points, old)
        if _is_quick(job):
            self.put(job, prepare(job))
        else:
            self.waiting[key] = job
        return self._lines[key] if key in self._lines else self._stand_in(key)

    def _stand_in(self, key: LineKey) -> Prepared | None:
        """The same points otherwise smoothed, to be shown until they are smoothed as wanted."""
        return next((self._lines[other] for other in self._lines if _is_alike(other, key)), None)

    def put(self, job: Job, done: Prepared | None) -> None:
        """Take what `prepare` made of a job, and let go of what was there before in its place."""
        place = (job.key.run, job.key.metric)
        for other in [key for key in self._lines if key[:2] == place and key != job.key]:
            del self._lines[other]
            self._snapshots.pop(other, None)
            self.waiting.pop(other, None)
        self._lines[job.key] = done
        self._snapshots[job.key] = job.points
        waiting = self.waiting.get(job.key)
        if waiting is not None and waiting.points is job.points:
            del self.waiting[job.key]


def _is_alike(one: LineKey, other: LineKey) -> bool:
    """Whether two lines differ in their smoothing only."""
    return one._replace(smoothing=other.smoothing) == other


def _is_quick(job: Job) -> bool:
    stats = job.run.row.metrics.get(job.key.metric)
    count = stats.count if stats is not None else 0
    limit = (
        QUICK_POINTS // 20
        if job.key.smoothing.is_on and job.key.smoothing.method == "median"
        else QUICK_POINTS
    )
    return count <= limit and job.run.row.bytes_total <= 400 * limit * max(len(job.run.row.metrics), 1)


def prepare(job: Job) -> Prepared | None:
    """Make or extend a line. Safe in any thread: it reads frozen snapshots only."""
    key, points, old = job.key, job.points, job.old
    series = points.series(key.metric, everything=key.is_everything)
    if series is None:
        return None
    place = abscissa(
        key.x_kind,
        series.steps,
        series.times,
        started=job.run.row.started,
        epochs=_epochs(points) if key.x_kind == "epoch" else None,
    )
    grows = old is not None and _continues(old, series) and old.shift == place.shift and key.x_kind != "epoch"
    line = old.line.extended(place.x, series.values) if old is not None and grows else None
    if line is None:
        line = Line.of(place.x, series.values, is_log=key.is_log)
    smoothed, smooth = None, None
    if key.smoothing.is_on:
        done = old.smoothed if old is not None and grows and old.smoothed is not None else np.empty(0)
        smoothed = extended(done, series.values, key.smoothing)
        smooth = Line.of(place.x, smoothed, is_log=key.is_log)
    seams = _seams(series, place.x) if series.resume_steps else ()
    can_grow = line.is_joined and line.size == series.values.size
    return Prepared(points, series, line, smoothed, smooth, place.shift, seams, can_grow)


def _continues(old: Prepared, series: Series) -> bool:
    """Whether the old points are the first of the new ones."""
    return (
        old.can_grow
        and old.series.generation == series.generation
        and old.series.values.size <= series.values.size
    )


def has_epochs(points: Points) -> bool:
    """Whether a run logs where it stands in epochs."""
    return any(name in points.metrics for name in _EPOCH_NAMES)


def _epochs(points: Points) -> Epochs | None:
    for name in _EPOCH_NAMES:
        series = points.series(name)
        if series is not None:
            return Epochs.of(series.steps, series.values)
    return None


def _seams(series: Series, x: FloatArray) -> tuple[float, ...]:
    """x of the first point of each resumed segment."""
    found = []
    for step in series.resume_steps:
        after = np.flatnonzero(series.steps >= step)
        if after.size:
            found.append(float(x[after[0]]))
    return tuple(found)
