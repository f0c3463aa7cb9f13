"""Frozen views of a run's points, and the series that charts and commands take from them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import FloatArray, RowArray
from tailboard_tui.store.growable import Growable
from tailboard_tui.store.model import Series

BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.intp]

OUTLINE_STRETCHES = 4096
"""Of a long metric that is still being read, so many stretches are told by their lowest and highest point:
charts make their lines anew for each snapshot, and copies of all points would take memory and time."""


@dataclass(frozen=True, slots=True)
class ClockView:
    """The records of one clock."""

    steps: FloatArray
    times: FloatArray
    kept: BoolArray | None
    """False where a resumed segment replaced the record; None: nowhere."""
    resume_steps: tuple[float, ...]
    """Where resumed segments begin that no later one replaced."""
    all_resume_steps: tuple[float, ...]


class Gathered:
    """The series of one metric that cannot be a plain view, extended as the metric grows.

    Shared by all snapshots of a run, which different threads may read: it locks itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = -1
        self._done = 0
        self._steps: Growable[np.float64]
        self._times: Growable[np.float64]
        self._values: Growable[np.float64]
        self._restart(-1)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self._steps.nbytes + self._times.nbytes + self._values.nbytes

    def series(self, view: MetricView) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Steps, times and values of the kept points of `view`."""
        with self._lock:
            if view.generation > self._generation:
                self._restart(view.generation)
            if view.generation < self._generation or len(view.values) < self._done:
                steps, times, values = view.pick(0)  # an older snapshot than the last that asked
                return _read_only(steps), _read_only(times), _read_only(values)
            if len(view.values) > self._done:
                steps, times, values = view.pick(self._done)
                self._steps.append(steps)
                self._times.append(times)
                self._values.append(values)
                self._done = len(view.values)
            return self._steps.view(), self._times.view(), self._values.view()

    def _restart(self, generation: int) -> None:
        self._generation = generation
        self._done = 0
        self._steps, self._times = Growable(np.float64), Growable(np.float64)
        self._values = Growable(np.float64)


@dataclass(frozen=True, slots=True)
class MetricView:
    """The points of one metric."""

    values: FloatArray
    rows: RowArray | None
    """Of the clock; None: its first `len(values)` ones."""
    clock: ClockView
    has_replaced: bool
    """Whether a resumed segment replaced some of these points."""
    generation: int
    kept_series: Gathered
    all_series: Gathered

    def pick(self, start: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Steps, times and values of the kept points from the `start`-th point on."""
        values = self.values[start:]
        rows: RowArray | slice = slice(start, len(self.values)) if self.rows is None else self.rows[start:]
        steps, times = self.clock.steps[rows], self.clock.times[rows]
        if not self.has_replaced or self.clock.kept is None:
            return steps, times, values
        kept = self.clock.kept[rows]
        return steps[kept], times[kept], values[kept]

    def without_replacing(self) -> MetricView:
        """The same with the points that resumed segments replaced."""
        return MetricView(
            self.values, self.rows, self.clock, False, self.generation, self.all_series, self.all_series
        )

    def series(self, name: str, everything: bool) -> Series:
        """Its points, as `Points.series` gives them."""
        view = self.without_replacing() if everything else self
        if view.rows is None and not view.has_replaced:
            steps, times, values = view.pick(0)
        else:
            steps, times, values = view.kept_series.series(view)
        resumes = self.clock.all_resume_steps if everything else self.clock.resume_steps
        return Series(name, steps, times, values, self.generation, resumes)


@dataclass(frozen=True, slots=True)
class RunPoints:
    """All points of one run that have been read so far: `model.Points`."""

    metrics: tuple[str, ...]
    system_metrics: tuple[str, ...]
    is_complete: bool
    views: Mapping[str, MetricView]

    def series(self, name: str, *, everything: bool = False) -> Series | None:
        """The points of a metric or system metric, or None."""
        view = self.views.get(name)
        return None if view is None else view.series(name, everything)


@dataclass(frozen=True, slots=True)
class CoarsePoints:
    """What has been read exactly, and behind it samples of what has not."""

    exact: RunPoints
    sample: RunPoints
    unread: Mapping[str, BoolArray]
    """For each sampled metric: which of its points lie behind what has been read."""
    generation: int
    is_complete: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names in order of first appearance."""
        return tuple(dict.fromkeys((*self.exact.metrics, *self.sample.metrics)))

    @property
    def system_metrics(self) -> tuple[str, ...]:
        """Names of resource samples in order of first appearance."""
        return tuple(dict.fromkeys((*self.exact.system_metrics, *self.sample.system_metrics)))

    def series(self, name: str, *, everything: bool = False) -> Series | None:
        """What has been read of a metric, long ones in outline, then the sampled points behind it."""
        exact = self.exact.series(name, everything=everything)
        sample = self.sample.series(name)
        if sample is None:
            return exact
        unread = self.unread[name]
        parts = [sample.steps[unread], sample.times[unread], sample.values[unread]]
        if exact is not None:
            picked = outline(exact.values)
            before = (exact.steps[picked], exact.times[picked], exact.values[picked])
            parts = [np.concatenate(both) for both in zip(before, parts, strict=True)]
        steps, times, values = map(_read_only, parts)
        return Series(name, steps, times, values, self.generation, exact.resume_steps if exact else ())


def outline(values: FloatArray) -> IndexArray | slice:
    """Which of `values`, shape (n,), to keep: the lowest and the highest of each stretch, and the end.

    NaN is passed over where a stretch has anything else. Few values are all kept.
    """
    length = values.size // OUTLINE_STRETCHES
    if length <= 2:
        return slice(None)
    whole = length * OUTLINE_STRETCHES
    stretches = values[:whole].reshape(-1, length)
    has_nan = bool(np.isnan(stretches).any())
    lows = np.where(np.isnan(stretches), np.inf, stretches) if has_nan else stretches
    highs = np.where(np.isnan(stretches), -np.inf, stretches) if has_nan else stretches
    extremes = np.stack((lows.argmin(axis=1), highs.argmax(axis=1)), axis=1)
    extremes.sort(axis=1)
    inside = (extremes + np.arange(0, whole, length)[:, None]).ravel()
    return np.concatenate((inside[np.diff(inside, prepend=-1) > 0], np.arange(whole, values.size)))


def _read_only(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values
