"""Tables of metrics in CSV, TSV and their like: lines -> points, whatever the writer's habits.

Read are a header and rows of cells; rows where cells are missing; a header that comes again, with other
names or after a restart; padded names; comments; text in columns of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from tailboard_tui.files.follow import Block
from tailboard_tui.formats.base import Column, FloatArray, RowArray, Rows
from tailboard_tui.formats.csvcells import (
    cells_of,
    delimiter_of,
    is_header,
    numbers,
    plain_numbers,
    unix_seconds_of,
)
from tailboard_tui.formats.names import moment, step_name, time_names
from tailboard_tui.formats.rowbuilder import ResumeWatch
from tailboard_tui.formats.sources import Complaint, State

MAX_COLUMNS = 20_000
"""A wider line is no header of metrics."""

MAX_COMPLAINTS = 20
"""Of a file, told one by one."""


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

    def state(self) -> State:
        """Where reading stands."""
        return {
            "header": None if self.header is None else asdict(self.header),
            "comments": self.comments,
            "resumes": self._resumes.state(),
            "restarts": self._restarts,
            "open": self._open,
            "bad": self._bad,
        }

    def restore(self, state: State) -> None:
        """Go on there."""
        header = state["header"]
        if header is not None:
            step = None if header["step"] is None else int(header["step"])
            times = tuple(map(int, header["times"]))
            self.header = Header(tuple(map(str, header["names"])), step, times, str(header["delimiter"]))
        self.comments, self._open = list(state["comments"]), list(state["open"])
        self._resumes.restore(state["resumes"])
        self._restarts, self._bad = bool(state["restarts"]), int(state["bad"])

    def feed(self, block: Block) -> None:
        """The next lines of the file."""
        if self.header is None:
            block = self._feed_head(block)
        if not self._feed_plain(block.data):
            self._feed_lines(block)

    def _feed_head(self, block: Block) -> Block:
        """Take the lines up to the header; the block behind them."""
        data, at, count = block.data, 0, 0
        while self.header is None and at < len(data):
            end = data.find(b"\n", at) + 1
            line_number = block.first_line + count
            self._feed_lines(replace(block, data=data[at:end], first_line=line_number, lines=1))
            at, count = end, count + 1
        return replace(block, data=data[at:], first_line=block.first_line + count, lines=block.lines - count)

    def _feed_plain(self, data: bytes) -> bool:
        """Take lines with a cell under every name all at once; False, with nothing taken, for others.

        Cells may be empty. A column that is filled with numbers shows that no line is a header again.
        """
        header = self.header
        if header is None or not header.delimiter or self._open or _is_unusual(data):
            return False
        data = data.replace(b"\r\n", b"\n")
        delimiter, width = header.delimiter.encode(), len(header.names)
        raw = np.frombuffer(data, dtype=np.uint8)
        marks = np.searchsorted(np.flatnonzero(raw == delimiter[0]), np.flatnonzero(raw == 10))
        if not len(marks) or (marks != np.arange(1, len(marks) + 1) * (width - 1)).any():
            return False
        cells = data[:-1].replace(b"\n", delimiter).split(delimiter)
        found = [plain_numbers(cells[place::width]) for place in range(width)]
        if not any(column is not None and column[0] is None for column in found):
            return False
        texts = {
            place: [cell.decode("utf-8", "replace") for cell in cells[place::width]]
            for place, column in enumerate(found)
            if column is None
        }
        self._take_columns(
            [numbers(texts[place]) if column is None else column for place, column in enumerate(found)],
            texts,
            len(marks),
        )
        return True

    def _take_columns(
        self,
        found: Sequence[tuple[RowArray | None, FloatArray]],
        texts: Mapping[int, Sequence[str]],
        count: int,
    ) -> None:
        """Turn `count` rows into points.

        Args:
            found: Of each column, the rows that hold a number (None: all), and the numbers.
            texts: The cells of columns that hold more than numbers: among them may be moments.
            count: Rows.
        """
        header = self.header
        assert header is not None
        columns: dict[str, Column] = {}
        steps, times = np.full(count, math.nan), np.full(count, math.nan)
        for place, (rows, values) in enumerate(found):
            everywhere = slice(None) if rows is None else rows
            if place in header.times:
                moments = np.full(count, math.nan)
                moments[everywhere] = unix_seconds_of(values)
                if not len(values) and place in texts:
                    moments = np.array([moment(cell) for cell in texts[place]], dtype=np.float64)
                if not np.isnan(moments).all():
                    times = np.where(np.isnan(times), moments, times)
                    continue
            if place == header.step:
                steps[everywhere] = values
            elif len(values):
                columns[header.names[place]] = Column(rows, values)
        self._emit(columns, steps, times)

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
        cells = cells_of(line, header.delimiter)
        if len(cells) > 1 and is_header(cells) and self._is_new_header(cells):
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
        delimiter = self._delimiter if self._delimiter is not None else delimiter_of(line)
        cells = cells_of(line, delimiter)
        if len(cells) > MAX_COLUMNS:
            self._complain(line_number, f"{len(cells):,} columns are no table of metrics")
            return
        if is_header(cells):
            self.header = self._header_of(cells, delimiter)
            return
        # numpy.savetxt and gnuplot users put the names into a comment.
        names = cells_of(self.comments[-1].lstrip("# "), delimiter) if self.comments else []
        if len(names) != len(cells) or not is_header(names):
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
        texts = list(zip(*table, strict=True))
        self._take_columns([numbers(cells) for cells in texts], dict(enumerate(texts)), len(table))
        table.clear()

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


def _is_unusual(data: bytes) -> bool:
    """Whether lines are looked at one by one: for quotes, comments, digits in groups, empty lines."""
    has_bare_returns = b"\r" in data and data.count(b"\r") != data.count(b"\r\n")
    marks = (b'"', b"#", b"_", b"\n\n", b"\n\r\n")
    return has_bare_returns or data.startswith((b"\n", b"\r\n")) or any(mark in data for mark in marks)
