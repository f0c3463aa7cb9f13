"""One run as the worker keeps it: its reader, its points while they are held, its row."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from tailboard_tui.files.changes import Signature, glance, signature
from tailboard_tui.formats.base import POLL_BYTES, Chunk, FloatArray, Problem, Reader, RunFacts
from tailboard_tui.formats.detect import Found, reader_of
from tailboard_tui.store import goal
from tailboard_tui.store import progress as progress_of
from tailboard_tui.store.annotations import Notebook
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.model import MetricStats, Points, RunRow
from tailboard_tui.store.status import Host, Signs, status

SPARK_POINTS = 32
MAX_PROBLEMS = 1000
"""Problems kept of one run; what is beyond is counted."""

_NOTHING: FloatArray = np.empty(0)
_Got = TypeVar("_Got")


class TrackedRun:
    """Reads one run for the worker. Times are Unix seconds and come in as `now`.

    Whatever its reader raises becomes a problem of this run: a reader meets hostile files, and one bad
    run must not cost the others.
    """

    def __init__(self, found: Found) -> None:
        self.key = found.path
        self.found = found
        self.columns: RunColumns | None = None
        """Its points, while they are held."""
        self.points: Points | None = None
        """What `RunStore.points` gives: a frozen view of `columns`, as of the last publishing."""
        self.row: RunRow
        self.is_read = False
        """Whether `statistics` cover all that the files hold, as far as we know."""
        self.next_check = 0.0
        """When to look at it again; `Worker` decides."""
        self.checked_at = 0.0
        self.last_change = 0.0
        """When we last saw it grow."""
        self.is_announced = False
        """Whether an event told of a change since `checked_at`."""
        self.reading_s = 0.0
        """What reading it took so far, seconds."""
        self.not_before = 0.0
        """Not to be read anew before this time."""
        self._reader: Reader | None = None
        self._facts = RunFacts(found.path, found.path.rpartition("/")[2], found.format.name, found.path)
        self._signature: Signature | None = None
        self._problems: tuple[Problem, ...] = ()
        self._failure: Problem | None = None
        self._statistics: Mapping[str, MetricStats] = {}
        self._sparkline: tuple[float, ...] = ()
        self._recent: tuple[FloatArray, FloatArray] = (_NOTHING, _NOTHING)
        self._epochs: tuple[FloatArray, FloatArray] | None = None
        self._bytes = (0, 0)
        self._has_news = False

    # Looking

    @property
    def directory(self) -> str:
        """Where events of its files are to be had: the run itself, or what holds it."""
        return self.key if os.path.isdir(self.key) else os.path.dirname(self.key)

    def forget_signature(self) -> None:
        """Take the next look for the first."""
        self._signature = None

    def has_changed(self, now: float, *, revalidate: bool = False) -> bool:
        """Whether anything was written since the last look, by all its files. The first look says yes."""
        known, self._signature = self._signature, self._sign(revalidate)
        self._failure = None
        if known == self._signature:
            return False
        if known is not None and self._signature is not None and known.writes != self._signature.writes:
            self.last_change = now
        return True

    def seems_changed(self) -> bool:
        """The same more cheaply, for runs that are long quiet: by the newest of its files only."""
        known = self._signature
        return known is None or glance(self.key, known.hot) != known.glance

    def _sign(self, revalidate: bool) -> Signature | None:
        try:
            return signature(self.key, revalidate=revalidate)
        except OSError:
            return None  # Unreadable for now: the reader says so among the problems.

    # Reading

    def read_facts(self) -> None:
        """Read the small files again, as far as they changed."""
        self._facts = self._ask(lambda reader: reader.facts(), self._facts)

    def preview(self) -> None:
        """Read a true but coarse sample of the points that are not read yet."""
        if self.columns is None:
            self.columns = RunColumns()
        if not self.columns.is_complete:
            self.columns.apply_preview(self._ask(lambda reader: reader.preview(), Chunk()))
            self.points = self.columns.points()

    def read_some(self, limit_bytes: int = POLL_BYTES) -> bool:
        """Read the next points; whether there are more at once."""
        if self.columns is None:
            self.columns = RunColumns()
        chunk = self._ask(lambda reader: reader.poll(limit_bytes), Chunk())
        self.columns.apply(chunk)
        self._bytes = (chunk.bytes_read, chunk.bytes_total)
        self._has_news = True
        self.is_read = not chunk.more or (self.is_read and not chunk.reset)
        return chunk.more

    def read_all(self) -> None:
        """Read all points there are."""
        while self.read_some():
            pass

    def summarise(self) -> None:
        """Take from the held points what screens see and, once all are read, what stays when they go."""
        if self.columns is None or not self._has_news:
            return
        self._has_news = False
        points = self.points = self.columns.points()
        if not self.has_all_points:
            return
        self._problems = self.columns.problems
        self._statistics = self.columns.stats()
        self._recent = self.columns.recent(progress_of.RECENT)
        self._sparkline = _sparkline(points, goal.key_metric(points.metrics, self._facts.metric_defs))
        self._epochs = _epochs(points)

    def let_go(self) -> None:
        """Give the points back; what `summarise` took stays. Reading begins anew at the first byte."""
        self.close()
        self._reader = self.columns = self.points = None

    def close(self) -> None:
        """Close open files; reading goes on where it stood when asked to."""
        if self._reader is not None:
            self._ask(lambda reader: reader.close(), None)

    @property
    def has_all_points(self) -> bool:
        """Whether all points that the files hold, as far as we know, are here."""
        return self.is_read and self.columns is not None and self.columns.is_complete

    @property
    def held_bytes(self) -> int:
        """Memory that its points take."""
        return 0 if self.columns is None else self.columns.nbytes

    def _ask(self, question: Callable[[Reader], _Got], otherwise: _Got) -> _Got:
        """What the reader answers; `otherwise` when it fails."""
        try:
            if self._reader is None:
                self._reader = reader_of(self.found)
            return question(self._reader)
        except Exception as error:  # noqa: BLE001  # shown as the run's problem, see the class
            self._failure = Problem("", None, f"cannot be read: {type(error).__name__}: {error}")
            return otherwise

    # Telling

    def tell(self, now: float, host: Host, notebook: Notebook) -> RunRow:
        """Make the row anew from all that is known, with what `notebook` says of the run over it."""
        facts = notebook.apply(self._facts)
        steps, times = self._recent if self._recent[0].size else _only_record(facts)
        found = progress_of.progress(facts, steps, times, *(self._epochs or ()))
        rhythm = progress_of.rhythm(times)
        step = _newest(steps) if facts.last_step is None else facts.last_step
        signs = Signs(self._last_write(), _newest(times), rhythm, step, found.total_steps)
        word, reason = status(facts, signs, now, host)
        is_over = word not in ("running", "stalled")
        fraction = 1.0 if word == "finished" and found.is_last else found.fraction
        self.row = RunRow(
            key=self.key,
            facts=facts,
            status=word,
            status_reason=reason,
            step=step,
            total_steps=found.total_steps,
            progress=fraction,
            eta_s=None if is_over else found.eta_s,
            steps_per_s=found.steps_per_s,
            started=facts.created,
            ended=_ended(facts, signs) if is_over else None,
            last_write=signs.last_write,
            metrics=self._statistics or _last_values(facts),
            is_read=self.is_read,
            bytes_read=self._bytes[0],
            bytes_total=self._bytes[1] or facts.size_bytes,
            sparkline=self._sparkline,
            problems=self._all_problems(),
            star=facts.star,
            is_hidden=facts.is_hidden,
        )
        return self.row

    @property
    def usual_gap_s(self) -> float:
        """Median time between its recent records, 0 when unknown."""
        found = progress_of.rhythm(self._recent[1])
        return 0.0 if found is None else found.usual_s

    @property
    def is_live(self) -> bool:
        """Whether its status may change by time alone."""
        return self.row.status in ("running", "stalled")

    def _last_write(self) -> float | None:
        """The newest sign of life: by the run's own clock, which copying leaves alone, or seen by us."""
        stamps = [when for when in (self._facts.last_time, self._facts.modified) if when is not None]
        return max(min(stamps, default=0.0), self.last_change) or None

    def _all_problems(self) -> tuple[Problem, ...]:
        problems = [*self._facts.problems, *self._problems]
        if self._failure is not None:
            problems.insert(0, self._failure)
        if len(problems) > MAX_PROBLEMS:
            more = Problem("", None, f"{len(problems) - MAX_PROBLEMS} more problems")
            problems = [*problems[:MAX_PROBLEMS], more]
        return tuple(problems)


