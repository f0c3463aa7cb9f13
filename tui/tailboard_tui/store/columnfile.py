"""The content of one cache file: a checked header in JSON, and behind it the raw columns."""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from msgspec import structs

from tailboard_tui.formats.base import Problem, Resumable
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.running_stats import RunningStats

_VERSION = 1
_MAGIC = b"tailcols"
_PREFIX = struct.Struct("<8sIIII")
"""Magic, version, length of the header, CRC of the header, CRC of the columns."""
_ALIGN = 64


@dataclass(frozen=True, slots=True)
class ColumnFile:
    """What is to be written for one run."""

    header: Mapping[str, Any]
    arrays: list[npt.NDArray[Any]]

    @staticmethod
    def of(run: str, state: Mapping[str, Any], columns: RunColumns) -> ColumnFile:
        """The file of a run at path `run`, whose reader stands at `state`."""
        return ColumnFile(*_describe(run, state, columns))

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return int(self.header["body_at"]) + sum(_padded(array.nbytes) for array in self.arrays)

    def write(self, file: BinaryIO) -> None:
        """Write it, the prefix that makes it valid last.

        Raises:
            OSError: It cannot be written.
        """
        text = _header_text(self.header)
        file.write(text.ljust(self.header["body_at"], b"\0"))
        crc = 0
        for piece in _pieces(self.arrays):
            crc = zlib.crc32(piece, crc)
            file.write(piece)
        file.seek(0)
        body = text[_PREFIX.size :]
        file.write(_PREFIX.pack(_MAGIC, _VERSION, len(body), zlib.crc32(body), crc))


def _describe(
    run: str, state: Mapping[str, Any], columns: RunColumns
) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """What the header says, and the arrays in the order in which it counts them."""
    arrays: list[npt.NDArray[Any]] = []
    clocks = []
    for clock in columns.clocks.values():
        arrays += [clock.steps.view(), clock.times.view()]
        clocks.append(
            {
                "name": clock.name,
                "stream": clock.stream,
                "count": len(clock.steps),
                "resumes": clock.resumes,
                "end": clock.end,
            }
        )
    metrics = []
    for column in columns.columns.values():
        arrays.append(column.values.view())
        if column.rows is not None:
            arrays.append(column.rows.view())
        metrics.append(
            {
                "clock": column.clock.name,
                "name": column.name,
                "count": len(column.values),
                "has_rows": column.rows is not None,
                "has_replaced": column.has_replaced,
                "stats": structs.asdict(column.stats().freeze()),
            }
        )
    header: dict[str, Any] = {
        "run": run,
        "reader": state,
        "bytes_read": columns.bytes_read,
        "problems": [(problem.file, problem.line, problem.message) for problem in columns.problems],
        "clocks": clocks,
        "columns": metrics,
        "body_at": 0,
    }
    header["body_at"] = _padded(len(_header_text(header)) + 16)  # room for its own digits
    return header, arrays


def _header_text(header: Mapping[str, Any]) -> bytes:
    return bytes(_PREFIX.size) + json.dumps(header, separators=(",", ":")).encode()


def _padded(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _pieces(arrays: list[npt.NDArray[Any]]) -> Iterator[memoryview | bytes]:
    for array in arrays:
        yield np.ascontiguousarray(array).view(np.uint8).data
        yield bytes(_padded(array.nbytes) - array.nbytes)


def unpack(data: mmap.mmap, reader: Resumable) -> RunColumns | None:
    """The columns in a cache file whose run is still as it was.

    Raises:
        ValueError, KeyError, TypeError, struct.error: The file is damaged.
    """
    magic, version, length, header_crc, body_crc = _PREFIX.unpack_from(data)
    if (magic, version) != (_MAGIC, _VERSION):
        return None
    text = data[_PREFIX.size : _PREFIX.size + length]
    if zlib.crc32(text) != header_crc:
        return None
    header = json.loads(text)
    if not reader.restore(header["reader"]):
        return None
    with memoryview(data) as whole, whole[header["body_at"] :] as body:
        is_sound = zlib.crc32(body) == body_crc
    if not is_sound:
        reader.restore({})
        return None
    return _columns(header, _Arrays(data, header["body_at"]))


class _Arrays:
    """Arrays one after another in a mapped file."""

    def __init__(self, data: mmap.mmap, start: int) -> None:
        self._data, self._at = data, start

    def next(self, dtype: type[np.generic], count: int) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = np.frombuffer(self._data, dtype, count, self._at)
        self._at += _padded(found.nbytes)
        return found


def _columns(header: Mapping[str, Any], arrays: _Arrays) -> RunColumns:
    columns = RunColumns()
    columns.is_complete = True
    columns.bytes_read = header["bytes_read"]
    columns.problems = tuple(Problem(*problem) for problem in header["problems"])
    for saved in header["clocks"]:
        clock = columns.clock(saved["name"], saved["stream"])
        steps = arrays.next(np.float64, saved["count"])
        times = arrays.next(np.float64, saved["count"])
        clock.restore(steps, times, [(row, step) for row, step in saved["resumes"]], saved["end"])
    for saved in header["columns"]:
        column = columns.column(columns.clocks[saved["clock"]], saved["name"])
        values = arrays.next(np.float64, saved["count"])
        rows = arrays.next(np.uint32, saved["count"]) if saved["has_rows"] else None
        stats = RunningStats.of(saved["stats"])
        column.restore(values, rows, stats, has_replaced=saved["has_replaced"])
    return columns
