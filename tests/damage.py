"""What the tests of damaged files share: a run of each format, and the one file in it that is damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

from reading import FIXTURES, Series, found_in, read_all, series_of
from tailboard_tui.formats.detect import Found, reader_of

SINGLE = {
    "tensorboard": ("tensorboard_x", "plain", "events.out.tfevents.*"),
    "tensorboard tensors": ("tensorboard_tensors", "run", "train/events.out.tfevents.*"),
    "wandb": ("wandb_offline", "run-abc12345", "run-abc12345.wandb"),
    "swanlab": ("swanlab_offline", "run-swan1234", "run-swan1234.swanlab"),
    "swanlab json": ("swanlab_backup", "run-swan0007", "backup.swanlab"),
    "guild": ("guild_run", "run", ".guild/events.out.tfevents.*"),
    "csv": ("ultralytics", "detect/train", "results.csv"),
    "keras": ("keras", "run", "training.csv"),
    "progress": ("baselines3", "run", "progress.csv"),
    "monitor": ("baselines3", "run", "0.monitor.csv"),
    "lightning": ("lightning", "csv/version_0", "metrics.csv"),
    "jsonl": ("baselines3", "json", "progress.json"),
    "huggingface": ("huggingface", "state", "trainer_state.json"),
    "mmengine": ("mmengine_run", "work/*", "vis_data/scalars.json"),
    "detectron2": ("detectron2_writer", "output", "metrics.json"),
    "sacred": ("sacred_observer", "runs/1", "metrics.json"),
    "ray": ("ray_tune", "exp/*0.1000*", "result.json"),
    "mlflow": ("mlflow_stores", "mlruns/*/*", "metrics/train/loss"),
    "dvclive": ("dvclive_run", "dvclive", "plots/metrics/acc.tsv"),
    "hydra log": ("hydra_jobs", "multirun/2026-11-23/12-00-00/0", "train.log"),
}
"""Format -> fixture, its run, the file to be damaged."""


def copy_of(kind: str, scratch: Path) -> tuple[Found, Path]:
    """A fresh copy of a run, and the file in it that is to be damaged."""
    fixture, pattern, name = SINGLE[kind]
    runs = [
        run for run in sorted((FIXTURES / fixture).glob(pattern)) if next(run.glob(name), None) is not None
    ]
    root = FIXTURES / fixture
    target = scratch / runs[0].relative_to(root)
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(runs[0], target)
    if runs[0].name.isdigit() and (runs[0].parent / "multirun.yaml").exists():
        shutil.copy(runs[0].parent / "multirun.yaml", target.parent)
    found = found_in(scratch)
    return found[str(target.relative_to(scratch))], next(target.glob(name))


def read(found: Found) -> tuple[Series, int]:
    reader = reader_of(found)
    try:
        points, problems = read_all(reader)
        facts = reader.facts()
        return series_of(points, everything=True), len(problems) + len(facts.problems)
    finally:
        reader.close()


def is_prefix(part: Series, whole: Series) -> bool:
    return all(
        name in whole and steps == whole[name][0][: len(steps)] and values == whole[name][1][: len(values)]
        for name, (steps, values) in part.items()
    )
