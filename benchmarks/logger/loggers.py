"""The loggers that are measured, with their defaults: from a place to a function that logs a step there."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Log = Callable[[dict[str, float], int], object]


def limit(place: str) -> Log:
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    fd = os.open(f"{place}/limit.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    return lambda data, step: os.write(fd, (encode(data) + "\n").encode())


def tailboard(place: str) -> Log:
    sys.path.insert(0, str(ROOT / "logger"))
    import tailboard

    run = tailboard.init(dir=place)
    return lambda data, step: run.log(data, step=step)


def wandb(place: str) -> Log:
    import wandb

    run = wandb.init(mode="offline", dir=place, settings=wandb.Settings(silent=True))
    return lambda data, step: run.log(data, step=step)


def tensorboardx(place: str) -> Log:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(place)

    def log(data: dict[str, float], step: int) -> None:
        for name, value in data.items():
            writer.add_scalar(name, value, step)

    return log


def trackio(place: str) -> Log:
    os.environ["TRACKIO_DIR"] = place
    import trackio

    trackio.init(project="bench")
    return lambda data, step: trackio.log(data, step=step)


def mlflow(place: str) -> Log:
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    return _mlflow(f"file://{place}/mlruns")


def mlflow_sqlite(place: str) -> Log:
    return _mlflow(f"sqlite:///{place}/mlflow.db")


def _mlflow(uri: str) -> Log:
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("bench")
    mlflow.start_run()
    return lambda data, step: mlflow.log_metrics(data, step=step)


def dvclive(place: str) -> Log:
    from dvclive import Live

    os.chdir(place)  # DVC would put its files into the repository around us
    live = Live(place, save_dvc_exp=False, dvcyaml=None)

    def log(data: dict[str, float], step: int) -> None:
        live.step = step
        for name, value in data.items():
            live.log_metric(name, value)
        live.next_step()

    return log


def lightning_csv(place: str) -> Log:
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(place)

    def log(data: dict[str, float], step: int) -> None:
        logger.log_metrics(data, step)
        if step % 50 == 49:  # Trainer(log_every_n_steps=50) saves so often by default
            logger.save()

    return log


def aim(place: str) -> Log:
    from aim import Run

    run = Run(repo=place, log_system_params=False)

    def log(data: dict[str, float], step: int) -> None:
        for name, value in data.items():
            run.track(value, name=name, step=step)

    return log


LOGGERS: dict[str, Callable[[str], Log]] = {
    "limit": limit,
    "tailboard": tailboard,
    "wandb": wandb,
    "tensorboardx": tensorboardx,
    "trackio": trackio,
    "mlflow": mlflow,
    "mlflow_sqlite": mlflow_sqlite,
    "dvclive": dvclive,
    "lightning_csv": lightning_csv,
    "aim": aim,
}
