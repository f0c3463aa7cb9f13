"""The index of ended runs: the same rows with it as without, whatever happens to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import write_run
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.settings import Settings
from tailboard_tui.store import index, tracked
from tailboard_tui.store.index import RunIndex
from tailboard_tui.store.model import RunRow, StoreChange
from tailboard_tui.store.runs import RunStore

RUNS = 6
LONG_AGO = time.time() - 1000


@pytest.fixture(autouse=True)
def _own_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Runs that ended long ago, one of them with everything that is hard to keep."""
    root = tmp_path / "runs"
    root.mkdir()
    for number in range(RUNS):
        make_run(root, number)
    append(root / "r1" / "metrics.jsonl", '{"_step": 9, "loss": "NaN", "note": "text"}', "{broken")
    (root / "r2" / "config.json").write_text(json.dumps({"big": 2**80, "none": None, "list": [1, "a"]}))
    (root / "r3" / "run.json").write_text('{"format": 1, "name": "\\ud800"}')
    for run in root.iterdir():
        let_it_rest(run)
    return root


def make_run(root: Path, number: int) -> None:
    points = [
        {"_step": step, "_timestamp": LONG_AGO + step, "loss": 1 / (step + 1), "acc": step / (number + 1)}
        for step in range(20)
    ]
    finish = {"time": LONG_AGO + 20, "event": "finish", "status": "finished", "exit_code": 0}
    write_run(root, f"r{number}", metrics=points, events=[finish], config={"lr": 0.1 * number})


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def let_it_rest(run: Path) -> None:
    """Set the files' times back: what was written just now is not kept."""
    for path in (*run.iterdir(), run):
        os.utime(path, (LONG_AGO, LONG_AGO))


def survey(root: Path) -> dict[str, RunRow]:
    """Open the root, wait until all is read, and close."""
    store = RunStore([str(root)], settings=Settings(watch="poll"))

    def publish(change: StoreChange) -> None:
        rows = store.rows()
        if not change.is_scanning and rows and all(row.is_read for row in rows):
            store.close()

    store.work(publish, threading.Event())
    return {row.facts.id: row for row in store.rows()}


def told(rows: dict[str, RunRow]) -> dict[str, str]:
    return {
        name: repr((row.facts, row.status, dict(row.metrics), row.sparkline, row.step, row.problems,
                    row.bytes_read, row.bytes_total, row.steps_per_s, row.progress))
        for name, row in rows.items()
    }  # fmt: skip


def count_readers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the runs whose small files are read from now on."""
    read: list[str] = []
    facts = NativeReader.facts
    monkeypatch.setattr(
        NativeReader, "facts", lambda self: (read.append(os.path.basename(self.path)), facts(self))[1]
    )
    return read


def index_file(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "cache").rglob("*.facts")
    return found


def test_the_second_open_tells_the_same_and_reads_only_what_cannot_be_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = survey(root)
    assert first["r1"].metrics["loss"].nan_count == 1
    read = count_readers(monkeypatch)
    assert told(survey(root)) == told(first)
    assert set(read) <= {"r2", "r3"}  # an integer of 80 bits, half a surrogate pair


def test_runs_of_other_formats_are_kept_too_until_a_file_of_theirs_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs" / "csv"
    folder.mkdir(parents=True)
    table = folder / "progress.csv"
    table.write_text("step,loss\n" + "".join(f"{step},{1 / (step + 1)}\n" for step in range(20)))
    let_it_rest(folder)
    first = survey(tmp_path / "runs")
    assert [row.metrics["loss"].count for row in first.values()] == [20]
    made: list[str] = []
    reader_of = tracked.reader_of
    monkeypatch.setattr(tracked, "reader_of", lambda found: (made.append(found.path), reader_of(found))[1])
    assert told(survey(tmp_path / "runs")) == told(first)
    assert made == []
    append(table, "20,0.5")
    assert [row.metrics["loss"].count for row in survey(tmp_path / "runs").values()] == [21]


@pytest.mark.parametrize("name", ["metrics.jsonl", "annotations.jsonl", "config.json", "new.txt"])
def test_a_run_that_changed_in_any_file_is_read_again(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    survey(root)
    text = {"annotations.jsonl": '{"star": true}\n', "config.json": '{"lr": 5}'}.get(name, '{"loss": 7}\n')
    if name == "metrics.jsonl":
        append(root / "r4" / name, text.strip())
    else:
        (root / "r4" / name).write_text(text)
    read = count_readers(monkeypatch)
    with_index = told(survey(root))
    assert "r4" in read
    assert "r5" not in read
    monkeypatch.setattr(RunIndex, "__contains__", lambda *_: False)
    assert told(survey(root)) == with_index


def test_a_run_that_was_written_just_now_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(root / "r5" / "metrics.jsonl", '{"_step": 30, "loss": 3}')
    survey(root)
    read = count_readers(monkeypatch)
    survey(root)
    assert "r5" in read
    assert "r4" not in read


def test_a_viewer_closed_while_it_scans_takes_nothing_away(root: Path, tmp_path: Path) -> None:
    survey(root)
    before = index_file(tmp_path).read_bytes()
    store = RunStore([str(root)], settings=Settings(watch="poll"))
    store.close()
    store.work(lambda _: None, threading.Event())
    assert index_file(tmp_path).read_bytes() == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), garbage=st.binary(max_size=20), is_cut=st.booleans())
def test_a_damaged_index_is_as_good_as_none(
    root: Path, tmp_path: Path, at: float, garbage: bytes, is_cut: bool
) -> None:
    if not list((tmp_path / "cache").rglob("*.facts")):
        survey(root)
        index_file(tmp_path).with_suffix(".kept").write_bytes(index_file(tmp_path).read_bytes())
    whole = index_file(tmp_path).with_suffix(".kept").read_bytes()
    place = int(at * len(whole))
    damaged = whole[:place] + garbage + (b"" if is_cut else whole[place + len(garbage) :])
    index_file(tmp_path).write_bytes(damaged)
    found = RunIndex([str(root)])
    assert (str(root / "r4") in found) == (damaged == whole)
    assert damaged == whole or found.get(str(root / "r4"), None) is None


def test_two_viewers_at_once_leave_a_whole_index(root: Path, tmp_path: Path) -> None:
    code = (
        "import sys, threading; from tailboard_tui.store.runs import RunStore\n"
        "store = RunStore([sys.argv[1]])\n"
        "def publish(change):\n"
        "    if store.rows() and all(row.is_read for row in store.rows()): store.close()\n"
        "store.work(publish, threading.Event())\n"
    )
    paths = os.pathsep.join(sys.path)
    viewers = [
        subprocess.Popen([sys.executable, "-c", code, str(root)], env={**os.environ, "PYTHONPATH": paths})
        for _ in range(3)
    ]
    assert [viewer.wait(60) for viewer in viewers] == [0, 0, 0]
    assert str(root / "r0") in RunIndex([str(root)])
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_the_indexes_are_few_and_bounded(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FILES_KEPT", 2)
    left = tmp_path / "cache" / "tailboard" / "runs" / "x.1.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"")
    os.utime(left, (LONG_AGO - index.STALE_S, LONG_AGO - index.STALE_S))
    for number in range(4):
        assert RunIndex([str(number)]).save([])
    assert not left.exists()
    assert len(list((tmp_path / "cache").rglob("*.facts"))) == 2
    monkeypatch.setattr(index, "LIMIT_BYTES", 0)
    assert not RunIndex([str(root)]).save([])


def test_without_a_place_to_write_all_is_read_as_ever(root: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the directory should be")
    assert len(survey(root)) == RUNS
    assert len(survey(root)) == RUNS
