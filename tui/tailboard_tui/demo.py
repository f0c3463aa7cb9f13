"""Live runs to look around in: small trainings, really computed, written through the real logger.

Each training fits a linear classifier to made-up points by stochastic gradient descent, slowed down to
the pace of a real one. Too large a learning rate really diverges; one run fails on purpose.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

FEATURES = 8
TRAIN_POINTS, HELD_OUT_POINTS = 240, 120
NOISE = 0.4
"""Standard deviation of what the features do not explain: no run gets all points right."""

PROJECT = "demo"
WAIT_END_S = 3.0


@dataclass(frozen=True, slots=True)
class Training:
    """One run of the demo."""

    name: str
    lr: float
    batch_size: int = 16
    seed: int = 0
    momentum: float = 0.0
    max_steps: int = 600
    group: str = "lr-sweep"
    pause_s: float = 0.0
    """Between two steps; 0 writes the run at once."""
    fails_at: int | None = None


PAST = (
    Training("lr-0.001-seed-0", 0.001),
    Training("lr-0.001-seed-1", 0.001, seed=1),
    Training("lr-0.01-seed-0", 0.01),
    Training("lr-0.01-seed-1", 0.01, seed=1),
    Training("lr-0.05-seed-0", 0.05),
    Training("too-hot", 0.9),
    Training("out-of-memory", 0.01, group="ablation", fails_at=233),
)
LIVE = (
    (
        Training("lr-0.02-live", 0.02, max_steps=1500, pause_s=0.12),
        Training("lr-0.02-seed-1", 0.02, seed=1, max_steps=900, pause_s=0.1),
    ),
    (
        Training("momentum-0.9", 0.003, momentum=0.9, group="ablation", max_steps=2000, pause_s=0.08),
        Training("momentum-0.5", 0.01, momentum=0.5, group="ablation", max_steps=900, pause_s=0.1),
    ),
    (
        Training("batch-64", 0.02, batch_size=64, group="ablation", max_steps=1000, pause_s=0.2),
        Training("batch-4", 0.005, batch_size=4, group="ablation", max_steps=1500, pause_s=0.06),
    ),
)
"""Runs that are written while one looks: each row by one process, one after the other."""


def _random(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # a training, not a secret


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # what a training prints is part of the demo


Point = tuple[tuple[float, ...], float]


def points(count: int, rng: random.Random) -> list[Point]:
    """Points with a label of -1 or 1 that a line through the features mostly tells apart."""
    truth = [(-1) ** place / (place + 1) for place in range(FEATURES)]
    found = []
    for _ in range(count):
        features = tuple(rng.gauss(0, 1) for _ in range(FEATURES))
        score = sum(a * b for a, b in zip(truth, features, strict=True)) + rng.gauss(0, NOISE)
        found.append((features, 1.0 if score > 0 else -1.0))
    return found


def loss_and_accuracy(weights: list[float], data: list[Point]) -> tuple[float, float]:
    """Mean squared error and share of right signs."""
    scores = [sum(a * b for a, b in zip(weights, features, strict=True)) for features, _ in data]
    errors = [score - label for score, (_, label) in zip(scores, data, strict=True)]
    right = sum(score * label > 0 for score, (_, label) in zip(scores, data, strict=True))
    return sum(error * error for error in errors) / len(data), right / len(data)


def train(training: Training, root: str) -> None:
    """Do one training and log it below `root`.

    Raises:
        MemoryError: The training is one that fails.
    """
    import tailboard

    rng = _random(training.seed)
    data, held_out = points(TRAIN_POINTS, _random(7)), points(HELD_OUT_POINTS, _random(8))
    weights, velocity = [0.0] * FEATURES, [0.0] * FEATURES
    config = {
        "lr": training.lr,
        "batch_size": training.batch_size,
        "max_steps": training.max_steps,
        "optimizer": {"name": "sgd", "momentum": training.momentum},
        "data": {"features": FEATURES, "points": TRAIN_POINTS, "noise": NOISE},
    }
    with tailboard.init(
        project=PROJECT,
        name=training.name,
        config=config,
        dir=root,
        group=training.group,
        tags=["demo"],
        seed=training.seed,
    ) as run:
        _say(f"training {training.name} for {training.max_steps} steps")
        for step in range(training.max_steps):
            batch = rng.sample(data, training.batch_size)
            gradient = gradient_of(weights, batch)
            velocity = [
                training.momentum * v - training.lr * g for v, g in zip(velocity, gradient, strict=True)
            ]
            weights = [w + v for w, v in zip(weights, velocity, strict=True)]
            loss, accuracy = loss_and_accuracy(weights, batch)
            run.log(
                {
                    "train/loss": loss,
                    "train/accuracy": accuracy,
                    "grad_norm": math.sqrt(sum(g * g for g in gradient)),
                    "epoch": step * training.batch_size / TRAIN_POINTS,
                },
                step=step,
            )
            if step % 20 == 19:
                loss, accuracy = loss_and_accuracy(weights, held_out)
                run.log({"val/loss": loss, "val/accuracy": accuracy}, step=step)
                _say(f"step {step + 1:5}/{training.max_steps}  val loss {loss:.4f}  accuracy {accuracy:.3f}")
            if training.fails_at == step:
                raise MemoryError("tried to allocate 2.50 GiB (made up by the demo)")
            time.sleep(training.pause_s)


def gradient_of(weights: list[float], batch: list[Point]) -> list[float]:
    """Gradient of the mean squared error."""
    total = [0.0] * FEATURES
    for features, label in batch:
        error = sum(a * b for a, b in zip(weights, features, strict=True)) - label
        for place, value in enumerate(features):
            total[place] += 2 * error * value / len(batch)
    return total


@contextlib.contextmanager
def live_runs() -> Iterator[str]:
    """A temporary root in which runs are being written; both end with the context."""
    root = tempfile.mkdtemp(prefix="tailboard-demo-")
    rows = ("past", *(str(row) for row in range(len(LIVE))))
    processes = [_start(root, row) for row in rows]
    try:
        yield root
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(WAIT_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(root, ignore_errors=True)


def _start(root: str, row: str) -> subprocess.Popen[bytes]:
    """A process of its own for each row: its output and its end are recorded as any script's are."""
    return subprocess.Popen(
        [sys.executable, "-m", "tailboard_tui.demo", root, row],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TAILBOARD_MODE": "online", "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C in the explorer is not for them
    )


def main(root: str, row: str) -> None:
    """Train one row of the demo."""
    for training in PAST if row == "past" else LIVE[int(row)]:
        with contextlib.suppress(MemoryError):
            train(training, root)


if __name__ == "__main__":
    main(*sys.argv[1:3])
