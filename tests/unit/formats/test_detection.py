"""Which directories and files are runs, and which are not."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reading import FIXTURES, found_in, read_series
from tailboard_tui.formats import detect
from tailboard_tui.store.checkup import machine


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def events(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    source = next((FIXTURES / "tensorboard_tensors/run/train").iterdir())
    shutil.copy(source, directory)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.csv", "id,text,label\n1,hello,0\n2,world,1\n"),
        ("data/points.csv", "x,y,z\n1,2,3\n"),
        ("iris.csv", "sepal_length,sepal_width,species\n5.1,3.5,setosa\n"),
        ("timeseries.csv", "date,open,close\n2020-01-01,1,2\n"),
        ("train.jsonl", '{"text": "hello", "label": 0}\n'),
        ("chat.jsonl", '{"messages": [{"role": "user"}], "step": 1}\n'),
        ("package.json", '{"name": "x", "version": 1}'),
        ("config.json", '{"step": 1, "loss": 2}'),
        ("notes.txt", "Step 1: buy milk. Step 2: drink it.\n"),
        ("requirements.txt", "numpy==1.26\ntorch==2.0\n"),
        ("server.log", "2024-01-01 12:00:00 INFO listening on port: 8080\n" * 5),
        ("empty.csv", ""),
        ("binary.csv", "step,loss\n\0\0\0\n"),
        ("notes.db", "no database"),
        ("fake.wandb", "no wandb"),
        ("tfevents.py", "import os\n"),
        ("metrics.json", "[1, 2, 3]"),
        ("metrics.json", '{"accuracy": {"value": 0.9}}'),
        ("results.csv", "name,grade\nann,1\n"),
    ],
)
def test_data_and_configurations_are_no_runs(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path / name, text)
    assert found_in(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "text", "run", "source"),
    [
        ("a/log.csv", "epoch,loss\n1,0.5\n", "a", "csv"),
        ("mine.csv", "step;train loss;val loss\n1;0.5;0.6\n", "mine.csv", "csv"),
        ("curve.tsv", "iteration\treward\n1\t0.5\n", "curve.tsv", "csv"),
        ("a/metrics.json", '{"iteration": 1, "total_loss": 0.5, "lr": 0.1}\n', "a", "jsonl"),
        ("run1.jsonl", '{"step": 1, "loss": 0.5}\n', "run1.jsonl", "jsonl"),
        ("data/loss.jsonl", '{"step": 1, "loss": 0.5}\n', "data/loss.jsonl", "jsonl"),
        ("out.log", "iter 10: loss 2.1, time 5.00ms, mfu 1.0%\n", "out.log", "log"),
        ("slurm-1.out", "Step 1 | loss:1.2 lr:2e-5\n", "slurm-1.out", "log"),
        ("w/20240101/vis_data/scalars.json", '{"lr": 1, "loss": 2, "step": 1}\n', "w/20240101", "mmengine"),
        ("a/metrics_epoch_0.json", '{"training_loss": 1.0}', "a", "allennlp"),
        ("spin/progress.txt", "Epoch\tAverageEpRet\n1\t0.5\n", "spin", "progress"),
    ],
)
def test_metrics_are_found_whatever_wrote_them(
    name: str, text: str, run: str, source: str, tmp_path: Path
) -> None:
    write(tmp_path / name, text)
    assert {path: found.format.name for path, found in found_in(tmp_path).items()} == {run: source}


def test_parts_of_a_run_are_folded_and_sub_runs_are_not(tmp_path: Path) -> None:
    events(tmp_path / "keras/train")
    events(tmp_path / "keras/validation")
    events(tmp_path / "sweep")
    events(tmp_path / "sweep/lr0.1")
    events(tmp_path / "sweep/lr0.2")
    assert found_in(tmp_path).keys() == {"keras", "sweep", "sweep/lr0.1", "sweep/lr0.2"}


def test_checkpoints_and_event_files_of_the_trainer_belong_to_its_run(tmp_path: Path) -> None:
    write(tmp_path / "out/checkpoint-10/trainer_state.json", "{}")
    write(tmp_path / "out/checkpoint-20/trainer_state.json", "{}")
    events(tmp_path / "out/runs/first")
    assert {path: found.format.name for path, found in found_in(tmp_path).items()} == {"out": "huggingface"}


def test_versions_below_a_job_of_hydra_are_one_run_and_alone_they_are_several(tmp_path: Path) -> None:
    for root in ("job", "logs"):
        for version in (0, 1):
            write(tmp_path / root / f"csv/version_{version}/metrics.csv", f"step,loss\n0,{version}\n")
    write(tmp_path / "job/.hydra/config.yaml", "lr: 1e-3\n")
    runs = found_in(tmp_path)
    assert runs.keys() == {"job", "logs/csv/version_0", "logs/csv/version_1"}
    assert read_series(runs["job"]) == {"csv/version_0/loss": ([0], [0]), "csv/version_1/loss": ([0], [1])}
    assert detect.reader_of(runs["job"]).facts().config == {"lr": 0.001}


def test_a_root_that_is_one_file_opens(tmp_path: Path) -> None:
    for fixture, pattern in (
        ("tensorboard_x/plain", "*tfevents*"),
        ("ultralytics/detect/train", "results.csv"),
        ("wandb_offline/run-abc12345", "*.wandb"),
        ("baselines3/json", "progress.json"),
    ):
        path = next((FIXTURES / fixture).glob(pattern))
        if path.suffix == ".json":
            path = Path(shutil.copy(path, tmp_path / "progress.jsonl"))
        (found,) = detect.find(str(path))
        assert read_series(found)


def test_runs_in_a_database_open_by_their_own_path() -> None:
    path = FIXTURES / "mlflow_stores/mlflow.db"
    runs = list(detect.find(str(path)))
    assert len(runs) == 2
    for run in runs:
        assert detect.format_of(run.path) == run.format
        reader = detect.open_reader(run.path)
        assert reader is not None
        assert reader.facts().project == "exp one"
        assert [found.path for found in detect.find(run.path)] == [run.path]


def test_symlinks_lead_to_no_run_outside_of_the_root(tmp_path: Path) -> None:
    write(tmp_path / "secret/metrics.csv", "step,loss\n1,2\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "loop").symlink_to(root)
    (root / "file.csv").symlink_to(tmp_path / "secret/metrics.csv")
    assert found_in(root) == {}


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The worked example of docs/formats.md, installed as a package; and one that cannot be loaded."""
    guide = (Path(__file__).parents[3] / "docs/formats.md").read_text()
    package = tmp_path / "site/my_package"
    code = re.search(r"```python\n(from tailboard_tui.*?)```", guide, re.DOTALL)
    assert code is not None
    write(package / "__init__.py", "")
    write(package / "tailboard.py", code[1])
    info = tmp_path / "site/my_package-1.0.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    entries = "mine = my_package.tailboard:FORMAT\nbroken = my_package.missing:FORMAT\n"
    write(info / "entry_points.txt", f"[tailboard.formats]\n{entries}")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    detect.formats.cache_clear()
    detect.PLUG_IN_PROBLEMS.clear()
    importlib.invalidate_caches()
    yield tmp_path / "runs"
    detect.formats.cache_clear()
    detect.PLUG_IN_PROBLEMS.clear()
    for name in [name for name in sys.modules if name.startswith("my_package")]:
        del sys.modules[name]


