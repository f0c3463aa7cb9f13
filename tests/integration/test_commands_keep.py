"""`compare`, `export`, `wait`, `archive` and `rm` on real directories."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import FINISH, call
from helpers import until, write_run
from tailboard_tui.commands import wait
from tailboard_tui.commands.failures import CommandError

Capture = pytest.CaptureFixture[str]


def test_compare_names_the_best_and_what_made_it(root: Path, capsys: Capture) -> None:
    done = call(capsys, "compare", "slow", "good", "broken", "--diff-only")
    assert done.status == 0
    assert done.out.startswith("Best val/acc: good, 0.6321 at step 10\n")
    (lr,) = [line for line in done.out.splitlines() if line.startswith("lr ")]
    assert lr.split() == ["lr", "0.01", "0.1", "(+0.09)", "10.0", "(+9.99)"]
    assert "out_dir" not in done.out
    assert "model.depth" not in done.out
    assert "out_dir" in call(capsys, "compare", "slow", "good").out


def test_compare_gives_the_same_facts_as_json(root: Path, capsys: Capture) -> None:
    (found,) = call(capsys, "compare", "slow", "good", "--json").lines
    assert found["format"] == 1
    assert [run["name"] for run in found["runs"]] == ["slow", "good"]
    assert found["baseline"] == "20261120-120000-abcde0"
    assert found["config"][0] == {
        "key": "lr",
        "values": [0.01, 0.1],
        "differs": True,
        "noise": False,
        "delta": [0.0, 0.09000000000000001],
    }
    acc = found["metrics"][0]
    assert (acc["name"], acc["goal"], acc["winner"]) == ("val/acc", "maximize", "20261121-120000-abcde1")
    assert acc["at_step"] == {"step": 9, "values": [acc["last"][0], 1 - 2.718281828459045**-0.9]}
    assert acc["at_time"]["seconds"] == 9


def test_compare_takes_another_baseline_and_chosen_metrics(root: Path, capsys: Capture) -> None:
    (found,) = call(capsys, "compare", "slow", "good", "--baseline", "broken", "-m", "val/*", "--json").lines
    assert [run["name"] for run in found["runs"]] == ["slow", "good", "broken"]
    assert found["baseline"] == "20261122-120000-abcde2"
    assert [item["name"] for item in found["metrics"]] == ["val/acc"]
    assert found["config"][0]["delta"] == [-9.99, -9.9, 0.0]


def test_compare_needs_two_different_runs(root: Path, capsys: Capture) -> None:
    assert call(capsys, "compare", "slow", "20261120").status == 2
    assert call(capsys, "compare", "slow", "nobody").status == 1


def test_export_writes_what_metrics_prints(root: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "points.csv"
    done = call(capsys, "export", "good", "-o", path, "-m", "val/*")
    assert done.status == 0
    assert not done.out
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    points = call(capsys, "metrics", "good", "-m", "val/acc", "--json").lines
    assert [float(row["value"]) for row in rows] == [point["value"] for point in points]
    assert [int(row["step"]) for row in rows] == [point["step"] for point in points]


def test_export_never_writes_over_a_file_unasked(root: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "points.jsonl"
    path.write_text("precious")
    assert call(capsys, "export", "good", "-o", path).status == 1
    assert path.read_text() == "precious"
    (told,) = call(capsys, "export", "good", "slow", "-o", path, "--wide", "--force", "--json").lines
    assert told["rows"] == len(path.read_text().splitlines()) == 21
    assert call(capsys, "export", "good", "-o", tmp_path / "x.xlsx").status == 2
    assert call(capsys, "export", "good", "-o", tmp_path / "no" / "x.csv").status == 1


def test_export_writes_event_files_that_read_back(root: Path, tmp_path: Path, capsys: Capture) -> None:
    events = tmp_path / "events"
    arguments = ("export", "good", "slow", "--format", "tensorboard", "-o", events)
    (told,) = call(capsys, *arguments, "--json").lines
    written = sorted(path.parent.name for path in events.rglob("*tfevents*"))
    assert written == sorted(told["runs"])
    points = 0
    for run in told["runs"]:
        original = call(capsys, "metrics", run, "-m", "*", "--json").lines
        copy = call(capsys, "metrics", run, "-m", "*", "--json", "--root", events).lines
        points += len(copy)
        plain = [[(p["metric"], p["step"], p["value"]) for p in found] for found in (original, copy)]
        for one, other in zip(sorted(plain[0]), sorted(plain[1]), strict=True):
            assert one[:2] == other[:2]
            assert one[2] == pytest.approx(other[2], rel=1e-6)
    assert points == told["points"] > 0
    refused = call(capsys, *arguments)
    assert (refused.status, "--force replaces it" in refused.err) == (1, True)
    assert call(capsys, *arguments, "--force").status == 0
    assert call(capsys, *arguments, "--wide").status == 2


def test_runs_go_to_the_trash_and_come_back(root: Path, capsys: Capture) -> None:
    def listed() -> list[str]:
        return [run["name"] for run in call(capsys, "ls", "--json").lines]

    assert call(capsys, "archive", "good", "slow").status == 0
    assert listed() == ["broken"]
    assert {item["name"] for item in call(capsys, "archive", "--list", "--json").lines} == {
        "20261120-120000-abcde0",
        "20261121-120000-abcde1",
    }
    assert call(capsys, "archive", "--undo", "good").status == 0
    assert listed() == ["broken", "good"]
    assert call(capsys, "archive", "--undo").status == 0
    assert listed() == ["broken", "good", "slow"]
    assert call(capsys, "archive", "--undo").status == 1


def test_emptying_takes_only_what_rm_moved(root: Path, capsys: Capture) -> None:
    call(capsys, "archive", "good")
    call(capsys, "rm", "slow")
    assert call(capsys, "rm", "--empty").status == 2
    assert call(capsys, "rm", "--empty", "--yes").status == 0
    assert call(capsys, "rm", "--list", "--json").lines == []
    assert len(call(capsys, "archive", "--list", "--json").lines) == 1
    assert call(capsys, "rm").status == 2


def test_a_refused_run_does_not_keep_the_others(root: Path, tmp_path: Path, capsys: Capture) -> None:
    elsewhere = write_run(tmp_path / "elsewhere", "r1", events=[FINISH])
    done = call(capsys, "rm", "good", elsewhere)
    assert done.status == 1
    assert "--root" in done.err
    assert elsewhere.exists()
    assert "removed 20261121-120000-abcde1" in done.out


def test_wait_tells_how_ended_runs_ended(root: Path, capsys: Capture) -> None:
    assert call(capsys, "wait", "good", "slow").status == 0
    write_run(root, "sad", events=[{**FINISH, "status": "failed", "exit_code": 1}])
    assert call(capsys, "wait", "sad").status == 1
    assert call(capsys, "wait", "good", "sad").status == 1
    done = call(capsys, "wait", "good", "--json")
    assert [run["status"] for run in done.lines] == ["finished"]


@pytest.fixture
def living(root: Path) -> Iterator[Path]:
    """A run whose process lives: this one's child."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        yield write_run(
            root,
            "live",
            metrics=[{"_step": 0, "_timestamp": time.time(), "loss": 1.0}],
            created=time.time(),
            pid=child.pid,
            host=os.uname().nodename,
        )
    finally:
        child.kill()
        child.wait()


