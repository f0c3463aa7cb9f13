"""The cache gives what reading gives, or nothing."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import write_run
from tailboard_tui.formats.base import Chunk, Column, Rows
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.store import cache as cache_module
from tailboard_tui.store import columnfile
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.columns import RunColumns


@pytest.fixture(autouse=True)
def _keep_small_runs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "LEAST_BYTES", 1)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with sparse and dense metrics, NaN, a resumed segment, a bad line, text, and a second rank."""
    path = write_run(
        tmp_path / "runs",
        metrics=[{"_step": i, "_timestamp": i + 0.5, "loss": 1 / (i + 1)} for i in range(50)],
    )
    with (path / "metrics.jsonl").open("a") as file:
        file.write('bad\n{"_event":"resume","_step":40}\n')
        for i in range(40, 60):
            file.write(
                json.dumps({"_step": i, "loss": float("nan") if i == 45 else i, "acc": i, "phase": "b"})
                + "\n"
            )
    (path / "metrics.rank1.jsonl").write_text('{"_step":0,"loss":9}\n')
    (path / "system.jsonl").write_text('{"_timestamp":1,"cpu/percent":50}\n')
    return path


@pytest.fixture
def cache(tmp_path: Path) -> ColumnCache:
    return ColumnCache(tmp_path / "cache")


def read(reader: NativeReader, columns: RunColumns | None = None, limit_bytes: int = 200) -> RunColumns:
    columns = RunColumns() if columns is None else columns
    while True:
        chunk = reader.poll(limit_bytes)
        columns.apply(chunk)
        if not chunk.more:
            return columns


def keep(cache: ColumnCache, run: Path) -> None:
    reader = NativeReader(str(run))
    assert cache.save(reader, read(reader))
    reader.close()


def assert_same(one: RunColumns, other: RunColumns) -> None:
    mine, theirs = one.points(), other.points()
    assert mine.metrics == theirs.metrics
    assert mine.system_metrics == theirs.system_metrics
    assert mine.is_complete == theirs.is_complete
    for name in (*mine.metrics, *mine.system_metrics):
        for everything in (False, True):
            a, b = mine.series(name, everything=everything), theirs.series(name, everything=everything)
            assert a is not None
            assert b is not None
            for x, y in ((a.steps, b.steps), (a.times, b.times), (a.values, b.values)):
                assert np.array_equal(x, y, equal_nan=True)
            assert a.resume_steps == b.resume_steps
    assert str(one.stats()) == str(other.stats())
    assert one.problems == other.problems
    assert one.bytes_read == other.bytes_read


def only_file(cache: ColumnCache, tmp_path: Path) -> Path:
    (path,) = (tmp_path / "cache").iterdir()
    return path


def test_what_was_kept_is_what_reading_gives(cache: ColumnCache, run: Path) -> None:
    keep(cache, run)
    reader = NativeReader(str(run))
    columns = cache.load(reader)
    assert columns is not None
    assert_same(columns, read(NativeReader(str(run))))
    assert reader.poll() == Chunk(bytes_read=columns.bytes_read, bytes_total=columns.bytes_read)
    assert reader.facts().summary == {"phase": "b"}


@pytest.mark.parametrize("resume", [None, 55, 0])
def test_a_grown_run_goes_on_where_parsing_stopped(cache: ColumnCache, run: Path, resume: int | None) -> None:
    keep(cache, run)
    with (run / "metrics.jsonl").open("a") as file:
        if resume is not None:
            file.write(json.dumps({"_event": "resume", "_step": resume}) + "\n")
        file.write('{"_step":60,"loss":-5,"late":1}\nbad too\n')
    (run / "metrics.rank2.jsonl").write_text('{"_step":0,"loss":8}\n')
    reader = NativeReader(str(run))
    columns = cache.load(reader)
    assert columns is not None
    chunk = reader.poll()
    assert [problem.line for problem in chunk.problems] == [74 if resume is None else 75]
    columns.apply(chunk)
    fresh = read(NativeReader(str(run)))
    assert set(columns.points().metrics) == set(fresh.points().metrics)
    assert str(columns.stats()["loss"]) == str(fresh.stats()["loss"])
    mine, theirs = columns.points().series("loss"), fresh.points().series("loss")
    assert mine is not None
    assert theirs is not None
    assert np.array_equal(mine.values, theirs.values, equal_nan=True)


@pytest.mark.parametrize("change", ["replaced", "shrunk", "rewritten", "gone", "other rank gone"])
def test_a_run_that_is_another_now_is_read_anew(cache: ColumnCache, run: Path, change: str) -> None:
    keep(cache, run)
    metrics = run / "metrics.jsonl"
    data = metrics.read_bytes()
    if change == "replaced":
        (run / "new").write_bytes(data)
        (run / "new").replace(metrics)
    elif change == "shrunk":
        os.truncate(metrics, len(data) - 30)
    elif change == "rewritten":
        metrics.write_bytes(data.replace(b'"loss": 1.0', b'"loss": 2.0'))
    elif change == "gone":
        metrics.unlink()
    else:
        (run / "metrics.rank1.jsonl").unlink()
    reader = NativeReader(str(run))
    assert cache.load(reader) is None
    assert_same(read(reader), read(NativeReader(str(run))))