def test_the_worked_example_of_a_plug_in_reads_its_format(plug_in: Path) -> None:
    write(plug_in / "one/scores.txt", "0 loss 0.5\n1 loss 0.25\nnonsense\n")
    (found,) = found_in(plug_in).values()
    assert found.format.name == "scores"
    assert read_series(found) == {"loss": ([0, 1], [0.5, 0.25])}
    reader = detect.reader_of(found)
    (problem,) = reader.poll().problems
    assert (problem.file, problem.line) == ("scores.txt", 3)
    assert reader.facts().name == "one"


def test_a_plug_in_that_cannot_be_loaded_is_named_and_keeps_nothing_from_opening(plug_in: Path) -> None:
    write(plug_in / "a/metrics.csv", "step,loss\n1,2\n")
    assert found_in(plug_in).keys() == {"a"}
    assert len(detect.PLUG_IN_PROBLEMS) == 1
    assert "my_package.missing" in detect.PLUG_IN_PROBLEMS[0]


def test_a_plug_in_that_fails_on_a_directory_is_named_and_keeps_nothing_from_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise KeyError("loss")

    broken = detect.Format("broken", "my_package:Reader", fail, fail)
    monkeypatch.setattr(detect, "formats", lambda: (broken, *detect.FORMATS))
    write(tmp_path / "a/metrics.csv", "step,loss\n1,2\n")
    write(tmp_path / "b.csv", "step,loss\n1,2\n")
    assert found_in(tmp_path).keys() == {"a", "b.csv"}
    assert detect.PLUG_IN_PROBLEMS == ["broken: KeyError: 'loss'"]
    detect.PLUG_IN_PROBLEMS.clear()


def test_a_row_of_text_costs_its_step_only_and_a_run_id_may_hold_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "project#1.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp, run_name, step, metrics)")
        for step in (0, "one", 2):
            row = ("2026-11-23T19:47:38+00:00", "seed #1", step, json.dumps({"loss": 0.5}))
            database.execute(
                "INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", row
            )
        database.commit()
    (found,) = found_in(tmp_path).values()
    assert detect.reader_of(found).facts().id == "seed #1"
    steps, values = read_series(found)["loss"]
    assert (steps[0], steps[-1], values) == (0, 2, [0.5, 0.5, 0.5])


def test_doctor_names_the_formats_of_other_packages_and_those_that_cannot_be_loaded(plug_in: Path) -> None:
    told = [check for check in machine({}, is_terminal=False) if check.topic == "formats"]
    assert [(check.state, "scores" in check.text) for check in told] == [("ok", True), ("bad", False)]
    assert "my_package.missing" in told[1].text


def test_every_format_has_a_row_in_the_guide() -> None:
    guide = (Path(__file__).parents[3] / "docs/formats.md").read_text().lower()
    spelled = {"huggingface": "hugging face", "csv": "csv or tsv", "jsonl": "json lines", "log": "plain logs"}
    spelled |= {"progress": "progress.csv", "ray": "ray tune", "tailboard": "tailboard"}
    for known in detect.FORMATS:
        assert spelled.get(known.name, known.name) in guide, known.name


def test_unreadable_json_in_a_candidate_is_no_run(tmp_path: Path) -> None:
    write(tmp_path / "deep.jsonl", "[" * 3000 + "]" * 3000)
    write(tmp_path / "big.jsonl", json.dumps({"step": 10**400, "loss": 1}) + "\n")
    for found in found_in(tmp_path).values():
        read_series(found)


def test_a_log_without_metrics_opens_by_its_name_and_is_read_once_it_holds_some(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.log", "hello\nworld\n")
    assert found_in(tmp_path) == {}
    (found,) = detect.find(str(path))
    reader = detect.reader_of(found)
    facts = reader.facts()
    assert [log.path for log in facts.log_files] == [str(path)]
    assert facts.modified == path.stat().st_mtime
    assert reader.poll().rows == ()
    path.write_text("hello\nworld\n" + "".join(f"step {step} loss: 0.{step}\n" for step in range(9)))
    assert [list(rows.columns["loss"].values)[:2] for rows in reader.poll().rows] == [[0.0, 0.1]]
