"""The store, turned by hand: what it reads, keeps, lets go and publishes."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time

import numpy as np
import pytest
from msgspec import structs

from helpers import write_run
from tailboard_tui.formats.detect import find
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.settings import Settings
from tailboard_tui.store import runs as store_runs
from tailboard_tui.store import worker
from tailboard_tui.store.annotations import Annotation, Notebook, annotate
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.rowmaker import Surroundings
from tailboard_tui.store.runs import RunStore
from tailboard_tui.store.tracked import TrackedRun


def lines(count, start=0, **more):
    return [
        {"_step": step, "_timestamp": 1.7e9 + step, "loss": 1 / (step + 1), **more}
        for step in range(start, start + count)
    ]


def record(step, age_s=0.0):
    return {"_step": step, "_timestamp": time.time() - age_s, "loss": 1 / (step + 1)}


def append(run, records):
    with open(run / "metrics.jsonl", "a") as file:
        file.write("".join(json.dumps(record) + "\n" for record in records))


class Hand:
    """A store whose worker is turned by hand, by a clock that is set by hand."""

    def __init__(self, *roots, **settings):
        self.now = time.time()
        self.changes = []
        self.store = RunStore(
            [str(root) for root in roots],
            settings=Settings(**{"watch": "poll", **settings}),
            clock=lambda: self.now,
        )

    def turn(self, after_s=0.0):
        """Turn until nothing is left to be done now; gives what was published."""
        self.now += after_s
        seen = len(self.changes)
        while self.store.turn(self.changes.append) < 0.01:
            pass
        return self.changes[seen:]

    def row(self, run):
        return self.store.row(str(run))

    def values(self, run, metric="loss"):
        points = self.store.points(str(run))
        series = None if points is None else points.series(metric)
        return None if series is None else series.values.tolist()

    def show(self, *runs):
        self.store.show([str(run) for run in runs])
        return self.turn()


@pytest.fixture(autouse=True)
def _at_once_and_apart(monkeypatch, tmp_path):
    """Publish without waiting, and keep away from the user's own state."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(store_runs, "PUBLISH_S", 0.0)
    monkeypatch.setattr(store_runs, "PUBLISH_OTHERS_S", 0.0)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "runs"
    root.mkdir()
    return root


def test_rows_appear_as_they_are_found_and_the_end_of_the_scan_is_published(root):
    for number in range(100):
        write_run(root, f"r{number:03}")
    hand = Hand(root)
    assert hand.store.rows() == ()
    hand.turn()
    assert hand.changes[0].is_scanning
    assert 0 < hand.changes[0].found < 100
    assert not hand.changes[-1].is_scanning
    assert [row.facts.id for row in hand.store.rows()] == [f"r{number:03}" for number in reversed(range(100))]
    assert frozenset().union(*(change.runs for change in hand.changes)) == {
        row.key for row in hand.store.rows()
    }


def test_an_empty_root_ends_its_scan_with_a_change(root):
    hand = Hand(root)
    assert [change.is_scanning for change in hand.turn()] == [False]
    assert [(place.problem, place.runs) for place in hand.store.places()] == [("", 0)]


def test_a_row_knows_its_last_line_before_its_points_are_read(root):
    run = write_run(root, metrics=lines(10_000))
    hand = Hand(root)
    hand.store.turn(hand.changes.append)
    row = hand.row(run)
    assert (row.step, row.is_read) == (9999, False)
    assert (row.metrics["loss"].last, row.metrics["loss"].count) == (0.0001, 0)


def test_a_running_run_without_a_plan_is_as_far_as_the_bar_that_it_draws(root):
    run = write_run(root, "drawing", metrics=[record(3)])
    hand = Hand(root)
    hand.turn()
    assert (hand.row(run).status, hand.row(run).progress) == ("running", None)
    (run / "output.log").write_bytes(
        b"begin\n\r 10%|#   | 1/10 [00:01<00:09]\r 40%|####  | 4/10 [00:04<00:06]"
    )
    hand.show(run)
    hand.turn(1.0)
    assert (hand.row(run).progress, hand.row(run).eta_s) == (0.4, 6.0)
    (run / "config.json").write_text('{"max_steps": 30}')
    hand.turn(1.0)
    assert hand.row(run).progress == 0.1


