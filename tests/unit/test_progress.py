"""How far a run is, how fast, and when it will be done."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tailboard_tui.formats.base import RunFacts
from tailboard_tui.store.pace import pace, rate, rhythm
from tailboard_tui.store.progress import Plan, epoch_metric, plan
from tailboard_tui.store.progress import progress as progress_of

NONE = np.empty(0)


def progress(facts, *records):
    return progress_of(plan(facts), pace(*records))


def facts(config=None, summary=None, total=None):
    return RunFacts(
        "id", "n", "tailboard", "/r", config=config or {}, summary=summary or {}, total_steps=total
    )


@pytest.mark.parametrize(
    "key", ["max_steps", "trainer.max_steps", "maxSteps", "max-steps", "MAX_STEPS", "train.total_timesteps"]
)
def test_the_total_is_found_under_the_usual_names(key):
    assert plan(facts({key: 500})) == Plan(steps=500)


@pytest.mark.parametrize("value", [-1, 0, True, None, "many", float("nan"), float("inf"), 10**400, 2**63])
def test_what_is_no_plan_is_not_taken_for_one(value):
    assert plan(facts({"max_steps": value})) == Plan()


def test_the_format_s_own_total_wins_and_the_shallowest_key_comes_next():
    config = {"a.b.max_steps": 3, "max_steps": 2}
    assert plan(facts(config, total=1.0)).steps == 1
    assert plan(facts(config)).steps == 2


def test_the_summary_serves_where_the_config_says_nothing():
    assert plan(facts({"lr": 0.1}, {"total_steps": 7})).steps == 7
    assert plan(facts({"num_train_epochs": 3.0})).epochs == 3


def test_a_run_in_the_middle_knows_its_share_its_speed_and_its_end():
    records = np.arange(0, 501.0, 10), np.arange(0, 51.0)
    found = progress(facts({"max_steps": 1000}), *records)
    assert (found.total_steps, found.fraction) == (1000, 0.5)
    assert pace(*records).steps_per_s == pytest.approx(10)
    assert found.eta_s == pytest.approx(50)


def test_a_step_far_beyond_the_total_means_that_the_total_counts_something_else():
    found = progress(facts({"max_steps": 100}), np.array([4000.0, 5000.0]), np.array([0.0, 1.0]))
    assert (found.total_steps, found.fraction, found.eta_s) == (None, None, None)


def test_epochs_serve_where_no_number_of_steps_is_known():
    epochs, times = np.array([0.5, 1.0, 1.5]), np.array([0.0, 10.0, 20.0])
    found = progress(facts({"epochs": 3}), np.array([1.0, 2.0, 3.0]), times, epochs, times)
    assert found.fraction == 0.5
    assert found.eta_s == pytest.approx(30)


def test_without_a_plan_only_the_speed_is_known():
    records = np.array([1.0, 2.0]), np.array([0.0, 0.5])
    found = progress(facts(), *records)
    assert (found.fraction, found.eta_s, pace(*records).steps_per_s) == (None, None, 2.0)


def test_a_run_without_records_has_no_progress():
    assert progress(facts({"max_steps": 10}), NONE, NONE).fraction is None


def test_the_speed_is_measured_behind_a_resume():
    steps = np.array([90.0, 100.0, 50.0, 51.0, 52.0])
    assert rate(steps, np.array([0.0, 1.0, 100.0, 101.0, 102.0])) == pytest.approx(1.0)


def test_the_speed_is_measured_behind_a_long_pause():
    times = np.array([0.0, 1.0, 2.0, 90_000.0, 90_001.0])
    assert rate(np.array([0.0, 10.0, 20.0, 30.0, 40.0]), times) == pytest.approx(10.0)


def test_the_last_record_of_a_run_that_counts_from_zero_is_known_as_such():
    assert progress(facts({"max_steps": 3}), np.array([1.0, 2.0]), np.array([0.0, 1.0])).is_last
    epochs = np.array([18.0, 19.0])
    assert progress(facts({"epochs": 20}), NONE, NONE, epochs, epochs).is_last
    assert not progress(facts({"epochs": 20}), NONE, NONE, epochs - 1, epochs).is_last


def test_the_rhythm_is_the_median_and_the_longest_gap():
    found = rhythm(np.array([0.0, 1.0, 2.0, np.nan, 3.0, 33.0]))
    assert found is not None
    assert (found.usual_s, found.longest_s) == (1.0, 30.0)
    assert rhythm(np.array([1.0, 2.0])) is None


def test_the_epoch_metric_is_found_by_its_last_word():
    assert epoch_metric(["train/loss", "train/epoch", "epoch"]) == "epoch"
    assert epoch_metric(["epoch_time"]) is None


floats = arrays(np.float64, st.integers(0, 30), elements=st.floats(width=64))


@given(floats, st.floats(1, 1e6))
def test_any_records_give_a_share_between_0_and_1_and_no_warning(steps, total):
    found = progress(facts({"max_steps": total}), steps, np.arange(float(len(steps))))
    assert found.fraction is None or 0 <= found.fraction <= 1
    assert found.eta_s is None or found.eta_s >= 0
