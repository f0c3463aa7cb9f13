"""What Info says of cost and ranks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rows import FakePoints, run_row, series, stats
from tailboard_tui.store.resources import resources
from tailboard_tui.widgets.info_costs import cost_texts, rank_steps, rank_texts


def test_the_cost_of_a_run_stands_in_units_of_people() -> None:
    times = np.arange(0.0, 7201.0, 60.0)
    full = [100.0] * len(times)
    points = FakePoints(
        system=[
            series("gpu/0/util_percent", full, times=list(times)),
            series("gpu/0/power_watts", [500.0] * len(times), times=list(times)),
            series("process/rss_bytes", [2.0**30] * len(times), times=list(times)),
        ]
    )
    used = resources(replace(run_row(started=0.0), ended=7200.0), points, 9000.0)
    assert cost_texts(used) == {
        "GPUs": "1",
        "GPU hours": "2",
        "GPU busy": "100% on average",
        "peak memory": "1.0 GiB",
        "GPU energy": "1 kWh",
    }


def test_a_run_without_samples_has_no_cost_to_tell() -> None:
    assert cost_texts(resources(run_row(), None, 0.0)) == {}


def test_ranks_say_their_last_step_and_how_far_they_are_behind() -> None:
    row = run_row(
        metrics={
            "loss": stats([1.0] * 101),
            "epoch": stats([1.0] * 900),
            "rank1/loss": stats([1.0] * 101),
            "rank3/loss": stats([1.0] * 41),
        }
    )
    assert rank_steps(row) == {0: 100.0, 1: 100.0, 3: 40.0}
    assert rank_texts(row) == {"rank 0": "step 100", "rank 1": "step 100", "rank 3": "step 40  60 behind"}


def test_a_run_of_one_process_has_no_ranks() -> None:
    assert rank_texts(run_row(metrics={"loss": stats([1.0])})) == {}
