"""Tables of metrics in CSV, TSV and their like: lines -> points, whatever the writer's habits.

Read are a header and rows of cells; rows where cells are missing; a header that comes again, with other
names or after a restart; padded names; comments; text in columns of numbers.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailboard_tui.files.follow import Block
from tailboard_tui.formats.base import Column, FloatArray, RowArray, Rows
from tailboard_tui.formats.names import is_missing, moment, number, step_name, time_names, unix_seconds
from tailboard_tui.formats.rowbuilder import ResumeWatch
from tailboard_tui.formats.sources import Complaint

MAX_COLUMNS = 20_000
"""A wider line is no header of metrics."""

MAX_COMPLAINTS = 20
"""Of a file, told one by one."""

_DELIMITERS = ",\t;|"
_NUMERIC = b"0123456789+-.eE"
"""What finite numbers are spelled with."""


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table."""

    names: tuple[str, ...]
    """As spelled, without the spaces around them; a name that comes twice has `.1` after it."""
    step: int | None
    """Column that counts the steps."""
    times: tuple[int, ...]
    """Columns that may hold the moment of a row, the most telling first."""
    delimiter: str
    """Empty: white space."""


class CsvTable:
    """The parser of one table. Feed it the file's blocks in order."""

    def __init__(
        self,
        clock: str = "",
        delimiter: str | None = None,
        step: Callable[[Sequence[str]], str | None] = step_name,
    ) -> None:
        """A parser.

        Args:
            clock: Of the rows that it gives.
            delimiter: Between cells; None: as the header looks.
            step: Which of the names counts the steps.
        """
        self.header: Header | None = None
        self.comments: list[str] = []
        """Lines before the header that begin with `#`."""
        self._clock = clock
        self._delimiter = delimiter
        self._step_of = step
        self._resumes = ResumeWatch()
        self._restarts = False
        self._open: list[str] = []
        """Lines of a row whose quotes are not closed yet."""
        self._rows: list[Rows] = []
        self._complaints: list[Complaint] = []
        self._bad = 0

    def feed(self, block: Block) -> None:
        """The next lines of the file."""
        if not self._feed_numbers(block.data):
            self._feed_lines(block)

    def _feed_numbers(self, data: bytes) -> bool:
        """Take lines of plain numbers under every name all at once; False, with nothing taken, for others."""
        header = self.header
        if header is None or not header.delimiter or self._open:
            return False
        delimiter, width = header.delimiter.encode(), len(header.names)
        if data.translate(None, _NUMERIC + delimiter + b"\n"):
            return False
        raw = np.frombuffer(data, dtype=np.uint8)
        line_ends = np.flatnonzero(raw == 10)
        marks = np.searchsorted(np.flatnonzero(raw == delimiter[0]), line_ends)
        if (np.diff(marks, prepend=0) != width - 1).any():
            return False
        cells = data[:-1].replace(b"\n", delimiter).split(delimiter)
        try:
            table = np.fromiter(map(float, cells), np.float64, len(cells)).reshape(-1, width)
        except ValueError:  # An empty cell, or a word of these letters.
            return False
        times = np.full(len(table), math.nan)
        columns: dict[str, Column] = {}
        for place, name in enumerate(header.names):
            values = table[:, place].copy()
            if place in header.times:
                found = np.array([unix_seconds(value or math.nan) for value in values.tolist()])
                if not np.isnan(found).all():
                    times = np.where(np.isnan(times), found, times)
                    continue
            if place != header.step:
                columns[name] = Column(None, values)
        steps = np.full(len(table), math.nan) if header.step is None else table[:, header.step].copy()
        self._emit(columns, steps, times)
        return True

    def _feed_lines(self, block: Block) -> None:
        text = block.data.decode("utf-8", "replace")
        if block.first_line == 1:
            text = text.removeprefix("\ufeff")
        table: list[list[str]] = []
        for line_number, line in enumerate(text.split("\n")[:-1], block.first_line):
            line = line.removesuffix("\r")
            if '"' in line or self._open:
                line = self._whole(line)
            if not line or line.isspace():
                continue
            if line.startswith("#"):
                if self.header is None:
                    self.comments = [*self.comments, line][-10:]
                continue
            self._line(line, line_number, table)
        self._flush(table)

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """What came of the lines fed since the last call."""
        rows, self._rows = self._rows, []
        complaints, self._complaints = self._complaints, []
        return rows, complaints

    def _whole(self, line: str) -> str:
        """The row that this line completes; nothing while a quoted cell goes on in the next line."""
        self._open.append(line)
        joined = "\n".join(self._open)
        if joined.count('"') % 2 and len(self._open) < 100 and len(joined) < 65536:
            return ""
        self._open = []
        return joined

    def _line(self, line: str, line_number: int, table: list[list[str]]) -> None:
        header = self.header
        if header is None:
            self._begin(line, line_number, table)
            return
        cells = _cells(line, header.delimiter)
        if len(cells) > 1 and _is_header(cells) and self._is_new_header(cells):
            self._flush(table)
            self._restarts = True
            self.header = self._header_of(cells, header.delimiter)
            return
        if len(cells) > len(header.names):
            if any(cell.strip() for cell in cells[len(header.names) :]):
                self._complain(line_number, f"{len(cells)} cells under {len(header.names)} names")
            cells = cells[: len(header.names)]
        elif len(cells) < len(header.names):
            cells += [""] * (len(header.names) - len(cells))
        table.append(cells)

    def _begin(self, line: str, line_number: int, table: list[list[str]]) -> None:
        delimiter = self._delimiter if self._delimiter is not None else _delimiter_of(line)
        cells = _cells(line, delimiter)
        if len(cells) > MAX_COLUMNS:
            self._complain(line_number, f"{len(cells):,} columns are no table of metrics")
            return
        if _is_header(cells):
            self.header = self._header_of(cells, delimiter)
            return
        # numpy.savetxt and gnuplot users put the names into a comment.
        names = _cells(self.comments[-1].lstrip("# "), delimiter) if self.comments else []
        if len(names) != len(cells) or not _is_header(names):
            names = [""] * len(cells)
        self.header = self._header_of(names, delimiter)
        table.append(cells)

    def _header_of(self, cells: Sequence[str], delimiter: str) -> Header:
        seen: dict[str, int] = {}
        names = []
        for place, cell in enumerate(cells, 1):
            name = cell.strip() or f"column {place}"
            count = seen[name] = seen.get(name, -1) + 1
            names.append(f"{name}.{count}" if count else name)
        step = self._step_of(names)
        times = tuple(names.index(name) for name in time_names(names) if name != step)
        return Header(tuple(names), None if step is None else names.index(step), times, delimiter)

    def _is_new_header(self, cells: Sequence[str]) -> bool:
        """Whether a row of text only is a header again: most of its names are known, or it counts steps."""
        assert self.header is not None
        names = [cell.strip() for cell in cells]
        known = sum(name in self.header.names for name in names)
        return known * 2 > len(names) or (self.header.step is not None and self._step_of(names) is not None)

    def _flush(self, table: list[list[str]]) -> None:
        """Turn the rows gathered so far into points."""
        header = self.header
        if not table or header is None:
            return
        count = len(table)
        columns: dict[str, Column] = {}
        steps = np.full(count, math.nan)
        times = np.full(count, math.nan)
        for place, cells in enumerate(zip(*table, strict=True)):
            if place in header.times:
                found = _moments(cells)
                if found is not None:
                    times = np.where(np.isnan(times), found, times)
                    continue
            rows, values = _numbers(cells)
            if place == header.step:
                steps[slice(None) if rows is None else rows] = values
            elif len(values):
                columns[header.names[place]] = Column(rows, values)
        table.clear()
        self._emit(columns, steps, times)

    def _emit(self, columns: Mapping[str, Column], steps: FloatArray, times: FloatArray) -> None:
        """Add a block of rows, with a marker where a resumed segment begins."""
        if not columns and np.isnan(steps).all():
            return
        rows_now = Rows(self._clock, "metrics", steps, times, columns)
        marked = self._resumes.mark(rows_now)
        if self._restarts:
            self._restarts = False
            first = float(steps[0])
            if math.isfinite(first) and not marked.resumes:
                marked = replace(marked, resumes=((0, first),))
        self._rows.append(marked)

    def _complain(self, line_number: int, message: str) -> None:
        self._bad += 1
        if self._bad <= MAX_COMPLAINTS:
            self._complaints.append(Complaint(line_number, message))


