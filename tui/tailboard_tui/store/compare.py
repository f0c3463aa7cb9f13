"""What differs between runs: configuration, metrics, code, packages, command, data.

Values stand in the order of the runs given; the first run is the baseline unless another is named.
What needs no file is here and may run anywhere; diffs and package lists are read by `store.origins`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import FloatArray, Value
from tailboard_tui.store.fields import as_number
from tailboard_tui.store.goal import Best, Direction, best, direction, is_better
from tailboard_tui.store.model import MetricStats, Points, RunRow, Series

_NOISY_WORDS = frozenset(
    {"path", "dir", "directory", "folder", "file", "filename", "date", "time", "timestamp", "now", "host"}
    | {"hostname", "user", "username", "pid", "port", "url", "uri", "uuid", "guid", "cwd", "output", "logdir"}
    | {"outdir", "workdir", "savedir"}
)
"""As the last word of a key: `start_time` is noise, `time_steps` a parameter."""

_NOISY_NAMES = frozenset(
    {"run_id", "run_name", "exp_name", "experiment_name", "job_id", "id", "name", "log_file"}
)
_WORDS = re.compile(r"[a-z]+|[A-Z]+[a-z]*")
_NOISY_VALUE = re.compile(
    r"/\S|~/|\.{1,2}/|[A-Za-z]:\\|[a-z][a-z0-9+.-]*://"  # paths and addresses
    r"|\d{4}-\d\d-\d\d|\d{8}-\d{6}"  # dates and our own ids
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One key over all compared runs."""

    key: str
    values: tuple[Value, ...]
    """None where a run lacks it (or holds null)."""
    differs: bool
    is_noise: bool
    """Differs in every run without meaning anything: paths, dates, names of the run."""
    deltas: tuple[float | None, ...]
    """Each value minus the baseline's; None where one of them is no number."""


@dataclass(frozen=True, slots=True)
class Level:
    """All runs of one metric read off at the same place."""

    at: float
    """Step, or seconds since the run's first point: the furthest that all runs with the metric reached."""
    values: tuple[float | None, ...]
    """The last value that stood at that place; None where the run has none."""


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric over all compared runs."""

    name: str
    direction: Direction | None
    last: tuple[float | None, ...]
    best: tuple[Best | None, ...]
    winner: int | None
    """Index of the run with the best value; None without a direction or in a tie of all."""
    deltas: tuple[float | None, ...]
    """Best (last, without a direction) minus the baseline's."""
    at_step: Level | None = None
    at_time: Level | None = None


def is_noisy(key: str, values: Sequence[Value] = ()) -> bool:
    """Whether `key` is expected to differ between any two runs and tells nothing about results."""
    leaf = key.rpartition(".")[2]
    words = _WORDS.findall(leaf)
    if leaf.lower() in _NOISY_NAMES or (words and words[-1].lower() in _NOISY_WORDS):
        return True
    texts = [value for value in values if value is not None]
    return bool(texts) and all(isinstance(text, str) and _NOISY_VALUE.match(text) for text in texts)


def _same(first: Value, second: Value) -> bool:
    """Equality of values as a person sees it: 1 and 1.0 are the same, NaN is NaN, true is not 1."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, float) and isinstance(second, float) and math.isnan(first) and math.isnan(second):
        return True
    return first == second


def _delta(value: Value, base: Value) -> float | None:
    if isinstance(value, str) or isinstance(base, str):
        return None
    number, start = as_number(value), as_number(base)
    if number is None or start is None or not (math.isfinite(number) and math.isfinite(start)):
        return None
    return number - start


def differences(tables: Sequence[Mapping[str, Value]], baseline: int = 0) -> list[Difference]:
    """Every key of `tables`: what differs first, then what differs as noise, then what is the same.

    Within each part keys stand in order of first appearance.
    """
    keys = dict.fromkeys(key for table in tables for key in table)
    found = []
    for key in keys:
        values = tuple(table.get(key) for table in tables)
        differs = any(not _same(value, values[0]) for value in values[1:])
        deltas = tuple(_delta(value, values[baseline]) for value in values)
        found.append(Difference(key, values, differs, differs and is_noisy(key, values), deltas))
    return sorted(found, key=lambda item: 2 if not item.differs else int(item.is_noise))


def config_differences(rows: Sequence[RunRow], baseline: int = 0) -> list[Difference]:
    """`differences` of the configurations."""
    return differences([row.facts.config for row in rows], baseline)


def differing_config(rows: Sequence[RunRow]) -> list[str]:
    """Config keys worth a column: two runs differ in them, noise left out; most widely set ones first."""
    first: dict[str, Value] = {}
    seen_in: dict[str, int] = {}
    differs: set[str] = set()
    for row in rows:
        for key, value in row.facts.config.items():
            if value is None:
                continue
            seen_in[key] = seen_in.get(key, 0) + 1
            if key not in first:
                first[key] = value
            elif not _same(first[key], value):
                differs.add(key)
    chosen = [key for key in first if key in differs and not is_noisy(key, (first[key],))]
    return sorted(chosen, key=lambda key: -seen_in[key])


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
    definitions = next((row.facts.metric_defs for row in rows if row.facts.metric_defs), ())
    towards = direction(name, definitions)
    found = tuple(_best(item, towards) for item in stats)
    last = tuple(None if item is None else item.last for item in stats)
    judged = last if towards is None else tuple(item.value if item else None for item in found)
    series = [of_run.series(name) if of_run is not None else None for of_run in points or ()]
    return MetricComparison(
        name=name,
        direction=towards,
        last=last,
        best=found,
        winner=_winner(found, towards),
        deltas=tuple(_delta(value, judged[baseline]) for value in judged),
        at_step=_level([_steps_of(item) for item in series], series),
        at_time=_level([_elapsed_of(item) for item in series], series),
    )


def _best(stats: MetricStats | None, towards: Direction | None) -> Best | None:
    return None if stats is None or stats.count == 0 else best(stats, towards)


def _winner(found: Sequence[Best | None], towards: Direction | None) -> int | None:
    present = [(at, item.value) for at, item in enumerate(found) if item is not None]
    if towards is None or len(present) < 2:
        return None
    leader, value = present[0]
    for at, other in present[1:]:
        if is_better(other, value, towards):
            leader, value = at, other
    return None if all(other == value for _, other in present) else leader


def _steps_of(series: Series | None) -> FloatArray | None:
    return None if series is None else series.steps


def _elapsed_of(series: Series | None) -> FloatArray | None:
    """Seconds since the first point of the series, shape (n,)."""
    if series is None or not np.isfinite(series.times).any():
        return None
    return series.times - np.nanmin(series.times)


def _level(places: Sequence[FloatArray | None], series: Sequence[Series | None]) -> Level | None:
    """All series at the furthest place that each of them reached; None with fewer than two of them."""
    reached = [float(np.nanmax(place)) for place in places if place is not None and np.isfinite(place).any()]
    if len(reached) < 2:
        return None
    at = min(reached)
    return Level(at, tuple(map(lambda place, item: value_at(place, item, at), places, series)))


def value_at(places: FloatArray | None, series: Series | None, at: float) -> float | None:
    """The value of the point nearest to `at` from below, the last written of equals; None without one.

    Args:
        places: Step or elapsed seconds of each point, shape (n,); NaN never matches.
    """
    if places is None or series is None:
        return None
    candidates = np.flatnonzero(places <= at)
    if not candidates.size:
        return None
    nearest = places[candidates].max()
    return float(series.values[candidates[places[candidates] == nearest][-1]])
