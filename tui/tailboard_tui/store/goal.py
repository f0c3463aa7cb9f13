"""Which way a metric is better, which one a run is judged by, and where it was best."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal, NamedTuple

from tailboard_tui.formats.base import MetricDef
from tailboard_tui.store.model import MetricStats

Direction = Literal["minimize", "maximize"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DOWN = _words(
    "loss err error errors perplexity ppl mae mse rmse rmsle mape nll bpb bpc bpd wer cer ter fid kid "
    "ece brier regret latency hinge logloss nrmse smape mase eer"
)
_UP = _words(
    "acc accuracy auc auroc auprc ap map mar f1 fbeta bleu sacrebleu chrf rouge meteor cider score reward "
    "rewards rew return returns iou miou dice psnr ssim r2 ndcg mrr success win elo pearson spearman "
    "matthews mcc kappa fitness em pass top1 top5 hits likelihood"
)
_UP_IN_PART = frozenset({"precision", "recall", "specificity", "sensitivity", "throughput", "variance"})
"""Better when higher, yet half of the story: a run is judged by them only for want of another."""

_ENDINGS: tuple[tuple[str, Direction], ...] = (
    ("loss", "minimize"),
    ("error", "minimize"),
    ("perplexity", "minimize"),
    ("accuracy", "maximize"),
    ("acc", "maximize"),
)
"""For names written in one word, `valloss`."""

_NOT_A_MEASURE = _words("scale scaler weight coef coefficient lambda threshold std count")
"""`loss_scale` is not a loss: nothing is told from a name that ends so."""

_HELD_OUT = _words("val valid validation eval evaluation dev holdout")
_TEST = frozenset({"test", "testing"})
_TRAIN = frozenset({"train", "training", "tr"})
_CLOCKS = _words("epoch epochs step steps iter iteration iterations time lr rate timestamp walltime")

_PARTS = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*")
"""Words of snake_case, paths and camelCase: `val/mAP50-95` -> m, AP50; `valLoss` -> val, Loss."""


class Best(NamedTuple):
    """The best point of a metric."""

    value: float
    step: float


@lru_cache(maxsize=16_384)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _PARTS.findall(name))


def _side(word: str) -> Direction | None:
    for spelling in (word, word.rstrip("0123456789")):
        if spelling in _DOWN:
            return "minimize"
        if spelling in _UP or spelling in _UP_IN_PART:
            return "maximize"
    return next((side for ending, side in _ENDINGS if word.endswith(ending)), None)


@lru_cache(maxsize=16_384)
def _guess(name: str) -> Direction | None:
    parts = _parts(name)
    if not parts or parts[-1] in _NOT_A_MEASURE:
        return None
    sides = [side for side in map(_side, parts) if side is not None]
    return sides[-1] if sides else None


def definition(name: str, defs: Sequence[MetricDef]) -> MetricDef | None:
    """What `define_metric` said of `name`: by its exact name, else by the first glob that matches."""
    exact = next((item for item in defs if item.name == name), None)
    return exact or next((item for item in defs if fnmatchcase(name, item.name)), None)


def direction(name: str, defs: Sequence[MetricDef] = ()) -> Direction | None:
    """Which way `name` is better, or None where nobody can tell.

    The goal of `define_metric` wins, then its summary (`min`, `max`), then the words of the name; of
    several words the last one, since `reward_loss` is a loss.
    """
    found = definition(name, defs) if defs else None
    if found is not None:
        if found.goal is not None:
            return found.goal
        if found.summary in ("min", "max"):
            return "minimize" if found.summary == "min" else "maximize"
    return _guess(name)


@lru_cache(maxsize=16_384)
def _rank(name: str) -> float:
    """How well `name` stands for its run; lower is better.

    Quality on held-out data comes first, then a held-out loss, then quality of no stated split
    (Ultralytics' `metrics/mAP50-95(B)` stands before its `val/box_loss`), training figures last.
    """
    parts = set(_parts(name))
    side = _guess(name)
    if side is None:
        kind = 9.0 if parts & _CLOCKS else 6.0
    elif side == "minimize":
        kind = 1.0
    else:
        kind = 2.5 if parts & _UP_IN_PART else 0.0
    if parts & _HELD_OUT:
        return kind
    if parts & _TEST:
        return kind + 0.5
    return kind + (2.0 if parts & _TRAIN else 0.9)


def key_metric(names: Iterable[str], defs: Sequence[MetricDef] = ()) -> str | None:
    """The metric that a run is judged by; of equals the first. None when there are no metrics.

    One that `define_metric` gave a goal (or a summary of `min`, `max`, `best`) comes before all guesses.
    """
    names = list(names)
    wanted = [item for item in defs if item.goal or item.summary in ("min", "max", "best")]
    for item in wanted:
        chosen = next((name for name in names if fnmatchcase(name, item.name)), None)
        if chosen is not None:
            return chosen
    return min(names, key=_rank, default=None)


def best(stats: MetricStats, towards: Direction | None) -> Best | None:
    """The best finite point, or None without a direction or a finite value."""
    if towards is None:
        return None
    found = Best(stats.min, stats.min_step) if towards == "minimize" else Best(stats.max, stats.max_step)
    return None if math.isnan(found.value) else found


def is_better(value: float, than: float, towards: Direction) -> bool:
    """Whether `value` is strictly better than `than`. NaN is never better, and anything beats NaN."""
    if math.isnan(value):
        return False
    if math.isnan(than):
        return True
    return value < than if towards == "minimize" else value > than
