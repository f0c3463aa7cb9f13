"""One log as it is looked at: its rows or those that filters leave, what is searched, what stands where.

Used by one thread (`store.logsession`). Positions count the rows of the view; those of an unfiltered
view are row numbers. Both begin at the file's end and grow upwards into negative numbers, so that a
position stays what it is while earlier rows are still being found.
"""

from __future__ import annotations

import math
import re
import time

from tailboard_tui.formats.base import LogFile
from tailboard_tui.store import bars
from tailboard_tui.store.bars import Bar
from tailboard_tui.store.logfile import Change, LogText
from tailboard_tui.store.loghits import Hits
from tailboard_tui.store.loglevels import Level, TracebackPart, level_of, traceback_parts
from tailboard_tui.store.logmarks import BUCKETS, ERROR, HIT, NO_MARKS, WARNING, Marks, marks
from tailboard_tui.store.logmatch import RowFilter, filter_hits, finder_hits, level_hits
from tailboard_tui.store.logpieces import IntArray
from tailboard_tui.store.logsearch import Finder, Pattern, make_finder
from tailboard_tui.store.logstate import LogState, ViewRow
from tailboard_tui.store.logtime import LogTimes
from tailboard_tui.text.ansi import show_controls

TRACEBACK_REACH = 80
"""Rows above the wanted ones in which the beginning of a traceback is looked for."""

BAR_REACH = 3
"""Rows from the end in which the newest bar is looked for: nested bars, and a line printed below."""

MARKS_S = 0.5
"""While much is read, the overview is made anew at most so often."""

WHOLE_LIMIT_BYTES = 1024 * 1024
WHOLE_LIMIT_UPDATES = 1000
"""Of one row shown in full."""


