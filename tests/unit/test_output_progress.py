"""How far a run is by the bars that it draws."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from commands import FINISH
from helpers import write_run
from tailboard_tui.store.lookup import find_run
from tailboard_tui.store.output_progress import progress_of_lines
from tailboard_tui.store.progress import Progress

HALF = "50%|█████     | 500/1000 [00:50<00:50, 10.00it/s]"


@pytest.mark.parametrize(
    ("lines", "fraction", "eta_s"),
    [
        ([HALF, ""], 0.5, 50.0),
        (["train: " + HALF], 0.5, 50.0),
        (["Epoch 3/10: " + HALF], 0.25, 50.0 + 700.0),
        (["Epoch 2/4", "500/1000 ━━━━━━━━━━━━━━━━━━━━ 50s 100ms/step - loss: 0.4"], 0.375, 50.0 + 200.0),
        (["100%|██████████| 1000/1000 [01:40<00:00, 10.00it/s]", HALF], None, None),
        (["Epoch 3: " + HALF], None, None),
        (["Validation: " + HALF], None, None),
        (["Loading checkpoint shards: " + HALF], None, None),
        (["500it [00:50, 10.00it/s]"], None, None),
        (["loss 0.3", "nothing drawn"], None, None),
        ([], None, None),
    ],
)
def test_a_bar_counts_where_it_is_that_of_the_whole_run(
    lines: list[str], fraction: float | None, eta_s: float | None
) -> None:
    found = progress_of_lines(lines)
    assert found == Progress(fraction=fraction, eta_s=eta_s)


def test_a_live_run_without_a_plan_is_as_far_as_its_bar(tmp_path: Path) -> None:
    now = time.time()
    drawn = f"\r{HALF.replace('50%', '40%').replace('500/', '400/')}\r{HALF}".encode()
    points = [{"_step": 3, "_timestamp": now, "loss": 1.0}]
    write_run(tmp_path, "live", metrics=points, output=drawn, created=now - 60)
    live = find_run("live", [str(tmp_path)])
    assert (live.status, live.progress, live.eta_s) == ("running", 0.5, 50.0)


def test_an_ended_run_has_no_time_left(tmp_path: Path) -> None:
    write_run(tmp_path, "done", output=HALF.encode(), events=[FINISH])
    done = find_run("done", [str(tmp_path)])
    assert (done.status, done.progress, done.eta_s) == ("finished", None, None)
