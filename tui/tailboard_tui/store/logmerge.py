"""Several output files of one run as one log, in the order of time: ranks, stderr, a program's own logs.

The merged lines are written to a file in the cache with an index of times beside it, which are then read,
searched and followed as any other log is. So memory stays small at any size; the disk is bounded by
`MERGED_BYTES`. Each line begins with the name of its file and has the time that the file's index or its
own timestamp gives; a line without one follows the line before it. What is appended later is put in
order among what came with it; lines that are shown never move.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
from collections import deque
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np

from tailboard_tui.formats.base import LogFile
from tailboard_tui.settings import cache_dir
from tailboard_tui.store.logfile import Change, LogText
from tailboard_tui.store.logpieces import IntArray
from tailboard_tui.store.logreading import LogReading
from tailboard_tui.store.logtime import LogTimes, stamp
from tailboard_tui.text.ansi import Line, Span, Style, encode
from tailboard_tui.text.safe import clean
from tailboard_tui.text.terminal_line import MOVES, PIECE_BYTES, Settling, line_of

MERGED_BYTES = 64 * 1024 * 1024
"""Of the files together, their ends; when as much again was appended, it begins anew."""

SLICE_BYTES = 128 * 1024
"""Read of one file at a time: a few milliseconds of work."""

INDEX_STEP_S = 0.5
"""As the logger's index: at most one record in so much time."""

LEFT_S = 7 * 86400.0
"""A merged log that was not touched for so long has no viewer any more."""

LABEL_CHARS = 16

COLORS = (6, 3, 5, 2, 4, 14, 11, 13)
"""Palette numbers of the files' names, in turn."""


class _Source:
    """One file: what was read of it and is not merged yet."""

    def __init__(self, file: LogFile, most_bytes: int) -> None:
        self.log = LogText(file.path)
        self.lines: deque[tuple[float, Line]] = deque()
        self.is_at_end = False
        self._times = LogTimes(self.log, file.index_path)
        self._most_bytes = most_bytes
        self._offset = 0
        self._settling = Settling()
        self._last = -math.inf

    def look(self) -> bool:
        """See whether the file has grown; whether it is another one now."""
        change = self.log.refresh()
        if change == "grown":
            self.is_at_end = False
        elif change == "new":
            self._offset = max(self.log.size_bytes - self._most_bytes, 0)
            if self._offset:
                self._offset += self.log.read(self._offset, PIECE_BYTES).find(b"\n") + 1
            self._settling = Settling()
            self.is_at_end = False
        elif self.log.index is None:
            self.is_at_end = True
        if change != "same":
            self._times.refresh()
        return change == "new"

    def read(self, now: float | None) -> None:
        """Take in the next complete lines.

        Args:
            now: The time of lines of which nothing tells more; None for the last one known.
        """
        data = self.log.read(self._offset, SLICE_BYTES)
        complete = data.rfind(b"\n") + 1
        if not complete:
            if len(data) < SLICE_BYTES:
                self.is_at_end = True
                if now is None:  # bars that nothing follows yet, as they are
                    rest = self._settling.rest()
                    self._add(rest, np.full(len(rest), self._offset - 1), now)
                return
            complete = len(data)  # of a longer line, this much is one
        self._offset += complete
        if MOVES.search(data, 0, complete) or self._settling.is_drawing:
            lines = self._settling.feed(data[:complete])
            ends = np.full(len(lines), self._offset - 1)
        else:
            pieces = data[:complete].removesuffix(b"\n").split(b"\n")
            lines = [line_of(piece) for piece in pieces]
            ends = np.cumsum([len(piece) + 1 for piece in pieces]) + (self._offset - complete - 1)
        self._add(lines, ends, now)

    def _add(self, lines: list[Line], ends: IntArray, now: float | None) -> None:
        if self._times.has_index:
            known: list[float | None] = list(self._times.times_at(ends))
        else:
            year = time.localtime().tm_year
            known = [stamp(line.text, year) for line in lines]
        for line, when in zip(lines, known, strict=True):
            if when is not None:
                self._last = when
            elif now is not None and self._last == -math.inf:
                self._last = now
            self.lines.append((self._last, line))


def _directory() -> tempfile.TemporaryDirectory[str]:
    """A folder for one merged log, in the cache; where nothing can be written there, among temporary files.

    Those that killed viewers left behind go away after a week.
    """
    parent = cache_dir() / "merged"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.iterdir():
            if time.time() - left.stat().st_mtime > LEFT_S:
                shutil.rmtree(left, ignore_errors=True)
        return tempfile.TemporaryDirectory(dir=parent)
    except OSError:
        return tempfile.TemporaryDirectory(prefix="tailboard-")


