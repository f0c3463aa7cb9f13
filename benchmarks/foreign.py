"""Runs as other loggers leave them, written without those loggers: TensorBoard, W&B, Lightning's CSV.

`WandbFile` also writes a live run, each step on disk at once, where W&B itself keeps up to 15 s back.
"""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from data import NAMES

from tailboard_tui.formats.protobuf import write_bytes, write_int
from tailboard_tui.formats.tensorboard_write import event_file_name, write_event_file

STEPS = 20
STARTED = 1.7e9
"""Unix seconds of the first run."""

_BLOCK = 32_768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def write_tree(root: Path, count: int) -> None:
    """`count` finished runs with ten metrics, a third each of TensorBoard, W&B and Lightning's CSV."""
    writers = {"tensorboard": write_tensorboard, "wandb": write_wandb, "lightning_logs": write_lightning}
    for number in range(count):
        name = tuple(writers)[number % len(writers)]
        run = writers[name](root / name, number)
        for path in run.rglob("*"):
            os.utime(path, (STARTED + number + STEPS,) * 2)  # quiet since: ended, whatever the format says


def values_of(step: int, number: int = 0) -> dict[str, float]:
    """Ten metrics of a step, the same wherever they are written."""
    return {name: math.sin(step / 7 + column + number) for column, name in enumerate(NAMES)}


def write_tensorboard(root: Path, number: int) -> Path:
    """`exp-<n>/run-<number>/events.out.tfevents...`, with hyperparameters."""
    run = root / f"exp-{number % 10}" / f"run-{number:05}"
    run.mkdir(parents=True)
    began = STARTED + number
    scalars = (
        (name, step, began + step, value)
        for step in range(STEPS)
        for name, value in values_of(step, number).items()
    )
    config = {"lr": 0.1 / (number + 1), "model": "resnet"}
    write_event_file(str(run / event_file_name(began)), scalars, config, began)
    return run


def write_lightning(root: Path, number: int) -> Path:
    """`version_<number>/metrics.csv` and `hparams.yaml`."""
    run = root / f"version_{number}"
    run.mkdir(parents=True)
    rows = [",".join(["epoch", "step", *NAMES])]
    for step in range(STEPS):
        rows.append(",".join(map(str, [step // 10, step, *values_of(step, number).values()])))
    (run / "metrics.csv").write_text("\n".join(rows) + "\n")
    (run / "hparams.yaml").write_text(f"lr: {0.1 / (number + 1)}\nmodel: resnet\nlayers: 4\n")
    return run


def write_wandb(root: Path, number: int) -> Path:
    """`offline-run-<time>-<id>/` with its file of records and what stands in `files/`."""
    run_id = f"r{number:07}"
    run = root / f"offline-run-20231114_221320-{run_id}"
    (run / "files").mkdir(parents=True)
    with WandbFile(run / f"run-{run_id}.wandb", run_id, STARTED + number) as file:
        for step in range(STEPS):
            file.log(step, STARTED + number + step, values_of(step, number))
        file.finish(STEPS)
    metadata = {"os": "Linux", "python": "CPython 3.12.1", "program": "train.py", "host": "elsewhere"}
    texts = {
        "config.yaml": "lr:\n    value: 0.001\nmodel:\n    value: resnet\n",
        "wandb-metadata.json": json.dumps({**metadata, "args": ["--lr", "0.001"], "username": "somebody"}),
        "wandb-summary.json": json.dumps({**values_of(STEPS - 1, number), "_step": STEPS - 1}),
        "output.log": "".join(f"step {step}\n" for step in range(STEPS)),
        "requirements.txt": "numpy==2.3.1\ntorch==2.9.0\n",
    }
    for name, text in texts.items():
        (run / "files" / name).write_text(text)
    return run


class WandbFile:
    """A `.wandb` file that grows by whole records, each written as it comes.

    Source: the layouts in formats/recordlog.py and formats/wandbrecords.py.
    """

    def __init__(self, path: Path, run_id: str, began: float) -> None:
        self._file = path.open("xb", buffering=0)
        self._count = 0
        self._file.write(b":W&B\xe1\xbe\x00")
        started = write_bytes(17, write_int(1, int(began)))
        config = write_bytes(4, write_bytes(1, _item("lr", 0.001)))
        facts = write_bytes(1, run_id.encode()) + write_bytes(3, b"bench") + config
        self._write(17, facts + write_bytes(8, f"run {run_id}".encode()) + started)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def log(self, step: int, time: float, values: Mapping[str, float]) -> None:
        """One step: its history record and its summary record, as `wandb.log` leaves them."""
        told = {**values, "_timestamp": time, "_runtime": float(step), "_step": step}
        items = b"".join(write_bytes(1, _item(name, value)) for name, value in told.items())
        self._write(3, items)
        self._write(2, items + write_bytes(2, write_int(1, step)))

    def finish(self, runtime_s: int) -> None:
        """The exit record of a run that went well."""
        self._write(18, write_int(1, 0) + write_int(2, runtime_s))

    def _write(self, kind: int, message: bytes) -> None:
        """Append one record, cut into pieces where it crosses the end of a block."""
        self._count += 1
        record = write_int(1, self._count) + write_bytes(kind, message)
        pieces, at = b"", self._file.tell()
        is_first = True
        while is_first or record:
            room = _BLOCK - (at + len(pieces)) % _BLOCK
            if room < 7:
                pieces += bytes(room)
                continue
            piece, record = record[: room - 7], record[room - 7 :]
            shape = (_FIRST if record else _FULL) if is_first else (_MIDDLE if record else _LAST)
            crc = zlib.crc32(bytes([shape]) + piece)
            pieces += struct.pack("<IHB", crc, len(piece), shape) + piece
            is_first = False
        self._file.write(pieces)


def _item(name: str, value: float) -> bytes:
    return write_bytes(2, name.encode()) + write_bytes(16, json.dumps(value).encode())