def test_every_run_is_read_for_its_statistics_and_sparkline(root):
    run = write_run(root, metrics=lines(100))
    hand = Hand(root)
    hand.turn()
    row = hand.row(run)
    assert row.is_read
    assert (row.metrics["loss"].count, row.metrics["loss"].min_step) == (100, 99)
    assert (row.sparkline[0], row.sparkline[-1], len(row.sparkline)) == (1.0, 0.01, 26)


def test_a_shown_run_that_grows_is_read_at_its_next_look(root):
    run = write_run(root, metrics=lines(3))
    hand = Hand(root)
    hand.turn()
    hand.show(run)
    before = hand.store.points(str(run))
    append(run, lines(2, 3))
    (change,) = hand.turn(after_s=1)
    assert change.runs == {str(run)}
    assert hand.values(run) == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert before.series("loss").values.tolist() == [1, 1 / 2, 1 / 3]


def test_nothing_is_published_while_nothing_happens(root):
    run = write_run(root, metrics=lines(3))
    hand = Hand(root)
    hand.turn()
    hand.show(run)
    assert [hand.turn(after_s=1) for _ in range(100)] == [[]] * 100


def test_a_large_run_is_shown_coarsely_before_it_is_read(root, monkeypatch):
    monkeypatch.setattr("tailboard_tui.store.worker.READ_FOR_S", 0.0)
    run = write_run(root, metrics=lines(30_000))
    hand = Hand(root)
    hand.store.turn(hand.changes.append)
    hand.store.show([str(run)])
    sampled = []
    while not sampled or not sampled[-1].is_complete:
        hand.store.turn(hand.changes.append)
        sampled.append(hand.store.points(str(run)))
    first, last = sampled[0].series("loss"), sampled[-1].series("loss")
    assert not sampled[0].is_complete
    assert last.values.size == 30_000
    assert 100 < first.values.size < 30_000
    assert set(first.values) <= set(last.values)
    assert first.steps[-1] > 29_000


def test_a_run_shown_before_it_is_found_is_read_when_it_is(root):
    run = root / "later"
    hand = Hand(root)
    hand.show(run)
    write_run(root, "later", metrics=lines(3))
    hand.turn(after_s=5)
    hand.turn(after_s=1)
    assert hand.values(run) == [1, 1 / 2, 1 / 3]


def test_a_run_that_is_not_shown_is_followed_while_it_is_written(root):
    run = write_run(root, metrics=[record(0)])
    hand = Hand(root)
    hand.turn()
    assert hand.row(run).status == "running"
    append(run, [record(1)])
    hand.turn(after_s=3)
    assert hand.row(run).metrics["loss"].count == 2


def test_a_quiet_run_that_goes_on_is_noticed_within_a_round(root):
    run = write_run(root, metrics=lines(3))
    hand = Hand(root)
    for _ in range(3):
        hand.turn(after_s=1)
    assert hand.row(run).status == "crashed"
    append(run, [record(3)])
    for _ in range(25):
        hand.turn(after_s=1)
    assert hand.row(run).metrics["loss"].count == 4
    assert hand.row(run).status == "running"


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_truncated_file_is_read_anew(root, is_shown):
    run = write_run(root, metrics=lines(100))
    hand = Hand(root)
    hand.turn()
    hand.show(*[run] * is_shown)
    (run / "metrics.jsonl").write_text(json.dumps(lines(1)[0]) + "\n")
    hand.store.refresh()
    hand.turn(after_s=1)
    assert hand.values(run) == ([1] if is_shown else None)
    assert hand.row(run).metrics["loss"].count == 1


