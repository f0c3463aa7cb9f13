"""Inputs that lead into the parsers or once made them fail are replayed; the fuzzer itself is run by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest

TESTS = Path(__file__).resolve().parents[1]
SOURCES = (TESTS.parent / "tui" / "tailboard_tui", TESTS.parent / "logger")
sys.path.insert(0, str(TESTS / "fuzz"))

import checking  # noqa: E402
import targets  # noqa: E402
from parsers import COVERS, WITHOUT  # noqa: E402

READ_POINTS = ("metrics", "csv", "jsonl", "tensorboard", "tensorboard_records", "wandb_records")
READ_POINTS += ("swanlab_records", "sacred", "huggingface", "optuna", "hydra", "guild", "dvclive", "mlflow")
READ_POINTS += ("ray", "mmengine", "allennlp", "lightning", "baselines", "mlflow_db", "trackio")


def test_every_module_that_could_parse_has_a_target_or_a_reason() -> None:
    rooms = ("formats", "files", "text", "store")
    modules = {f"{room}.{path.stem}" for room in rooms for path in (SOURCES[0] / room).glob("[!_]*.py")}
    covered = {module for names in COVERS.values() for module in names.split()}
    assert modules - covered - WITHOUT.keys() == set()
    assert covered & WITHOUT.keys() == set()
    assert WITHOUT.keys() - modules == set()
    assert all(WITHOUT.values())


def test_there_are_targets_as_the_table_says_and_each_has_inputs() -> None:
    assert COVERS.keys() == targets.TARGETS.keys()
    assert all(targets.inputs(name) for name in targets.TARGETS)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_kept_inputs_pass_and_lead_where_the_table_says(name: str, tmp_path: Path) -> None:
    called: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            called.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        replay(name, tmp_path)
    finally:
        sys.setprofile(before)
    for module in COVERS[name].split():
        paths = (str(source / f"{module.replace('.', '/')}.py") for source in SOURCES)
        assert any(path in called for path in paths), module


def replay(name: str, scratch: Path) -> None:
    """Run a target on all its inputs, each in a directory of its own."""
    for number, data in enumerate(targets.inputs(name)):
        directory = scratch / str(number)
        directory.mkdir()
        targets.TARGETS[name].run(data, directory)


@pytest.mark.parametrize("name", READ_POINTS)
def test_the_targets_reach_points(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    read_all = checking.read_all

    def counting(*arguments: object) -> object:
        points, problems = read_all(*arguments)  # type: ignore[arg-type]
        counts.append(len(points.metrics))
        return points, problems

    monkeypatch.setattr(checking, "read_all", counting)
    replay(name, tmp_path)
    assert max(counts) > 0
