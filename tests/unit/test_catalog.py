"""Which runs stand below the roots, as they come and go."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from helpers import write_run
from tailboard_tui.formats import detect
from tailboard_tui.store.catalog import Catalog

SOON = 10.0
"""When no time stamp of the test's own files can move any more, seconds."""


class Follower:
    """A catalogue together with the runs that it has told of."""

    def __init__(self, *roots, **options):
        self.catalog = Catalog([str(root) for root in roots], **options)
        self.runs = []

    def look(self, *, after_s=0.0):
        now = time.time() + after_s
        self.catalog.check(now)
        while self.catalog.is_busy:
            change = self.catalog.step(now)
            for path in change.removed:
                self.runs.remove(path)
            self.runs += [found.path for found in change.found]
        return self.names

    @property
    def names(self):
        return sorted(os.path.basename(path) for path in self.runs)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "runs"
    root.mkdir()
    return root


def test_the_runs_of_a_root_are_found_newest_id_first(root):
    for name in ("20260101-a", "20260301-c", "20260201-b"):
        write_run(root, name)
    follower = Follower(root)
    follower.look()
    assert [os.path.basename(path) for path in follower.runs] == ["20260301-c", "20260201-b", "20260101-a"]


def test_runs_below_projects_are_found_and_nothing_is_looked_for_inside_a_run(root):
    run = write_run(root / "mnist", "a")
    write_run(root / "deep" / "er", "b")
    write_run(run / "media", "not-a-run")
    assert Follower(root).look() == ["a", "b"]


def test_depth_is_bounded(root):
    write_run(root / "1" / "2", "near")
    write_run(root / "1" / "2" / "3", "far")
    assert Follower(root, max_depth=3).look() == ["near"]


def test_a_root_that_is_one_run_gives_that_run(root):
    assert Follower(write_run(root, "only")).look() == ["only"]


def test_roots_that_hold_each_other_give_every_run_once(root):
    run = write_run(root / "project", "a")
    assert Follower(root, root / "project", run, root).look() == ["a"]


def test_a_run_that_appears_is_found_once_its_first_file_is_there(root):
    follower = Follower(root)
    assert follower.look() == []
    (root / "new").mkdir()
    assert follower.look() == []
    write_run(root / "other", "b")
    (root / "new" / "run.json").write_text('{"format": 1}')
    assert follower.look() == ["b", "new"]


def test_a_run_that_is_deleted_goes(root):
    write_run(root, "a")
    shutil.rmtree(write_run(root / "project", "b").parent)
    gone = write_run(root / "project", "c")
    follower = Follower(root)
    assert follower.look() == ["a", "c"]
    shutil.rmtree(gone)
    assert follower.look() == ["a"]
    shutil.rmtree(root / "project")
    assert follower.look() == ["a"]


def test_a_run_that_is_renamed_goes_and_comes(root):
    run = write_run(root, "a")
    follower = Follower(root)
    follower.look()
    run.rename(root / "b")
    assert follower.look() == ["b"]


def test_five_hundred_directories_at_once_are_all_found(root):
    follower = Follower(root)
    follower.look()
    for number in range(500):
        write_run(root, f"r{number:03}")
    assert len(follower.look()) == 500


def test_nothing_is_listed_again_while_nothing_changes(root, monkeypatch):
    write_run(root / "project", "a")
    follower = Follower(root)
    follower.look(after_s=SOON)
    follower.look(after_s=SOON)
    looks = []
    monkeypatch.setattr("tailboard_tui.store.catalog.look", lambda *at: looks.append(at))
    follower.look(after_s=SOON)
    assert looks == []


def test_a_directory_that_has_settled_is_listed_again_when_its_time_moves(root):
    follower = Follower(root)
    follower.look(after_s=SOON)
    write_run(root, "a")
    os.utime(root, (1e9, 1e9))
    assert follower.look(after_s=SOON) == ["a"]


def test_a_listing_that_fails_for_a_moment_keeps_the_runs(root, monkeypatch):
    write_run(root / "project", "a")
    follower = Follower(root)
    follower.look()

    def fail(path, top):
        raise OSError(5, "Input/output error", path)

    with monkeypatch.context() as patched:
        patched.setattr("tailboard_tui.store.catalog.look", fail)
        assert follower.look(after_s=100) == ["a"]
        assert follower.catalog.places()[0].problem == "cannot be read: Input/output error"
    write_run(root / "project", "b")
    assert follower.look(after_s=100) == ["a", "b"]
    assert follower.catalog.places()[0].problem == ""


def test_a_root_that_vanishes_for_one_look_keeps_its_runs_and_then_loses_them(root):
    write_run(root, "a")
    follower = Follower(root)
    follower.look()
    root.rename(root.with_name("away"))
    assert follower.look() == ["a"]
    assert follower.look() == []
    assert follower.catalog.places()[0].problem == "not found"
    root.with_name("away").rename(root)
    assert follower.look() == ["a"]


def test_a_root_that_is_missing_is_said_and_found_when_it_comes(tmp_path):
    follower = Follower(tmp_path / "later")
    follower.look()
    assert follower.catalog.places()[0].problem == "not found"
    write_run(tmp_path / "later", "a")
    assert follower.look() == ["a"]
    assert [place.runs for place in follower.catalog.places()] == [1]


def test_a_root_that_becomes_a_file_and_a_directory_again_is_followed(root):
    write_run(root, "a")
    follower = Follower(root)
    follower.look()
    root.rename(root.with_name("away"))
    root.write_text("x")
    assert follower.look() == []
    assert follower.catalog.places()[0].problem == "no format that tailboard knows"
    root.unlink()
    write_run(root, "b")
    assert follower.look() == ["b"]
    assert follower.catalog.places()[0].problem == ""


def test_a_root_of_no_known_format_is_said(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    follower = Follower(path)
    follower.look()
    assert follower.catalog.places()[0].problem == "no format that tailboard knows"


def test_links_lead_to_runs_inside_the_root_and_nowhere_else(root, tmp_path):
    inside = write_run(root / ".store", "inside")
    outside = write_run(tmp_path / "elsewhere", "outside")
    write_run(root, "real")
    os.symlink(inside, root / "to-inside")
    os.symlink(outside, root / "to-outside")
    os.symlink(outside.parent, root / "to-tree")
    os.symlink(root, root / "to-itself")
    os.symlink(root / "real", root / "latest")
    os.symlink("nowhere", root / "dangling")
    assert Follower(root).look() == ["inside", "real"]


def test_a_root_given_as_a_link_is_followed(root, tmp_path):
    write_run(root, "a")
    os.symlink(root, tmp_path / "link")
    assert Follower(tmp_path / "link").look() == ["a"]


def test_another_tracker_s_run_json_is_not_taken_for_ours(root):
    (root / "1").mkdir()
    (root / "1" / "run.json").write_text('{"experiment": {}, "host": {}}')
    (root / "1" / "cout.txt").write_text("")
    assert detect.format_of(str(root / "1")) is not detect.NATIVE


def test_a_run_whose_run_json_is_damaged_is_still_a_run(root):
    run = write_run(root, "a", metrics=[{"_step": 1}], events=[{"time": 1, "event": "start"}])
    (run / "run.json").write_bytes(b"\0" * 100)
    assert Follower(root).look() == ["a"]
