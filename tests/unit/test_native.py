"""Our own run directory: every entry of every file, each falling back on its own."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import write_run
from tailboard_tui.formats import native_files
from tailboard_tui.formats.base import Alert, Finish, Git, LogFile, MetricDef, Problem
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.store.columns import RunColumns

RUN_ID = "20261123-120000-abcdef"


def append(path: Path, *records: object) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def points(*values: float, start: int = 0, time: float = 1_700_000_000.0) -> list[dict[str, Any]]:
    return [{"_step": start + i, "_timestamp": time + i, "loss": value} for i, value in enumerate(values)]


def read(reader: NativeReader, columns: RunColumns | None = None, limit_bytes: int = 1 << 18) -> RunColumns:
    columns = columns or RunColumns()
    for _ in range(100_000):
        chunk = reader.poll(limit_bytes)
        columns.apply(chunk)
        if not chunk.more:
            return columns
    raise AssertionError("no end")


def values(columns: RunColumns, name: str = "loss") -> list[float]:
    found = columns.points().series(name)
    return [] if found is None else found.values.tolist()


def messages(problems: Iterable[Problem]) -> list[tuple[str, int | None]]:
    return [(problem.file, problem.line) for problem in problems]


def test_all_entries_of_all_small_files_are_told(tmp_path: Path) -> None:
    path = write_run(
        tmp_path,
        config={"lr": 0.1, "model": {"depth": 3, "sizes": [1, 2]}, "none": None, "on": True},
        events=[
            {"time": 1.0, "event": "start"},
            {"time": 2.0, "event": "alert", "title": "hot", "text": "very", "level": "warning"},
            {"time": 3.0, "event": "define_metric", "name": "val/*", "summary": "min", "goal": "minimize"},
            {"time": 4.0, "event": "finish", "status": "failed", "exit_code": 1, "error": "Traceback"},
        ],
        output=b"hello\n",
        name="base",
        project="mnist",
        group="g",
        job_type="train",
        tags=["a", "b"],
        notes="n",
        command="python train.py",
        cwd="/w",
        host="h",
        user="u",
        pid=5,
        boot_id="bb",
        process_start=7.5,
        python="3.12",
        platform="linux",
        seed=42,
        git={"commit": "c", "branch": "main", "remote": None, "dirty": True},
        hardware={"cpu_count": 2, "gpu": {"0": "H200"}},
        resumed_from="other",
    )
    (path / "summary.json").write_text('{"best": 0.5, "worst": "NaN", "nested": {"a": "Infinity"}}')
    for name in ("output.rank10.log", "output.rank2.log", "git.diff", "packages.txt", "output.index.jsonl"):
        (path / name).write_text("x")
    append(path / "artifacts.jsonl", {"name": "d", "role": "input", "aliases": ["latest"], "size_bytes": 3})
    facts = NativeReader(str(path)).facts()
    assert (facts.id, facts.name, facts.source, facts.path) == (RUN_ID, "base", "tailboard", str(path))
    assert (facts.project, facts.group, facts.job_type, facts.notes) == ("mnist", "g", "train", "n")
    assert (facts.tags, facts.command, facts.cwd, facts.seed) == (("a", "b"), "python train.py", "/w", 42)
    assert (facts.host, facts.user, facts.pid, facts.boot_id, facts.process_start) == ("h", "u", 5, "bb", 7.5)
    assert (facts.python, facts.platform, facts.resumed_from) == ("3.12", "linux", "other")
    assert facts.git == Git("c", "main", None, True)
    assert facts.hardware == {"cpu_count": 2, "gpu.0": "H200"}
    assert facts.config == {"lr": 0.1, "model.depth": 3, "model.sizes": "[1, 2]", "none": None, "on": True}
    assert facts.summary["best"] == 0.5
    assert math.isnan(float(facts.summary["worst"] or 0))
    assert facts.summary["nested.a"] == math.inf
    assert facts.alerts == (Alert(2.0, "hot", "very", "warning"),)
    assert facts.metric_defs == (MetricDef("val/*", None, "min", "minimize"),)
    assert facts.finish == Finish(4.0, "failed", 1, "Traceback")
    assert facts.log_files == (
        LogFile(str(path / "output.log"), "output.log", str(path / "output.index.jsonl")),
        LogFile(str(path / "output.rank2.log"), "output.rank2.log"),
        LogFile(str(path / "output.rank10.log"), "output.rank10.log"),
    )
    assert (facts.diff_path, facts.packages_path) == (str(path / "git.diff"), str(path / "packages.txt"))
    assert facts.artifacts == ({"name": "d", "role": "input", "aliases": '["latest"]', "size_bytes": 3},)
    assert facts.problems == ()


def test_the_last_lines_tell_step_time_and_values_before_anything_is_parsed(tmp_path: Path) -> None:
    path = write_run(
        tmp_path, metrics=[{"_step": 1, "_timestamp": 10.0, "val": 3.0, "_x": 1}, *points(0.5, time=20.0)]
    )
    append(
        path / "metrics.jsonl", {"_step": 7, "_timestamp": 30.0, "loss": "NaN", "__mine": True, "text": "t"}
    )
    append(path / "metrics.rank1.jsonl", {"_step": 9, "_timestamp": 40.0, "loss": 1.0})
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"_event":"resume","_step":2}\nbad line\n{"_step": 8, "lo')
    facts = NativeReader(str(path)).facts()
    assert (facts.last_step, facts.last_time) == (7.0, 40.0)
    assert list(facts.last_values) == ["val", "loss", "_mine"]
    assert math.isnan(facts.last_values["loss"])
    assert facts.size_bytes == sum(
        (path / name).stat().st_size for name in ("metrics.jsonl", "metrics.rank1.jsonl")
    )


def test_facts_are_read_again_only_where_a_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_run(tmp_path, config={"a": 1}, metrics=points(1.0), events=[{"time": 1.0, "event": "start"}])
    reader = NativeReader(str(path))
    first = reader.facts()
    opened: list[str] = []
    read_with_state = native_files.read_with_state
    monkeypatch.setattr(
        native_files,
        "read_with_state",
        lambda name, *args: opened.append(os.path.basename(name)) or read_with_state(name, *args),
    )
    assert reader.facts() is first
    (path / "config.json").write_text('{"a": 22}')
    assert reader.facts().config == {"a": 22}
    assert opened == ["config.json"]
    append(path / "events.jsonl", {"time": 1.8e9, "event": "finish", "status": "finished", "exit_code": 0})
    assert reader.facts().finish == Finish(1.8e9, "finished", 0)
    assert opened == ["config.json", "events.jsonl"]


@pytest.mark.parametrize(
    ("later", "is_over"),
    [
        ({"time": 5.0, "event": "resume"}, False),
        ({"time": 5.0, "event": "start"}, False),
        ({"time": 5.0, "event": "alert", "title": "x"}, True),
        ({"time": 5.0, "event": "config"}, True),
    ],
)
def test_a_run_that_starts_again_is_not_over(tmp_path: Path, later: dict[str, Any], is_over: bool) -> None:
    finish = {"time": 4.0, "event": "finish", "status": "finished", "exit_code": 0}
    path = write_run(tmp_path, events=[{"time": 1.0, "event": "start"}, finish])
    reader = NativeReader(str(path))
    assert reader.facts().finish == Finish(4.0, "finished", 0)
    append(path / "events.jsonl", later)
    assert (reader.facts().finish is not None) == is_over
    append(path / "events.jsonl", finish)
    assert reader.facts().finish == Finish(4.0, "finished", 0)


def test_a_run_that_logs_after_its_end_is_not_over(tmp_path: Path) -> None:
    finish = {"time": 1_700_000_000.5, "event": "finish", "status": "finished", "exit_code": 0}
    path = write_run(tmp_path, metrics=points(1.0), events=[finish])
    reader = NativeReader(str(path))
    assert reader.facts().finish is not None
    append(path / "metrics.jsonl", *points(2.0, start=1, time=1_700_000_001.0))
    assert reader.facts().finish is None


def test_each_wrong_entry_of_run_json_costs_itself_only(tmp_path: Path) -> None:
    path = write_run(
        tmp_path,
        name=5,
        tags="one",
        pid=2**70,
        created="yesterday",
        host="h",
        git={"commit": "c", "dirty": "yes"},
        hardware=[],
        seed=1.5,
    )
    facts = NativeReader(str(path)).facts()
    assert (facts.name, facts.tags, facts.pid, facts.created, facts.host) == (
        RUN_ID,
        ("one",),
        None,
        None,
        "h",
    )
    assert facts.git == Git(commit="c")
    wrong = {problem.message.partition(":")[0] for problem in facts.problems}
    assert wrong == {"name", "pid", "created", "git.dirty", "hardware", "seed"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"5", b"\0" * 4096, b"\xff\xfe", b'{"a":' * 5000, b"nul"]
)
@pytest.mark.parametrize(
    "name", ["run.json", "config.json", "summary.json", "events.jsonl", "artifacts.jsonl"]
)
def test_a_damaged_small_file_is_a_problem_and_the_rest_is_read(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = write_run(tmp_path, metrics=points(1.0, 2.0))
    (path / name).write_bytes(content + b"\n")
    reader = NativeReader(str(path))
    facts = reader.facts()
    assert facts.id == RUN_ID
    assert facts.last_step == 1.0
    assert values(read(reader)) == [1.0, 2.0]
    is_journal = name.endswith("l")
    if not (is_journal and not content.strip(b"\0")):
        assert {problem.file for problem in facts.problems} == {name}


def test_what_surrounds_an_object_is_left_off(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (path / "config.json").write_bytes(b'\xef\xbb\xbf{"a": NaN, "b": 1}\r\n\0\0\0')
    facts = NativeReader(str(path)).facts()
    assert facts.config == {"a": "NaN", "b": 1}
    assert facts.problems == ()


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "events.jsonl", "config.json"])
@pytest.mark.parametrize("kind", ["fifo", "directory", "symlink"])
def test_what_is_no_regular_file_is_named_and_not_opened(tmp_path: Path, name: str, kind: str) -> None:
    path = write_run(tmp_path)
    (path / name).unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path / name)
    elif kind == "directory":
        (path / name).mkdir()
    else:
        (tmp_path / "secret").write_text('{"name": "secret"}\n')
        (path / name).symlink_to(tmp_path / "secret")
    reader = NativeReader(str(path))
    facts = reader.facts()
    assert "secret" not in str(facts)
    assert Problem(name, None, "not a regular file") in facts.problems
    assert read(reader).points().metrics == ()


def test_a_hostile_id_is_not_taken(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (path / "run.json").write_text('{"format": 1, "id": "../../x"}')
    facts = NativeReader(str(path)).facts()
    assert facts.id == RUN_ID
    assert messages(facts.problems) == [("run.json", None)]


def test_a_newer_format_is_read_with_a_problem(tmp_path: Path) -> None:
    path = write_run(tmp_path, metrics=points(1.0))
    (path / "run.json").write_text('{"format": 99, "id": "x", "name": "n"}')
    facts = NativeReader(str(path)).facts()
    assert (facts.id, facts.name) == ("x", "n")
    assert "format 99" in facts.problems[0].message


def test_a_run_without_run_json_is_called_as_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "lost"
    path.mkdir()
    append(path / "metrics.jsonl", *points(1.0))
    facts = NativeReader(str(path)).facts()
    assert (facts.id, facts.name, facts.problems) == ("lost", "lost", ())


def test_a_directory_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    reader = NativeReader(str(tmp_path / "gone"))
    assert messages(reader.facts().problems) == [(".", None)]
    assert not reader.poll().more
    assert reader.preview().rows == ()


def test_warnings_of_the_logger_are_problems(tmp_path: Path) -> None:
    path = write_run(tmp_path, events=[{"time": 1.0, "event": "warning", "message": "disk full"}])
    assert NativeReader(str(path)).facts().problems == (Problem("events.jsonl", None, "disk full"),)


def test_later_annotations_win_and_take_the_place_of_the_loggers(tmp_path: Path) -> None:
    path = write_run(tmp_path, name="old", tags=["x"], notes="n")
    append(path / "annotations.jsonl", {"time": 1, "name": "new", "tags": ["a"]}, {"time": 2, "star": True})
    reader = NativeReader(str(path))
    facts = reader.facts()
    assert (facts.name, facts.tags, facts.notes) == ("new", ("a",), "n")
    append(path / "annotations.jsonl", {"time": 3, "tags": [], "notes": "mine"})
    facts = reader.facts()
    assert (facts.name, facts.tags, facts.notes) == ("new", (), "mine")
    (path / "annotations.jsonl").unlink()
    assert reader.facts().name == "old"


def test_star_and_hidden_are_what_was_said_last(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    reader = NativeReader(str(path))
    assert not reader.facts().star
    assert not reader.facts().is_hidden
    append(path / "annotations.jsonl", {"time": 1, "star": True, "hidden": True})
    assert reader.facts().star
    assert reader.facts().is_hidden
    append(path / "annotations.jsonl", {"time": 2, "star": False}, {"time": 3, "tags": ["a"], "star": "yes"})
    facts = reader.facts()
    assert (facts.star, facts.is_hidden, facts.tags) == (False, True, ("a",))
    assert messages(facts.problems) == [("annotations.jsonl", 3)]


def test_a_long_journal_is_followed_and_a_new_one_starts_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_files, "_WHOLE_BYTES", 200)
    path = write_run(tmp_path)
    reader = NativeReader(str(path))
    for number in range(20):
        append(path / "events.jsonl", {"time": float(number), "event": "alert", "title": str(number)})
        assert [alert.title for alert in reader.facts().alerts] == [str(i) for i in range(number + 1)]
    (path / "events.jsonl").write_text('{"time": 1.0, "event": "alert", "title": "anew"}\n')
    assert [alert.title for alert in reader.facts().alerts] == ["anew"]


def test_metrics_ranks_and_resource_samples_are_clocks_of_their_own(tmp_path: Path) -> None:
    path = write_run(tmp_path, metrics=points(1.0, 2.0))
    append(path / "metrics.rank2.jsonl", *points(3.0))
    append(path / "metrics.rank10.jsonl", *points(4.0))
    append(path / "metrics.rank01.jsonl", *points(9.0))
    append(path / "system.jsonl", {"_timestamp": 5.0, "cpu/percent": 50.0})
    found = read(NativeReader(str(path))).points()
    assert found.metrics == ("loss", "rank2/loss", "rank10/loss")
    assert found.system_metrics == ("cpu/percent",)
    system = found.series("cpu/percent")
    assert system is not None
    assert (system.times.tolist(), math.isnan(system.steps[0])) == ([5.0], True)


def test_files_of_points_that_come_later_are_read(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    reader = NativeReader(str(path))
    columns = read(reader)
    append(path / "metrics.jsonl", *points(1.0))
    assert values(read(reader, columns)) == [1.0]
    append(path / "metrics.rank1.jsonl", *points(2.0))
    assert values(read(reader, columns), "rank1/loss") == [2.0]


def test_a_replaced_file_voids_all_points_and_all_are_read_anew(tmp_path: Path) -> None:
    path = write_run(tmp_path, metrics=points(1.0, 2.0))
    append(path / "system.jsonl", {"_timestamp": 5.0, "cpu/percent": 50.0})
    reader = NativeReader(str(path))
    columns = read(reader)
    (path / "new").write_text(json.dumps(points(7.0)[0]) + "\n")
    (path / "new").replace(path / "metrics.jsonl")
    read(reader, columns)
    assert (values(columns), values(columns, "cpu/percent")) == ([7.0], [50.0])
    (path / "metrics.jsonl").unlink()
    read(reader, columns)
    assert (values(columns), values(columns, "cpu/percent")) == ([], [50.0])


def test_bad_lines_have_file_and_number_and_are_counted_beyond_the_first(tmp_path: Path) -> None:
    path = write_run(tmp_path, metrics=points(1.0))
    with (path / "metrics.jsonl").open("a") as file:
        file.write("bad\n" * 30)
    append(path / "metrics.jsonl", *points(2.0, start=1))
    reader = NativeReader(str(path))
    columns = read(reader)
    assert values(columns) == [1.0, 2.0]
    assert messages(columns.problems) == [("metrics.jsonl", line) for line in range(2, 22)]
    assert Problem("metrics.jsonl", None, "10 more lines could not be read") in reader.facts().problems


def test_text_that_was_logged_is_in_the_summary_unless_it_says_otherwise(tmp_path: Path) -> None:
    path = write_run(
        tmp_path, metrics=[{"_step": 0, "phase": "warm", "kept": "x"}, {"_step": 1, "phase": "hot"}]
    )
    (path / "summary.json").write_text('{"kept": 1}')
    reader = NativeReader(str(path))
    read(reader)
    assert reader.facts().summary == {"phase": "hot", "kept": 1}


def test_a_preview_is_whole_lines_spread_over_the_file(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    with (path / "metrics.jsonl").open("w") as file:
        for step in range(40_000):
            event = '{"_event":"resume","_step":1}\n' if step % 50 == 0 else ""
            bad = "bad\n" if step % 70 == 0 else ""
            file.write(f'{event}{bad}{{"_step":{step},"_timestamp":{step + 0.5},"loss":{step * 0.25}}}\n')
    reader = NativeReader(str(path))
    chunk = reader.preview(100)
    (rows,) = chunk.rows
    assert rows.offsets is not None
    assert 90 <= rows.steps.size == rows.offsets.size <= 102
    data = (path / "metrics.jsonl").read_bytes()
    for step, offset in zip(rows.steps.tolist(), rows.offsets.tolist(), strict=True):
        assert data[offset:].startswith(b'{"_step":%d,' % step)
    assert np.array_equal(rows.columns["loss"].values, rows.steps * 0.25)
    assert np.diff(rows.steps).max() < 1000
    columns = RunColumns()
    columns.apply_preview(chunk)
    for _ in range(3):
        columns.apply(reader.poll(1 << 16))
        found = columns.points().series("loss")
        assert found is not None
        assert np.array_equal(found.values, found.steps * 0.25)
        assert np.unique(found.steps).size == found.steps.size
    read(reader, columns)
    assert len(values(columns)) == len({*columns.points().series("loss").steps.tolist()})  # type: ignore[union-attr]


def test_a_small_file_needs_no_preview(tmp_path: Path) -> None:
    assert NativeReader(str(write_run(tmp_path, metrics=points(1.0)))).preview().rows == ()


def whole_run(path: Path) -> bytes:
    """A small run's metrics with everything in it that a file may hold."""
    return (path / "metrics.jsonl").read_bytes()


