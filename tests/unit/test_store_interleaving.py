"""Whatever happens to a run's files between two turns, the store comes to what one fresh read gives."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tailboard_tui.settings import Settings
from tailboard_tui.store import runs as store_runs
from tailboard_tui.store.lookup import load_points, load_rows
from tailboard_tui.store.model import StoreChange
from tailboard_tui.store.runs import RunStore

RECORD = st.one_of(
    st.tuples(
        st.integers(0, 9), st.sampled_from(["a", "b"]), st.sampled_from([0.5, -1.0, "NaN", "text"])
    ).map(lambda found: {"_step": found[0], "_timestamp": 1.7e9 + found[0], found[1]: found[2]}),
    st.integers(0, 9).map(lambda step: {"_event": "resume", "_step": step}),
)
LINES = st.lists(RECORD.map(json.dumps) | st.just("{broken"), max_size=6)
NAME = st.sampled_from(["metrics.jsonl", "metrics.rank1.jsonl", "system.jsonl"])
RUN = "20261123-120000-abcdef"


@pytest.fixture(autouse=True, scope="module")
def _own_directories(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(store_runs, "PUBLISH_S", 0.0)
        patch.setattr(store_runs, "PUBLISH_OTHERS_S", 0.0)
        yield


class WatchedRun(RuleBasedStateMachine):
    """One run that is written, damaged, removed and made anew while a store looks at it."""

    @initialize(is_shown=st.booleans())
    def begin(self, is_shown: bool) -> None:
        self.root = Path(os.path.realpath(tempfile.mkdtemp()))
        self.run = self.root / RUN
        self.now = time.time()
        self.ticks = itertools.count(1)
        self.changes: list[StoreChange] = []
        self.store = RunStore([str(self.root)], settings=Settings(watch="poll"), clock=lambda: self.now)
        self.make()
        if is_shown:
            self.store.show([str(self.run)])

    @rule()
    def make(self) -> None:
        self.run.mkdir(exist_ok=True)
        self.write("run.json", b'{"format": 1}')

    @rule(name=NAME, lines=LINES, is_torn=st.booleans())
    def append(self, name: str, lines: list[str], is_torn: bool) -> None:
        before = self.content(name)
        text = "\n".join([*lines, ""]).encode()
        self.write(name, before + (text[:-1] if is_torn else text))

    @rule(name=NAME, share=st.floats(0, 1))
    def truncate(self, name: str, share: float) -> None:
        before = self.content(name)
        self.write(name, before[: int(len(before) * share)])

    @rule(name=NAME, lines=LINES)
    def replace(self, name: str, lines: list[str]) -> None:
        if self.run.is_dir():
            other = self.root.parent / f"{self.root.name}.part"
            other.write_text("\n".join([*lines, ""]))
            other.replace(self.run / name)
            self.stamp(name)

    @rule(name=NAME)
    def remove_file(self, name: str) -> None:
        (self.run / name).unlink(missing_ok=True)

    @rule()
    def remove_run(self) -> None:
        shutil.rmtree(self.run, ignore_errors=True)

    @rule(is_shown=st.booleans())
    def show(self, is_shown: bool) -> None:
        self.store.show([str(self.run)] if is_shown else [])

    @rule(after_s=st.sampled_from([0.0, 0.3, 3.0, 40.0]), times=st.integers(1, 3))
    def turn(self, after_s: float, times: int) -> None:
        self.now += after_s
        for _ in range(times):
            self.store.turn(self.changes.append)

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        self.store.show([str(self.run)])
        for _ in range(3):
            self.store.refresh()
            self.now += 3.0
            while self.store.turn(self.changes.append) < 0.01:
                pass
        fresh = load_rows([str(self.root)], full=True)
        found = self.store.rows()
        assert [row.key for row in found] == [row.key for row in fresh]
        for one, other in zip(found, fresh, strict=True):
            assert one.is_read
            assert repr(dict(one.metrics)) == repr(dict(other.metrics))
            assert (one.step, one.sparkline, one.facts) == (other.step, other.sparkline, other.facts)
            assert set(one.problems) == set(other.problems)
            self.compare_points(load_points(other).series)
        self.store.close()
        shutil.rmtree(self.root)

    def compare_points(self, series: object) -> None:
        points = self.store.points(str(self.run))
        assert points is not None
        assert points.is_complete
        for name in (*points.metrics, *points.system_metrics):
            for everything in (False, True):
                one = points.series(name, everything=everything)
                other = series(name, everything=everything)  # type: ignore[operator]
                for part in ("steps", "times", "values"):
                    assert np.array_equal(getattr(one, part), getattr(other, part), equal_nan=True)

    def content(self, name: str) -> bytes:
        path = self.run / name
        return path.read_bytes() if path.exists() else b""

    def write(self, name: str, data: bytes) -> None:
        """Make the file hold `data`, in place."""
        if not self.run.is_dir():
            return
        path = self.run / name
        with path.open("r+b" if path.exists() else "wb") as file:
            file.truncate(len(data))
            file.write(data)
        self.stamp(name)

    def stamp(self, name: str) -> None:
        """Each write at a time of its own, as with files that are not written by a test."""
        moment = 1_800_000_000_000_000_000 + next(self.ticks) * 1_000_000
        os.utime(self.run / name, ns=(moment, moment))


TestWatchedRun = WatchedRun.TestCase
TestWatchedRun.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
