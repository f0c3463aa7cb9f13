"""Files of other formats that grow, are replaced or rewritten while they are read."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from reading import FIXTURES, found_in, plain, read_all, read_series, series_of
from tailboard_tui.formats.detect import reader_of
from tailboard_tui.store.columns import RunColumns

GROWING = {
    "tensorboard": ("tensorboard_x", "plain", "events.out.tfevents.*"),
    "tensorboard tensors": ("tensorboard_tensors", "run", "train/events.out.tfevents.*"),
    "wandb": ("wandb_offline", "run-abc12345", "run-abc12345.wandb"),
    "swanlab": ("swanlab_offline", "run-swan1234", "run-swan1234.swanlab"),
    "guild": ("guild_run", "run", ".guild/events.out.tfevents.*"),
    "tensorflow": ("tensorflow_summaries", "run", "events.out.tfevents.*"),
    "keras": ("keras", "run", "training.csv"),
    "csv": ("ultralytics", "detect/train", "results.csv"),
    "lightning": ("lightning", "csv/version_0", "metrics.csv"),
    "jsonl": ("baselines3", "json", "progress.json"),
    "ray": ("ray_tune", "exp/*0.1000*", "result.json"),
    "mlflow": ("mlflow_stores", "mlruns/*/*", "metrics/train/loss"),
    "dvclive": ("dvclive_run", "dvclive", "plots/metrics/acc.tsv"),
    "hydra log": ("hydra_jobs", "multirun/2026-11-23/12-00-00/0", "train.log"),
}


@pytest.mark.parametrize("kind", GROWING)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_that_is_read_while_it_is_written_gives_what_a_fresh_reader_gives(
    kind: str, seed: int, tmp_path: Path
) -> None:
    fixture, pattern, name = GROWING[kind]
    source = next(run for run in sorted((FIXTURES / fixture).glob(pattern)) if next(run.glob(name), None))
    run = tmp_path / "some" / source.name
    shutil.copytree(source, run)
    found = found_in(tmp_path)[f"some/{source.name}"]
    wanted = read_series(found)
    path = next(run.glob(name))
    data, chance = path.read_bytes(), random.Random(seed)
    path.write_bytes(b"")
    reader, columns = reader_of(found), RunColumns()
    at, resets = 0, 0
    while at < len(data):
        size = chance.choice([1, 3, 17, 100, 900])
        with path.open("ab") as file:
            file.write(data[at : at + size])
        at += size
        more = True
        while more:
            chunk = reader.poll(chance.choice([1, 64, 4096]))
            resets += chunk.reset
            columns.apply(chunk)
            more = chunk.more
        if chance.random() < 0.2:
            reader.facts()
            reader.close()
    assert series_of(columns.points()) == wanted
    assert resets == 0


def test_lightning_rewrites_its_file_when_a_metric_is_new(tmp_path: Path) -> None:
    run = tmp_path / "version_0"
    run.mkdir()
    (run / "metrics.csv").write_text("loss,step\n1.0,0\n0.5,1\n")
    reader, columns = reader_of(found_in(tmp_path)["version_0"]), RunColumns()
    columns.apply(reader.poll())
    (run / "metrics.csv").write_text("acc,loss,step\n,1.0,0\n,0.5,1\n0.9,0.25,2\n")
    for _ in range(3):
        columns.apply(reader.poll())
    assert series_of(columns.points()) == {"loss": ([0, 1, 2], [1.0, 0.5, 0.25]), "acc": ([2], [0.9])}


def test_a_new_event_file_of_a_restarted_run_is_read_too(tmp_path: Path) -> None:
    source = FIXTURES / "tensorboard_x/resumed"
    first, second = sorted(source.iterdir())
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(first, run)
    found = found_in(tmp_path)["run"]
    reader, columns = reader_of(found), RunColumns()
    columns.apply(reader.poll())
    shutil.copy(second, run)
    os.utime(run, (1e9, 1e9))
    chunk = reader.poll()
    columns.apply(chunk)
    assert not chunk.reset
    points = columns.points()
    series = points.series("loss")
    assert series is not None
    assert series.steps.tolist() == list(range(30))
    assert series.resume_steps == (10.0,)
    everything = points.series("loss", everything=True)
    assert everything is not None
    assert len(everything.steps) == 40


def test_a_checkpoint_of_the_trainer_only_adds_to_the_points(tmp_path: Path) -> None:
    import json

    state = json.loads((FIXTURES / "huggingface/state/trainer_state.json").read_text())
    history = state["log_history"]
    run = tmp_path / "out"
    reader, columns, resets = None, RunColumns(), 0
    for number, count in enumerate((3, 7, len(history)), 1):
        checkpoint = run / f"checkpoint-{number}"
        checkpoint.mkdir(parents=True)
        path = checkpoint / "trainer_state.json"
        path.write_text(json.dumps({**state, "log_history": history[:count]}))
        os.utime(path, (1e9 + 100 * number, 1e9 + 100 * number))
        os.utime(run, (1e9 + number, 1e9 + number))
        reader = reader or reader_of(found_in(tmp_path)["out"])
        chunk = reader.poll()
        resets += chunk.reset
        columns.apply(chunk)
    wanted = read_series(found_in(FIXTURES / "huggingface")["state"])
    assert series_of(columns.points()) == wanted
    assert resets == 0


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_database_is_followed_without_a_trace_in_its_directory(journal: str, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    shutil.copy(FIXTURES / "mlflow_stores/mlflow.db", path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute(f"PRAGMA journal_mode={journal}")
    run_id = writer.execute("SELECT run_uuid FROM runs WHERE name = 'run a'").fetchone()[0]
    reader, columns = reader_of(found_in(tmp_path)[f"mlflow.db#{run_id}"]), RunColumns()
    columns.apply(reader.poll())
    before = len(series_of(columns.points())["acc"][0])
    writer.execute("INSERT INTO metrics VALUES ('acc', 0.5, 1700000000000, ?, 99, 0)", (run_id,))
    names = sorted(os.listdir(tmp_path))
    chunk = reader.poll()
    columns.apply(chunk)
    reader.facts()
    assert series_of(columns.points())["acc"][0][before:] == [plain(99)]
    assert not chunk.reset
    assert sorted(os.listdir(tmp_path)) == names
    writer.close()


def test_a_database_with_an_orphaned_log_is_read_without_making_files(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    shutil.copy(FIXTURES / "mlflow_stores/mlflow.db", path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode=wal")
    writer.execute("UPDATE runs SET name = name")
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(path, copy)
    shutil.copy(f"{path}-wal", copy)
    writer.close()
    names = sorted(os.listdir(copy))
    runs = found_in(copy)
    assert len(runs) == 2
    for found in runs.values():
        read_all(reader_of(found))
    assert sorted(os.listdir(copy)) == names
