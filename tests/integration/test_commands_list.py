"""`ls`, `show` and `metrics` on real directories."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from commands import FINISH, call
from helpers import write_run
from tailboard_tui.store.annotations import notebook_path

Capture = pytest.CaptureFixture[str]


def names(done_lines: list[dict[str, object]]) -> list[object]:
    return [run["name"] for run in done_lines]


def test_ls_lists_the_newest_first_with_all_statistics(root: Path, capsys: Capture) -> None:
    done = call(capsys, "ls", root, "--json")
    assert done.status == 0
    assert not done.err
    assert names(done.lines) == ["broken", "good", "slow"]
    good = done.lines[1]
    assert good["metrics"]["val/acc"]["count"] == 11
    assert good["metrics"]["val/acc"]["max"] == 1 - math.exp(-1)
    assert good["config"] == {"lr": 0.1, "model.depth": 3, "out_dir": "/x/1"}
    assert done.lines[0]["metrics"]["val/acc"]["nan_count"] == 9


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-q", "lr <= 0.1"], ["good", "slow"]),
        (["-q", "val/acc.max > 0.6"], ["good"]),
        (["-q", "!tag:keep group:sweep"], ["broken"]),
        (["--sort", "val/acc.best"], ["good", "broken", "slow"]),
        (["--sort", "lr"], ["slow", "good", "broken"]),
        (["--sort", "lr:desc", "-n", "2"], ["broken", "good"]),
        (["--sort=-created"], ["slow", "good", "broken"]),
        (["-n", "1"], ["broken"]),
        (["-n", "0"], []),
        (["-q", "nothing"], []),
    ],
)
def test_ls_filters_sorts_and_cuts(
    root: Path, capsys: Capture, arguments: list[str], expected: list[str]
) -> None:
    assert names(call(capsys, "ls", root, "--json", *arguments).lines) == expected


def test_a_metric_that_is_not_in_the_last_line_is_found_too(tmp_path: Path, capsys: Capture) -> None:
    rare = [{"_step": 0, "_timestamp": 1.0, "val/acc": 0.9}, {"_step": 1, "_timestamp": 2.0, "loss": 1.0}]
    write_run(tmp_path, "r1", metrics=rare, name="rare")
    write_run(tmp_path, "r2", metrics=rare[1:], name="never")
    for arguments in (["-q", "val/acc > 0.5"], ["-q", "has:val/acc"], ["--sort", "val/acc", "-n", "1"]):
        assert names(call(capsys, "ls", tmp_path, "--json", *arguments).lines) == ["rare"]


def test_ls_shows_what_it_sorts_by(root: Path, capsys: Capture) -> None:
    head = call(capsys, "ls", root, "--sort", "val/acc.first").out.splitlines()[0].split()
    assert "val/acc.first" in head
    by_age = call(capsys, "ls", root, "--sort", "created").out.splitlines()[0].split()
    assert "created" not in by_age  # `age` says it


def test_ls_prints_a_table_with_what_differs(root: Path, capsys: Capture) -> None:
    done = call(capsys, "ls", root)
    head, *lines = done.out.splitlines()
    shown = "status name age step val/acc.best lr group tags duration val/acc id"
    assert head.split() == shown.split()
    assert [line.split()[1] for line in lines] == ["broken", "good", "slow"]
    assert "NaN" in lines[0]
    assert lines[1].split()[4] == "0.6321"


def test_ls_shows_the_columns_that_are_asked_for(root: Path, capsys: Capture) -> None:
    done = call(capsys, "ls", root, "--columns", "name,model.depth,val/acc.max_step", "--sort", "name")
    assert [line.split() for line in done.out.splitlines()] == [
        ["name", "model.depth", "val/acc.max_step"],
        ["broken", "3", "0"],
        ["good", "3", "10"],
        ["slow", "3", "9"],
    ]


def test_ls_summarises_groups_the_best_mean_first(root: Path, capsys: Capture) -> None:
    for number, acc in enumerate((0.7, 0.9)):
        metrics = [{"_step": 0, "_timestamp": 1.0, "val/acc": acc}]
        write_run(
            root, f"seed-{number}", config={"lr": 0.01, "seed": number}, metrics=metrics, events=[FINISH]
        )
    found = call(capsys, "ls", root, "--group", "lr", "--columns", "val/acc.best", "--json").lines
    assert [item["group"]["lr"] for item in found] == [0.1, 0.01, 10.0]
    slow = found[1]["values"]["val/acc.best"]
    assert (slow["n"], slow["max"]) == (3, 0.9)
    assert slow["mean"] == pytest.approx((0.7 + 0.9 + 1 - math.exp(-0.09)) / 3)
    assert found[0]["values"]["val/acc.best"]["std"] == "NaN"
    head, best, *_ = call(capsys, "ls", root, "--group", "lr,model.depth").out.splitlines()
    assert head.split()[:4] == ["lr", "model.depth", "n", "val/acc.best"]
    assert best.split()[:3] == ["0.01", "—", "2"]


def test_a_wrong_query_says_where_it_is_wrong(root: Path, capsys: Capture) -> None:
    done = call(capsys, "ls", root, "-q", "lr >= and")
    assert done.status == 0
    done = call(capsys, "ls", root, "-q", "(lr > 1")
    assert done.status == 2
    assert not done.out
    assert done.err.splitlines()[1:] == ["  (lr > 1", "  ^"]


def test_an_empty_folder_says_what_to_do_and_a_missing_one_fails(tmp_path: Path, capsys: Capture) -> None:
    done = call(capsys, "ls", tmp_path)
    assert (done.status, done.out) == (0, "")
    assert "tailboard demo" in done.err
    done = call(capsys, "ls", tmp_path / "gone")
    assert (done.status, done.out) == (1, "")
    assert "no such file" in done.err


def test_a_hidden_run_is_left_out_unless_asked_for(root: Path, capsys: Capture) -> None:
    notebook = notebook_path()
    notebook.parent.mkdir(parents=True)
    notebook.write_text(json.dumps({"path": str(root / "20261120-120000-abcde0"), "hidden": True}) + "\n")
    assert names(call(capsys, "ls", root, "--json").lines) == ["broken", "good"]
    assert len(call(capsys, "ls", root, "--json", "--all").lines) == 3


def test_a_run_is_hidden_by_its_own_annotations(root: Path, capsys: Capture) -> None:
    (root / "20261120-120000-abcde0" / "annotations.jsonl").write_text('{"time": 1, "hidden": true}\n')
    assert names(call(capsys, "ls", root, "--json").lines) == ["broken", "good"]


def test_show_finds_a_run_by_id_beginning_name_path_and_latest(root: Path, capsys: Capture) -> None:
    path = root / "20261121-120000-abcde1"
    for ref in ("20261121-120000-abcde1", "20261121", "good", str(path)):
        (found,) = call(capsys, "show", ref, "--root", root, "--json").lines
        assert found["path"] == str(path)
    (found,) = call(capsys, "show", "latest", "--root", root, "--json").lines
    assert found["name"] == "broken"
    assert found == call(capsys, "ls", root, "--json", "-n", "1").lines[0]


def test_show_takes_every_id_that_ls_prints(tmp_path: Path, capsys: Capture) -> None:
    for version in range(2):
        path = tmp_path / "lightning_logs" / f"version_{version}"
        path.mkdir(parents=True)
        (path / "metrics.csv").write_text("epoch,step,train_loss\n0,0,1.5\n0,1,1.25\n")
        (path / "hparams.yaml").write_text("lr: 0.1\n")
    ids = [run["id"] for run in call(capsys, "ls", tmp_path, "--json").lines]
    assert len(set(ids)) == 2
    for run_id in ids:
        assert call(capsys, "show", run_id, "--root", tmp_path, "--json").lines[0]["id"] == run_id


def test_show_refuses_what_is_not_one_run(root: Path, capsys: Capture) -> None:
    for ref, said in (("2026112", "any of 3 runs"), ("nobody", "no run")):
        done = call(capsys, "show", ref, "--root", root)
        assert (done.status, done.out) == (1, "")
        assert said in done.err


def test_show_tells_everything_to_a_person(root: Path, capsys: Capture) -> None:
    write_run(
        root,
        "r9",
        name="sad",
        created=1_800_000_000.0,
        notes="first try",
        command="python train.py",
        git={"commit": "abc", "branch": "main", "dirty": True},
        metrics=[{"_step": 0, "_timestamp": 1.0, "loss": 1.0}, {"_step": 1, "_timestamp": 2.0, "loss": 0.5}],
        events=[
            {"time": 1.8e9, "event": "alert", "title": "spike", "text": "look", "level": "warning"},
            {**FINISH, "time": 1.8e9, "status": "failed", "exit_code": 1, "error": "Traceback\nboom"},
        ],
    )
    with (root / "r9" / "metrics.jsonl").open("a") as file:
        file.write("not json\n")
    done = call(capsys, "show", "sad", "--root", root)
    assert done.status == 0
    for text in (
        "sad  failed",
        "first try",
        "python train.py",
        "abc on main with uncommitted changes",
        "boom",
    ):
        assert text in done.out
    for text in ("loss", "metrics.jsonl:3", "spike look"):
        assert text in done.out
    (details,) = call(capsys, "show", "sad", "--root", root, "--json", "--details").lines
    assert details["git"]["dirty"] is True
    assert details["alerts"][0]["title"] == "spike"
    assert details["resources"]["gpu_hours"] is None
    assert details["problems"][0]["line"] == 3


def test_metrics_prints_points_as_they_were_written(root: Path, capsys: Capture) -> None:
    done = call(capsys, "metrics", "broken", "-m", "val/acc", "--root", root, "--json")
    assert [point["value"] for point in done.lines[:4]] == [0.5, 0.5, 0.5, "NaN"]
    assert done.lines[0] == {
        "format": 1,
        "run": "20261122-120000-abcde2",
        "metric": "val/acc",
        "step": 0,
        "time": 1_700_000_000.0,
        "value": 0.5,
    }
    text = call(capsys, "metrics", "broken", "-m", "val/acc", "--root", root, "-n", "2").out
    assert text.splitlines() == [
        "metric\tstep\ttime\tvalue",
        "val/acc\t10\t1700000010.0\tnan",
        "val/acc\t11\t1700000011.0\tnan",
    ]


def test_metrics_takes_globs_and_names_what_there_is(root: Path, capsys: Capture) -> None:
    assert call(capsys, "metrics", "good", "--root", root).out.split() == ["val/acc", "epoch"]
    done = call(capsys, "metrics", "good", "-m", "e*", "-m", "*", "--root", root, "--json")
    assert list(dict.fromkeys(point["metric"] for point in done.lines)) == ["epoch", "val/acc"]
    done = call(capsys, "metrics", "good", "-m", "loss", "--root", root)
    assert done.status == 1
    assert "val/acc, epoch" in done.err


def test_a_resumed_run_shows_overwritten_points_on_demand(tmp_path: Path, capsys: Capture) -> None:
    lines = [{"_step": step, "_timestamp": 1.0, "x": 0} for step in range(3)]
    resumed = [{"_event": "resume", "_step": 1, "_timestamp": 2.0}, {"_step": 1, "_timestamp": 2.0, "x": 9}]
    write_run(tmp_path, "r", metrics=[*lines, *resumed])
    values = {
        option: [
            p["value"]
            for p in call(capsys, "metrics", "r", "-m", "x", "--root", tmp_path, "--json", *option).lines
        ]
        for option in ((), ("--overwritten",))
    }
    assert values[()] == [0, 9]
    assert values[("--overwritten",)] == [0, 0, 0, 9]


def test_roots_come_from_the_environment_then_runs_then_here(
    root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    assert len(call(capsys, "ls", "--json").lines) == 3
    monkeypatch.chdir(root)
    assert len(call(capsys, "ls", "--json").lines) == 3
    monkeypatch.chdir("/")
    monkeypatch.setenv("TAILBOARD_DIR", str(root))
    assert len(call(capsys, "ls", "--json").lines) == 3


def test_hostile_names_act_on_nothing(tmp_path: Path, capsys: Capture) -> None:
    hostile = "x\x1b]52;c;aGk=\x07\x1b[2J\n\r\x9b31m\u202e[/b]"
    metrics = [{"_step": 0, "_timestamp": 1.0, hostile: 1.0}]
    write_run(tmp_path, "r", name=hostile, tags=[hostile], config={hostile: hostile}, metrics=metrics)
    for arguments in (
        ("ls", tmp_path),
        ("show", "r", "--root", tmp_path),
        ("metrics", "r", "-m", "*", "--root", tmp_path),
    ):
        for option in ((), ("--json",)):
            done = call(capsys, *arguments, *option)
            assert done.status == 0
            assert not set("\x1b\x07\r\x9b\u202e") & set(done.out)
    assert call(capsys, "ls", tmp_path, "--json").lines[0]["name"] == hostile
