"""`tailboard show`: who else used the data, and how far the ranks have come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tailboard
from commands import call
from helpers import write_run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.delenv("TAILBOARD_DIR", raising=False)


def record(root: Path, run_id: str, data: Path, role: str) -> None:
    with tailboard.init(dir=str(root), id=run_id, capture=False, git=False, system=False) as run:
        run.log_artifact(str(data), role=role)


def test_show_names_the_other_runs_with_the_same_data_whatever_its_name(
    tmp_path: Path, capsys: Capture
) -> None:
    root = tmp_path / "runs"
    for name, content in (("train.csv", "1,2\n"), ("copy.csv", "1,2\n"), ("other.csv", "3\n")):
        (tmp_path / name).write_text(content)
    record(root, "made", tmp_path / "train.csv", "output")
    record(root, "asked", tmp_path / "train.csv", "input")
    record(root, "same", tmp_path / "copy.csv", "input")
    record(root, "different", tmp_path / "other.csv", "input")
    capsys.readouterr()
    shown = call(capsys, "show", "asked", "--root", root).out
    assert "read by same\n" in shown
    assert "made by made\n" in shown
    assert "different" not in shown
    (details,) = call(capsys, "show", "asked", "--root", root, "--json", "--details").lines
    (shared,) = details["same_data"]
    assert (shared["name"], shared["read_by"], shared["made_by"]) == ("train.csv", ["same"], ["made"])
    (alone,) = call(capsys, "show", "different", "--root", root, "--json", "--details").lines
    assert alone["same_data"] == []


def test_show_tells_the_last_step_of_every_rank_and_the_skew(tmp_path: Path, capsys: Capture) -> None:
    def records(count: int) -> list[dict[str, float]]:
        return [{"_step": step, "_timestamp": 1.7e9 + step, "loss": 1.0} for step in range(count)]

    path = write_run(tmp_path / "runs", "r", metrics=records(10))
    for rank, count in ((1, 8), (2, 10)):
        lines = "".join(json.dumps(record) + "\n" for record in records(count))
        (path / f"metrics.rank{rank}.jsonl").write_text(lines)
    shown = call(capsys, "show", "r", "--root", tmp_path / "runs").out.split("ranks\n")[1]
    rows = [line.split(maxsplit=2) for line in shown.splitlines()[:4]]
    assert rows[:3] == [["rank", "0", "step 9"], ["rank", "1", "step 7"], ["rank", "2", "step 9"]]
    assert rows[3] == ["skew", "2", "steps between first and last"]
    (details,) = call(capsys, "show", "r", "--root", tmp_path / "runs", "--json", "--details").lines
    assert (details["ranks"], details["rank_skew"]) == ({"0": 9, "1": 7, "2": 9}, 2)


def test_a_run_of_one_process_has_no_ranks_to_show(tmp_path: Path, capsys: Capture) -> None:
    write_run(tmp_path / "runs", "r", metrics=[{"_step": 0, "_timestamp": 1.7e9, "loss": 1.0}])
    assert "skew" not in call(capsys, "show", "r", "--root", tmp_path / "runs").out
    (details,) = call(capsys, "show", "r", "--root", tmp_path / "runs", "--json", "--details").lines
    assert (details["ranks"], details["rank_skew"]) == ({}, 0)
