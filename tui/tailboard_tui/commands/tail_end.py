"""The end of one file, without looking at the rest of it."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from tailboard_tui.commands.tail_print import shown
from tailboard_tui.files.opening import open_regular
from tailboard_tui.text.terminal_line import last_lines

DEFAULT_LINES = 10
"""As `tail`."""

CHUNK_BYTES = 64 * 1024

LONG_LINE_BYTES = 8 * 1024 * 1024
"""Of a longer line only the end is read: a sparse file may hold one of gigabytes."""


class Place(NamedTuple):
    """Up to where a file is printed."""

    offset: int
    rows: int
    """Rows before; 0 where nobody counted."""


def print_end(path: str, lines: int, *, is_raw: bool, hold: bool) -> Place:
    """Print the last rows without looking at the rest of the file.

    Args:
        path: The file.
        lines: How many.
        is_raw: Print bytes.
        hold: Leave out an unfinished last row: who follows shows it.

    Returns:
        Up to where is printed.
    """
    fd = open_regular(path)
    try:
        end = os.fstat(fd).st_size
        data = _last_bytes(fd, end, lines)
    finally:
        os.close(fd)
    if is_raw:
        sys.stdout.buffer.write(_cut(data, lines))
        return Place(end, 0)
    unfinished = len(data) - data.rfind(b"\n") - 1 if hold else 0
    data = data[: len(data) - unfinished]
    for line in last_lines(data, lines):
        print(shown(line))
    return Place(end - unfinished, 0)


def _last_bytes(fd: int, end: int, lines: int) -> bytes:
    """Whole physical lines from the end, so many that at least `lines` rows come of them.

    Before them stands what was read of a line that is too long, where it is among them.
    """
    data, start = b"", end
    while start > 0 and _rows(data) <= lines:
        first = max(start - max(CHUNK_BYTES, len(data)), 0)
        before = os.pread(fd, start - first, first)
        data, start = before + data, first
        if len(before) >= LONG_LINE_BYTES and b"\n" not in before:
            return data
    return data if start == 0 else data.partition(b"\n")[2]


def _cut(data: bytes, lines: int) -> bytes:
    """The last physical lines of `data`."""
    at = len(data) - data.endswith(b"\n")
    for _ in range(lines):
        at = data.rfind(b"\n", 0, max(at, 0))
        if at < 0:
            return data
    return data[at + 1 :] if lines else b""


def _rows(data: bytes) -> int:
    """Rows in `data` as far as newlines tell: those of nested bars are no row ends."""
    return data.count(b"\n") - data.count(b"\x1b[A\n") + (not data.endswith(b"\n"))