def test_wait_comes_back_when_the_run_ends(living: Path, capsys: Capture) -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(call(capsys, "wait", "live", "good").status))
    thread.start()
    (living / "events.jsonl").write_text(
        json.dumps({**FINISH, "time": time.time() + 1, "status": "killed"}) + "\n"
    )
    thread.join(timeout=20)
    assert found == [1]


def test_wait_gives_up_after_the_timeout_and_any_takes_the_first(living: Path, capsys: Capture) -> None:
    done = call(capsys, "wait", "live", "good", "--timeout", "0.1")
    assert done.status == 1
    assert "still running: live" in done.err
    assert call(capsys, "wait", "live", "good", "--any").status == 0


def test_a_living_run_is_not_moved(living: Path, capsys: Capture) -> None:
    until(lambda: call(capsys, "show", "live", "--json").lines[0]["status"] == "running")
    done = call(capsys, "archive", "live")
    assert done.status == 1
    assert "running" in done.err
    assert living.exists()


def test_waiting_asks_less_often_as_time_goes_on() -> None:
    from rows import run_row

    pauses: list[float] = []
    states = iter(["running"] * 30 + ["finished"])
    rows = wait.wait(
        [run_row(status="running")],
        lambda row: run_row(status=next(states)),  # type: ignore[arg-type]
        any_run=False,
        deadline=None,
        sleep=pauses.append,
    )
    assert rows[0].status == "finished"
    assert pauses == sorted(pauses)
    assert pauses[-1] == wait.MAX_POLL_S


def test_a_run_that_vanishes_while_waiting_is_told(tmp_path: Path) -> None:
    from rows import run_row

    with pytest.raises(CommandError):
        wait.look(run_row(path=str(tmp_path / "gone")))
