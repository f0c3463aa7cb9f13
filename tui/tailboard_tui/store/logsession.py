"""One log on show: a thread's loop that reads, indexes, searches and follows it for a pane.

The pane calls the public methods; each returns at once and is carried out by the thread in `work`.
What was read comes back as frozen `LogState` and `RowsRead`. The thread does everything in slices of
a few milliseconds, what is on screen first.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from tailboard_tui.formats.base import LogFile
from tailboard_tui.store import bars
from tailboard_tui.store.bars import Bar
from tailboard_tui.store.logfile import LogRow, LogText
from tailboard_tui.store.logindex import IntArray
from tailboard_tui.store.loglevels import Level, TracebackPart, level_of, traceback_parts
from tailboard_tui.store.logmarks import ERROR, HIT, NO_MARKS, WARNING, Marks, marks
from tailboard_tui.store.logsearch import Hits, Pattern, filter_hits, level_hits, search_hits
from tailboard_tui.store.logtime import LogTimes, parse_moment
from tailboard_tui.text.ansi import show_controls

SLICE_S = 0.004
"""How long the thread works before it looks at what the pane wants; Python threads switch every 5 ms."""

POLL_S = 0.1
"""How often the file is looked at, so also how often a live bar is drawn again."""

IDLE_POLL_S = 0.4
IDLE_AFTER_S = 30.0
"""A log without news for so long is looked at less often."""

PUBLISH_S = 0.1
"""The state is published at most this often while it changes all the time."""

TRACEBACK_REACH = 80
"""Rows above the wanted ones in which the beginning of a traceback is looked for."""


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One row at its place in the view."""

    position: int
    row: LogRow
    level: Level | None = None
    part: TracebackPart = ""
    """What it is of a traceback."""
    hits: tuple[tuple[int, int], ...] = ()
    """Where the search matches, in characters."""