def test_a_replaced_file_is_read_anew(root):
    run = write_run(root, metrics=lines(3))
    hand = Hand(root)
    hand.turn()
    hand.show(run)
    other = write_run(root.parent, "other", metrics=lines(5, start=7))
    os.replace(other / "metrics.jsonl", run / "metrics.jsonl")
    hand.turn(after_s=1)
    assert hand.values(run) == [1 / step for step in range(8, 13)]


def test_a_run_that_is_deleted_while_it_is_shown_goes_and_may_come_back(root):
    run = write_run(root, metrics=lines(3))
    hand = Hand(root)
    hand.turn()
    hand.show(run)
    shutil.rmtree(run)
    changes = hand.turn(after_s=5)
    assert frozenset().union(*(change.removed for change in changes)) == {str(run)}
    assert (hand.store.rows(), hand.row(run), hand.values(run)) == ((), None, None)
    write_run(root, metrics=lines(2))
    hand.turn(after_s=5)
    hand.turn(after_s=1)
    assert hand.values(run) == [1, 1 / 2]


def test_a_run_whose_directory_becomes_a_link_out_of_the_root_is_not_read_on(root, tmp_path):
    run = write_run(root, metrics=lines(3))
    outside = write_run(root.parent, "outside", metrics=lines(3, secret=7.0))
    (found,) = find(str(root))
    tracked = TrackedRun(found, ColumnCache(tmp_path / "columns"))
    tracked.read_facts()
    tracked.read_all()
    run.rename(root.parent / "moved")
    run.symlink_to(outside)
    tracked.read_facts()
    tracked.read_all()
    row = tracked.tell(1.7e9, Surroundings("host", Notebook()))
    assert (row.facts.name, row.metrics.keys()) == (run.name, {"loss"})
    assert "a link stands in its place" in row.problems[0].message


def test_five_hundred_runs_at_once_are_all_there_and_read(root):
    hand = Hand(root)
    hand.turn()
    for number in range(500):
        write_run(root, f"r{number:03}", metrics=lines(3))
    hand.turn(after_s=5)
    assert len(hand.store.rows()) == 500
    assert all(row.is_read for row in hand.store.rows())


def test_a_reader_that_fails_costs_its_own_run_only(root, monkeypatch):
    good, bad = write_run(root, "good", metrics=lines(3)), write_run(root, "bad", metrics=lines(3))
    poll = NativeReader.poll

    def fail(self, *limits):
        if self.path == str(bad):
            raise RecursionError("too deep")
        return poll(self, *limits)

    hand = Hand(root)
    with monkeypatch.context() as patched:
        patched.setattr(NativeReader, "poll", fail)
        hand.turn()
    assert hand.row(good).metrics["loss"].count == 3
    assert [problem.message for problem in hand.row(bad).problems] == [
        "cannot be read: RecursionError: too deep"
    ]
    append(bad, lines(1, 3))
    hand.store.refresh([str(bad)])
    hand.turn(after_s=1)
    assert (hand.row(bad).problems, hand.row(bad).metrics["loss"].count) == ((), 4)


def test_a_fault_of_the_worker_itself_is_not_hidden(root, monkeypatch):
    write_run(root)
    store = RunStore([str(root)])

    def fail(self, now):
        raise ZeroDivisionError

    monkeypatch.setattr("tailboard_tui.store.worker.Worker.turn", fail)
    with pytest.raises(ZeroDivisionError):
        store.work(lambda change: None, threading.Event())


def test_points_of_a_small_run_that_has_ended_are_read_when_it_is_shown(root):
    run = write_run(root, metrics=lines(100))
    hand = Hand(root)
    hand.turn()
    assert (hand.values(run), hand.row(run).metrics["loss"].count) == (None, 100)
    hand.show(run)
    assert len(hand.values(run)) == 100


