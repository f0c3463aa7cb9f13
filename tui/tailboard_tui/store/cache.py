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
import mmap
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailboard_tui.formats.base import Reader, Resumable
from tailboard_tui.settings import cache_dir

if TYPE_CHECKING:  # numpy comes with the first points
    from tailboard_tui.store.columns import RunColumns

LEAST_BYTES = 4 * 1024 * 1024
"""Of a run's files that are worth it: less is parsed in 30 ms."""

GROWTH_SHARE = 0.25
"""A live run is saved again when this much was added: writing stays small beside parsing."""

STALE_S = 3600.0
"""Age of an unfinished file that its writer has left behind."""

_SUFFIX, _UNFINISHED = ".cols", ".part"

_serial = itertools.count()


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
        from tailboard_tui.store.columnfile import unpack

        path = self._path(reader)
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            columns = unpack(data, reader)
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
        state = reader.state()
        if state is None:
            return False
        try:
            return self._write(self._path(reader), reader.path, state, columns)
        except OSError:
            return False

    def _path(self, reader: Reader) -> Path:
        name = f"{reader.source}\0{os.path.realpath(reader.path)}"
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return self._directory / (digest + _SUFFIX)

    def _write(self, path: Path, run: str, state: Mapping[str, Any], columns: RunColumns) -> bool:
        from tailboard_tui.store.columnfile import ColumnFile

        content = ColumnFile.of(run, state, columns)
        if content.size > self._limit_bytes:
            return False
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.{next(_serial)}{_UNFINISHED}")
        try:
            with unfinished.open("xb") as file:
                content.write(file)
            self._make_room(content.size, unfinished.stat().st_mtime)
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
