"""The store on live runs: a worker thread, real files, real processes, with events and without."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers import until, write_run
from tailboard_tui.settings import Settings
from tailboard_tui.store.runs import RunStore, find_run, load_points, load_rows

TRAINING = """
import sys, time, tailboard
run = tailboard.init(dir=sys.argv[1], id="live", system=False, git=False)
for step in range(int(sys.argv[2])):
    run.log({"loss": 1 / (step + 1)}, step=step)
    time.sleep(0.005)
print("written", flush=True)
if len(sys.argv) > 3:
    time.sleep(600)
"""


class Running:
    """A store with its worker in a thread, as the app runs it."""

    def __init__(self, *roots: Path, watch: str) -> None:
        self.store = RunStore([str(root) for root in roots], settings=Settings(watch=watch))
        self.changes = []
        self.stop = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._work)

    def _work(self):
        try:
            self.store.work(self.changes.append, self.stop)
        except BaseException as error:
            self.failure = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.store.close()
        self.thread.join(20)
        assert not self.thread.is_alive()
        assert self.failure is None

    def row(self, run):
        return self.store.row(str(run))

    def values(self, run, metric="loss"):
        points = self.store.points(str(run))
        series = None if points is None else points.series(metric)
        return [] if series is None else series.values.tolist()


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    """Keep away from the user's own state and cache."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "runs"
    root.mkdir()
    return root


@pytest.fixture(params=["auto", "poll"])
def running(request, root):
    with Running(root, watch=request.param) as running:
        yield running


def train(root: Path, steps: int, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(root), str(steps), *more],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


def line(step: int, value: float) -> str:
    return json.dumps({"_step": step, "_timestamp": time.time(), "loss": value}) + "\n"


def test_a_training_is_seen_from_its_first_step_to_its_end(running, root):
    running.store.show([str(root / "live")])
    with train(root, 50) as training:
        assert training.wait() == 0
    until(lambda: running.row(root / "live") and running.row(root / "live").status == "finished")
    until(lambda: len(running.values(root / "live")) == 50)
    assert running.values(root / "live") == [1 / step for step in range(1, 51)]


def test_a_training_that_is_killed_turns_to_crashed_within_seconds(running, root):
    with train(root, 3, "and-wait") as training:
        assert training.stdout.readline() == "written\n"
        until(lambda: running.row(root / "live") and running.row(root / "live").status == "running")
        os.kill(training.pid, signal.SIGKILL)
        row = until(lambda: running.row(root / "live").status == "crashed" and running.row(root / "live"))
        assert row.status_reason == f"process {training.pid} is gone, no finish event"
    assert row.step == 2


def test_every_line_of_a_shown_run_arrives(running, root):
    run = write_run(root)
    running.store.show([str(run)])
    with open(run / "metrics.jsonl", "a", buffering=1) as file:
        for step in range(200):
            file.write(line(step, float(step)))
            time.sleep(0.001)
    until(lambda: len(running.values(run)) == 200)
    assert running.values(run) == list(map(float, range(200)))


def test_a_run_may_be_truncated_replaced_deleted_and_begun_again_while_it_is_followed(running, root):
    run = write_run(root, metrics=[{"_step": step, "loss": 1.0} for step in range(100)])
    running.store.show([str(run)])
    until(lambda: len(running.values(run)) == 100)
    (run / "metrics.jsonl").write_text(line(0, 2.0))
    until(lambda: running.values(run) == [2.0])
    (root / "new").write_text(line(0, 3.0) + line(1, 4.0))
    os.replace(root / "new", run / "metrics.jsonl")
    until(lambda: running.values(run) == [3.0, 4.0])
    shutil.rmtree(run)
    until(lambda: running.row(run) is None)
    write_run(root, metrics=[{"_step": 0, "loss": 5.0}])
    until(lambda: running.values(run) == [5.0])


