"""The door for files and the sanitiser for text: all that untrusted data goes through."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.commands import tail_end
from tailboard_tui.commands.tail_end import LONG_LINE_BYTES
from tailboard_tui.files.opening import NotRegularError, open_regular, read_slice, read_small
from tailboard_tui.text.safe import MAX_COMBINING, clean, clean_lines

ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
HOSTILE = st.text(
    st.characters() | st.sampled_from("\x1b\x07\x00\x9b\x9d\u202e\u2066\u200d\u0301\ud800\n\r[]"),
    max_size=200,
)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def make(kind: str, path: Path) -> None:
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "link to a file":
        path.with_name("other").write_text("x")
        path.symlink_to("other")
    elif kind == "link to itself":
        path.symlink_to(path.name)
    elif kind == "dangling link":
        path.symlink_to("nothing")
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as endpoint:
            endpoint.bind(str(path))


KINDS = (
    "FIFO",
    "directory",
    "link to a file",
    "link to itself",
    "dangling link",
    "link to a device",
    "socket",
)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors in /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_refused_at_once_and_nothing_stays_open(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's address is short
    make(kind, Path("x"))
    before = descriptors()
    with pytest.raises(NotRegularError, match="not a regular file"):
        open_regular("x")
    with pytest.raises(NotRegularError):
        read_small(str(tmp_path / "x"))
    assert descriptors() == before


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused(device: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011  # /dev/tty without a terminal cannot be opened at all
        open_regular(device)


def test_a_file_is_opened_for_reading_only_and_not_handed_on_to_programs(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    fd = open_regular(str(tmp_path / "x"))
    try:
        assert not os.get_inheritable(fd)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(fd, b"x")
    finally:
        os.close(fd)


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(8 * 1024**3)
    assert len(read_slice(str(path), 4 * 1024**3, 100_000)) == 100_000
    assert len(read_small(str(path), 10)) == 10
    assert len(read_small(str(path))) == 4 * 1024**2


@settings(max_examples=200, deadline=None)
@given(text=HOSTILE, limit=st.integers(1, 300))
def test_nothing_of_a_cleaned_text_acts_and_it_keeps_its_limit(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert not ACTS.search(shown)
    assert len(shown) <= limit
    assert not re.search(f"[\u0300-\u036f]{{{MAX_COMBINING + 1}}}", shown)
    assert all(not ACTS.search(line) for line in clean_lines(text, limit))
    assert clean(shown, limit) == shown
    shown.encode()


@given(text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=100))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_stand_ins_show_what_was_there() -> None:
    assert clean("a\x1b[31m\x00\x7f\x9b\u202e") == "a␛[31m␀␡\ufffd\ufffd"


def test_a_stack_of_combining_marks_is_cut() -> None:
    assert clean("Z" + "\u0301" * 500 + "y") == "Z" + "\u0301" * MAX_COMBINING + "y"


@pytest.mark.parametrize("lines", [2, 1000])
def test_the_end_of_a_line_of_gigabytes_is_shown_without_reading_it(
    tmp_path: Path, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "output.log"
    path.write_text("first\n")
    os.truncate(path, 8 * 1024**3)
    with path.open("ab") as file:
        file.write(b"\nlast\n")
    with path.open("rb") as file:
        assert len(tail_end._last_bytes(file.fileno(), path.stat().st_size, lines)) <= 2 * LONG_LINE_BYTES
    tail_end.print_end(str(path), lines, is_raw=False, hold=False)
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == "last"
    assert len(shown) == 2