class MergedLog:
    """Writes the merged file. Used by one thread.

    Attributes:
        file: The merged log, which grows by `step`.
    """

    def __init__(self, files: tuple[LogFile, ...]) -> None:
        """Merge nothing yet.

        Args:
            files: Two or more.
        """
        self._files = files
        self._labels = labels(files)
        self._directory = _directory()
        path = os.path.join(self._directory.name, "merged.log")
        self._index_path = path + ".index"
        self.file = LogFile(path, f"{len(files)} files by time", self._index_path)
        self._begin()

    def _begin(self) -> None:
        """Merge anew: other files took the place of those that one reads from again."""
        for path in (self.file.path, self._index_path):
            if os.path.exists(path):
                os.unlink(path)  # another file: who reads it begins anew
        self._open_files = ExitStack()
        self._log: BinaryIO = self._open_files.enter_context(open(self.file.path, "wb"))  # noqa: SIM115
        self._index: BinaryIO = self._open_files.enter_context(open(self._index_path, "wb"))  # noqa: SIM115
        most_bytes = MERGED_BYTES // len(self._files)
        self._sources = [_Source(file, most_bytes) for file in self._files]
        self._written = self._written_first = 0
        self._indexed_at = -math.inf
        self._is_live = False
        self.look()

    def look(self) -> None:
        """See what the files have grown by."""
        is_new = [source.look() for source in self._sources]
        is_full = self._is_live and self._written > self._written_first + MERGED_BYTES
        if self._written and (any(is_new) or is_full):
            self._end()
            self._begin()

    def step(self) -> bool:
        """Merge some lines more; whether there were any."""
        now = time.time() if self._is_live else None
        waiting = [source for source in self._sources if not source.lines and not source.is_at_end]
        for source in waiting:
            source.read(now)
        if any(not source.lines and not source.is_at_end for source in waiting):
            return True
        written = self._written
        self._write_ordered()
        if self._written == written:
            if not self._is_live:
                self._is_live, self._written_first = True, self._written
            return False
        self._index.flush()
        self._log.flush()
        return True

    def close(self) -> None:
        """Delete the merged file."""
        self._end()
        self._directory.cleanup()

    def _end(self) -> None:
        for source in self._sources:
            source.log.close()
        self._open_files.close()

    def _write_ordered(self) -> None:
        """Write lines, the oldest first, until one of the files has to be read further."""
        full = [(source, label) for source, label in zip(self._sources, self._labels, strict=True)]
        full = [(source, label) for source, label in full if source.lines]
        while full:
            source, label = min(full, key=lambda one: one[0].lines[0][0])
            when, line = source.lines.popleft()
            self._write(when, label, line)
            if not source.lines:
                if not source.is_at_end:
                    return
                full = [one for one in full if one[0] is not source]

    def _write(self, when: float, label: Line, line: Line) -> None:
        if when > self._indexed_at + INDEX_STEP_S and math.isfinite(when):
            self._indexed_at = when
            record = json.dumps({"time": when, "offset": self._written})
            self._index.write(record.encode() + b"\n")
        data = f"{encode(label)} {encode(line)}\n".encode("utf-8", "replace")
        self._log.write(data)
        self._written += len(data)


def labels(files: tuple[LogFile, ...]) -> list[Line]:
    """What stands before each file's lines: `[rank1]`, equally long, coloured."""
    names = [clean(file.name, 200).removesuffix(".log").removeprefix("output.") for file in files]
    names = [name if len(name) <= LABEL_CHARS else "…" + name[1 - LABEL_CHARS :] for name in names]
    width = max(len(name) for name in names) + 2
    return [
        Line(f"[{name}]".ljust(width), (Span(0, len(name) + 2, Style(COLORS[at % len(COLORS)])),))
        for at, name in enumerate(names)
    ]


class MergedReading(LogReading):
    """All files of a run, merged as they are read."""

    def __init__(self, files: tuple[LogFile, ...], *, every_update: bool = False) -> None:
        """Nothing is merged before `poll`."""
        self._merged = MergedLog(files)
        super().__init__(self._merged.file, every_update=every_update)

    def poll(self) -> Change:
        """Look at the files; what has changed in the merged one."""
        self._merged.look()
        return super().poll()

    def step(self) -> bool:
        """As `LogReading`, after the files are merged."""
        return self._merged.step() or super().step()

    def close(self) -> None:
        """Close and delete."""
        super().close()
        self._merged.close()
