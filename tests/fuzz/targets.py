"""What is fuzzed: one function a parser, given any bytes; it may refuse them, it may not fail or lie.

Files are read as the explorer reads them, twice and in different pieces: both must give the same points.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from reading import FIXTURES, read_all, series_of
from rows import run_row, stats
from tailboard_tui.formats import yamlfile
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.formats.crc32c import masked
from tailboard_tui.formats.detect import open_reader
from tailboard_tui.formats.recordlog import FILE_HEADER_BYTES, RecordLog
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.logtime import LogTimes, parse_moment, stamp
from tailboard_tui.store.query import compile_query
from tailboard_tui.text.ansi import encode, show_controls
from tailboard_tui.text.safe import clean, clean_lines
from tailboard_tui.text.terminal_line import Settling, last_lines

Target = Callable[[bytes, Path], None]
"""Takes the input and an empty directory to write files into."""

TARGETS: dict[str, Target] = {}
CORPUS = Path(__file__).parent / "corpus"
NOW = 1_700_000_000.0
BETWEEN_RECORDS = b"|/|"
"""Input of several messages is split here."""

NATIVE_FILES = ("run.json", "config.json", "summary.json", "events.jsonl", "annotations.jsonl")
NATIVE_FILES += ("artifacts.jsonl", "media.jsonl", "system.jsonl", "metrics.rank1.jsonl")

OUR_SGR = re.compile(r"\x1b\[[0-9;]*m")
ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def target(function: Target) -> Target:
    """Register under its name."""
    TARGETS[function.__name__] = function
    return function


def check_run(path: Path) -> None:
    """Read a run whole and in small pieces; the points agree, and facts and problems can be told."""
    whole = open_reader(str(path))
    if whole is None:
        return
    pieces = open_reader(str(path))
    assert pieces is not None
    try:
        points, _ = read_all(whole)
        again, _ = read_all(pieces, [1, 7, 64, 3, 500, 20] * 4)
        assert series_of(points) == series_of(again), "the pieces change the points"
        check_facts(whole.facts())
        whole.preview(50)
    finally:
        whole.close()
        pieces.close()


def check_facts(facts: RunFacts) -> None:
    """Facts hold what they say they hold."""
    assert facts.name
    assert facts.id
    for problem in facts.problems:
        assert problem.message
    for value in (*facts.config.values(), *facts.summary.values()):
        assert isinstance(value, str | int | float | bool | None), value
    for number in (facts.created, facts.last_time, facts.last_step, facts.pid):
        assert number is None or number == number


def write_native(directory: Path, **files: bytes) -> None:
    (directory / "run.json").write_text(
        '{"format": 1, "id": "fuzz", "name": "fuzz", "created": 1700000000.0}'
    )
    (directory / "metrics.jsonl").write_bytes(b'{"_step":0,"_timestamp":1700000000.0,"loss":1.0}\n')
    for name, data in files.items():
        (directory / name).write_bytes(data)


@target
def metrics(data: bytes, directory: Path) -> None:
    """metrics.jsonl."""
    write_native(directory, **{"metrics.jsonl": data})
    check_run(directory)


@target
def native_files(data: bytes, directory: Path) -> None:
    """Every other file of our own format, all with the same content."""
    write_native(directory, **dict.fromkeys(NATIVE_FILES, data))
    check_run(directory)


@target
def jsonl(data: bytes, directory: Path) -> None:
    """JSON lines of anyone."""
    path = directory / "log.jsonl"
    path.write_bytes(b'{"step": 1, "loss": 1.0}\n{"step": 2, "loss": 0.5}\n' + data)
    check_run(path)


@target
def csv(data: bytes, directory: Path) -> None:
    """Comma-separated tables."""
    path = directory / "metrics.csv"
    path.write_bytes(data if data[:1] == b"#" else b"step,loss,acc\n1,2.0,3.0\n2,1.0,\n" + data)
    check_run(path)


@target
def tensorboard(data: bytes, directory: Path) -> None:
    """The framing of event files."""
    path = directory / "events.out.tfevents.1700000000.fuzz"
    path.write_bytes(data)
    check_run(path)


@target
def tensorboard_records(data: bytes, directory: Path) -> None:
    """The messages in event files, each in a sound frame."""
    records = [b"\x09\0\0\0\0\0\0\xd8A\x1a\rbrain.Event:2", *data.split(BETWEEN_RECORDS)]
    framed = b""
    for record in records:
        length = struct.pack("<Q", len(record))
        framed += length + struct.pack("<I", masked(length)) + record + struct.pack("<I", masked(record))
    path = directory / "events.out.tfevents.1700000000.fuzz"
    path.write_bytes(framed)
    check_run(path)


@target
def wandb(data: bytes, directory: Path) -> None:
    """The framing of .wandb files."""
    path = directory / "run-abc12345.wandb"
    path.write_bytes(b":W&B\xe1\xbe\x00" + data)
    check_run(path)


@target
def wandb_records(data: bytes, directory: Path) -> None:
    """The messages in .wandb files, each in a sound frame."""
    path = directory / "run-abc12345.wandb"
    path.write_bytes(b":W&B\xe1\xbe\x00" + _framed(data))
    check_run(path)


@target
def swanlab_records(data: bytes, directory: Path) -> None:
    """The messages in .swanlab files, of both encodings, each in a sound frame."""
    path = directory / "run-abc12345.swanlab"
    path.write_bytes(b":SWL\xd6\xe1\x02" + _framed(data))
    check_run(path)


def _framed(data: bytes) -> bytes:
    """The messages of `data` as whole records, as W&B and SwanLab write them."""
    records = data[:30_000].split(BETWEEN_RECORDS)
    return b"".join(
        struct.pack("<IHB", zlib.crc32(b"\x01" + record), len(record), 1) + record for record in records
    )


@target
def log(data: bytes, directory: Path) -> None:
    """Metrics in what a program printed."""
    path = directory / "train.log"
    path.write_bytes(b"epoch 1 step 10 loss: 0.5\nepoch 1 step 20 loss: 0.4\nstep 30 loss: 0.3\n" + data)
    check_run(path)


@target
def yaml(data: bytes, directory: Path) -> None:
    """Configurations: plain values, or a ValueError."""
    try:
        value = yamlfile.load(data)
    except ValueError:
        return
    json.dumps(value, default=str)


@target
def terminal(data: bytes, directory: Path) -> None:
    """Output with escape sequences: nothing of it acts, and growing shows what is there at last."""
    lines = last_lines(data, 50)
    shown = [encode(line) for line in lines]
    text = data.decode("utf-8", "surrogateescape")
    shown += [encode(show_controls(row, 1000)) for row in text.split("\n")]
    shown += [clean(text), *clean_lines(text)]
    settling = Settling()
    for at in range(0, len(data), 5):
        shown += [encode(line) for line in settling.feed(data[at : at + 5])]
    shown += [encode(line) for line in (*settling.rest(), settling.open_line)]
    for line in shown:
        assert not ACTING.search(OUR_SGR.sub("", line)), line


ROW = run_row(
    config={"lr": 0.1, "name": "x", "deep.key": None},
    metrics={"loss": stats([1.0, 0.5])},
    tags=("a",),
    step=2.0,
)


@target
def query(data: bytes, directory: Path) -> None:
    """The query language: an answer, or a problem with its place in the text."""
    text = data.decode("utf-8", "replace")
    found = compile_query(text)
    assert found.matches(ROW, NOW) in (True, False)
    if found.problem is None:
        again = compile_query(str(found))
        assert again.problem is None, str(found)
        assert again.matches(ROW, NOW) == found.matches(ROW, NOW), str(found)
    else:
        assert found.matches(ROW, NOW)
        assert str(found.problem)


@target
def index(data: bytes, directory: Path) -> None:
    """output.index.jsonl beside a log, and times as they stand in lines or are typed."""
    (directory / "output.log").write_bytes(b"first\nsecond\nthird\n")
    path = directory / "output.index.jsonl"
    path.write_bytes(data)
    text = LogText(str(directory / "output.log"))
    text.refresh()
    times = LogTimes(text, str(path))
    times.refresh()
    for row in (0, 1, 2, 3):
        assert times.time_of(row) is None or times.has_index
    for moment in (0.0, NOW, 1e18):
        times.row_at(moment)
    typed = data.decode("utf-8", "replace")
    for found in (stamp(typed, 2026), parse_moment(typed, NOW)):
        assert found is None or np.isfinite(found)
    text.close()


def seeds(name: str) -> list[bytes]:
    """Real content for a target to begin with, from the fixtures that other programs wrote."""
    if name == "tensorboard_records":
        return [
            BETWEEN_RECORDS.join(_tensorboard_records(path.read_bytes())) for path in _fixtures("*tfevents*")
        ]
    if name == "wandb_records":
        return _joined_records(b":W&B", "*.wandb")
    if name == "swanlab_records":
        return _joined_records(b":SWL", "*.swanlab")
    if name == "wandb":
        return [path.read_bytes()[FILE_HEADER_BYTES:] for path in _fixtures("*.wandb")]
    patterns = {
        "tensorboard": "*tfevents*",
        "csv": "*.csv",
        "jsonl": "result.json",
        "yaml": "*.yaml",
        "log": "*.log",
    }
    return [path.read_bytes() for path in _fixtures(patterns[name])] if name in patterns else []


def _fixtures(pattern: str) -> list[Path]:
    return [path for path in sorted(FIXTURES.rglob(pattern)) if path.stat().st_size < 20_000]


def _joined_records(magic: bytes, pattern: str) -> list[bytes]:
    """The first messages of each fixture that `pattern` finds."""
    found = (RecordLog(magic).feed(path.read_bytes()) for path in _fixtures(pattern))
    return [BETWEEN_RECORDS.join(records[:60]) for records in found]


def _tensorboard_records(data: bytes) -> list[bytes]:
    records, at = [], 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        records.append(data[at + 12 : at + 12 + length])
        at += 16 + length
    return records


def inputs(name: str) -> list[bytes]:
    """The seeds and the committed inputs: what was found once, and what leads into the parser."""
    return [*seeds(name), *(path.read_bytes() for path in sorted((CORPUS / name).glob("*")))]
