"""Damaged and unfinished files of every format: no exception, no endless loop, what is sound is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import zlib
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from damage import SINGLE, copy_of, is_prefix, read
from reading import FIXTURES, found_in, read_all
from tailboard_tui.formats.detect import reader_of
from tailboard_tui.formats.recordlog import RecordLog
from tailboard_tui.formats.tfrecord import TFRecords

LINES = ("csv", "lightning", "jsonl", "ray", "mlflow", "dvclive")


def is_record_end(kind: str, data: bytes) -> bool:
    """Whether a file may end here: all that was cut off are whole records."""
    if kind == "wandb":
        log = RecordLog(b":W&B")
        log.feed(data)
        return not log.pending_bytes or len(data) < 7
    records = TFRecords()
    records.feed(data)
    return not records.pending_bytes


@pytest.mark.parametrize("kind", ["tensorboard", "tensorboard tensors", "wandb", "jsonl", "ray"])
def test_a_file_cut_anywhere_gives_the_points_before_the_cut(kind: str, tmp_path: Path) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    data, whole = path.read_bytes(), read(found)[0]
    os.utime(path, (1e9, 1e9))
    for cut in {*range(0, min(len(data), 400), 7), *range(0, len(data), max(len(data) // 60, 1))}:
        path.write_bytes(data[:cut])
        os.utime(path, (1e9, 1e9))
        part, problems = read(found)
        assert is_prefix(part, whole) or problems, cut
        if kind in ("tensorboard", "wandb") and part.keys() != whole.keys():
            assert problems or is_record_end(kind, data[:cut]), cut


@pytest.mark.parametrize("kind", SINGLE)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_changed_byte_never_raises_and_keeps_most_points(
    kind: str, tmp_path: Path, data: st.DataObject
) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    raw = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    whole, _ = read(found)
    path.write_bytes(bytes(raw))
    part, problems = read(found)
    if kind in ("tensorboard", "tensorboard tensors", "wandb"):
        # Every record is checked: one is lost at most, and that is said.
        lost = sum(len(steps) for steps, _ in whole.values()) - sum(len(steps) for steps, _ in part.values())
        assert 0 <= lost <= 12
        assert problems > 0 or lost == 0


@pytest.mark.parametrize("kind", SINGLE)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_garbage_put_anywhere_never_raises(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    raw = path.read_bytes()
    place = data.draw(st.integers(0, len(raw)))
    garbage = data.draw(st.binary(min_size=1, max_size=200) | st.just(b"\0" * 4096))
    path.write_bytes(raw[:place] + garbage + raw[place:])
    part, problems = read(found)
    if kind in ("tensorboard", "wandb"):
        assert sum(len(steps) for steps, _ in part.values()) > 0
        assert problems > 0 or place in (0, len(raw)) or not garbage.strip(b"\0")


def test_a_byte_put_into_the_header_of_the_file_is_said(tmp_path: Path) -> None:
    found, path = copy_of("wandb", tmp_path / "run")
    whole, _ = read(found)
    raw = path.read_bytes()
    path.write_bytes(raw[:4] + b"\x01" + raw[4:])
    part, problems = read(found)
    assert part == whole
    assert problems > 0


@pytest.mark.parametrize("kind", SINGLE)
def test_a_file_that_is_replaced_by_nothing_or_a_directory_is_no_error(kind: str, tmp_path: Path) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    reader = reader_of(found)
    read_all(reader)
    path.write_bytes(b"")
    read_all(reader)
    path.unlink()
    path.mkdir()
    read_all(reader)
    reader.facts()
    path.rmdir()
    read_all(reader)
    reader.facts()
    reader.close()


@pytest.mark.parametrize("kind", LINES)
def test_a_last_line_without_newline_is_not_read_while_it_is_being_written(kind: str, tmp_path: Path) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    raw = path.read_bytes().rstrip(b"\n")
    whole, _ = read(found)
    path.write_bytes(raw)
    part, _ = read(found)
    assert is_prefix(part, whole)
    assert sum(len(steps) for steps, _ in part.values()) < sum(len(steps) for steps, _ in whole.values())


DATABASES = {
    "mlflow": "mlflow_stores/mlflow.db",
    "trackio": next((FIXTURES / "trackio_project").glob("*.db")).relative_to(FIXTURES).as_posix(),
    "aim": "aim_repository/.aim/run_metadata.sqlite",
}
"""All that is read of SQLite."""


@pytest.mark.parametrize("kind", DATABASES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_database_never_raises(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    source = FIXTURES / DATABASES[kind]
    path = tmp_path / source.name
    whole = source.read_bytes()
    path.write_bytes(whole)
    runs = found_in(tmp_path)
    assert runs
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 20))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2, 100, 10]))]))
    found_in(tmp_path)
    for found in runs.values():
        read(found)


def test_a_value_of_another_kind_in_a_database_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    shutil.copy(FIXTURES / "mlflow_stores/mlflow.db", path)
    with sqlite3.connect(path) as writer:
        writer.execute("UPDATE metrics SET step = 'many' WHERE key = 'acc'")
    (series,) = (found for run in found_in(tmp_path).values() if "acc" in (found := read(run)[0]))
    assert series["acc"][0] == ["NaN"] * 3
    assert len(series["train/loss"][0]) == 30


@pytest.mark.parametrize("pattern", [b"\x01", b"\x04\x7f", bytes(range(256))])
def test_no_byte_of_damage_is_checked_more_often_than_its_share(
    pattern: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b":W&B\xe1\xbe\0" + pattern * (1 << 17) if len(pattern) == 1 else pattern * (1 << 10)
    checked = 0

    def crc32(piece: bytes, start: int = 0) -> int:
        nonlocal checked
        checked += len(piece)
        return zlib.crc32(piece, start)

    monkeypatch.setattr("tailboard_tui.formats.recordlog.zlib", SimpleNamespace(crc32=crc32))
    for size in (100, 1000, len(data)):
        checked, log = 0, RecordLog(b":W&B")
        for at in range(0, len(data), size):
            assert log.feed(data[at : at + size]) == []
        assert checked <= 300 * len(data) + (1 << 20)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(1, 40), st.randoms(use_true_random=False))
def test_records_behind_damage_are_found_in_pieces_of_any_size(
    noise: bytes, size: int, chance: Random
) -> None:
    records = [bytes(chance.choices(range(256), k=chance.choice([0, 3, 40]))) for _ in range(6)]
    framed = [
        struct.pack("<IHB", zlib.crc32(b"\x01" + record), len(record), 1) + record for record in records
    ]
    data = b":W&B\xe1\xbe\0" + b"".join(framed[:3]) + noise + b"".join(framed[3:])
    log = RecordLog(b":W&B")
    found = [record for at in range(0, len(data), size) for record in log.feed(data[at : at + size])]
    assert found[:3] == records[:3]
    assert [record for record in found if record][-2:] == [record for record in records if record][-2:]
