"""From what is known of a run to its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tailboard_tui.formats.base import Problem, RunFacts
from tailboard_tui.store.annotations import Notebook
from tailboard_tui.store.model import MetricStats, RunRow, Status
from tailboard_tui.store.progress import Pace, Plan, progress
from tailboard_tui.store.status import Host, Signs, status

_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a row depends on beside the run."""

    host: Host
    """The machine that we run on."""
    notebook: Notebook
    """What the user says of runs that cannot be written to."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A run's points in short: what stays known of them when they are let go."""

    statistics: Mapping[str, MetricStats]
    sparkline: tuple[float, ...]
    """A few evenly spread finite values of the key metric."""
    pace: Pace
    last_record: float | None
    """Time of the newest metrics, Unix seconds."""
    problems: tuple[Problem, ...]
    """What could not be read among them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the points of a run are read."""

    is_read: bool = False
    bytes_read: int = 0
    bytes_total: int = 0


def make_row(
    key: str,
    facts: RunFacts,
    plan: Plan,
    digest: Digest | None,
    reading: Reading,
    problems: tuple[Problem, ...],
    last_change: float,
    now: float,
    around: Surroundings,
) -> RunRow:
    """The row of a run.

    Args:
        digest: Of all its points, once they are read.
        last_change: When we saw it grow, Unix seconds; 0 for never.
        now: Unix time in seconds.
    """
    facts = around.notebook.apply(facts)
    pace = digest.pace if digest is not None else Pace(facts.last_step)
    step = pace.step if facts.last_step is None else facts.last_step
    last_write = _last_write(facts, last_change)
    found = progress(plan, pace)
    last_record = None if digest is None else digest.last_record
    signs = Signs(last_write, last_record, pace.rhythm, step, found.total_steps)
    word, reason = status(facts, signs, now, around.host)
    is_over = word not in ("running", "stalled")
    if found.fraction is None and not is_over:
        from tailboard_tui.store.output_progress import progress_by_output  # not for the first rows

        found = progress_by_output(facts)
    return RunRow(
        key=key,
        facts=facts,
        status=word,
        status_reason=reason,
        step=step,
        total_steps=found.total_steps,
        progress=1.0 if word == "finished" and found.is_last else found.fraction,
        eta_s=None if is_over else found.eta_s,
        steps_per_s=pace.steps_per_s,
        started=facts.created,
        ended=_ended(facts, last_write) if is_over else None,
        last_write=last_write,
        metrics=_LastLine(facts) if digest is None else digest.statistics,
        is_read=reading.is_read,
        bytes_read=reading.bytes_read,
        bytes_total=reading.bytes_total or facts.size_bytes,
        sparkline=() if digest is None else digest.sparkline,
        problems=problems,
        star=facts.star,
        is_hidden=facts.is_hidden,
    )


def is_live(word: Status) -> bool:
    """Whether a status may change by time alone."""
    return word in ("running", "stalled")


def _last_write(facts: RunFacts, last_change: float) -> float | None:
    """The newest sign of life: by the run's own clock, which copying leaves alone, or seen by us."""
    if facts.last_time is None or facts.modified is None:
        written = facts.last_time or facts.modified or 0.0
    else:
        written = min(facts.last_time, facts.modified)
    return max(written, last_change) or None


def _ended(facts: RunFacts, last_write: float | None) -> float | None:
    if facts.finish is not None and facts.finish.time is not None:
        return facts.finish.time
    return last_write


class _LastLine(Mapping[str, MetricStats]):
    """What the last line tells of the metrics before the points are read: the newest value, count 0.

    Made when asked for: ten thousand new rows of ten metrics are a hundred thousand objects.
    """

    __slots__ = ("_step", "_values")

    def __init__(self, facts: RunFacts) -> None:
        self._values = facts.last_values
        self._step = _NAN if facts.last_step is None else facts.last_step

    def __getitem__(self, name: str) -> MetricStats:
        return MetricStats(0, _NAN, self._values[name], _NAN, _NAN, _NAN, _NAN, self._step, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
