"""Telling by stat alone whether a run was written to."""

from __future__ import annotations

import os

import pytest

from helpers import write_run
from tailboard_tui.files.changes import glance, signature, signature_of


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path, metrics=[{"_step": 0, "loss": 1.0}], config={"lr": 1})


def test_a_run_that_nobody_writes_to_keeps_its_signature(run):
    assert signature(str(run)) == signature(str(run))


def test_a_line_more_changes_the_signature_and_the_glance(run):
    before = signature(str(run))
    with open(run / "metrics.jsonl", "a") as file:
        file.write('{"_step": 1}\n')
    assert signature(str(run)).writes != before.writes
    assert glance(before.hot) != before.glance


def test_a_new_file_changes_the_glance_although_it_is_not_looked_at(run):
    before = signature(str(run))
    (run / "summary.json").write_text("{}")
    assert glance(before.hot) != before.glance


def test_our_annotations_are_a_change_but_no_write(run):
    before = signature(str(run))
    (run / "annotations.jsonl").write_text("{}\n")
    after = signature(str(run))
    assert after.writes == before.writes
    assert after != before


def test_a_file_put_in_place_of_another_with_the_same_size_and_time_is_noticed(run):
    path = run / "metrics.jsonl"
    before, state = signature(str(run)), os.stat(path)
    other = run.parent / "other"
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    os.replace(other, path)
    assert signature(str(run)).writes != before.writes


def test_the_hot_files_are_the_newest(run):
    os.utime(run / "config.json", (4e9, 4e9))
    os.utime(run / "run.json", (3e9, 3e9))
    assert [os.path.basename(path) for path in signature(str(run)).hot[1:]] == ["config.json", "run.json"]


def test_a_run_that_is_a_single_file_has_a_signature(run):
    path = str(run / "metrics.jsonl")
    before = signature(path)
    assert glance(before.hot) == before.glance
    with open(path, "a") as file:
        file.write("x\n")
    assert signature(path) != before


def test_a_run_that_is_gone_has_none(tmp_path):
    assert signature(str(tmp_path / "gone")) is None


def test_files_that_are_no_files_do_not_block_a_look_that_opens_them(run):
    os.mkfifo(run / "pipe")
    os.symlink("/dev/zero", run / "zero")
    assert signature(str(run), revalidate=True).writes == signature(str(run)).writes


def test_files_further_down_are_seen_as_deep_as_is_asked(run):
    (run / "a" / "b").mkdir(parents=True)
    (run / "a" / "b" / "events").write_text("x")
    before = [signature(str(run), depth=depth).writes for depth in (2, 3)]
    (run / "a" / "b" / "events").write_text("xy")
    after = [signature(str(run), depth=depth).writes for depth in (2, 3)]
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)


def test_a_run_of_named_files_has_a_signature_of_just_those(run):
    paths = [str(run), str(run / "metrics.jsonl"), str(run / "missing")]
    before = signature_of(paths)
    assert glance(before.hot) == before.glance
    (run / "config.json").write_text("{}")
    assert signature_of(paths) == before
    (run / "missing").write_text("")
    assert signature_of(paths).writes != before.writes
    assert signature_of([]) == signature_of([])