def test_a_byte_changed_in_the_middle_without_growing_is_noticed_after_loading(
    cache: ColumnCache, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "runs", metrics=[{"_step": i, "loss": 1.5} for i in range(1000)])
    keep(cache, run)
    with (run / "metrics.jsonl").open("r+b") as file:
        file.seek(12_003)
        file.seek(12_003 + file.read(100).index(b"1.5"))
        file.write(b"7")
    os.utime(run / "metrics.jsonl", ns=(5, 5))
    reader = NativeReader(str(run))
    columns = read(reader, cache.load(reader))
    assert columns.stats()["loss"].max == 7.5


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.3, 0.5, 0.9, 0.9999])
def test_a_damaged_file_is_not_used(cache: ColumnCache, run: Path, tmp_path: Path, share: float) -> None:
    keep(cache, run)
    path = only_file(cache, tmp_path)
    data = path.read_bytes()
    for damaged in (data[: int(len(data) * share)], flipped(data, share), data + b"x"):
        path.write_bytes(damaged)
        reader = NativeReader(str(run))
        assert cache.load(reader) is None
        assert_same(read(reader), read(NativeReader(str(run))))


def flipped(data: bytes, share: float) -> bytes:
    at = int(len(data) * share)
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def test_a_cache_that_cannot_be_written_or_read_is_no_error(tmp_path: Path, run: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = ColumnCache(tmp_path / "file" / "cache")
    reader = NativeReader(str(run))
    assert cache.load(reader) is None
    assert not cache.save(reader, read(reader))


def test_a_full_disk_leaves_nothing_behind(
    cache: ColumnCache, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arrays: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(columnfile, "_pieces", fail)
    reader = NativeReader(str(run))
    assert not cache.save(reader, read(reader))
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_least_recently_used_files_make_room(tmp_path: Path) -> None:
    runs = []
    for number in range(6):
        run = write_run(tmp_path / str(number), metrics=[{"_step": i, "loss": i} for i in range(12_000)])
        runs.append(run)
    cache = ColumnCache(tmp_path / "cache", limit_mib=1)
    for run in runs[:3]:
        keep(cache, run)
    for age, path in enumerate(sorted((tmp_path / "cache").iterdir(), key=lambda path: path.stat().st_mtime)):
        os.utime(path, (1000 + age, 1000 + age))
    reader = NativeReader(str(runs[0]))
    assert cache.load(reader) is not None
    for run in runs[3:5]:
        keep(cache, run)
    found = [ColumnCache(tmp_path / "cache").load(NativeReader(str(run))) is not None for run in runs]
    assert found == [True, False, False, True, True, False] or found == [
        True,
        False,
        True,
        True,
        False,
        False,
    ]
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 1 << 20


def test_an_unfinished_file_that_was_left_behind_is_removed(
    cache: ColumnCache, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    old, new = tmp_path / "cache" / "a.1.0.part", tmp_path / "cache" / "b.1.0.part"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (1, 1))
    keep(cache, run)
    assert not old.exists()
    assert new.exists()


def test_what_has_hardly_grown_is_not_written_again(cache: ColumnCache, run: Path) -> None:
    keep(cache, run)
    reader = NativeReader(str(run))
    columns = cache.load(reader)
    assert columns is not None
    assert not cache.save(reader, columns)
    with (run / "metrics.jsonl").open("a") as file:
        file.writelines(f'{{"_step":{i},"loss":1}}\n' for i in range(60, 200))
    assert cache.save(reader, read(reader, columns))


def test_a_small_or_unfinished_run_is_not_kept(
    cache: ColumnCache, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = NativeReader(str(run))
    columns = RunColumns()
    columns.apply(reader.poll(100))
    assert not cache.save(reader, columns)
    monkeypatch.setattr(cache_module, "LEAST_BYTES", 1 << 20)
    assert not cache.save(reader, read(reader, columns))


def test_a_reader_that_cannot_go_on_is_not_kept(cache: ColumnCache) -> None:
    class Other:
        source = "other"
        path = "/x"

    columns = RunColumns()
    columns.apply(
        Chunk(
            (Rows("", "metrics", np.zeros(1), np.zeros(1), {"a": Column(None, np.zeros(1))}),), bytes_read=9
        )
    )
    assert not cache.save(Other(), columns)  # type: ignore[arg-type]
    assert cache.load(Other()) is None  # type: ignore[arg-type]


def test_two_viewers_saving_and_loading_at_once_see_whole_files(run: Path, tmp_path: Path) -> None:
    failures: list[BaseException] = []
    expected = read(NativeReader(str(run)))
    expected.stats()  # Counted here: columns are one thread's, and what follows only reads them.

    def view() -> None:
        try:
            for _ in range(15):
                cache = ColumnCache(tmp_path / "cache")
                reader = NativeReader(str(run))
                columns = cache.load(reader)
                if columns is None:
                    columns = read(reader)
                cache._saved_bytes.clear()
                assert cache.save(reader, columns)
                assert_same(columns, expected)
                reader.close()
        except BaseException as error:
            failures.append(error)

    viewers = [threading.Thread(target=view) for _ in range(4)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    assert failures == []
    assert len(list((tmp_path / "cache").iterdir())) == 1


LINES = st.sampled_from(
    [
        '{"_step":1,"a":1}\n',
        '{"_step":2,"a":NaN,"b":2}\n',
        '{"_step":3,"b":3,"t":"x"}\n',
        '{"_event":"resume","_step":2}\n',
        "bad\n",
        '{"_step":4,"a"',
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(LINES, max_size=5).map("".join), min_size=1, max_size=5), st.integers(1, 60))
def test_with_and_without_the_cache_a_growing_run_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], limit: int
) -> None:
    directory = tmp_path_factory.mktemp("growing")
    run = write_run(directory / "runs")
    for piece in pieces:
        with (run / "metrics.jsonl").open("a") as file:
            file.write(piece)
        cache = ColumnCache(directory / "cache")
        reader = NativeReader(str(run))
        columns = read(reader, cache.load(reader), limit)
        cache.save(reader, columns)
        reader.close()
        fresh = NativeReader(str(run))
        assert_same(columns, read(fresh))
        assert reader.facts() == fresh.facts()
        fresh.close()
