"""One log file, open for reading rows anywhere in it while it grows, shrinks or is replaced.

Used by one thread. Nothing is read but what is asked for, in bounded slices; the index
(`store.logindex`) is made step by step by whoever drives it.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from tailboard_tui.files.opening import open_regular
from tailboard_tui.store.logindex import LogIndex, Stretch
from tailboard_tui.store.loglive import LiveRows
from tailboard_tui.text.ansi import Line, show_controls
from tailboard_tui.text.safe import LIMIT_CHARS
from tailboard_tui.text.terminal_line import PIECE_BYTES, Screen, line_of

GROUP_BYTES = 2 * 1024 * 1024
"""How far back the last state of nested bars is looked for: an outer bar may be redrawn rarely."""

_DIGEST_BYTES = 64
_KEPT_ROWS = 4096

Change = Literal["same", "grown", "new", "missing"]
"""What `refresh` found: nothing, more bytes, another file or content, no file."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row as it is shown."""

    number: int
    """As `LogIndex` counts."""
    offset: int
    """Where the bytes that draw it begin in the file."""
    end: int
    """Where they end, exclusive."""
    line: Line
    updates: int = 0
    """How often it was drawn over, as by a progress bar."""
    is_cut: bool = False
    """Whether only a part of it was read."""


class LogText:
    """The rows of a file.

    Attributes:
        index: Where rows stand; None while the file is missing or cannot be opened.
        generation: Rises when what was read before is void.
        error: Why the file cannot be read now, for the user; empty when it can.
    """

    def __init__(self, path: str, *, every_update: bool = False) -> None:
        """Nothing is opened before the first `refresh`."""
        self.path = path
        self.every_update = every_update
        self.index: LogIndex | None = None
        self.generation = 0
        self.error = ""
        self._fd = -1
        self._head = self._foot = b""
        self._rows: OrderedDict[int, LogRow] = OrderedDict()
        self._live: LiveRows | None = None
        self._above_live: dict[int, LogRow] = {}

    @property
    def size_bytes(self) -> int:
        """Bytes taken in so far."""
        return self.index.size_bytes if self.index is not None else 0

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on; empty when nothing is open."""
        return os.pread(self._fd, length, offset) if self._fd >= 0 else b""

    def refresh(self) -> Change:
        """Look at the file again: take in what was appended, begin anew when it is another."""
        try:
            at_path = os.stat(self.path, follow_symlinks=False)
            if self._fd < 0:
                return self._open()
            held = os.fstat(self._fd)
        except OSError as error:
            return self._lost(error)
        if (at_path.st_dev, at_path.st_ino) != (held.st_dev, held.st_ino):
            return self._open()
        self.error = "" if stat.S_ISREG(held.st_mode) else self.error
        assert self.index is not None
        if held.st_size == self.index.size_bytes:
            return "same"
        if held.st_size < self.index.size_bytes or not self._is_continued():
            return self._start(held.st_size)
        self._grow(held.st_size)
        return "grown"

    def close(self) -> None:
        """Close the file; a later `refresh` opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def rows(self, first: int, last: int) -> list[LogRow]:
        """The rows from number `first` up to `last`, exclusive; those that the index knows."""
        if self.index is None:
            return []
        first, last = max(first, self.index.first_row), min(last, self.index.end_row)
        return [self.row(number) for number in range(first, last)]

    def row(self, number: int) -> LogRow:
        """One row that the index knows."""
        found = self._rows.get(number)
        if found is None:
            found = self._draw(number)
            self._rows[number] = found
            while len(self._rows) > _KEPT_ROWS:
                self._rows.popitem(last=False)
        return found

    def _open(self) -> Change:
        try:
            fd = open_regular(self.path)
        except OSError as error:
            return self._lost(error)
        self.close()
        self._fd, self.error = fd, ""
        return self._start(os.fstat(fd).st_size)

    def _lost(self, error: OSError) -> Change:
        """The path leads nowhere now; what is open stays readable."""
        message = error.strerror or str(error)
        if self.error == message:
            return "same"
        self.error = message
        return "missing"

    def _start(self, size_bytes: int) -> Change:
        self.generation += 1
        self._rows.clear()
        self._live = None
        self._above_live.clear()
        self.index = LogIndex(self.read, size_bytes, every_update=self.every_update)
        self.index.step()
        self._remember_content()
        return "new"

    def _grow(self, size_bytes: int) -> None:
        assert self.index is not None
        changed = self.index.grow(size_bytes)
        stretch = self.index.stretch(changed)
        if stretch is not None:
            changed = min(changed, stretch.row)
        for number in [number for number in self._rows if number >= changed]:
            del self._rows[number]
        self._remember_content()

    def _remember_content(self) -> None:
        """Keep bytes by which a rewritten file is told from one that grew."""
        self._head = self.read(0, min(_DIGEST_BYTES, self.size_bytes))
        start = max(self.size_bytes - _DIGEST_BYTES, 0)
        self._foot = self.read(start, self.size_bytes - start)

    def _is_continued(self) -> bool:
        start = self.size_bytes - len(self._foot)
        return self.read(0, len(self._head)) == self._head and self.read(start, len(self._foot)) == self._foot

    def _draw(self, number: int) -> LogRow:
        assert self.index is not None
        stretch = self.index.stretch(number)
        if stretch is None:
            return LogRow(number, self.size_bytes, self.size_bytes, Line(""))
        if self.every_update:
            return self._draw_update(number, stretch)
        return self._draw_alone(number, stretch) if stretch.is_alone else self._draw_group(number, stretch)

    def _draw_update(self, number: int, stretch: Stretch) -> LogRow:
        data = self.read(stretch.start, min(stretch.end - stretch.start, PIECE_BYTES)).strip(b"\r\n")
        line = show_controls(data.decode("utf-8", "replace"), LIMIT_CHARS)
        return LogRow(number, stretch.start, stretch.end, line, 0, stretch.end - stretch.start > PIECE_BYTES)

    def _draw_alone(self, number: int, stretch: Stretch) -> LogRow:
        """A row that one piece draws, without looking at other rows."""
        length = stretch.end - stretch.start
        if length <= PIECE_BYTES:
            data = self.read(stretch.start, length)
        else:
            data = self.read(stretch.end - PIECE_BYTES, PIECE_BYTES)
            drawn_over = data.rstrip(b"\r").find(b"\r")
            data = data[drawn_over:] if drawn_over >= 0 else self.read(stretch.start, PIECE_BYTES)
        return LogRow(number, stretch.start, stretch.end, line_of(data), _updates(data), length > PIECE_BYTES)

    def _draw_group(self, number: int, stretch: Stretch) -> LogRow:
        """A row that is drawn together with others, as nested bars are."""
        if stretch.end == self.size_bytes:
            return self._draw_live(number, stretch)
        screen, is_cut = self._group_screen(number, stretch)
        for other, line in screen.lines().items():
            if not is_cut or other == number:
                self._rows[other] = self._group_row(other, stretch, line, screen.updates(other), is_cut)
        return self._rows.get(number) or LogRow(number, stretch.start, stretch.end, Line(""))

    def _group_row(self, number: int, stretch: Stretch, line: Line, updates: int, is_cut: bool) -> LogRow:
        assert self.index is not None
        return LogRow(number, stretch.start, self.index.drawn_end(number), line, updates, is_cut)

    def _draw_live(self, number: int, stretch: Stretch) -> LogRow:
        """As `_draw_group` at the end of a file that may grow: only what was appended is drawn anew."""
        assert self.index is not None
        live = self._live
        if live is None or live.end < stretch.start or stretch.end - live.end > GROUP_BYTES:
            start, row = max(stretch.end - PIECE_BYTES, stretch.start), stretch.row
            if start > stretch.start:
                start, row = self.index.piece_before(start)
            live = self._live = LiveRows(start, row)
            self._above_live.clear()
        live.take_in(self.read, stretch.end)
        line, is_cut = live.line(number), live.start > stretch.start
        if line is not None:
            return self._group_row(number, stretch, line, live.updates(number), is_cut)
        if number not in self._above_live:
            screen, is_cut = self._group_screen(number, stretch)
            line = screen.line(number) or Line("")
            updates = screen.updates(number)
            self._above_live[number] = self._group_row(number, stretch, line, updates, is_cut)
        return self._above_live[number]

    def _group_screen(self, number: int, stretch: Stretch) -> tuple[Screen, bool]:
        """The rows drawn together with one, from as far back as that takes; and whether some are left out."""
        assert self.index is not None
        window = PIECE_BYTES
        while True:
            start, row = max(stretch.end - window, stretch.start), stretch.row
            if start > stretch.start:
                start, row = self.index.piece_before(start)
            data = self.read(start, stretch.end - start)
            screen = Screen(row)
            screen.feed(data.decode("utf-8", "replace"))
            if screen.has_drawn(number) or start <= stretch.start or window >= GROUP_BYTES:
                return screen, start > stretch.start
            window *= 4


def _updates(data: bytes) -> int:
    """How often a row was begun again: carriage returns with something after them."""
    return data.rstrip(b"\r").count(b"\r")
