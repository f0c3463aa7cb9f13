"""What a terminal would show for the bytes of a log: carriage returns, bars that redraw themselves.

`Screen` is as much of a terminal as programs that only print need: a cursor, rows of cells that can
be overwritten, no width, no scrolling, nothing that acts. It equals a real terminal (tested against
pyte) for text, newline, carriage return, backspace, tab, SGR, erasing in a line (`ESC[K`), below the
cursor (`ESC[J`), and moving the cursor by `ESC[nA B C D E F G`, as long as lines fit the terminal's
width, the cursor does not leave the text at the top and characters two cells wide are overwritten
whole. That covers tqdm (nested ones too), rich.progress, Keras and their like.

It differs from a terminal on purpose where a log is not a screen: colours end with the line, lines
are not wrapped, the screen is never cleared, absolute positions (`ESC[H`) and scroll regions do
nothing, BEL and other controls are shown as pictures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tailboard_tui.text.ansi import PLAIN, TOKEN, Line, Style, apply_sgr, spans_of
from tailboard_tui.text.safe import clean

MAX_COLUMNS = 10_000
"""Cells of a row that are kept, as `safe.LIMIT_CHARS`."""

MAX_MOVE = 500
"""Rows that one sequence can move; no terminal is taller, and 500 ranks may each have a bar."""

PIECE_BYTES = 64 * 1024
"""Of a longer row only so much is read."""

MOVES = re.compile(rb"\x1b\[([0-9]{0,4})([ABEF])")
"""Sequences that move the cursor to another row, as `Screen` takes them."""

_TAB = 8
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def move_rows(digits: str | bytes, final: str | bytes) -> int:
    """Rows that `ESC [ digits final` moves the cursor down: negative for `A` and `F`."""
    rows = min(int(digits or 1) or 1, MAX_MOVE)
    return -rows if final in ("A", "F", b"A", b"F") else rows


def plain_line(data: bytes) -> Line | None:
    """The line of bytes that hold no control at all; None where a `Screen` has to look."""
    if _CONTROL.search(data):
        return None
    return Line(clean(data.decode("utf-8", "replace"), MAX_COLUMNS).rstrip(" "))


class _Row:
    """Cells of one row: a character with its combining marks each; "" right of a wide one."""

    __slots__ = ("cells", "draws", "is_ascii", "styles")

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.styles: list[Style] = []
        self.is_ascii = True
        self.draws = 0

    def put(self, at: int, cells: list[str], style: Style) -> None:
        """Overwrite from cell `at` on, filling with blanks up to there."""
        gap = at - len(self.cells)
        if gap > 0:
            self.cells += " " * gap
            self.styles += [PLAIN] * gap
        end = at + len(cells)
        if not self.is_ascii:
            if at < len(self.cells) and at and self.cells[at] == "":
                self.cells[at - 1] = " "
            if end < len(self.cells) and self.cells[end] == "":
                self.cells[end] = " "
        self.cells[at:end] = cells
        self.styles[at:end] = [style] * len(cells)

    def copy(self) -> _Row:
        """The same cells."""
        other = _Row()
        other.cells, other.styles = self.cells.copy(), self.styles.copy()
        other.is_ascii, other.draws = self.is_ascii, self.draws
        return other

    def erase(self, start: int, end: int | None) -> None:
        """Blank the cells from `start` to `end`, None for the end of the row."""
        if end is None or end >= len(self.cells):
            del self.cells[start:], self.styles[start:]
        elif end > start:
            self.put(start, [" "] * (end - start), PLAIN)

    def line(self) -> Line:
        """The row's text without the blanks at its end."""
        text = "".join(self.cells)
        kept = text.rstrip(" ")
        lengths = None if self.is_ascii else [len(cell) for cell in self.cells]
        spans = spans_of(self.styles, lengths)
        if len(kept) < len(text):
            spans = tuple(
                span._replace(end=min(span.end, len(kept))) for span in spans if span.start < len(kept)
            )
        return Line(kept, spans)