def _delimiter_of(line: str) -> str:
    """What stands between the cells of a first line; nothing where that is white space."""
    found = max(_DELIMITERS, key=line.count)
    return found if found in line or len(line.split()) < 2 else ""


def _cells(line: str, delimiter: str) -> list[str]:
    if not delimiter:
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a row holds names: some text, and no number."""
    return any(not is_missing(cell) for cell in cells) and not any(
        number(cell) is not None for cell in cells if cell.strip()
    )


def _numbers(cells: Sequence[str]) -> tuple[RowArray | None, FloatArray]:
    """The rows that hold a number (None: all), and the numbers. Text and empty cells hold none."""
    try:
        return None, np.array(cells).astype(np.float64)
    except (ValueError, OverflowError):
        pass
    rows, values = [], []
    for row, cell in enumerate(cells):
        found = number(cell) if cell else None
        if found is not None:
            rows.append(row)
            values.append(found)
    if len(rows) == len(cells):
        return None, np.array(values, dtype=np.float64)
    return np.array(rows, dtype=np.uint32), np.array(values, dtype=np.float64)


def _moments(cells: Sequence[str]) -> FloatArray | None:
    """The cells as Unix seconds; None where they are no moments but, say, durations."""
    first = next((cell for cell in cells if cell.strip()), None)
    if first is None:
        return None
    convert = moment if number(first) is None else lambda cell: unix_seconds(number(cell) or math.nan)
    found = np.array([convert(cell) if cell else math.nan for cell in cells], dtype=np.float64)
    return None if np.isnan(found).all() else found
