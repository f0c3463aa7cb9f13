"""One small file of every format, cut at every byte and with every byte flipped in turn."""

from __future__ import annotations

import json
import os
import struct
import zlib
from itertools import pairwise
from pathlib import Path

import pytest

from damage import SINGLE, copy_of, is_prefix, read
from reading import FIXTURES, Series, found_in
from tailboard_tui.formats.detect import Found
from tailboard_tui.formats.recordlog import FILE_HEADER_BYTES, RecordLog
from tailboard_tui.formats.swanlabrecords import MAGIC as SWANLAB
from tailboard_tui.formats.swanlabrecords import SwanlabRecords
from tailboard_tui.formats.wandbrecords import MAGIC as WANDB
from tailboard_tui.formats.wandbrecords import WandbRecords

MOST_BYTES = 450
"""Of a file that holds records: its first ones, so that every byte has its turn within a second or two."""

FRAMED = {
    "wandb": (WANDB, WandbRecords),
    "swanlab": (SWANLAB, SwanlabRecords),
    "swanlab json": (SWANLAB, SwanlabRecords),
}
"""Formats whose records stand in a record log: the first bytes, and what reads the records."""

WHOLE = ("huggingface", "sacred")
"""Formats whose file is one JSON value: cut or damaged, it holds nothing."""


CHECKED = ("tensorboard", "tensorboard tensors", "guild", *FRAMED)
"""Formats with a checksum for every record: no damage goes unseen."""


def small(kind: str, path: Path) -> bytes:
    """Make the file at `path` small, at the end of a record, and give what it holds."""
    data = path.read_bytes()
    if kind == "huggingface":
        state = json.loads(data)
        data = json.dumps({"log_history": state["log_history"][:3], "global_step": 3}).encode()
    elif kind == "sacred":
        metrics = json.loads(data)
        name = min(metrics)
        few = {key: values[:4] for key, values in metrics[name].items() if isinstance(values, list)}
        data = json.dumps({name: few}).encode()
    elif kind in FRAMED:
        data = data[:FILE_HEADER_BYTES] + b"".join(map(framed, history(kind, data)[:4]))
    elif len(data) > MOST_BYTES:
        data = data[:MOST_BYTES]
        if not path.name.startswith("events"):
            data = data[: data.rfind(b"\n") + 1]
    path.write_bytes(data)
    return data


def history(kind: str, data: bytes) -> list[bytes]:
    """The records of a W&B or SwanLab file that hold points."""
    magic, records = FRAMED[kind]
    return [record for record in RecordLog(magic).feed(data) if is_history(record, records())]


def is_history(record: bytes, records: WandbRecords | SwanlabRecords) -> bool:
    records.read(record)
    return any(len(rows.steps) and rows.stream == "metrics" for rows in records.take())


def framed(record: bytes) -> bytes:
    """A whole record as it stands in the file."""
    return struct.pack("<IHB", zlib.crc32(b"\x01" + record), len(record), 1) + record


def count(series: Series) -> int:
    return sum(len(steps) for steps, _ in series.values())


def cuts(found: Found, path: Path, data: bytes) -> list[Series]:
    """What is read of the first n bytes, for every n, while the file looks as if it were being written."""
    results = []
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        results.append(read(found)[0])
    return results


@pytest.mark.parametrize("kind", SINGLE)
def test_every_byte_cut_off_or_flipped_costs_only_what_stands_there(kind: str, tmp_path: Path) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    data = small(kind, path)
    parts = cuts(found, path, data)
    assert count(parts[-1]) > 0
    if kind not in WHOLE:
        assert all(is_prefix(before, after) for before, after in pairwise(parts))
    header = data.find(b"\n") + 1 if path.suffix in (".csv", ".tsv") else 0
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        os.utime(path, (1e9, 1e9))  # It rests: an unfinished end is told.
        series, problems = read(found)
        if kind in WHOLE:
            assert count(series) or problems
        elif place >= header:
            assert is_prefix(parts[place], series), place
        if kind in CHECKED:
            assert problems or series == parts[-1], place


OTHERS = {
    "allennlp": ("run/metrics_epoch_0.json", '{"training_loss": 0.5, "validation_acc": 0.25}\n'),
    "spinning up": (
        "run/progress.txt",
        "Epoch\tAverageEpRet\tTotalEnvInteracts\n0\t-1.5\t400\n1\t2.5\t800\n",
    ),
    "megatron": (
        "train.log",
        " iteration 10/ 100 | lm loss: 1.5E+00 | lr: 1e-4 |\n iteration 20/ 100 | lm loss: 1.2E+00 |\n",
    ),
}
"""Further layouts, a small file each, with what it holds."""


def runs_read(root: Path) -> list[Series]:
    return [read(found)[0] for found in found_in(root).values()]


@pytest.mark.parametrize("kind", OTHERS)
def test_every_byte_of_other_layouts_may_be_cut_off_or_flipped(kind: str, tmp_path: Path) -> None:
    name, text = OTHERS[kind]
    path, data = tmp_path / name, text.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert sum(map(count, runs_read(tmp_path))) > 0
    for place in range(len(data)):
        path.write_bytes(data[:place])
        runs_read(tmp_path)
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        runs_read(tmp_path)


def test_every_byte_of_a_journal_may_be_cut_off_or_flipped(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    data = (FIXTURES / "optuna_journal/journal.log").read_bytes()
    path.write_bytes(data)
    runs = found_in(tmp_path)
    whole = {run: read(found)[0] for run, found in runs.items()}
    for place in range(0, len(data), 17):
        path.write_bytes(data[:place])
        for run, found in runs.items():
            assert is_prefix(read(found)[0], whole[run])
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        runs_read(tmp_path)