def make_damaged(tmp_path: Path) -> Path:
    path = write_run(tmp_path, metrics=points(*(1 / (i + 1) for i in range(12))))
    append(
        path / "metrics.jsonl", {"_event": "resume", "_step": 8}, *points(5.0, 6.0, start=8), {"n": {"x": 1}}
    )
    return path


def test_a_file_cut_at_any_byte_gives_the_whole_lines_before(tmp_path: Path) -> None:
    path = make_damaged(tmp_path)
    data = whole_run(path)
    for cut in range(0, len(data), 7):
        (path / "metrics.jsonl").write_bytes(data[:cut])
        reader = NativeReader(str(path))
        reader.facts()
        columns = read(reader)
        whole = min(data[:cut].count(b"\n"), 12)
        assert values(columns)[: min(whole, 8)] == [1 / (i + 1) for i in range(min(whole, 8))]
        assert columns.problems == ()
        reader.close()


@settings(max_examples=200, deadline=None)
@given(place=st.floats(0, 0.9999), byte=st.integers(0, 255), limit=st.sampled_from([1, 100, 1 << 18]))
def test_any_byte_flipped_costs_no_more_than_what_stands_behind(
    tmp_path_factory: pytest.TempPathFactory, place: float, byte: int, limit: int
) -> None:
    path = make_damaged(tmp_path_factory.mktemp("runs"))
    data = bytearray(whole_run(path))
    at = int(len(data) * place)
    data[at] = byte
    (path / "metrics.jsonl").write_bytes(data)
    reader = NativeReader(str(path))
    reader.facts()
    columns = read(reader, limit_bytes=limit)
    reader.preview()
    reader.close()
    before = min(bytes(data[:at]).count(b"\n"), 8)
    if at < len(data) * 0.5:  # behind that stands the resume marker, whose step may have changed
        assert values(columns)[:before] == [1 / (i + 1) for i in range(before)]
    assert len(columns.problems) <= 2
