"""Parsed points kept for the next open: one file a run, raw columns behind a checked header, memory-mapped.

Only large runs are kept. A file is used when the run's files are still those that were parsed (device,
inode, size, digests of head and of the bytes before the offset, by the reader's `restore`) and its own
checksums are right; reading then goes on behind it. Files are written aside and renamed, so two viewers
never see half of one, and never changed once they stand. Everything here may fail - no room, no rights,
damage, deleted meanwhile - and then costs one parse, nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import Problem, Reader
from tailboard_tui.settings import cache_dir
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.running_stats import RunningStats

LEAST_BYTES = 4 * 1024 * 1024
"""Of a run's files that are worth it: less is parsed in 30 ms."""

GROWTH_SHARE = 0.25
"""A live run is saved again when this much was added: writing stays small beside parsing."""

STALE_S = 3600.0
"""Age of an unfinished file that its writer has left behind."""

_VERSION = 1
_MAGIC = b"tailcols"
_PREFIX = struct.Struct("<8sIIII")
"""Magic, version, length of the header, CRC of the header, CRC of the columns."""
_ALIGN = 64
_SUFFIX, _UNFINISHED = ".cols", ".part"

_serial = itertools.count()


@runtime_checkable
class Resumable(Protocol):
    """A reader that can go on where another process stood."""

    def state(self) -> Mapping[str, Any]:
        """Where reading stands, in JSON's types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> bool:
        """Go on there; False, standing at the start, when a file is another now."""
        ...


class ColumnCache:
    """The cache directory. Never raises."""

    def __init__(self, directory: Path | None = None, limit_mib: int = 2048) -> None:
        """A cache.

        Args:
            directory: Where the files stand; by default in the user's XDG cache directory.
            limit_mib: What they may take together, MiB.
        """
        self._directory = directory or cache_dir() / "columns"
        self._limit_bytes = limit_mib * 1024 * 1024
        self._saved_bytes: dict[str, int] = {}

    def load(self, reader: Reader) -> RunColumns | None:
        """The points that were kept of the reader's run, or None.

        With points the reader stands behind them; without, at its start. Call it before the first poll.
        """
        if not isinstance(reader, Resumable):
            return None
        path = self._path(reader)
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            columns = _unpack(data, reader)
        except (OSError, ValueError, KeyError, TypeError, struct.error):
            return None
        if columns is not None:
            self._saved_bytes[reader.path] = columns.bytes_read
            with contextlib.suppress(OSError):
                os.utime(path)  # used last: see _make_room
        return columns

    def save(self, reader: Reader, columns: RunColumns) -> bool:
        """Keep the points of a run that is read to its end. Whether they were written.

        Call it between polls, when every chunk of the reader has been applied. What is small, or has
        hardly grown since it was saved or loaded, is left.
        """
        size = columns.bytes_read
        known = self._saved_bytes.get(reader.path, 0)
        if not isinstance(reader, Resumable) or not columns.is_complete or size < LEAST_BYTES:
            return False
        if known <= size < known * (1 + GROWTH_SHARE):
            return False
        self._saved_bytes[reader.path] = size
        try:
            return self._write(self._path(reader), reader.path, reader.state(), columns)
        except OSError:
            return False

    def _path(self, reader: Reader) -> Path:
        name = f"{reader.source}\0{os.path.realpath(reader.path)}"
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return self._directory / (digest + _SUFFIX)

    def _write(self, path: Path, run: str, state: Mapping[str, Any], columns: RunColumns) -> bool:
        header, arrays = _describe(run, state, columns)
        size = header["body_at"] + sum(_padded(array.nbytes) for array in arrays)
        if size > self._limit_bytes:
            return False
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.{next(_serial)}{_UNFINISHED}")
        try:
            with unfinished.open("xb") as file:
                text = _header_text(header)
                file.write(text.ljust(header["body_at"], b"\0"))
                crc = 0
                for piece in _pieces(arrays):
                    crc = zlib.crc32(piece, crc)
                    file.write(piece)
                file.seek(0)
                body = text[_PREFIX.size :]
                file.write(_PREFIX.pack(_MAGIC, _VERSION, len(body), zlib.crc32(body), crc))
            self._make_room(size, unfinished.stat().st_mtime)
            unfinished.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
        return True

    def _make_room(self, size: int, now: float) -> None:
        """Remove the files that were used longest ago until `size` bytes more fit."""
        kept: list[tuple[float, int, str]] = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(_UNFINISHED) and found.st_mtime < now - STALE_S:
                        os.unlink(entry.path)
                    elif entry.name.endswith(_SUFFIX):
                        kept.append((found.st_mtime, found.st_size, entry.path))
        total = size + sum(size for _, size, _ in kept)
        for _, freed, path in sorted(kept):
            if total <= self._limit_bytes:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
            total -= freed


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
                "stats": asdict(column.stats().freeze()),
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


def _unpack(data: mmap.mmap, reader: Resumable) -> RunColumns | None:
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
