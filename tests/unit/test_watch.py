"""What wakes the worker, with real files and real events."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from helpers import until
from tailboard_tui.files.mounts import Mount
from tailboard_tui.store import watch as watching
from tailboard_tui.store.watch import BUSY_EVENTS, STRIKES, Watch, describe, limits


@pytest.fixture
def watch():
    watch = Watch()
    yield watch
    watch.close()


def append(path, text="x\n"):
    with open(path, "a") as file:
        file.write(text)


def test_a_write_in_a_followed_directory_is_announced(watch, tmp_path):
    watch.follow([str(tmp_path)])
    append(tmp_path / "metrics.jsonl")
    assert until(watch.changed) == {str(tmp_path)}
    assert watch.describe(str(tmp_path)).endswith(": events")


def test_a_wait_ends_with_the_event(watch, tmp_path):
    watch.follow([str(tmp_path)])
    append(tmp_path / "metrics.jsonl")
    begun = time.monotonic()
    watch.wait(20)
    assert time.monotonic() - begun < 15


def test_what_is_below_a_followed_directory_announces_nothing(watch, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    watch.follow([str(tmp_path), str(tmp_path / "b")])
    append(tmp_path / "a" / "metrics.jsonl")
    append(tmp_path / "b" / "metrics.jsonl")
    assert until(watch.changed) == {str(tmp_path / "b")}


def test_reading_announces_nothing(watch, tmp_path):
    append(tmp_path / "a")
    watch.follow([str(tmp_path)])
    (tmp_path / "a").read_bytes()
    os.scandir(tmp_path).close()
    append(tmp_path / "b")
    until(watch.changed)
    assert len(watch._watched[str(tmp_path)].recent) <= 2


def test_a_directory_that_is_no_longer_followed_announces_nothing(watch, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    watch.follow([str(tmp_path / "a"), str(tmp_path / "b")])
    watch.follow([str(tmp_path / "b")])
    append(tmp_path / "a" / "x")
    append(tmp_path / "b" / "x")
    assert until(watch.changed) == {str(tmp_path / "b")}
    assert not watch.delivers(str(tmp_path / "a"))


def test_a_followed_directory_may_be_deleted(watch, tmp_path):
    (tmp_path / "a").mkdir()
    watch.follow([str(tmp_path / "a")])
    shutil.rmtree(tmp_path / "a")
    until(watch.changed)
    watch.follow([str(tmp_path)])
    append(tmp_path / "b")
    assert str(tmp_path) in until(watch.changed)


def test_a_directory_that_is_missing_is_followed_once_it_is_there(watch, tmp_path):
    path = tmp_path / "later"
    watch.follow([str(path)])
    assert not watch.delivers(str(path))
    path.mkdir()
    watch.follow([str(path)])
    append(path / "x")
    assert until(watch.changed) == {str(path)}


def test_forced_polling_follows_nothing_and_still_wakes(tmp_path):
    watch = Watch(poll_only=True)
    watch.follow([str(tmp_path)])
    assert not watch.delivers(str(tmp_path))
    assert watch.describe(str(tmp_path)).endswith(": polled")
    watch.wake()
    begun = time.monotonic()
    watch.wait(20)
    assert time.monotonic() - begun < 15


def test_growth_that_no_event_announced_ends_the_watch(watch, tmp_path):
    watch.follow([str(tmp_path)])
    for _ in range(STRIKES):
        watch.saw_growth(str(tmp_path))
    assert watch.delivers(str(tmp_path))
    watch.saw_growth(str(tmp_path))
    assert not watch.delivers(str(tmp_path))
    assert watch.describe(str(tmp_path)).endswith("polled, since events do not arrive")
    watch.follow([str(tmp_path)])
    assert not watch.delivers(str(tmp_path))


def test_an_event_in_between_keeps_the_watch(watch, tmp_path):
    watch.follow([str(tmp_path)])
    for _ in range(2 * STRIKES):
        watch.saw_growth(str(tmp_path))
        append(tmp_path / "x")
        until(watch.changed)
    assert watch.delivers(str(tmp_path))


def test_a_directory_that_changes_all_the_time_is_polled(watch, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "BUSY_SPAN_S", 60.0)  # However little of the machine is ours.
    watch.follow([str(tmp_path)])
    with open(tmp_path / "x", "ab", buffering=0) as one, open(tmp_path / "y", "ab", buffering=0) as other:

        def is_busy():
            for _ in range(BUSY_EVENTS):  # In turn: the kernel makes one of equal events.
                one.write(b"x\n")
                other.write(b"y\n")
            watch.follow([str(tmp_path)])
            return not watch.delivers(str(tmp_path))

        until(is_busy)


def test_a_network_file_system_is_polled_from_the_start(watch, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "mount_of", lambda path: Mount("/", "nfs4"))
    watch.follow([str(tmp_path)])
    assert not watch.delivers(str(tmp_path))
    assert watch.describe(str(tmp_path)) == "nfs4: polled, since other machines may write there"
    assert describe(str(tmp_path)) == "nfs4 on /: polling (other machines may write there)"


def test_when_the_kernel_has_no_watch_left_it_is_polled_and_said(watch, tmp_path, monkeypatch):
    def refuse(self, watched):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(Watch, "_schedule", refuse)
    watch.follow([str(tmp_path)])
    assert not watch.delivers(str(tmp_path))
    assert watch.trouble == "polled, since watching failed (inotify watch limit reached)"


def test_the_kernel_s_limits_are_numbers():
    assert all(value > 0 for value in limits().values())


def test_closing_twice_is_safe(tmp_path):
    watch = Watch()
    watch.follow([str(tmp_path)])
    watch.close()
    watch.close()
    watch.follow([str(tmp_path)])
    assert not watch.delivers(str(tmp_path))
