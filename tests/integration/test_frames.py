"""Runs and points as pandas frames."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from commands import three_runs
from helpers import write_run
from tailboard_tui.store import frames


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(three_runs(tmp_path / "runs"))


def test_runs_are_rows_with_config_and_statistics(root: str) -> None:
    frame = frames.runs(root)
    assert frame["name"].tolist() == ["broken", "good", "slow"]
    assert frame["config.lr"].tolist() == [10.0, 0.1, 0.01]
    assert frame.loc["20261121-120000-abcde1", "metrics.val/acc.best"] == 1 - math.exp(-1)
    assert frame["created"].iloc[0].timestamp() == 1_700_000_002.0


def test_a_query_chooses(root: str) -> None:
    assert frames.runs(root, "lr < 1")["name"].tolist() == ["good", "slow"]
    with pytest.raises(frames.QueryError):
        frames.runs(root, "lr <")


def test_points_are_rows_in_the_order_of_the_files(root: str) -> None:
    frame = frames.points([root], ["val/*"], "name:good")
    assert set(frame["metric"]) == {"val/acc"}
    assert frame["step"].tolist() == list(range(11))
    assert frame["value"].tolist() == [1 - math.exp(-step * 0.1) for step in range(11)]
    wide = frames.points(root, "epoch").pivot_table(
        index="step", columns="name", values="value", observed=True
    )
    assert wide.shape == (12, 3)


def test_resource_samples_are_asked_for_by_name(tmp_path: Path) -> None:
    run = write_run(tmp_path, "r", metrics=[{"_step": 0, "_timestamp": 1.0, "loss": 1.0}])
    (run / "system.jsonl").write_text('{"_timestamp":1.0,"cpu/percent":50.0}\n')
    assert set(frames.points(str(tmp_path))["metric"]) == {"loss"}
    assert frames.points(str(tmp_path), "cpu/*")["value"].tolist() == [50.0]


def test_nothing_gives_empty_frames(tmp_path: Path) -> None:
    assert frames.runs(str(tmp_path)).empty
    assert frames.points(str(tmp_path)).empty
    with pytest.raises(FileNotFoundError, match="no such file"):
        frames.runs(str(tmp_path / "typing-error"))


def test_runs_stand_side_by_side(root: str) -> None:
    frame = frames.compare(root, ["slow", "good"])
    assert frame.columns.tolist() == ["20261120-120000-abcde0", "20261121-120000-abcde1", "differs"]
    assert frame.loc[("config", "lr")].tolist() == [0.01, 0.1, True]
    assert frame.loc[("config", "model.depth")].tolist() == [3, 3, False]
    assert frame.loc[("best", "val/acc")].iloc[1] == 1 - math.exp(-1)
    assert frame.loc[("at equal step", "val/acc")].iloc[1] == 1 - math.exp(-0.9)
    short = frames.compare(root, ["slow", "good"], only_differences=True)
    assert [key for part, key in short.index if part == "config"] == ["lr"]
    with pytest.raises(LookupError):
        frames.compare(root, ["slow", "nobody"])
