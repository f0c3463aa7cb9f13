"""Which of a record's keys are its step and its time: the names that trackers use, most telling first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime

STEP_NAMES = (
    "_step",
    "step",
    "global_step",
    "trainer/global_step",
    "train/global_step",
    "steps",
    "iteration",
    "iter",
    "itr",
    "iters",
    "iterations",
    "current_steps",
    "current_step",
    "training_iteration",
    "timesteps_total",
    "time/total_timesteps",
    "total_timesteps",
    "total timesteps",
    "total/steps",
    "misc/total_timesteps",
    "timesteps",
    "timestep",
    "totalenvinteracts",
    "num_updates",
    "updates",
    "update",
    "batches",
    "batch",
    "tokens",
    "samples",
    "episode",
    "episodes",
    "round",
    "generation",
    "trial",
    "epoch",
    "epochs",
)
"""Lower case. Source: the writers listed in docs/formats.md, and our own files' `_step`."""

TIME_NAMES = (
    "_timestamp",
    "timestamp",
    "wall_time",
    "walltime",
    "wall time",
    "time",
    "datetime",
    "date",
    "created_at",
    "ts",
)
"""Lower case. `time` is a moment only where its values are (`unix_seconds`): often it is a duration."""

_METRIC = re.compile(
    r"(?:^|[^a-z])(?:loss|losses|acc|accuracy|err|error|reward|rewards|return|returns|score|auc|auroc|f1|bleu|rouge|"
    r"map\d*|map50|iou|miou|dice|ppl|perplexity|mse|mae|rmse|lr|learning_rate|grad_norm|precision|recall|psnr|"
    r"ssim|fid|wer|cer|entropy|kl|elbo|nll|val|train|eval|fps|r2|top1|top5|r|ret|ep_rew_mean)(?:$|[^a-z])"
)

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Between two words of `AverageEpRet`."""

_MISSING = frozenset({"", "na", "n/a", "none", "null", "-", "--"})
"""Cells that say that there is no value. `nan` is not among them: it is a value that was logged."""


def step_name(names: Iterable[str]) -> str | None:
    """The name that counts the steps, as spelled, or None."""
    spelled = {name.strip().lower(): name for name in names}
    return next((spelled[name] for name in STEP_NAMES if name in spelled), None)


def time_names(names: Iterable[str]) -> list[str]:
    """The names that may hold the moment of a record, as spelled, the most telling first."""
    spelled = {name.strip().lower(): name for name in names}
    return [spelled[name] for name in TIME_NAMES if name in spelled]


def looks_like_metric(name: str) -> bool:
    """Whether a name says that training measured it: what sets a metrics table apart from other data."""
    return _METRIC.search(_HUMP.sub("_", name).lower()) is not None


def is_missing(cell: str) -> bool:
    """Whether a cell or text stands for no value at all."""
    return cell.strip().lower() in _MISSING


def number(text: str) -> float | None:
    """The number that a text spells, NaN and infinities too; None for any other text."""
    try:
        value = float(text)
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(text.strip().lower())
    return None if "_" in text else value


def unix_seconds(value: float) -> float:
    """`value` as Unix seconds if it can be a moment of the years 2001 to 2286, else NaN.

    Milliseconds, microseconds and nanoseconds since 1970 are recognised by their size.
    """
    for unit in (1.0, 1e3, 1e6, 1e9):
        if 1e9 <= value / unit < 1e10:
            return value / unit
    return math.nan


def moment(text: str) -> float:
    """A date and time in ISO 8601 form as Unix seconds, UTC where it names no zone; NaN for other text."""
    try:
        found = datetime.fromisoformat(text.strip().replace(" UTC", "+00:00"))
    except ValueError:
        return math.nan
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.timestamp()
    except (OverflowError, ValueError):
        return math.nan