class Screen:
    """Rows on which a log draws. Rows are numbered from the one where it starts."""

    def __init__(self, row: int = 0) -> None:
        """An empty screen with the cursor at the start of `row`."""
        self.row, self.column = row, 0
        self._first = row
        self._style = PLAIN
        self._rows: dict[int, _Row] = {}

    def feed(self, text: str) -> None:
        """Draw `text`. Sequences must not be split between two calls."""
        for token in TOKEN.finditer(text):
            piece = token.group()
            first = piece[0]
            if first == "\x1b":
                if token["final"] is not None:
                    self._control(token["parameters"], token["intermediate"], token["final"])
                elif piece == "\x1b":
                    self._put([clean(piece)])
            elif first >= " " and first != "\x7f":
                self._put_text(piece)
            elif first == "\n":
                self.row, self.column, self._style = self.row + 1, 0, PLAIN
            elif first == "\r":
                self.column = 0
            elif first == "\b":
                self.column = max(self.column - 1, 0)
            elif first == "\t":
                self.column = min((self.column // _TAB + 1) * _TAB, MAX_COLUMNS)
            else:
                self._put([clean(piece)])

    def lines(self) -> Mapping[int, Line]:
        """The rows drawn on, by number."""
        return {number: row.line() for number, row in self._rows.items()}

    def line(self, row: int) -> Line | None:
        """One row, or None where nothing was drawn."""
        found = self._rows.get(row)
        return found.line() if found is not None else None

    def updates(self, row: int) -> int:
        """How often a row was drawn anew from its start."""
        found = self._rows.get(row)
        return max(found.draws - 1, 0) if found is not None else 0

    def copy(self) -> Screen:
        """A screen that looks the same and is drawn on by itself."""
        other = Screen(self.row)
        other.column, other._first, other._style = self.column, self._first, self._style
        other._rows = {number: row.copy() for number, row in self._rows.items()}
        return other

    def keep(self, rows: int) -> None:
        """Forget rows that are so far above the cursor, when there are twice as many."""
        if len(self._rows) > 2 * rows:
            self._rows = {number: row for number, row in self._rows.items() if number > self.row - rows}

    def all_lines(self) -> list[Line]:
        """The rows from the one where it started to the last one drawn on, or above the cursor."""
        drawn = self.lines()
        last = max(max(drawn, default=0) + bool(drawn), self.row)
        return [drawn.get(row, Line("")) for row in range(min(self._first, *drawn, last), last)]

    def has_drawn(self, row: int) -> bool:
        """Whether anything was written to `row`."""
        return row in self._rows

    def _put_text(self, piece: str) -> None:
        text = clean(piece, 2 * MAX_COLUMNS)
        self._put(list(text) if text.isascii() else _cells(text))

    def _put(self, cells: list[str]) -> None:
        row = self._rows.get(self.row)
        if row is None:
            row = self._rows[self.row] = _Row()
        room = MAX_COLUMNS - self.column
        if len(cells) > room:
            cells = [*cells[: max(room - 1, 0)], "…"][: max(room, 0)]
        if not cells:
            return
        if row.is_ascii and not "".join(cells).isascii():
            row.is_ascii = False
        row.draws += not self.column
        row.put(self.column, cells, self._style)
        self.column += len(cells)

    def _control(self, parameters: str, intermediate: str, final: str) -> None:
        if intermediate:
            return
        if final == "m":
            self._style = apply_sgr(self._style, parameters)
        elif len(parameters) > 4 or (parameters and not (parameters.isascii() and parameters.isdecimal())):
            return
        elif final in "AB":
            self.row += move_rows(parameters, final)
        elif final in "EF":
            self.row, self.column = self.row + move_rows(parameters, final), 0
        elif final == "C":
            self.column = min(self.column + (int(parameters or 1) or 1), MAX_COLUMNS)
        elif final == "D":
            self.column = max(self.column - (int(parameters or 1) or 1), 0)
        elif final in "G`":
            self.column = max(int(parameters or 1) - 1, 0)
        elif final == "K":
            self._erase_in_row(parameters or "0")
        elif final == "J" and parameters in ("", "0"):
            self._erase_in_row("0")
            for number in [number for number in self._rows if number > self.row]:
                self._rows[number] = _Row()

    def _erase_in_row(self, part: str) -> None:
        row = self._rows.get(self.row)
        if row is not None and part in "012":
            row.erase(
                self.column if part == "0" else 0,
                self.column + 1 if part == "1" else None,
            )


def _cells(text: str) -> list[str]:
    """`text` cell by cell, as wide as the screen will lay it out."""
    from rich.cells import get_character_cell_size

    cells: list[str] = []
    for character in text:
        width = 1 if character.isascii() else get_character_cell_size(character)
        if width == 0:
            if not cells:
                cells.append("\u25cc")  # a dotted circle carries the mark that has no character
            cells[-1 if cells[-1] else -2] += character
        else:
            cells.append(character)
            if width == 2:
                cells.append("")
    return cells


def line_of(piece: bytes) -> Line:
    """What a terminal shows for bytes without a newline: of more than `PIECE_BYTES` the end or the beginning.

    The end of a progress bar, which is its last state; the beginning of any other long line.
    """
    if len(piece) > PIECE_BYTES:
        last = piece[-PIECE_BYTES:]
        drawn_over = last.rstrip(b"\r").find(b"\r")
        piece = last[drawn_over:] if drawn_over >= 0 else piece[:PIECE_BYTES]
    plain = plain_line(piece)
    if plain is not None:
        return plain
    screen = Screen()
    screen.feed(piece.decode("utf-8", "replace"))
    return screen.lines().get(0, Line(""))


def last_lines(data: bytes, count: int) -> list[Line]:
    """The last `count` rows that a terminal shows for `data`."""
    if not MOVES.search(data):
        pieces = data.removesuffix(b"\n").split(b"\n") if data else []
        return [line_of(piece) for piece in pieces[max(len(pieces) - count, 0) :]]
    screen = Screen()
    screen.feed(data.decode("utf-8", "replace"))
    lines = screen.all_lines()
    return lines[max(len(lines) - count, 0) :]


class Settling:
    """The rows of a log that grows, each given once: when its newline is there and nothing draws over it."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._open = b""
        self._screen: Screen | None = None

    def feed(self, data: bytes) -> list[Line]:
        """Take in the next bytes; the rows that are settled by them."""
        complete, newline, self._open = (self._open + data).rpartition(b"\n")
        if not newline:
            self._open = self._open[-PIECE_BYTES:]
            return []
        moves = MOVES.search(complete) is not None
        if not moves and self._screen is None:
            return [line_of(piece) for piece in complete.split(b"\n")]
        self._screen = self._screen or Screen()
        self._screen.feed((complete + newline).decode("utf-8", "replace"))
        return [] if moves else self.rest()

    def rest(self) -> list[Line]:
        """The rows that are still drawn over, as they are now."""
        screen, self._screen = self._screen, None
        return screen.all_lines() if screen is not None else []

    @property
    def is_drawing(self) -> bool:
        """Whether there are rows that may still be drawn over."""
        return self._screen is not None

    @property
    def open_line(self) -> Line:
        """The unfinished row at the end."""
        return line_of(self._open)
