"""The end and a sample of a metrics file, read without parsing what lies between.

Source: docs/format.md; sampling as measured in ANCHORS.md 2.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tailboard import layout
from tailboard_tui.files.opening import read_with_state
from tailboard_tui.formats.base import Problem
from tailboard_tui.formats.jsonkeys import Keys
from tailboard_tui.formats.jsonvalue import number_of, read_object
from tailboard_tui.formats.native_files import Stamp, asked, stamp_of

_TAIL_BYTES = (1024, 64 * 1024, 1024 * 1024)
"""Looked at for the last lines: the first that holds a whole one. Numbers cost more to parse than to read."""

_PROBE_BYTES = (4096, 64 * 1024)
"""Read at each offset of a sample: the second where the first holds no whole line."""

_KEYS = Keys()
_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines


@dataclass(frozen=True, slots=True)
class Last:
    """What the last whole lines of a file of points tell."""

    step: float | None = None
    time: float | None = None
    """Unix seconds."""
    values: Mapping[str, float] = field(default_factory=dict)
    """The newest of each metric that is among them."""


_NOTHING = Last()


class Tail:
    """The last whole lines of one file, read again when it changed."""

    __slots__ = ("_directory", "_name", "_stamp", "last", "problems")

    def __init__(self, directory: str, name: str) -> None:
        self._directory, self._name = directory, name
        self._stamp: Stamp | None = None
        self.last = _NOTHING
        self.problems: Sequence[Problem] = ()

    def update(self, stamp: Stamp | None) -> Stamp | None:
        """Read the end of the file if `stamp` is not the last one; None: there is none. Gives its stamp."""
        if stamp != self._stamp:
            self.last, self.problems, self._stamp = _NOTHING, (), stamp
            if stamp is not None:
                self._read(stamp, f"{self._directory}/{self._name}")
        return self._stamp

    def _read(self, stamp: Stamp, path: str) -> None:
        try:
            self._stamp, self.last = _read_last(path)
        except OSError as error:
            self._stamp = asked(stamp, path)
            self.problems = (Problem(self._name, None, error.strerror or str(error)),)


def _read_last(path: str) -> tuple[Stamp, Last]:
    """The stamp of a file and what its last lines tell.

    Raises:
        OSError: It cannot be read.
    """
    for length in _TAIL_BYTES:
        data, state = read_with_state(path, length, is_end=True)
        is_whole = len(data) >= state.st_size
        first = 0 if is_whole else data.find(b"\n") + 1
        records = _points(data[first : data.rfind(b"\n") + 1])
        if records or is_whole:
            break
    return stamp_of(state), _last_of(records) if records else _NOTHING


def _points(lines: bytes) -> list[dict[str, Any]]:
    """The records of whole lines that hold points."""
    try:
        records = _decode_lines(lines)
    except (ValueError, RecursionError):
        found = (read_object(line.strip(b"\0")) for line in lines.split(b"\n"))
        records = [record for record in found if isinstance(record, dict)]
    return [record for record in records if layout.EVENT not in record]


def _last_of(records: list[dict[str, Any]]) -> Last:
    newest = records[0]
    for record in records[1:]:
        newest.update(record)
    step, time = _finite(newest.pop(layout.STEP, None)), _finite(newest.pop(layout.TIMESTAMP, None))
    values = {key: value for key, value in newest.items() if type(value) is float and key[:1] != "_"}
    if len(values) < len(newest):  # what is no plain number under a plain name
        named = ((_KEYS.metric(key), number_of(value)) for key, value in newest.items())
        values = {key: number for key, number in named if key is not None and number is not None}
    return Last(step, time, values)


def _finite(value: object) -> float | None:
    number = value if type(value) is float else number_of(value)
    return number if number is not None and math.isfinite(number) else None


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
                if _points(line):
                    found[start + begin] = line
                break
    return found
