"""What the ends of a table of metrics tell before it is parsed: ten thousand tables stand in a list.

The usual table, a header and rows of as many plain cells, is looked at from its last row upwards until every
column has shown a number. Any other goes through the parser.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tailboard_tui.files.follow import Block
from tailboard_tui.files.opening import read_ends
from tailboard_tui.formats.base import FloatArray, Rows
from tailboard_tui.formats.csvtable import CsvTable, Header
from tailboard_tui.formats.names import moment, number, unix_seconds
from tailboard_tui.formats.reading import Peek

PEEK_BYTES = 4096
_TAIL_BYTES = 2048
"""At the begin and the end of a table that are looked at before it is read."""

_HEAD_LINES = 20
"""At its begin that tell the names and the first moment."""

_UNUSUAL = (b'"', b"#", b"\0", b"\n\n")
"""Quotes, comments and empty lines are the parser's."""


def peek_at_table(path: str, delimiter: str | None) -> Peek:
    """What the first and the last lines of the table at `path` tell.

    Args:
        path: The file.
        delimiter: Between cells; None: as the header looks.
    """
    try:
        head, tail, size = read_ends(path, PEEK_BYTES, _TAIL_BYTES)
    except OSError:
        return Peek()
    tail = tail if size > PEEK_BYTES else b""
    found = _usual(head, tail, delimiter)
    return found if found is not None else _parsed(head, tail, CsvTable("", delimiter))


def peek_through(path: str, table: CsvTable) -> Peek:
    """The same, as a parser of its own kind understands the lines."""
    try:
        head, tail, size = read_ends(path, PEEK_BYTES, _TAIL_BYTES)
    except OSError:
        return Peek()
    return _parsed(head, tail if size > PEEK_BYTES else b"", table)


def _usual(head: bytes, tail: bytes, delimiter: str | None) -> Peek | None:
    """What a usual table tells; None for any other."""
    begin = head.find(b"\n") + 1
    header = _header_of(head[:begin], delimiter)
    first = head[begin : head.rfind(b"\n") + 1]
    last = tail[tail.find(b"\n") + 1 : tail.rfind(b"\n") + 1] if tail else first
    if header is None or not last or any(mark in first or mark in last for mark in _UNUSUAL):
        return None
    first_time = None
    if header.times:
        begun = (line.split(header.delimiter) for line in _lines(first)[:_HEAD_LINES])
        times = (_moment(row, header) for row in begun if len(row) == len(header.names))
        first_time = next((time for time in times if time is not None), None)
    return _newest(_lines(last), header, first_time)


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("\n")[:-1]


@lru_cache(maxsize=256)
def _header_of(line: bytes, delimiter: str | None) -> Header | None:
    """The columns that a first line names; None where it is no usual header."""
    table = CsvTable("", delimiter)
    table.feed(Block(line, 1, line.count(b"\n"), len(line)))
    is_usual = table.header is not None and table.header.delimiter and not table.take()[0]
    return table.header if is_usual else None


def _newest(lines: Sequence[str], header: Header, first_time: float | None) -> Peek | None:
    """The newest number of each column.

    None where a row that is looked at has not one cell for each column, or no number, as a second header has.
    """
    found: dict[int, float] = {}
    wanted = list(range(len(header.names)))
    last_time = None
    for line in reversed(lines):
        row = line.split(header.delimiter)
        if len(row) != len(header.names):
            return None
        numbers = [(place, value) for place in wanted if (value := _number(row[place])) is not None]
        if not numbers and all(_number(cell) is None for cell in row):
            return None
        last_time = _moment(row, header) if last_time is None else last_time
        found.update(
            (place, value) for place, value in numbers if place != header.step or math.isfinite(value)
        )
        wanted = [place for place in wanted if place not in found]
        if not wanted:
            break
    times = {place for place in header.times if not math.isnan(unix_seconds(found.get(place, math.nan)))}
    step = None if header.step is None else found.get(header.step)
    values = {
        header.names[place]: found[place]
        for place in sorted(found)
        if place != header.step and place not in times
    }
    return Peek(first_time, last_time, step, values)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return number(cell) if cell else None
    return None if "_" in cell else value


def _moment(row: Sequence[str], header: Header) -> float | None:
    """The moment of a row, from the most telling column that holds one."""
    for place in header.times:
        value = _number(row[place])
        found = moment(row[place]) if value is None else unix_seconds(value)
        if not math.isnan(found):
            return found
    return None


def _parsed(head: bytes, tail: bytes, table: CsvTable) -> Peek:
    """What the parser makes of the ends."""
    whole = head[: head.rfind(b"\n") + 1]
    few = b"".join(whole.splitlines(keepends=True)[:_HEAD_LINES]) if tail else whole
    first = _rows_of(table, few, 1)
    last = first
    if tail and table.header is not None:
        start = tail.find(b"\n") + 1
        last = _rows_of(table, tail[start : tail.rfind(b"\n") + 1], 2) or first
    values: dict[str, float] = {}
    for rows in last:
        values.update({name: float(column.values[-1]) for name, column in rows.columns.items()})
    return Peek(
        _end([rows.times for rows in first], 0),
        _end([rows.times for rows in last], -1),
        _end([rows.steps for rows in last], -1),
        values,
    )


def _rows_of(table: CsvTable, data: bytes, first_line: int) -> list[Rows]:
    if data:
        table.feed(Block(data, first_line, data.count(b"\n"), len(data)))
    return table.take()[0]


def _end(arrays: list[FloatArray], place: int) -> float | None:
    """The first (0) or last (-1) finite number of all."""
    numbers = np.concatenate(arrays) if arrays else np.zeros(0)
    numbers = numbers[np.isfinite(numbers)]
    return float(numbers[place]) if len(numbers) else None
