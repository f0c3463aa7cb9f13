"""Inputs that lead into the parsers or once made them fail are replayed; the fuzzer itself is run by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
sys.path.insert(0, str(FUZZ))

import fuzz_parsers  # noqa: E402
import targets  # noqa: E402


def test_the_script_knows_every_target_and_each_has_inputs() -> None:
    assert set(fuzz_parsers.NAMES) == set(targets.TARGETS)
    assert all(targets.inputs(name) for name in targets.TARGETS)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_kept_inputs_pass(name: str, tmp_path: Path) -> None:
    for number, data in enumerate(targets.inputs(name)):
        directory = tmp_path / str(number)
        directory.mkdir()
        targets.TARGETS[name](data, directory)


@pytest.mark.parametrize(
    "name",
    ["metrics", "csv", "jsonl", "tensorboard", "tensorboard_records", "wandb_records", "swanlab_records"],
)
def test_the_targets_reach_points(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    read_all = targets.read_all

    def counting(*arguments: object) -> object:
        points, problems = read_all(*arguments)  # type: ignore[arg-type]
        counts.append(len(points.metrics))
        return points, problems

    monkeypatch.setattr(targets, "read_all", counting)
    test_the_kept_inputs_pass(name, tmp_path)
    assert max(counts) > 0
