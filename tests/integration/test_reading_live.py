"""What the logger writes is what the reader gives, while it is written and whatever happens to the files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from helpers import until
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.store import cache as cache_module
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.columns import RunColumns

TRAIN = """
import sys, time, tailboard
with tailboard.init(dir=sys.argv[1], id="live", config={"lr": 0.1}, capture=False, git=False) as run:
    for step in range(int(sys.argv[2])):
        run.log({"loss": 1 / (step + 1), "nan": float("nan")} | ({"acc": step} if step % 10 == 0 else {}))
    if len(sys.argv) > 3:
        print("ready", flush=True)
        time.sleep(60)
"""


def train(root: Path, steps: int, *more: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(sys.path)
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(root), str(steps), *more],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
    )


def read_some(reader: NativeReader, columns: RunColumns, limit_bytes: int = 1000) -> None:
    while True:
        chunk = reader.poll(limit_bytes)
        columns.apply(chunk)
        if not chunk.more:
            return


def same(one: RunColumns, other: RunColumns) -> bool:
    """Whether two columns hold the same points under the same names; order of names apart."""
    mine, theirs = one.points(), other.points()
    if set(mine.metrics) != set(theirs.metrics) or set(mine.system_metrics) != set(theirs.system_metrics):
        return False
    for name in (*mine.metrics, *mine.system_metrics):
        for everything in (False, True):
            a, b = mine.series(name, everything=everything), theirs.series(name, everything=everything)
            if a is None or b is None or a.resume_steps != b.resume_steps:
                return False
            pairs = ((a.steps, b.steps), (a.times, b.times), (a.values, b.values))
            if not all(np.array_equal(x, y, equal_nan=True) for x, y in pairs):
                return False
    stats, others = one.stats(), other.stats()
    return {name: str(stats[name]) for name in stats} == {name: str(others[name]) for name in others}


def test_a_run_that_is_read_while_it_is_written_loses_and_doubles_nothing(tmp_path: Path) -> None:
    process = train(tmp_path, 3000)
    reader, columns = NativeReader(str(tmp_path / "live")), RunColumns()
    looks = 0

    def is_read() -> bool:
        nonlocal looks
        looks += 1
        read_some(reader, columns)
        return reader.facts().finish is not None and not reader.poll().rows

    until(is_read)
    assert process.wait(timeout=30) == 0
    process.communicate()
    read_some(reader, columns)
    points = columns.points()
    loss, acc = points.series("loss"), points.series("acc")
    assert loss is not None
    assert acc is not None
    assert loss.steps.tolist() == list(range(3000))
    assert loss.values.tolist() == [1 / (step + 1) for step in range(3000)]
    assert acc.steps.tolist() == list(range(0, 3000, 10))
    assert columns.stats()["nan"].nan_count == 3000
    assert columns.problems == ()
    facts = reader.facts()
    assert (facts.last_step, facts.config["lr"]) == (2999.0, 0.1)
    assert facts.finish is not None
    assert facts.finish.status == "finished"
    reader.close()


def test_a_killed_run_is_read_to_its_last_record(tmp_path: Path) -> None:
    process = train(tmp_path, 500, "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with (tmp_path / "live" / "metrics.jsonl").open("ab") as file:
        file.write(b'{"_step":500,"_timest')
    reader, columns = NativeReader(str(tmp_path / "live")), RunColumns()
    read_some(reader, columns)
    assert columns.stats()["loss"].count == 500
    assert columns.problems == ()
    assert reader.facts().finish is None
    reader.close()


LINES = st.lists(
    st.one_of(
        st.builds(
            lambda step, values: json.dumps({"_step": step, "_timestamp": step + 0.5, **values}),
            st.integers(0, 30),
            st.dictionaries(st.sampled_from(["a", "b", "c"]), st.floats(), max_size=3),
        ),
        st.builds(lambda step: json.dumps({"_event": "resume", "_step": step}), st.integers(0, 30)),
        st.sampled_from(["bad", "", '{"_step":3,"a":"text"}', '{"_step":3,"a":{"x":1}}', "[1]"]),
    ),
    max_size=6,
).map(lambda lines: "".join(line + "\n" for line in lines).encode())
FILES = st.sampled_from(["metrics.jsonl", "metrics.jsonl", "metrics.rank1.jsonl", "system.jsonl"])


class ChangingRun(RuleBasedStateMachine):
    """Whatever is done to a run's files, reading on gives what one full read of them gives."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.run = self.directory / "runs" / "x"
        self.run.mkdir(parents=True)
        self.ticks = 0
        self.columns = RunColumns()
        self.reader = NativeReader(str(self.run))
        self.cache = ColumnCache(self.directory / "cache")

    @initialize(data=LINES)
    def begin(self, data: bytes) -> None:
        self.append("metrics.jsonl", data)

    @rule(name=FILES, data=LINES)
    def append(self, name: str, data: bytes) -> None:
        with (self.run / name).open("ab") as file:
            file.write(data)
        self.wrote(name)

    @rule(name=FILES, data=LINES, share=st.floats(0, 1))
    def write_torn(self, name: str, data: bytes, share: float) -> None:
        self.append(name, data[: int(len(data) * share)])

    @rule(name=FILES, share=st.floats(0, 1))
    def truncate(self, name: str, share: float) -> None:
        path = self.run / name
        if path.exists():
            os.truncate(path, int(path.stat().st_size * share))
            self.wrote(name)

    @rule(name=FILES, data=LINES)
    def rewrite(self, name: str, data: bytes) -> None:
        (self.run / name).write_bytes(data)
        self.wrote(name)

    @rule(name=FILES, data=LINES)
    def replace(self, name: str, data: bytes) -> None:
        (self.run / "new").write_bytes(data)
        (self.run / "new").replace(self.run / name)
        self.wrote(name)

    @rule(name=FILES)
    def delete(self, name: str) -> None:
        (self.run / name).unlink(missing_ok=True)
        self.moved()

    @rule(limit=st.integers(1, 400))
    def poll(self, limit: int) -> None:
        self.columns.apply(self.reader.poll(limit))

    @rule()
    def look(self) -> None:
        points = self.columns.points()
        for name in points.metrics:
            points.series(name)
        self.columns.stats()

    @rule()
    def close(self) -> None:
        self.reader.close()

    @rule()
    def open_again(self) -> None:
        read_some(self.reader, self.columns)
        self.cache.save(self.reader, self.columns)
        self.reader.close()
        self.reader = NativeReader(str(self.run))
        self.columns = self.cache.load(self.reader) or RunColumns()

    def wrote(self, name: str) -> None:
        """Each write has its own time, as writes further apart than the file system's clock tick have."""
        self.moved()
        os.utime(self.run / name, ns=(self.ticks * 10**9, self.ticks * 10**9))

    def moved(self) -> None:
        self.ticks += 1
        os.utime(self.run, ns=(self.ticks * 10**9, self.ticks * 10**9))

    @invariant()
    def reading_on_gives_what_one_full_read_gives(self) -> None:
        if self.ticks % 3:
            return
        read_some(self.reader, self.columns, 100)
        fresh, columns = NativeReader(str(self.run)), RunColumns()
        read_some(fresh, columns, 1 << 20)
        fresh.close()
        assert same(self.columns, columns)
        assert {(p.file, p.line) for p in self.columns.problems} == {
            (p.file, p.line) for p in columns.problems
        }

    def teardown(self) -> None:
        self.reader.close()
        shutil.rmtree(self.directory)


@pytest.fixture(autouse=True)
def _keep_small_runs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "LEAST_BYTES", 1)


class TestChangingRun(ChangingRun.TestCase):  # type: ignore[name-defined,misc]  # made by hypothesis
    """With the fixture above, so that the cache takes part."""

    settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
