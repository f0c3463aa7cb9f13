"""Runs as commands read them: in one search, and not twice what the index knows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from commands import FINISH
from helpers import write_run
from tailboard_tui.store import lookup
from tailboard_tui.store.tracked import TrackedRun


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setattr(lookup, "WORTH_KEEPING", 1)
    for number, name in enumerate(("one", "two", "six")):
        points = [{"_step": step, "_timestamp": 1.7e9, "loss": number + step} for step in range(3)]
        run = write_run(tmp_path / "runs", f"r{number}", name=name, metrics=points, events=[FINISH])
        for path in (*run.iterdir(), run):
            os.utime(path, (1.7e9, 1.7e9))  # What was written just now may change again unnoticed.
    return tmp_path / "runs"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the runs whose points were read."""
    names: list[str] = []
    original = TrackedRun.read_all

    def noted(run: TrackedRun) -> None:
        names.append(Path(run.key).name)
        original(run)

    monkeypatch.setattr(TrackedRun, "read_all", noted)
    return names


def test_a_run_that_ended_is_read_once_and_then_told_from_the_index(root: Path, read: list[str]) -> None:
    first = lookup.load_rows([str(root)], full=True)
    assert sorted(read) == ["r0", "r1", "r2"]
    read.clear()
    assert lookup.load_rows([str(root)], full=True) == first
    assert lookup.load_rows([str(root)]) == first
    assert read == []


def test_a_run_that_was_written_to_since_is_read_anew(root: Path, read: list[str]) -> None:
    lookup.load_rows([str(root)], full=True)
    read.clear()
    with (root / "r1" / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"_step": 3, "_timestamp": 1.7e9, "loss": -7.0}) + "\n")
    rows = {row.facts.id: row for row in lookup.load_rows([str(root)], full=True)}
    assert read == ["r1"]
    assert rows["r1"].metrics["loss"].min == -7.0


def test_several_runs_are_found_in_one_search(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    original = lookup.find
    monkeypatch.setattr(lookup, "find", lambda place: searched.append(place) or original(place))
    found = lookup.find_runs(["six", "r0", "one", str(root / "r1")], [str(root)])
    assert [row.facts.name for row in found] == ["six", "one", "two"]
    assert [row.metrics["loss"].count for row in found] == [3, 3, 3]
    assert searched == [str(root)]


def test_a_folder_of_runs_is_told_from_a_run(root: Path) -> None:
    with pytest.raises(lookup.RunNotFound, match=r"is no run; `tailboard ls .*/runs` lists those in it"):
        lookup.find_run(str(root), [])
