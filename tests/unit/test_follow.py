"""A file that only grows is read once; anything else makes it a new file."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tailboard_tui.files import follow
from tailboard_tui.files.follow import LINE_LIMIT_BYTES, MISSING, NOT_REGULAR, Block, Follower, LineFollower


def lines_of(follower: LineFollower, limit_bytes: int = 64) -> list[bytes]:
    """All lines that are there, read to the end."""
    found: list[bytes] = []
    while True:
        block = follower.poll(limit_bytes)
        if block.reset:
            found.clear()
        found += block.data.split(b"\n")[:-1]
        if not block.more:
            return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_only_whole_lines_are_given_and_the_unfinished_one_waits(path: Path) -> None:
    path.write_bytes(b"one\ntwo\nthr")
    follower = LineFollower(str(path))
    block = follower.poll(1000)
    assert (block.data, block.first_line, block.lines, block.end, block.more) == (
        b"one\ntwo\n",
        1,
        2,
        8,
        False,
    )
    assert follower.poll(1000).data == b""
    with path.open("ab") as file:
        file.write(b"ee\n")
    assert follower.poll(1000) == Block(b"three\n", 3, 1, 14)
    follower.close()


def test_nothing_is_read_twice_while_the_file_only_grows(path: Path) -> None:
    follower = LineFollower(str(path), keep_open=False)
    written = b""
    seen = b""
    for number in range(300):
        piece = b"line %d\n" % number * (number % 7)
        written += piece
        with path.open("ab") as file:
            file.write(piece)
        block = follower.poll(1 << 16)
        assert not block.reset
        seen += block.data
    assert seen == written
    assert follower.lines == written.count(b"\n")


def test_a_missing_file_is_a_problem_and_is_read_once_it_comes(path: Path) -> None:
    follower = LineFollower(str(path))
    assert follower.poll(100).data == b""
    assert follower.file.problem == MISSING
    path.write_bytes(b"a\n")
    assert follower.poll(100) == Block(b"a\n", 1, 1, 2)
    assert follower.file.problem is None
    follower.close()


@pytest.mark.parametrize("keep_open", [True, False])
@pytest.mark.parametrize(
    "new",
    [b"", b"x\n", b"other1\nline22\n", b"first1\nline2", b"first1\nLINE22\nline3\n", b"much\nlonger\n" * 400],
)
def test_a_file_written_anew_in_place_is_read_from_its_start(path: Path, new: bytes, keep_open: bool) -> None:
    path.write_bytes(b"first1\nline22\n")
    follower = LineFollower(str(path), keep_open=keep_open)
    assert lines_of(follower) == [b"first1", b"line22"]
    path.write_bytes(new)
    block = follower.poll(1 << 16)
    assert block.reset
    assert block.data == new[: new.rfind(b"\n") + 1]
    assert block.first_line == 1
    follower.close()


@pytest.mark.parametrize("keep_open", [True, False])
def test_a_file_replaced_by_rename_is_read_from_its_start(path: Path, keep_open: bool) -> None:
    path.write_bytes(b"first\n" * 1000)
    follower = LineFollower(str(path), keep_open=keep_open)
    lines_of(follower)
    other = path.with_name("other")
    other.write_bytes(b"first\n" * 500 + b"FIRST\n" + b"first\n" * 700)
    other.replace(path)
    assert follower.poll(100).reset
    assert lines_of(follower, 4096).count(b"FIRST") == 1
    follower.close()


def test_a_byte_changed_in_the_middle_without_growing_is_noticed(path: Path) -> None:
    data = b"".join(b"line %06d\n" % number for number in range(20_000))
    path.write_bytes(data)
    follower = LineFollower(str(path))
    lines_of(follower, 1 << 16)
    stat = path.stat()
    with path.open("r+b") as file:
        file.seek(len(data) // 2)
        file.write(b"X")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    assert b"X" in b"".join(lines_of(follower, 1 << 16))
    follower.close()


def test_a_touched_file_is_not_read_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "VERIFY_BYTES", 1000)
    path.write_bytes(b"line\n" * 5000)
    follower = LineFollower(str(path))
    assert len(lines_of(follower, 1 << 16)) == 5000
    os.utime(path, ns=(1, 2))
    first = follower.poll(100)
    assert (first.data, first.reset, first.more) == (b"", False, True)
    assert lines_of(follower) == []
    with path.open("ab") as file:
        file.write(b"new\n")
    assert lines_of(follower) == [b"new"]
    follower.close()


def test_a_disk_that_fails_while_a_file_is_compared_ends_in_a_problem(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"line\n" * 5000)
    follower = LineFollower(str(path))
    lines_of(follower, 1 << 16)
    os.utime(path, ns=(1, 2))

    def fail(fd: int, length: int, offset: int) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as context:
        context.setattr(os, "pread", fail)
        block = follower.poll(100)
        assert (block.data, block.more, follower.file.problem) == (b"", False, "Input/output error")
    with path.open("ab") as file:
        file.write(b"new\n")
    assert lines_of(follower) == [b"new"]
    follower.close()


def test_a_deleted_file_takes_its_lines_with_it_and_a_new_one_starts_anew(path: Path) -> None:
    path.write_bytes(b"a\nb\n")
    follower = LineFollower(str(path))
    lines_of(follower)
    path.unlink()
    assert follower.poll(100).reset
    assert not follower.poll(100).reset
    path.write_bytes(b"c\n")
    assert follower.poll(100) == Block(b"c\n", 1, 1, 2)
    follower.close()


@pytest.mark.parametrize("kind", ["directory", "fifo", "socket", "symlink", "loop"])
def test_what_is_no_regular_file_is_a_problem(tmp_path: Path, path: Path, kind: str) -> None:
    (tmp_path / "target").write_bytes(b"secret\n")
    listener = socket.socket(socket.AF_UNIX)
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        listener.bind(str(path))
    else:
        path.symlink_to(path if kind == "loop" else tmp_path / "target")
    follower = LineFollower(str(path))
    assert follower.poll(100).data == b""
    assert follower.file.problem == NOT_REGULAR
    listener.close()


def test_a_file_that_cannot_be_read_for_a_while_keeps_what_was_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"a\n")
    follower = LineFollower(str(path), keep_open=False)
    assert lines_of(follower) == [b"a"]

    def fail(path: str) -> int:
        raise OSError(24, "Too many open files", path)

    with monkeypatch.context() as context:
        context.setattr(follow, "open_regular", fail)
        assert not follower.poll(100).reset
        assert follower.file.problem == "Too many open files"
    with path.open("ab") as file:
        file.write(b"b\n")
    assert lines_of(follower) == [b"b"]
    assert follower.file.problem is None


def test_nul_bytes_are_removed(path: Path) -> None:
    path.write_bytes(b"a\n\0\0b\0\n" + b"\0" * 5000 + b"c\n")
    assert lines_of(LineFollower(str(path), keep_open=False)) == [b"a", b"b", b"c"]


@pytest.mark.parametrize("limit", [1 << 12, 1 << 20, 1 << 24])
@pytest.mark.parametrize("extra", [0, 1, 3 << 20])
def test_a_line_over_the_limit_is_skipped_and_named(path: Path, extra: int, limit: int) -> None:
    path.write_bytes(b"a\n" + b"x" * (LINE_LIMIT_BYTES + extra) + b"\nb\n")
    follower = LineFollower(str(path), keep_open=False)
    found: list[bytes] = []
    too_long: tuple[int, ...] = ()
    numbers: list[int] = []
    while True:
        block = follower.poll(limit)
        too_long += block.too_long
        found += block.data.split(b"\n")[:-1]
        numbers += range(block.first_line, block.first_line + block.lines)
        if not block.more:
            break
    assert too_long == ((2,) if extra else ())
    assert [line for line in found if len(line) < 10] == [b"a", b"b"]
    assert numbers == ([1, 3] if extra else [1, 2, 3])
    assert follower.lines == 3


def test_a_byte_follower_reads_again_what_was_not_taken(path: Path) -> None:
    path.write_bytes(b"0123456789")
    follower = Follower(str(path))
    assert not follower.check()
    assert follower.read(4) == b"0123"
    follower.take(b"01")
    assert follower.read(4) == b"2345"
    assert follower.offset == 2
    follower.close()


def test_a_restored_follower_goes_on_where_the_saved_one_stood(path: Path) -> None:
    path.write_bytes(b"line\n" * 2000 + b"unfin")
    follower = LineFollower(str(path))
    lines_of(follower, 1 << 16)
    state = follower.state()
    follower.close()
    with path.open("ab") as file:
        file.write(b"ished\n")
    again = LineFollower(str(path))
    assert again.restore(state)
    assert again.poll(1000) == Block(b"unfinished\n", 2001, 1, 10_011)
    again.close()


@pytest.mark.parametrize("change", ["shrunk", "head", "tail", "replaced", "gone", "fifo"])
def test_a_state_of_another_file_is_refused(path: Path, change: str) -> None:
    path.write_bytes(b"line\n" * 2000)
    follower = LineFollower(str(path))
    lines_of(follower, 1 << 16)
    state = follower.state()
    follower.close()
    data = bytearray(path.read_bytes())
    if change == "replaced":
        path.with_name("other").write_bytes(data)
        path.with_name("other").replace(path)
    elif change in ("gone", "fifo"):
        path.unlink()
        if change == "fifo":
            os.mkfifo(path)
    else:
        data[0 if change == "head" else -2] = ord("L")
        path.write_bytes(data[:-5] if change == "shrunk" else data + b"more\n")
    assert not LineFollower(str(path)).restore(state)


@pytest.mark.parametrize("state", [{}, {"offset": "x", "device": 0, "inode": 0}])
def test_a_damaged_state_is_refused(path: Path, state: dict[str, int | str | bool]) -> None:
    path.write_bytes(b"a\n")
    assert not LineFollower(str(path)).restore(state)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_any_limits_give_the_lines_of_one_full_read(data: bytes, limits: list[int]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "x")
        path.write_bytes(data)
        follower = LineFollower(str(path), keep_open=False)
        found = b"".join(follower.poll(limits[i % len(limits)]).data for i in range(200))
    assert found == data[: data.rfind(b"\n") + 1].replace(b"\0", b"")


PIECES = st.lists(st.sampled_from([b"a", b"bb", b"\n", b"ccc\n", b"\0", b"x" * 40]), max_size=6).map(b"".join)


class FollowedFile(RuleBasedStateMachine):
    """Whatever is done to a file, what was given adds up to the whole lines that it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.path = self.directory / "file"
        self.content: bytes | None = None
        self.given = b""
        self.ticks = 0

    @initialize(keep_open=st.booleans())
    def follow(self, keep_open: bool) -> None:
        self.follower = LineFollower(str(self.path), keep_open=keep_open)

    @rule(piece=PIECES)
    def append(self, piece: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(piece)
        self.wrote((self.content or b"") + piece)

    @rule(share=st.floats(0, 1))
    def truncate(self, share: float) -> None:
        if self.content is not None:
            size = int(len(self.content) * share)
            os.truncate(self.path, size)
            self.wrote(self.content[:size])

    @rule(piece=PIECES)
    def rewrite_in_place(self, piece: bytes) -> None:
        self.path.write_bytes(piece)
        self.wrote(piece)

    @rule(share=st.floats(0, 0.99), byte=st.sampled_from([b"Z", b"\n"]))
    def overwrite_a_byte(self, share: float, byte: bytes) -> None:
        if self.content:
            place = int(len(self.content) * share)
            with self.path.open("r+b") as file:
                file.seek(place)
                file.write(byte)
            self.wrote(self.content[:place] + byte + self.content[place + 1 :])

    @rule(piece=PIECES)
    def replace(self, piece: bytes) -> None:
        other = self.directory / "other"
        other.write_bytes(piece)
        other.replace(self.path)
        self.wrote(piece)

    @rule()
    def delete(self) -> None:
        self.path.unlink(missing_ok=True)
        self.content = None

    @rule()
    def restart_from_state(self) -> None:
        state = self.follower.state()
        self.follower.close()
        self.follower = LineFollower(str(self.path))
        if not self.follower.restore(state):
            self.given = b""

    @rule(limit=st.integers(1, 50))
    def poll(self, limit: int) -> None:
        block = self.follower.poll(limit)
        self.given = block.data if block.reset else self.given + block.data

    def wrote(self, content: bytes) -> None:
        """Each write has its own time, as writes further apart than the file system's clock tick have."""
        self.content = content
        self.ticks += 1
        os.utime(self.path, ns=(self.ticks * 10**9, self.ticks * 10**9))

    @invariant()
    def reading_on_to_the_end_gives_the_whole_lines(self) -> None:
        if not hasattr(self, "follower") or self.ticks % 3:
            return
        for _ in range(500):
            block = self.follower.poll(30)
            self.given = block.data if block.reset else self.given + block.data
            if not block.more:
                break
        content = self.content or b""
        assert self.given == content[: content.rfind(b"\n") + 1].replace(b"\0", b"")

    def teardown(self) -> None:
        if hasattr(self, "follower"):
            self.follower.close()
        shutil.rmtree(self.directory)


FollowedFile.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestFollowedFile = FollowedFile.TestCase
