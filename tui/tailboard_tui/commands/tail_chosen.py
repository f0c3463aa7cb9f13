"""Rows of one file or of several, by time and content: `--since`, `--grep`, `--json`, all files of a run."""

from __future__ import annotations

import argparse
import heapq
import math
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from tailboard_tui.commands.failures import CommandError, UsageError
from tailboard_tui.commands.tail_end import DEFAULT_LINES, Place, print_end
from tailboard_tui.commands.tail_print import Printer
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.logmatch import search_hits
from tailboard_tui.store.logmerge import labels
from tailboard_tui.store.logsearch import Pattern
from tailboard_tui.store.logtime import LogTimes, parse_moment, stamp
from tailboard_tui.text.ansi import Line
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.formats.base import LogFile
    from tailboard_tui.store.loghits import Hits


class _Row(NamedTuple):
    """One row to print."""

    when: float
    """Unix seconds; -inf where nothing tells."""
    name: str
    line: Line
    number: int


def print_chosen(args: argparse.Namespace, files: Sequence[LogFile], printer: Printer) -> list[Place]:
    """Print the rows asked for: of several files in order of time, or under headings where times are unknown.

    Returns:
        Up to where each file is printed.

    Raises:
        CommandError: A file cannot be read, or has no times that `--since` needs.
        UsageError: `--since` or `--grep` is not understood.
    """
    limit = args.lines if args.lines is not None else None if args.since else DEFAULT_LINES
    if args.raw:
        return _print_raw(files, DEFAULT_LINES if limit is None else limit, printer)
    chosen = [_Chosen(args, file, limit) for file in files]
    printer.has_headings = len(files) > 1 and not all(one.has_times for one in chosen)
    rows: Iterable[_Row] = chain.from_iterable(one.rows() for one in chosen)
    if len(files) > 1 and not printer.has_headings:
        printer.labels = dict(zip((file.name for file in files), labels(tuple(files)), strict=True))
        rows = heapq.merge(*(one.rows() for one in chosen), key=lambda row: row.when)
        rows = rows if limit is None else deque(rows, limit)
    for row in rows:
        printer.row(row.name, row.line, row.number, row.when if math.isfinite(row.when) else None)
    for one in chosen:
        one.log.close()
    return [one.place for one in chosen]


def _print_raw(files: Sequence[LogFile], lines: int, printer: Printer) -> list[Place]:
    printer.has_headings = True
    places = []
    for file in files:
        printer.head(file.name)
        places.append(print_end(file.path, lines, is_raw=True, hold=False))
        sys.stdout.flush()
    return places


class _Chosen:
    """The rows of one file that are asked for.

    Attributes:
        log: The file, open.
        place: Where it ends now.
    """

    def __init__(self, args: argparse.Namespace, file: LogFile, limit: int | None) -> None:
        """Find the last `limit` rows."""
        self.log = LogText(file.path)
        self.log.refresh()
        index = self.log.index
        if index is None:
            raise CommandError(f"{clean(file.path)}: {self.log.error}")
        self._name = file.name
        self._index = index
        self._times = LogTimes(self.log, file.index_path)
        self._times.refresh()
        needs_all = args.since or args.grep or args.json or limit is None
        while (needs_all or index.end_row - index.first_row <= (limit or 0)) and index.step():
            pass
        first, end, size = index.first_row, index.end_row, self.log.size_bytes
        if args.follow and size and self.log.read(size - 1, 1) != b"\n":
            end, size = end - 1, self.log.row(end - 1).offset  # the unfinished row comes when it is finished
        self.place = Place(size, end - first)
        if args.since and first < end:
            since = self._times.row_at(_since(args.since))
            if since is None:
                raise CommandError("this log has no times")
            first = since
        numbers = _matching(args.grep, self.log, first, end, limit) if args.grep else range(first, end)
        if limit is not None:
            numbers = numbers[max(len(numbers) - limit, 0) :] if limit else range(0)
        self._numbers: Sequence[int] = numbers

    @property
    def has_times(self) -> bool:
        """Whether something tells when its rows were printed, or there are none."""
        return not self._numbers or self._times.time_of(self._numbers[-1]) is not None

    def rows(self) -> Iterator[_Row]:
        """The rows with their times; one without, or with an earlier one, has that of the row before it."""
        year, last = time.localtime().tm_year, -math.inf
        for at, number in enumerate(self._numbers):
            line = self.log.row(number).line
            is_told = self._times.has_index or at == 0
            when = self._times.time_of(number) if is_told else stamp(line.text, year)
            last = last if when is None else max(last, when)
            yield _Row(last, self._name, line, number - self._index.first_row + 1)


def _matching(typed: str, log: LogText, first: int, end: int, limit: int | None) -> Sequence[int]:
    """The last `limit` rows from `first` to `end` that match."""
    hits = _hits(typed, log)
    start, stop = hits.position(first), hits.position(end)
    if limit is not None:
        start = max(start, stop - limit)
    return [hits.row(place) for place in range(start, stop)]


def _hits(typed: str, log: LogText) -> Hits:
    pattern = Pattern.parse(typed)
    if pattern is None or pattern.problem:
        raise UsageError(f"--grep: {clean(pattern.problem if pattern else 'nothing to look for')}")
    hits = search_hits(log, pattern)
    while hits.step():
        pass
    hits.close()
    if hits.error:
        raise CommandError(hits.error)
    return hits


def _since(text: str) -> float:
    moment = parse_moment(text, time.time())
    if moment is None:
        raise UsageError(f"--since: write 10m, 2h, 14:05 or 2026-11-23 14:05, not {clean(text)}")
    return moment