def _newest(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else None


def _only_record(facts: RunFacts) -> tuple[FloatArray, FloatArray]:
    """Step and time of the newest record before the points are read."""
    if facts.last_step is None or facts.last_time is None:
        return _NOTHING, _NOTHING
    return np.array([facts.last_step]), np.array([facts.last_time])


def _ended(facts: RunFacts, signs: Signs) -> float | None:
    if facts.finish is not None and facts.finish.time is not None:
        return facts.finish.time
    return signs.last_write


def _last_values(facts: RunFacts) -> Mapping[str, MetricStats]:
    """What the last line tells of the metrics before the points are read: the newest value, count 0."""
    nan = float("nan")
    step = nan if facts.last_step is None else facts.last_step
    return {
        name: MetricStats(0, nan, value, nan, nan, nan, nan, step, 0)
        for name, value in facts.last_values.items()
    }


def _sparkline(points: Points, metric: str | None) -> tuple[float, ...]:
    """At most `SPARK_POINTS` finite values of a metric, evenly spread, the first and the last included."""
    series = points.series(metric) if metric is not None else None
    if series is None or not series.values.size:
        return ()
    spread = np.linspace(0, series.values.size - 1, SPARK_POINTS).astype(int)
    values = series.values[np.unique(spread)]
    return tuple(values[np.isfinite(values)].tolist())


def _epochs(points: Points) -> tuple[FloatArray, FloatArray] | None:
    name = progress_of.epoch_metric(points.metrics)
    series = points.series(name) if name is not None else None
    if series is None:
        return None
    newest = slice(-progress_of.RECENT, None)
    return series.values[newest], series.times[newest]