@dataclass(frozen=True, slots=True)
class LogState:
    """What the pane shows beside the rows. Positions count rows of the view; `first` may be negative."""

    name: str = ""
    path: str = ""
    generation: int = 0
    """Rises when positions given before mean other rows."""
    first: int = 0
    end: int = 0
    rows: int = 0
    """Rows of the whole file, as far as they are counted."""
    size_bytes: int = 0
    indexed: float = 0.0
    """Share of the file whose rows are counted, 0 to 1."""
    error: str = ""
    is_open: bool = False
    is_raw: bool = False
    search: str = ""
    search_count: int = 0
    search_fraction: float = 1.0
    search_error: str = ""
    filters: tuple[str, ...] = ()
    errors: int = 0
    warnings: int = 0
    levels_fraction: float = 0.0
    marks: Marks = NO_MARKS
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class RowsRead:
    """Rows that the pane wants, or that changed among them."""

    generation: int
    first: int
    rows: tuple[ViewRow, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """A place that was asked for."""

    generation: int
    position: int | None
    """None: there is none."""
    why: str = ""
    """For the user, where there is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked about some rows."""

    question: Question
    text: str = ""
    time: float | None = None
    lines: tuple[str, ...] = ()
    problem: str = ""
    """For the user, where there is no answer."""


Question = Literal["time", "copy", "save", "whole"]

Published = LogState | RowsRead | Jump | Answer

COPY_LIMIT_CHARS = 1_000_000
"""Terminals take no more than this, or less, into the clipboard."""

WHOLE_LIMIT_BYTES = 1024 * 1024
WHOLE_LIMIT_UPDATES = 1000


class LogSession:
    """Reads one file of `files` at a time. Public methods may be called from any thread."""

    def __init__(self, files: tuple[LogFile, ...], publish: Callable[[Published], None]) -> None:
        """Nothing is opened before `work`.

        Args:
            files: At least one.
            publish: Called from the thread with all that is read.
        """
        self.files = files
        self._publish_to_pane = publish
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._stopped = False
        self._wanted = (0, 0)
        # From here on only the thread.
        self._file = files[0]
        self._log = LogText(self._file.path)
        self._times = LogTimes(self._log, self._file.index_path)
        self._state = LogState()
        self._generation = 0
        self._sent: dict[int, ViewRow] = {}
        self._pattern: Pattern | None = None
        self._search: Hits | None = None
        self._errors: Hits | None = None
        self._warnings: Hits | None = None
        self._filters: tuple[str, ...] = ()
        self._listed: Hits | None = None
        self._listed_above = 0
        self._jump: Callable[[], bool] | None = None
        self._changed = False
        self._published_at = self._marked_at = self._news_at = float("-inf")

    # What the pane asks for

    def want(self, first: int, end: int) -> None:
        """Send the rows at positions from `first` to `end`, exclusive, now and when they change."""
        self._wanted = (first, end)
        self._wake.set()

    def open(self, number: int) -> None:
        """Show the file of that number."""
        self._order(partial(self._open, number))

    def show_every_update(self, every_update: bool) -> None:
        """Every update of a progress bar on its own row, or as a terminal shows it."""
        self._order(partial(self._reopen, every_update))

    def search(self, typed: str) -> None:
        """Look for a text or `~regex` in the whole file; empty ends the search."""
        self._order(partial(self._start_search, typed))

    def filter(self, filters: tuple[str, ...]) -> None:
        """Show only rows that match one of `filters`, and none that matches one that begins with `!`."""
        self._order(partial(self._start_filter, filters))

    def find(self, position: int, *, forward: bool) -> None:
        """Jump to the next match after, or the last before, `position`."""
        self._order(lambda: self._start_jump(lambda: self._search, position, forward, "match"))

    def find_error(self, position: int, *, forward: bool) -> None:
        """Jump to the next error after, or the last before, `position`."""
        self._order(lambda: self._start_jump(lambda: self._errors, position, forward, "error"))

    def go_to_time(self, moment: float) -> None:
        """Jump to what was printed at `moment`, Unix seconds."""
        self._order(lambda: self._jump_to_time(moment))

    def go_to_typed_time(self, typed: str) -> None:
        """Jump to a time as a user writes it."""
        self._order(lambda: self._jump_to_typed_time(typed))

    def ask_time(self, position: int) -> None:
        """Answer when a row was printed."""
        self._order(lambda: self._answer_time(position))

    def copy(self, positions: range) -> None:
        """Answer with the text of rows."""
        self._order(lambda: self._publish_to_pane(Answer("copy", self._text(positions)[:COPY_LIMIT_CHARS])))

    def save(self, positions: range, path: str) -> None:
        """Write the text of rows to a new file."""
        self._order(lambda: self._save(positions, path))

    def ask_whole(self, position: int, width: int) -> None:
        """Answer with a whole row, in lines of `width` characters, or with every state of a bar."""
        self._order(lambda: self._answer_whole(position, width))

    def close(self) -> None:
        """End `work`."""
        self._stopped = True
        self._wake.set()

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.put(order)
        self._wake.set()

    # The thread

    def work(self) -> None:
        """Read until `close`. Runs in a thread of its own."""
        try:
            next_poll = 0.0
            while not self._stopped:
                self._wake.clear()
                self._take_orders()
                now = time.monotonic()
                if now >= next_poll:
                    self._poll(now)
                    idle = now - self._news_at > IDLE_AFTER_S
                    next_poll = now + (IDLE_POLL_S if idle else POLL_S)
                self._serve()
                is_busy = self._work_on()
                self._publish(at_once=not is_busy)
                if not is_busy:
                    self._wake.wait(max(next_poll - time.monotonic(), 0))
        finally:
            self._log.close()

    def _take_orders(self) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return
            order()
            self._changed = True

    def _poll(self, now: float) -> None:
        old_size = self._log.size_bytes
        change = self._log.refresh()
        if change == "same":
            return
        self._changed, self._news_at = True, now
        if change == "grown":
            for hits in (self._search, self._listed, self._errors, self._warnings):
                if hits is not None:
                    hits.grow(old_size)
        elif change == "new":
            self._begin()

    def _begin(self) -> None:
        """The file is another one: search it anew."""
        self._generation += 1
        self._sent.clear()
        self._errors, self._warnings = level_hits(self._log)
        self._search = self._hits(self._pattern) if self._pattern is not None else None
        self._listed, self._listed_above = self._filtered(), 0
        self._published_at = float("-inf")

    def _open(self, number: int) -> None:
        self._file = self.files[number]
        self._reopen(self._log.every_update)

    def _reopen(self, every_update: bool) -> None:
        self._log.close()
        self._log = LogText(self._file.path, every_update=every_update)
        self._times = LogTimes(self._log, self._file.index_path)
        self._search = self._listed = self._errors = self._warnings = self._jump = None
        self._generation += 1
        self._sent.clear()
        self._poll(time.monotonic())

    def _work_on(self) -> bool:
        """A slice of what is left to do; whether there is more."""
        if self._jump is not None and self._jump():
            self._jump = None
        index = self._log.index
        if index is None:
            return False
        end = time.monotonic() + SLICE_S
        while time.monotonic() < end:
            did = index.step() or self._step_hits(self._listed) or self._step_hits(self._search)
            if not did and self._errors is not None and self._warnings is not None:
                did = self._errors.step() | self._warnings.step()
            if self._jump is not None and self._jump():
                self._jump = None
            if not did:
                return False
            self._changed = True
        return True

    def _step_hits(self, hits: Hits | None) -> bool:
        if hits is None:
            return False
        before = hits.count
        did = hits.step()
        if hits is self._listed:
            self._listed_above += hits.count - before
        return did

    # Search and filters

    def _hits(self, pattern: Pattern) -> Hits:
        return search_hits(self._log, pattern)

    def _start_search(self, typed: str) -> None:
        self._pattern = Pattern.parse(typed)
        self._search = None
        self._sent.clear()
        if self._pattern is not None and self._log.index is not None and not self._pattern.problem:
            self._search = self._hits(self._pattern)

    def _start_filter(self, filters: tuple[str, ...]) -> None:
        self._filters = filters
        self._generation += 1
        self._sent.clear()
        self._listed_above = 0
        self._listed = self._filtered()

    def _filtered(self) -> Hits | None:
        if not self._filters or self._log.index is None:
            return None
        return filter_hits(self._log, self._filters)

    def _start_jump(self, hits: Callable[[], Hits | None], position: int, forward: bool, what: str) -> None:
        row = self._row_at(position)
        self._jump = lambda: self._try_jump(hits(), row, forward, what)
        if self._jump():
            self._jump = None

    def _try_jump(self, hits: Hits | None, row: int, forward: bool, what: str) -> bool:
        """Publish where the next hit is; False while the search has not come far enough."""
        if hits is None or self._log.index is None:
            self._publish_to_pane(Jump(self._generation, None, ""))
            return True
        place = hits.position(row + 1) if forward else hits.position(row) - 1
        searched = hits.is_complete or row >= self._log.index.start_row(hits.first_block)
        if 0 <= place < hits.count and (searched or not forward):
            self._publish_to_pane(Jump(self._generation, self._position_of(hits.row(place))))
            return True
        if hits.is_complete or (forward and searched):
            where = "below" if forward else "above"
            self._publish_to_pane(Jump(self._generation, None, f"no {what} {where}"))
            return True
        return False

    # Times, text

    def _jump_to_time(self, moment: float) -> None:
        self._times.refresh()
        self._jump = lambda: self._try_time(moment)

    def _try_time(self, moment: float) -> bool:
        """Publish where the moment is; False while the index has not come far enough."""
        if not self._times.is_ready(moment):
            return self._log.index is None and bool(self._log.error)
        row = self._times.row_at(moment)
        self._publish(at_once=True)
        if row is None:
            self._publish_to_pane(Jump(self._generation, None, "this log has no times"))
        else:
            self._publish_to_pane(Jump(self._generation, self._position_of(row)))
        return True

    def _jump_to_typed_time(self, typed: str) -> None:
        index = self._log.index
        self._times.refresh()
        near = (
            self._times.time_of(index.end_row - 1)
            if index is not None and index.end_row > index.first_row
            else None
        )
        moment = parse_moment(typed, near if near is not None else time.time())
        if moment is None:
            self._publish_to_pane(
                Jump(self._generation, None, "write a time as 14:05, 2026-11-23 14:05 or 10m ago")
            )
        else:
            self._jump_to_time(moment)

    def _answer_time(self, position: int) -> None:
        self._times.refresh()
        when = self._times.time_of(self._row_at(position)) if self._log.index is not None else None
        self._publish_to_pane(
            Answer("time", time=when, problem="" if when is not None else "this line has no time")
        )

    def _text(self, positions: range) -> str:
        first, end = self._view_range()
        kept = range(max(positions.start, first), min(positions.stop, end))
        return "".join(self._log.row(self._row_at(position)).line.text + "\n" for position in kept)

    def _save(self, positions: range, path: str) -> None:
        try:
            with open(os.path.expanduser(path), "x", encoding="utf-8") as file:
                file.write(self._text(positions))
        except OSError as error:
            self._publish_to_pane(Answer("save", problem=f"not saved: {error.strerror or error}"))
        else:
            self._publish_to_pane(Answer("save", text=path))

    def _answer_whole(self, position: int, width: int) -> None:
        row = self._log.row(self._row_at(position))
        data = self._log.read(
            max(row.offset, row.end - WHOLE_LIMIT_BYTES), min(row.end - row.offset, WHOLE_LIMIT_BYTES)
        )
        self._publish_to_pane(Answer("whole", lines=tuple(whole_lines(data, max(width, 1)))))

    # The view: all rows, or those that the filters leave

    def _view_range(self) -> tuple[int, int]:
        if self._listed is not None:
            return -self._listed_above, self._listed.count - self._listed_above
        index = self._log.index
        return (index.first_row, index.end_row) if index is not None else (0, 0)

    def _row_at(self, position: int) -> int:
        if self._listed is None:
            return position
        place = min(max(position + self._listed_above, 0), self._listed.count - 1)
        return self._listed.row(place) if self._listed.count else 0

    def _position_of(self, row: int) -> int:
        return self._listed.position(row) - self._listed_above if self._listed is not None else row

    # Sending

    def _serve(self) -> None:
        """Send what is wanted and was not sent, or has changed since."""
        wanted_first, wanted_end = self._wanted
        first, end = self._view_range()
        first, end = max(wanted_first, first), min(wanted_end, end)
        if self._log.index is None or first >= end:
            return
        rows = self._view_rows(first, end)
        new = tuple(row for row in rows if self._sent.get(row.position) != row)
        self._sent = {row.position: row for row in rows}
        if new:
            self._publish(at_once=True)
            self._publish_to_pane(RowsRead(self._generation, first, new))

    def _view_rows(self, first: int, end: int) -> list[ViewRow]:
        if self._listed is not None:
            return [self._listed_row(position) for position in range(first, end)]
        above = self._log.rows(first - TRACEBACK_REACH, first)
        rows = [*above, *self._log.rows(first, end)]
        parts = traceback_parts([row.line.text for row in rows])
        return [
            ViewRow(row.number, row, _level(row, part), part, self._hit_spans(row))
            for row, part in list(zip(rows, parts, strict=True))[len(above) :]
        ]

    def _listed_row(self, position: int) -> ViewRow:
        row = self._log.row(self._row_at(position))
        return ViewRow(position, row, level_of(row.line.text), "", self._hit_spans(row))

    def _hit_spans(self, row: LogRow) -> tuple[tuple[int, int], ...]:
        return tuple(self._pattern.spans(row.line.text)) if self._pattern is not None else ()

    def _publish(self, *, at_once: bool) -> None:
        """Send the state, when it is another."""
        now = time.monotonic()
        if not self._changed or (not at_once and now - self._published_at < PUBLISH_S):
            return
        self._published_at = now
        state = self._make_state(now)
        self._changed = False
        if state != self._state:
            self._state = state
            self._publish_to_pane(state)

    def _make_state(self, now: float) -> LogState:
        index, search, pattern = self._log.index, self._search, self._pattern
        first, end = self._view_range()
        errors, warnings = self._errors, self._warnings
        return LogState(
            name=self._file.name,
            path=self._file.path,
            generation=self._generation,
            first=first,
            end=end,
            rows=index.end_row - index.first_row if index is not None else 0,
            size_bytes=self._log.size_bytes,
            indexed=1 - index.first_block / max(index.end_block, 1) if index is not None else 0.0,
            error=self._log.error,
            is_open=index is not None,
            is_raw=self._log.every_update,
            search=("~" if pattern.is_regex else "") + pattern.text if pattern is not None else "",
            search_count=search.count if search is not None else 0,
            search_fraction=search.fraction if search is not None else 1.0,
            search_error=(pattern.problem if pattern is not None else "")
            or (search.error if search is not None else ""),
            filters=self._filters,
            errors=errors.count if errors is not None else 0,
            warnings=warnings.count if warnings is not None else 0,
            levels_fraction=errors.fraction if errors is not None else 0.0,
            marks=self._make_marks(first, end),
            bar=self._newest_bar(),
        )

    def _make_marks(self, first: int, end: int) -> Marks:
        found = {WARNING: self._warnings, ERROR: self._errors, HIT: self._search}
        return marks(
            first, end, {bit: self._positions(hits) for bit, hits in found.items() if hits is not None}
        )

    def _positions(self, hits: Hits) -> IntArray:
        rows = hits.rows()
        if self._listed is None:
            return rows
        listed = self._listed.rows()
        places = np.searchsorted(listed, rows)
        kept = places < len(listed)
        kept[kept] = listed[places[kept]] == rows[kept]
        return places[kept] - self._listed_above

    def _newest_bar(self) -> Bar | None:
        """The bar among the last rows: the one that is being drawn."""
        index = self._log.index
        if index is None:
            return None
        for row in reversed(self._log.rows(index.end_row - BAR_REACH, index.end_row)):
            bar = bars.parse(row.line.text)
            if bar is not None:
                return bar
        return None


def whole_lines(data: bytes, width: int) -> list[str]:
    """A row in full: every state of a bar on its own line, long text in lines of `width` characters."""
    states = [state for state in re.split(rb"[\r\n]+", data) if state][-WHOLE_LIMIT_UPDATES:]
    lines: list[str] = []
    for state in states:
        text = show_controls(state.decode("utf-8", "replace"), WHOLE_LIMIT_BYTES).text
        lines += [text[at : at + width] for at in range(0, max(len(text), 1), width)]
    return lines


BAR_REACH = 3
"""Rows from the end in which the newest bar is looked for: nested bars, and a line printed below."""


def _level(row: LogRow, part: str) -> Level | None:
    return "error" if part in ("head", "end") else level_of(row.line.text) if not part else None
