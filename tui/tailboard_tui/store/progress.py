"""How far a run is, how fast, and when it will be done: from its config and its recent records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import FloatArray, RunFacts, Value
from tailboard_tui.store.status import Rhythm

RECENT = 100
"""Records from which speed and rhythm are taken: enough to even out, few enough to follow a change."""

PAUSE = 100.0
"""Usual gaps, and seconds, beyond which a gap between records is no part of the run's pace."""

_STEP_KEYS = [
    "total_steps",
    "max_steps",
    "num_steps",
    "train_steps",
    "num_train_steps",
    "max_train_steps",
    "training_steps",
    "num_training_steps",
    "total_timesteps",
    "num_timesteps",
    "max_iters",
    "max_iter",
    "max_iterations",
    "num_iterations",
    "total_iterations",
    "total_iters",
    "num_iters",
    "n_iters",
    "iterations",
    "steps",
]
_EPOCH_KEYS = ["total_epochs", "max_epochs", "num_epochs", "num_train_epochs", "n_epochs", "epochs"]
_EPOCH_METRICS = frozenset({"epoch", "epochs"})

_MOST = 1e15
"""A larger number of steps is no plan (`sys.maxsize` for "until stopped"), and may not fit a float."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. What is not known is None."""

    total_steps: float | None = None
    fraction: float | None = None
    """0 to 1."""
    steps_per_s: float | None = None
    eta_s: float | None = None
    """Seconds to the end at the present speed, counted from the newest record."""
    is_last: bool = False
    """Whether the newest record is that of the last step or epoch when they are counted from zero."""


def progress(
    facts: RunFacts,
    steps: FloatArray,
    times: FloatArray,
    epochs: FloatArray | None = None,
    epoch_times: FloatArray | None = None,
) -> Progress:
    """Where a run stands.

    Args:
        steps: Steps of the newest records in file order, shape (n,); NaN where a record has none.
        times: Their times in Unix seconds, shape (n,); NaN where a record has none.
        epochs: Newest values of the run's epoch metric, shape (m,), where it has one.
        epoch_times: Their times, shape (m,).
    """
    speed = rate(steps, times)
    total = total_steps(facts)
    step = _last(steps)
    if total is not None and step is not None and step <= total + 1:
        return Progress(total, _share(step, total), speed, _eta(total - step, speed), step + 1 >= total)
    wanted = total_epochs(facts)
    epoch = None if epochs is None else _last(epochs)
    if wanted is None or epochs is None or epoch_times is None or epoch is None or epoch > wanted + 1:
        return Progress(None, None, speed, None)
    eta = _eta(wanted - epoch, rate(epochs, epoch_times))
    return Progress(None, _share(epoch, wanted), speed, eta, epoch + 1 >= wanted)


def total_steps(facts: RunFacts) -> float | None:
    """The planned number of steps: what the format says, else from the config, else the summary."""
    if facts.total_steps is not None and facts.total_steps > 0:
        return facts.total_steps
    return _first(facts, _STEP_KEYS)


def total_epochs(facts: RunFacts) -> float | None:
    """The planned number of epochs, from the config or the summary."""
    return _first(facts, _EPOCH_KEYS)


def epoch_metric(names: Iterable[str]) -> str | None:
    """The metric that counts epochs, of these names: `epoch`, `train/epoch`."""
    found = [name for name in names if _word(re.split(r"[/.]", name)[-1]) in _EPOCH_METRICS]
    return min(found, key=len, default=None)


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


def _share(done: float, total: float) -> float:
    return min(max(done / total, 0.0), 1.0)


def _eta(left: float, speed: float | None) -> float | None:
    return max(left, 0.0) / speed if speed else None


def _last(values: FloatArray) -> float | None:
    """The newest finite value."""
    known = values[-RECENT:]
    known = known[np.isfinite(known)]
    return float(known[-1]) if known.size else None


def _first(facts: RunFacts, keys: list[str]) -> float | None:
    for source in (facts.config, facts.summary):
        found = _by_word(source)
        for key in keys:
            if key in found:
                return found[key]
    return None


def _by_word(values: Mapping[str, Value]) -> dict[str, float]:
    """Positive numbers by the last part of their dotted key; of equal parts the shallowest wins."""
    found: dict[str, float] = {}
    for key in sorted(values, key=lambda key: -key.count(".")):
        value = values[key]
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST:
            found[_word(key.rpartition(".")[2])] = float(value)
    return found


def _word(name: str) -> str:
    """`maxSteps`, `max-steps` and `MAX_STEPS` as `max_steps`."""
    if name.isupper():
        return name.lower()
    return _CAMEL.sub("_", name).replace("-", "_").lower()
