"""Targets that are one file each: our own format, tables, lines, and the records of event files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from checking import BETWEEN, check_run

from reading import FIXTURES
from tailboard_tui.formats.crc32c import masked
from tailboard_tui.formats.recordlog import FILE_HEADER_BYTES, RecordLog

NATIVE_FILES = (
    *("run.json", "config.json", "summary.json", "events.jsonl", "annotations.jsonl"),
    *("artifacts.jsonl", "media.jsonl", "system.jsonl", "metrics.rank1.jsonl"),
)


def metrics(data: bytes, directory: Path) -> None:
    """metrics.jsonl."""
    write_native(directory, **{"metrics.jsonl": data})
    check_run(directory)


def native_files(data: bytes, directory: Path) -> None:
    """Every other file of our own format, all with the same content."""
    write_native(directory, **dict.fromkeys(NATIVE_FILES, data))
    check_run(directory)


def write_native(directory: Path, **files: bytes) -> None:
    """A run of our own format with these files in place of sound ones."""
    (directory / "run.json").write_text(
        '{"format": 1, "id": "fuzz", "name": "fuzz", "created": 1700000000.0}'
    )
    (directory / "metrics.jsonl").write_bytes(b'{"_step":0,"_timestamp":1700000000.0,"loss":1.0}\n')
    for name, data in files.items():
        (directory / name).write_bytes(data)


def framed_tensorboard(data: bytes) -> bytes:
    """The messages of `data` in sound frames, behind that which begins an event file."""
    records = [b"\x09\0\0\0\0\0\0\xd8A\x1a\rbrain.Event:2", *data.split(BETWEEN)]
    found = b""
    for record in records:
        length = struct.pack("<Q", len(record))
        found += length + struct.pack("<I", masked(length)) + record + struct.pack("<I", masked(record))
    return found


def framed(data: bytes) -> bytes:
    """The messages of `data` as whole records, as W&B and SwanLab write them."""
    return b"".join(
        struct.pack("<IHB", zlib.crc32(b"\x01" + record), len(record), 1) + record
        for record in data[:30_000].split(BETWEEN)
    )


@dataclass(frozen=True, slots=True)
class File:
    """A file that is a run by itself."""

    name: str
    make: Callable[[bytes], bytes]
    """Its content out of the input."""
    fixtures: str
    """Pattern of the real files to begin with."""
    input_of: Callable[[bytes], bytes] = bytes
    """The input that makes such a file."""

    def run(self, data: bytes, directory: Path) -> None:
        """The target."""
        (directory / self.name).write_bytes(self.make(data))
        check_run(directory / self.name)

    def seeds(self) -> list[bytes]:
        """The inputs that make the real files."""
        found = (path for path in sorted(FIXTURES.rglob(self.fixtures)) if path.stat().st_size < 20_000)
        return [self.input_of(path.read_bytes()) for path in found]


def _behind(head: bytes) -> Callable[[bytes], bytes]:
    return lambda data: head + data


def _records(magic: bytes) -> Callable[[bytes], bytes]:
    return lambda data: BETWEEN.join(RecordLog(magic).feed(data)[:60])


def _tensorboard_records(data: bytes) -> bytes:
    records, at = [], 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        records.append(data[at + 12 : at + 12 + length])
        at += 16 + length
    return BETWEEN.join(records)


_EVENTS, _WANDB = "events.out.tfevents.1700000000.fuzz", "run-abc12345.wandb"
_WANDB_HEAD, _SWANLAB_HEAD = b":W&B\xe1\xbe\x00", b":SWL\xd6\xe1\x02"
_TABLE_HEAD = b"step,loss,acc\n1,2.0,3.0\n2,1.0,\n"
_LINES_HEAD = b'{"step": 1, "loss": 1.0}\n{"step": 2, "loss": 0.5}\n'
_LOG_HEAD = b"epoch 1 step 10 loss: 0.5\nepoch 1 step 20 loss: 0.4\nstep 30 loss: 0.3\n"

FILES = {
    "jsonl": File("log.jsonl", _behind(_LINES_HEAD), "result.json"),
    "csv": File("metrics.csv", lambda data: data if data[:1] == b"#" else _TABLE_HEAD + data, "*.csv"),
    "tensorboard": File(_EVENTS, bytes, "*tfevents*"),
    "tensorboard_records": File(_EVENTS, framed_tensorboard, "*tfevents*", _tensorboard_records),
    "wandb": File(_WANDB, _behind(_WANDB_HEAD), "*.wandb", lambda data: data[FILE_HEADER_BYTES:]),
    "wandb_records": File(
        _WANDB, lambda data: _WANDB_HEAD + framed(data), "*.wandb", _records(_WANDB_HEAD[:4])
    ),
    "swanlab_records": File(
        "run-abc12345.swanlab",
        lambda data: _SWANLAB_HEAD + framed(data),
        "*.swanlab",
        _records(_SWANLAB_HEAD[:4]),
    ),
    "log": File("train.log", _behind(_LOG_HEAD), "*.log"),
}