def test_hundreds_of_runs_that_come_at_once_and_go_are_noticed(running, root):
    for number in range(300):
        write_run(root, f"r{number:03}", metrics=[{"_step": 0, "loss": 1.0}])
    until(lambda: len(running.store.rows()) == 300)
    for number in range(0, 300, 2):
        shutil.rmtree(root / f"r{number:03}")
    until(lambda: len(running.store.rows()) == 150)


def test_many_live_runs_are_all_read(running, root):
    runs = [write_run(root, f"r{number}") for number in range(20)]
    running.store.show([str(runs[0])])
    for step in range(50):
        for run in runs:
            with open(run / "metrics.jsonl", "a") as file:
                file.write(line(step, float(step)))
    until(
        lambda: all(
            (row := running.row(run)) and row.metrics and row.metrics["loss"].count == 50 for run in runs
        )
    )


def test_a_root_that_is_taken_away_and_given_back_is_noticed(running, root):
    run = write_run(root, metrics=[{"_step": 0, "loss": 1.0}])
    until(lambda: running.row(run))
    root.rename(root.with_name("away"))
    until(lambda: not running.store.rows() and running.store.places()[0].problem == "not found")
    root.with_name("away").rename(root)
    until(lambda: running.row(run))


def test_the_store_ends_while_it_is_busy(root):
    for number in range(200):
        write_run(root, f"r{number}", metrics=[{"_step": 0, "loss": 1.0}])
    with Running(root, watch="auto") as running:
        until(lambda: running.changes)


def test_the_way_of_watching_is_told(root):
    with Running(root, watch="poll") as running:
        assert running.store.describe_watch(str(root)).endswith(": polled")


@pytest.fixture
def three(root):
    write_run(root, "20260101-a", name="first", created=1.0, metrics=[{"_step": 0, "loss": 1.0}])
    write_run(root, "20260102-b", name="second", created=2.0, metrics=[{"_step": 0, "loss": 2.0}])
    write_run(root / "project", "20260203-c", name="third", created=3.0)
    return [str(root)]


def test_all_runs_come_newest_first(three):
    assert [row.facts.name for row in load_rows(three)] == ["third", "second", "first"]
    assert load_rows([*three, *three], full=True)[1].metrics["loss"].count == 1


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("20260102-b", "second"),
        ("202602", "third"),
        ("first", "first"),
        ("sec", "second"),
        ("latest", "third"),
    ],
)
def test_a_run_is_found_by_what_users_call_it(three, ref, name):
    assert find_run(ref, three).facts.name == name


def test_a_run_is_found_by_its_path_from_anywhere(three, root, monkeypatch, tmp_path):
    assert find_run(str(root / "20260101-a"), [str(tmp_path / "elsewhere")]).facts.name == "first"
    monkeypatch.chdir(root)
    assert find_run("./20260101-a", []).metrics["loss"].last == 1.0
    assert find_run("20260101-a", []).facts.name == "first"


def test_a_reference_that_fits_several_runs_names_them(three):
    with pytest.raises(LookupError, match="'202601' may be any of 2 runs: 20260102-b, 20260101-a") as caught:
        find_run("202601", three)
    assert [row.facts.name for row in caught.value.candidates] == ["second", "first"]


@pytest.mark.parametrize("ref", ["nothing", "no/such/path", ".", "\x1b]52;c;x\x07"])
def test_a_reference_that_fits_nothing_says_so_harmlessly(three, ref, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(LookupError) as caught:
        find_run(ref, three)
    assert "\x1b" not in str(caught.value)
    assert caught.value.candidates == ()


def test_the_latest_of_no_runs_is_not_found(tmp_path):
    with pytest.raises(LookupError, match="no run 'latest'"):
        find_run("latest", [str(tmp_path)])


def test_all_points_of_a_run_are_loaded(three):
    points = load_points(find_run("first", three))
    assert points.is_complete
    assert points.series("loss").values.tolist() == [1.0]
