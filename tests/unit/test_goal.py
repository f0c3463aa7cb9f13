from __future__ import annotations

import math

import pytest

from tailboard_tui.formats.base import MetricDef
from tailboard_tui.store.goal import best, direction, is_better, key_metric
from tailboard_tui.store.model import MetricStats

LOSSES = """
    loss train/loss val_loss valLoss eval/perplexity ppl test_rmse MAE reward_loss word_error_rate
    val/box_loss nll bpb crossEntropyLoss valloss val/loss_epoch train_loss_step top1_err WER
"""
QUALITIES = """
    acc val/accuracy F1 f1_score macro_f1 auc AUROC metrics/mAP50-95(B) rollout/ep_rew_mean eval/reward
    bleu rougeL iou valAcc win_rate psnr r2 top5 explained_variance precision
"""


@pytest.mark.parametrize("name", LOSSES.split())
def test_losses_and_errors_go_down(name: str) -> None:
    assert direction(name) == "minimize"


@pytest.mark.parametrize("name", QUALITIES.split())
def test_qualities_go_up(name: str) -> None:
    assert direction(name) == "maximize"


@pytest.mark.parametrize("name", ["lr", "epoch", "grad_norm", "loss_scale", "", "/", "体重", "temperature"])
def test_nothing_is_told_from_other_names(name: str) -> None:
    assert direction(name) is None


def test_define_metric_wins_over_the_name() -> None:
    assert direction("loss", [MetricDef("loss", goal="maximize")]) == "maximize"
    assert direction("x/a", [MetricDef("x/*", summary="min")]) == "minimize"
    assert (
        direction("x/a", [MetricDef("x/*", goal="minimize"), MetricDef("x/a", goal="maximize")]) == "maximize"
    )
    assert direction("loss", [MetricDef("loss", step_metric="epoch")]) == "minimize"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ("epoch lr train/loss val/loss val/acc", "val/acc"),
        ("loss accuracy val_loss val_accuracy", "val_accuracy"),
        ("train/acc val/loss", "val/loss"),
        ("metrics/precision(B) metrics/mAP50(B) train/box_loss val/box_loss", "metrics/mAP50(B)"),
        ("rollout/ep_len_mean rollout/ep_rew_mean train/loss", "rollout/ep_rew_mean"),
        ("epoch grad_norm", "grad_norm"),
        ("a b", "a"),
    ],
)
def test_the_key_metric_is_the_one_a_person_would_look_at(names: str, chosen: str) -> None:
    assert key_metric(names.split()) == chosen


def test_the_key_metric_of_no_metrics_is_none() -> None:
    assert key_metric([]) is None


def test_a_defined_goal_makes_the_key_metric() -> None:
    assert key_metric(["val/acc", "speed"], [MetricDef("speed", goal="maximize")]) == "speed"
    assert key_metric(["val/acc"], [MetricDef("gone", goal="maximize")]) == "val/acc"


def stats(low: float, high: float) -> MetricStats:
    return MetricStats(3, 1.0, 2.0, low, 10.0, high, 20.0, 30.0, 0)


def test_best_is_the_extreme_with_its_step() -> None:
    assert best(stats(0.5, 2.0), "minimize") == (0.5, 10.0)
    assert best(stats(0.5, 2.0), "maximize") == (2.0, 20.0)
    assert best(stats(0.5, 2.0), None) is None
    assert best(stats(math.nan, math.nan), "minimize") is None


def test_nan_is_never_better() -> None:
    assert is_better(1.0, 2.0, "minimize")
    assert not is_better(1.0, 1.0, "maximize")
    assert not is_better(math.nan, 1.0, "maximize")
    assert is_better(1.0, math.nan, "maximize")