class LogReading:
    """A log file, a search in it and filters on it.

    Attributes:
        log: The file.
        times: When its rows were printed.
        search: Rows that match what is searched for.
        errors: Rows that tell of errors.
    """

    def __init__(self, file: LogFile, *, every_update: bool = False) -> None:
        """Nothing is opened before `poll`."""
        self.file = file
        self.log = LogText(file.path, every_update=every_update)
        self.times = LogTimes(self.log, file.index_path)
        self.search: Hits | None = None
        self.errors: Hits | None = None
        self._warnings: Hits | None = None
        self._pattern: Pattern | None = None
        self._finder: Finder | None = None
        self._filters: tuple[str, ...] = ()
        self._is_folded = False
        self._row_filter: RowFilter | None = None
        self._listed: Hits | None = None
        self._listed_above = 0
        self._is_settled = False
        self._marks = NO_MARKS
        self._marked_at = -math.inf

    def close(self) -> None:
        """Close files and processes."""
        self.log.close()
        for held in (self._finder, self._row_filter):
            if held is not None:
                held.close()

    # Reading on

    def poll(self) -> Change:
        """Look at the file; what has changed."""
        old_size = self.log.size_bytes
        change = self.log.refresh()
        if change == "grown":
            for hits in (self.search, self._listed, self.errors, self._warnings):
                if hits is not None:
                    hits.grow(old_size)
        elif change == "new":
            self._begin()
        return change

    def _begin(self) -> None:
        """The file is another one: search it anew."""
        self.errors, self._warnings = level_hits(self.log)
        self._list()

    def step(self) -> bool:
        """Do one block of what is left to do, the most urgent first; whether there was anything."""
        if self.log.index is None:
            return False
        # What was indexed is filtered and searched at once: results come while the rest is counted.
        did = self._step_listed() or (self.search is not None and self.search.step()) or self.log.index.step()
        if not did and self.errors is not None and self._warnings is not None:
            did = self.errors.step() | self._warnings.step()
        self._is_settled = not did
        return did

    def _step_listed(self) -> bool:
        if self._listed is None:
            return False
        before = self._listed.count
        did = self._listed.step()
        self._listed_above += self._listed.count - before
        return did

    # Search and filters

    def set_search(self, typed: str) -> None:
        """Search for a text or `~regex`; empty ends the search."""
        if self._finder is not None:
            self._finder.close()
        self._pattern = Pattern.parse(typed)
        self.search = self._finder = None
        if self._pattern is not None and not self._pattern.problem:
            self._finder = make_finder(self._pattern)
            self._begin_search()

    def _begin_search(self) -> None:
        """Search all rows, or those that the filters leave."""
        if self._finder is not None and self.log.index is not None:
            self.search = finder_hits(self.log, self._finder, self._row_filter)

    def set_filters(self, filters: tuple[str, ...], *, is_folded: bool) -> None:
        """List only rows that the filters leave, and none within tracebacks if they are folded."""
        self._filters, self._is_folded = filters, is_folded
        self._list()

    def take_over(self, other: LogReading) -> None:
        """Search and filter as `other` does."""
        self.set_search(other.search_text)
        self.set_filters(other._filters, is_folded=other._is_folded)

    @property
    def search_text(self) -> str:
        """The search as typed."""
        return ("~" if self._pattern.is_regex else "") + self._pattern.text if self._pattern else ""

    def _list(self) -> None:
        if self._row_filter is not None:
            self._row_filter.close()
        self._listed = self._row_filter = None
        self._listed_above = 0
        if (self._filters or self._is_folded) and self.log.index is not None:
            self._row_filter = RowFilter(self._filters, is_folded=self._is_folded)
            self._listed = filter_hits(self.log, self._row_filter)
        self._begin_search()

    def next_hit(self, hits: Hits, row: int, *, forward: bool) -> tuple[bool, int | None]:
        """The next row of `hits` in the view after `row`, or the last before it.

        Returns:
            Whether it is known by now, and the row, or None where there is none.
        """
        index = self.log.index
        assert index is not None
        searched = [hits] if self._listed is None else [hits, self._listed]
        is_complete = all(one.is_complete for one in searched)
        is_searched = is_complete or row >= max(index.start_row(one.first_block) for one in searched)
        found = hits.nearest(row, forward=forward, among=self._listed)
        if found is not None and (is_searched or not forward):
            return True, found
        return is_complete or (forward and is_searched), None

    # The view

    def view_range(self) -> tuple[int, int]:
        """First position, and one past the last."""
        if self._listed is not None:
            return -self._listed_above, self._listed.count - self._listed_above
        index = self.log.index
        return (index.first_row, index.end_row) if index is not None else (0, 0)

    def row_at(self, position: int) -> int:
        """The row at a position, or the nearest."""
        if self._listed is None:
            return position
        place = min(max(position + self._listed_above, 0), self._listed.count - 1)
        return self._listed.row(place) if self._listed.count else 0

    def position_of(self, row: int) -> int:
        """The position of a row, or of the next one that is listed."""
        return self._listed.position(row) - self._listed_above if self._listed is not None else row

    def rows(self, first: int, end: int) -> list[ViewRow]:
        """The rows at positions from `first` to `end`, which are in the view."""
        if self._listed is None:
            above = self.log.rows(first - TRACEBACK_REACH, first)
            rows = self.log.rows(first, end)
            parts = traceback_parts([row.line.text for row in (*above, *rows)])[len(above) :]
        else:
            rows = [self.log.row(self.row_at(position)) for position in range(first, end)]
            parts = [""] * len(rows)
        texts = [row.line.text for row in rows]
        spans = self._finder.spans(texts) if self._finder is not None else [[] for _ in rows]
        return [
            ViewRow(first + at, row, _level(row.line.text, part), part, tuple(found))
            for at, (row, part, found) in enumerate(zip(rows, parts, spans, strict=True))
        ]

    def text(self, positions: range) -> str:
        """The text of rows, each with a newline."""
        first, end = self.view_range()
        kept = range(max(positions.start, first), min(positions.stop, end))
        return "".join(self.log.row(self.row_at(position)).line.text + "\n" for position in kept)

    def whole(self, position: int, width: int) -> tuple[str, ...]:
        """A row in full, in lines of `width` characters, or every state of a bar."""
        row = self.log.row(self.row_at(position))
        start = max(row.offset, row.end - WHOLE_LIMIT_BYTES)
        return tuple(_whole_lines(self.log.read(start, row.end - start), max(width, 1)))

    # What is said about it

    def state(self, generation: int) -> LogState:
        """All that the pane shows beside the rows."""
        index, search, pattern = self.log.index, self.search, self._pattern
        first, end = self.view_range()
        problem = pattern.problem if pattern is not None else ""
        return LogState(
            name=self.file.name,
            path=self.file.path,
            generation=generation,
            first=first,
            end=end,
            rows=index.end_row - index.first_row if index is not None else 0,
            size_bytes=self.log.size_bytes,
            indexed=1 - index.first_block / max(index.end_block, 1) if index is not None else 0.0,
            error=self.log.error,
            is_open=index is not None,
            is_raw=self.log.every_update,
            search=self.search_text,
            search_count=search.count if search is not None else 0,
            search_fraction=search.fraction if search is not None else 1.0,
            search_error=problem or (search.error if search is not None else ""),
            filters=self._filters,
            is_folded=self._is_folded,
            errors=self.errors.count if self.errors is not None else 0,
            warnings=self._warnings.count if self._warnings is not None else 0,
            levels_fraction=self.errors.fraction if self.errors is not None else 0.0,
            marks=self._newest_marks(first, end),
            bar=self._newest_bar(),
        )

    def _newest_marks(self, first: int, end: int) -> Marks:
        """Marks as of now, or as of shortly before while much is being read."""
        now = time.monotonic()
        if self._is_settled or now > self._marked_at + MARKS_S:
            self._marked_at = now
            found = {WARNING: self._warnings, ERROR: self.errors, HIT: self.search}
            width = (end - first) // BUCKETS
            places = {bit: self._positions(hits, width) for bit, hits in found.items() if hits is not None}
            self._marks = marks(first, end, places)
        return self._marks

    def _positions(self, hits: Hits, width: int) -> IntArray:
        """Positions of the rows of `hits` that are in the view; of those within `width` rows some."""
        if self._listed is None:
            return hits.sample(width)
        return self._listed.positions(hits) - self._listed_above

    def _newest_bar(self) -> Bar | None:
        """The bar among the last rows: the one that is being drawn."""
        index = self.log.index
        if index is None:
            return None
        last = self.log.rows(index.end_row - BAR_REACH, index.end_row)
        return next((bar for row in reversed(last) if (bar := bars.parse(row.line.text)) is not None), None)


def _level(text: str, part: TracebackPart) -> Level | None:
    if part in ("head", "end"):
        return "error"
    return None if part else level_of(text)


def _whole_lines(data: bytes, width: int) -> list[str]:
    states = [state for state in re.split(rb"[\r\n]+", data) if state][-WHOLE_LIMIT_UPDATES:]
    lines: list[str] = []
    for state in states:
        text = show_controls(state.decode("utf-8", "replace"), WHOLE_LIMIT_BYTES).text
        lines += [text[at : at + width] for at in range(0, max(len(text), 1), width)]
    return lines
