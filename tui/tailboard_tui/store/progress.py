"""How far a run is and when it will be done: from its config and its pace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tailboard_tui.formats.base import RunFacts, Value
from tailboard_tui.store.status import Rhythm

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
_RANKS = {key: rank for keys in (_STEP_KEYS, _EPOCH_KEYS) for rank, key in enumerate(keys)}
"""The usual names in order of trust."""

_MOST = 1e15
"""A larger number of steps is no plan (`sys.maxsize` for "until stopped"), and may not fit a float."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is meant to do."""

    steps: float | None = None
    epochs: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run moves, from its newest records. What is not known is None."""

    step: float | None = None
    steps_per_s: float | None = None
    epoch: float | None = None
    epochs_per_s: float | None = None
    rhythm: Rhythm | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. What is not known is None."""

    total_steps: float | None = None
    fraction: float | None = None
    """0 to 1."""
    eta_s: float | None = None
    """Seconds to the end at the present pace, counted from the newest record."""
    is_last: bool = False
    """Whether the newest record is that of the last step or epoch when they are counted from zero."""


def progress(plan: Plan, pace: Pace) -> Progress:
    """Where a run stands: by its steps, else by its epochs."""
    if plan.steps is not None and pace.step is not None and pace.step <= plan.steps + 1:
        return _towards(plan.steps, pace.step, pace.steps_per_s, plan.steps)
    if plan.epochs is not None and pace.epoch is not None and pace.epoch <= plan.epochs + 1:
        return _towards(plan.epochs, pace.epoch, pace.epochs_per_s, None)
    return Progress()


def _towards(total: float, done: float, speed: float | None, total_steps: float | None) -> Progress:
    eta = max(total - done, 0.0) / speed if speed else None
    return Progress(total_steps, min(max(done / total, 0.0), 1.0), eta, done + 1 >= total)


def plan(facts: RunFacts) -> Plan:
    """The planned steps and epochs: what the format says, else from the config, else the summary."""
    config, summary = _planned(facts.config), _planned(facts.summary)
    steps = facts.total_steps if facts.total_steps and facts.total_steps > 0 else None
    return Plan(steps or config.steps or summary.steps, config.epochs or summary.epochs)


def _planned(values: Mapping[str, Value]) -> Plan:
    """The plan in flat values: the most trusted name wins, of equal names the shallowest key."""
    best: dict[bool, tuple[tuple[int, int], float]] = {}
    for key, value in values.items():
        trust = _trust(key)
        if trust is None or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        is_epochs, *rank = trust
        found = ((rank[0], rank[1]), value)
        if 0 < value <= _MOST and (is_epochs not in best or found[0] < best[is_epochs][0]):
            best[is_epochs] = ((rank[0], rank[1]), float(value))
    return Plan(*(best[is_epochs][1] if is_epochs in best else None for is_epochs in (False, True)))


@lru_cache(maxsize=16_384)
def _trust(key: str) -> tuple[bool, int, int] | None:
    """Whether a config key names epochs, its name's rank and its depth; None: it names no plan."""
    word = _word(key.rpartition(".")[2])
    rank = _RANKS.get(word)
    return None if rank is None else (word in _EPOCH_KEYS, rank, key.count("."))


def epoch_metric(names: Iterable[str]) -> str | None:
    """The metric that counts epochs, of these names: `epoch`, `train/epoch`."""
    return min((name for name in names if _counts_epochs(name)), key=len, default=None)


@lru_cache(maxsize=16_384)
def _counts_epochs(name: str) -> bool:
    return _word(re.split(r"[/.]", name)[-1]) in ("epoch", "epochs")


def _word(name: str) -> str:
    """`maxSteps`, `max-steps` and `MAX_STEPS` as `max_steps`."""
    if name.isupper():
        return name.lower()
    return _CAMEL.sub("_", name).replace("-", "_").lower()
