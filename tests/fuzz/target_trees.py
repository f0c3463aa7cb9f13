"""Targets that are runs of other trackers: some files of a real one, written anew from the input.

An input holds the contents of the files one after another, with `BETWEEN` between them. A file for which
it holds nothing is as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checking import BETWEEN, check_below, write

from reading import FIXTURES


@dataclass(frozen=True, slots=True)
class Tree:
    """One kind of run."""

    files: tuple[str, ...]
    """Those that the input fills, by their paths."""
    fixture: str = ""
    """A directory of tests/fixtures/formats with a run of that kind; empty: the files are all there is."""
    contents: tuple[bytes, ...] = ()
    """Of the files, where there is no fixture."""

    def originals(self) -> list[bytes]:
        """The contents of the files as they are."""
        if not self.fixture:
            return list(self.contents)
        return [(FIXTURES / self.fixture / name).read_bytes() for name in self.files]

    def run(self, data: bytes, directory: Path) -> None:
        """The target."""
        root = directory / "root"
        if not root.exists():
            if self.fixture:
                shutil.copytree(FIXTURES / self.fixture, root)
            root.mkdir(exist_ok=True)
        for name, content in self.filled(data):
            write(root / name, content)
        check_below(root)

    def filled(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Each file with its content."""
        given = data.split(BETWEEN)
        for place, (name, original) in enumerate(zip(self.files, self.originals(), strict=True)):
            yield name, given[place] if place < len(given) else original

    def seeds(self) -> list[bytes]:
        """The real files."""
        return [BETWEEN.join(self.originals())]


_MLFLOW_RUN = "201665742729498011/df0fdb0b00ff4e99be8ff5e0b29b1437"
_RAY_TRIAL = "train_76500_00001_1_lr=0.2000_2026-11-23_20-00-04"

TREES = {
    "sacred": Tree(("run.json", "config.json", "metrics.json"), "sacred_observer/runs/1"),
    "huggingface": Tree(("trainer_state.json", "checkpoint-16/trainer_state.json"), "huggingface/state"),
    "optuna": Tree(("journal.log",), "optuna_journal"),
    "hydra": Tree(
        (
            *("0/.hydra/config.yaml", "0/.hydra/hydra.yaml", "0/.hydra/overrides.yaml"),
            *("multirun.yaml", "0/train.log"),
        ),
        "hydra_jobs/multirun/2026-11-23/12-00-00",
    ),
    "guild": Tree(
        (
            *(f".guild/attrs/{name}" for name in ("started", "stopped", "label", "id", "exit_status")),
            *(".guild/attrs/flags", ".guild/attrs/cmd", ".guild/opref"),
        ),
        "guild_run/run",
    ),
    "dvclive": Tree(("plots/metrics/acc.tsv", "metrics.json", "params.yaml"), "dvclive_run/dvclive"),
    "mlflow": Tree(
        (
            *(f"{_MLFLOW_RUN}/{name}" for name in ("meta.yaml", "metrics/train/loss", "params/lr")),
            *(f"{_MLFLOW_RUN}/tags/mlflow.note.content", "201665742729498011/meta.yaml"),
        ),
        "mlflow_stores/mlruns",
    ),
    "ray": Tree(
        (
            *(f"{_RAY_TRIAL}/result.json", f"{_RAY_TRIAL}/params.json"),
            "experiment_state-2026-11-23_20-00-04.json",
        ),
        "ray_tune/exp",
    ),
    "mmengine": Tree(
        ("a/vis_data/scalars.json",),
        contents=(
            b'{"lr": 0.01, "loss": 2.5, "iter": 10, "epoch": 1, "step": 10}\n'
            b'{"lr": 0.01, "loss": 1.5, "iter": 20, "epoch": 1, "step": 20}\n{"acc": 0.5, "step": 1}\n',
        ),
    ),
    "allennlp": Tree(
        ("metrics_epoch_0.json", "metrics_epoch_1.json", "metrics.json", "config.json"),
        contents=(
            b'{"epoch": 0, "training_loss": 1.5, "validation": {"acc": 0.5}}',
            b'{"epoch": 1, "training_loss": 0.5, "validation": {"acc": 0.6}}',
            b'{"best_epoch": 1, "best_validation_acc": 0.6}',
            b'{"trainer": {"lr": 0.1}}',
        ),
    ),
    "lightning": Tree(("metrics.csv", "hparams.yaml"), "lightning/csv/version_0"),
    "baselines": Tree(("progress.csv", "0.monitor.csv", "log.txt"), "baselines3/run"),
    "ultralytics": Tree(("results.csv", "args.yaml"), "ultralytics/detect/train"),
    "wandb_files": Tree(
        tuple(
            f"run-a/{name}"
            for name in (
                *("run-abc12345.wandb", "files/config.yaml"),
                *("files/wandb-summary.json", "files/wandb-metadata.json"),
            )
        ),
        contents=(
            b":W&B\xe1\xbe\x00",
            b"lr:\n  value: 0.1\n_wandb:\n  value: {}\n",
            b'{"loss": 0.5, "_step": 3, "_runtime": 4.5}',
            b'{"host": "x", "program": "train.py", "args": ["--lr", "1"], "startedAt": "2026-01-01"}',
        ),
    ),
}
