"""The ends and a sample of a metrics file, read without parsing what lies between.

Source: docs/format.md; sampling as measured in ANCHORS.md 2.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tailboard import layout
from tailboard_tui.files.follow import Block
from tailboard_tui.files.opening import open_regular
from tailboard_tui.formats.jsonlines import JsonLines, read_object
from tailboard_tui.formats.native_facts import Stamp

_TAIL_BYTES = (4096, 64 * 1024, 1024 * 1024)
"""Looked at for the last lines: the first that holds a whole one."""

_PROBE_BYTES = (4096, 64 * 1024)
"""Read at each offset of a sample: the second where the first holds no whole line."""


@dataclass(frozen=True, slots=True)
class Last:
    """What the last whole lines of a file of points tell."""

    step: float | None = None
    time: float | None = None
    """The newest, Unix seconds."""
    values: Mapping[str, float] = field(default_factory=dict)
    problem: str | None = None


class Tail:
    """The last whole lines of one file, read again when it changed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self.last = Last()

    def update(self, stamp: Stamp | None) -> None:
        """Read the end of the file when `stamp` differs from the last one; None: there is no file."""
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self.last = Last()
        if stamp is None or not stamp.size_bytes:
            return
        try:
            fd = open_regular(self._path)
            try:
                self.last = _read_last(fd, stamp.size_bytes)
            finally:
                os.close(fd)
        except OSError as error:
            self.last = Last(problem=error.strerror or str(error))


def _read_last(fd: int, size: int) -> Last:
    for length in _TAIL_BYTES:
        start = max(size - length, 0)
        data = os.pread(fd, length, start)
        first = data.find(b"\n") + 1 if start else 0
        lines = data[first : data.rfind(b"\n") + 1].replace(b"\0", b"")
        rows, _ = JsonLines("").parse(Block(lines, 1 if not start else 2, lines.count(b"\n"), size))
        if rows is not None and rows.steps.size:
            steps, times = rows.steps[np.isfinite(rows.steps)], rows.times[np.isfinite(rows.times)]
            return Last(
                float(steps[-1]) if steps.size else None,
                float(times.max()) if times.size else None,
                {name: float(column.values[-1]) for name, column in rows.columns.items()},
            )
        if not start:
            break
    return Last()


def sample(fd: int, size: int, count: int) -> dict[int, bytes]:
    """A whole line that holds a point at each of `count` offsets spread over the file, by its offset."""
    found: dict[int, bytes] = {}
    for start in range(0, size, max(size // count, 1)):
        for length in _PROBE_BYTES:
            data = os.pread(fd, length, start)
            begin = data.find(b"\n") + 1 if start else 0
            end = data.find(b"\n", begin)
            if end >= 0 and (begin or not start):
                line = data[begin:end].replace(b"\0", b"")
                if _is_point(line):
                    found[start + begin] = line
                break
    return found


def _is_point(line: bytes) -> bool:
    record = read_object(line)
    return isinstance(record, dict) and layout.EVENT not in record