def test_points_beyond_the_budget_are_let_go_and_what_they_told_stays(root, monkeypatch):
    monkeypatch.setattr(worker, "QUICKLY_READ_BYTES", 0)
    runs = [write_run(root, f"r{number}", metrics=lines(100)) for number in range(3)]
    hand = Hand(root, memory_mib=0)
    hand.turn()
    assert [hand.values(run) for run in runs] == [None] * 3
    assert [hand.row(run).metrics["loss"].count for run in runs] == [100] * 3
    hand.show(runs[1])
    assert len(hand.values(runs[1])) == 100
    hand.show(runs[2])
    assert (hand.values(runs[1]), len(hand.values(runs[2]))) == (None, 100)


def test_points_within_the_budget_are_kept(root, monkeypatch):
    monkeypatch.setattr(worker, "QUICKLY_READ_BYTES", 0)
    run = write_run(root, metrics=lines(100))
    hand = Hand(root)
    hand.turn()
    assert len(hand.values(run)) == 100


def test_a_run_whose_points_were_let_go_is_read_anew_when_it_grows(root):
    run = write_run(root, metrics=[record(0)])
    hand = Hand(root, memory_mib=0)
    hand.turn()
    append(run, [record(1)])
    for _ in range(5):
        hand.turn(after_s=10)
    assert hand.row(run).metrics["loss"].count == 2
    assert hand.values(run) is None


def test_refresh_looks_at_once(root):
    hand = Hand(root)
    hand.turn()
    run = write_run(root, metrics=lines(1))
    hand.store.refresh()
    hand.turn()
    assert hand.row(run) is not None


def test_a_crash_is_told_by_time_alone(root):
    run = write_run(root, metrics=[record(step, age_s=9 - step) for step in range(10)])
    hand = Hand(root)
    hand.turn()
    words = [hand.row(run).status]
    for _ in range(80):
        hand.turn(after_s=10)
        words.append(hand.row(run).status)
    assert list(dict.fromkeys(words)) == ["running", "stalled", "crashed"]
    assert sum(len(change.runs) for change in hand.changes[2:]) <= 3


def test_open_files_do_not_grow_with_the_number_of_runs(root):
    for number in range(50):
        write_run(root, f"r{number}", metrics=lines(3))
    before = len(os.listdir("/dev/fd"))
    hand = Hand(root)
    hand.turn()
    assert len(os.listdir("/dev/fd")) - before < 10


def test_values_that_are_no_numbers_do_not_reach_the_sparkline(root):
    run = write_run(
        root,
        metrics=[{"_step": step, "loss": value} for step, value in enumerate(["NaN", 1.0, "Infinity", 2.0])],
    )
    hand = Hand(root)
    hand.turn()
    assert hand.row(run).sparkline == (1.0, 2.0)
    assert np.isnan(hand.row(run).metrics["loss"].first)


def test_what_the_user_says_of_a_run_is_in_its_row(root):
    run = write_run(root)
    hand = Hand(root)
    hand.turn()
    annotate(hand.row(run).facts, Annotation(name="better", tags=("a",)), hand.now)
    hand.store.refresh([str(run)])
    hand.turn()
    facts = hand.row(run).facts
    assert (facts.name, facts.tags) == ("better", ("a",))


def test_what_is_said_of_a_run_that_cannot_be_written_to_is_in_its_row_too(root, monkeypatch):
    run = write_run(root)
    hand = Hand(root)
    hand.turn()
    foreign = structs.replace(hand.row(run).facts, source="tensorboard")
    annotate(foreign, Annotation(hidden=True), hand.now)
    (change,) = hand.turn(after_s=2)
    assert change.runs == {str(run)}
    assert hand.row(run).is_hidden


def test_a_root_that_goes_wrong_later_is_published_without_any_run(root):
    hand = Hand(root)
    hand.turn()
    root.rmdir()
    (change,) = hand.turn(after_s=2)
    assert (change.runs, change.removed) == (frozenset(), frozenset())
    assert hand.store.places()[0].problem == "not found"
