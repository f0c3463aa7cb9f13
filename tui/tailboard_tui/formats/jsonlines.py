"""Blocks of JSON lines to columns of points: the parser of our own format and of generic JSONL.

Two ways to the same result. The fast one decodes a whole block into a msgspec struct made from the
keys seen so far; it declines a block with anything unusual in it. The general one decodes line by
line, says what is wrong with which line, and learns the keys for the fast one. Every block of a
plain training log but the first goes the fast way; a bad line costs a few lines around it that way.

Source: parsers compared in ANCHORS.md 1; JSON as in RFC 8259, NaN and infinities as in docs/format.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from tailboard.layout import RESUME
from tailboard_tui.files.follow import LINE_LIMIT_BYTES, Block
from tailboard_tui.formats.base import Column, FloatArray, Problem, RowArray, Rows
from tailboard_tui.formats.flat import leaves, text_of
from tailboard_tui.formats.jsonkeys import Keys
from tailboard_tui.formats.jsonshape import Shape, first_present, is_absent, is_one_object_a_line
from tailboard_tui.formats.jsonvalue import moment_of, number_of, read_object

__all__ = ["NAME_LIMIT", "PROBLEM_LIMIT", "JsonLines", "Keys", "read_object"]

NAME_LIMIT = 20_000
"""Metric names per file: more come only from a mistake such as a step number in the name."""

PROBLEM_LIMIT = 20
"""Bad lines of a file that are named one by one; further ones are counted (`bad_lines`)."""

_FEW_LINES = 32
"""A block with something unusual in it is halved down to this many lines."""

_WIDE_KEYS = 64
_SPARSE_SHARE = 0.2
"""A struct costs a slot for every key: with many keys and few of them in a line, dicts are faster."""


@dataclass(slots=True)
class _Lines:
    """Points of a block that is read line by line."""

    steps: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    columns: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    """Rows and values of each metric."""
    resumes: list[tuple[int, float]] = field(default_factory=list)
    texts: dict[str, Any] = field(default_factory=dict)


class JsonLines:
    """The parser of one file. Feed it the file's blocks in order; `restart` after a reset.

    Attributes:
        keys: Which keys are not metrics.
        texts: Last text of each key that holds text, a list or an object too deep to flatten.
        bad_lines: Lines that could not be read.
    """

    def __init__(
        self,
        file: str,
        clock: str = "",
        stream: Literal["metrics", "system"] = "metrics",
        keys: Keys | None = None,
    ) -> None:
        """A parser.

        Args:
            file: Name for problems, relative to the run.
            clock: Of the `Rows` given.
            stream: Of the `Rows` given.
            keys: Which keys are not metrics; by default those of our own format.
        """
        self._file, self._clock, self._stream = file, clock, stream
        self.keys = keys or Keys()
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next block is the first of a new file."""
        self.texts: dict[str, str] = {}
        self.bad_lines = 0
        self._names: set[str] = set()
        self._kinds: dict[str, bool] = {}
        self._named: dict[str, str | None] = {}
        self._is_plain = True
        self._is_full = False
        self._is_dense = True
        self._shape: Shape | None = None
        self._problems: list[Problem] = []

    def parse(self, block: Block) -> tuple[Rows | None, tuple[Problem, ...]]:
        """The points of `block`, None where it has none, and what could not be read in it."""
        self._problems = []
        for line in block.too_long:
            self._report(line, f"line longer than {LINE_LIMIT_BYTES >> 20} MiB")
        rows = self._read(block)
        return (rows if rows.steps.size or rows.resumes else None), tuple(self._problems)

    @property
    def unnamed_bad_lines(self) -> int:
        """Bad lines beyond those that were named one by one."""
        return max(self.bad_lines - PROBLEM_LIMIT, 0)

    def state(self) -> dict[str, Any]:
        """What has been counted and kept so far, in JSON's types."""
        return {"texts": self.texts, "bad_lines": self.bad_lines, "names": sorted(self._names)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as the parser that gave `state`."""
        self.restart()
        self.texts, self.bad_lines = dict(state["texts"]), int(state["bad_lines"])
        self._names = set(state["names"])

    def _read(self, block: Block) -> Rows:
        """The block the fast way, or as far as it goes: its halves, and only a few lines one by one."""
        rows = self._fast(block)
        if rows is not None:
            return rows
        if not self._can_be_fast or block.lines <= _FEW_LINES:
            return self._general(block)
        middle = block.data.find(b"\n", len(block.data) // 2) + 1
        before = block.data.count(b"\n", 0, middle)
        if before in (0, block.lines):
            return self._general(block)
        first = replace(block, data=block.data[:middle], lines=before)
        line = block.first_line + before
        second = replace(block, data=block.data[middle:], lines=block.lines - before, first_line=line)
        return _joined(self._read(first), self._read(second))

    # The fast way

    @property
    def _can_be_fast(self) -> bool:
        return bool(self._kinds) and self._is_plain and self._is_dense

    def _fast(self, block: Block) -> Rows | None:
        """The block through the struct, or None where it must go line by line."""
        if not self._can_be_fast:
            return None
        if self._shape is None or self._shape.kinds != self._kinds:
            self._shape = Shape.of(self._kinds)
        if self._shape is None:
            return None
        data = block.data.replace(b"\r\n", b"\n") if b"\r" in block.data else block.data
        if not is_one_object_a_line(data):
            return None
        records = self._shape.decode(data)
        if records is None or len(records) != block.lines:
            return None
        texts: dict[str, Any] = {}
        found = self._shape.columns(records, texts, self.keys.time)
        if found is None:
            return None
        for key, value in texts.items():
            name = self.keys.metric(key)
            if name is not None:
                self._keep_text(name, value)
        return self._columns_of(found, len(records), block.end)

    def _columns_of(self, found: Mapping[str, FloatArray], count: int, end: int) -> Rows:
        columns: dict[str, Column] = {}
        present = 0
        for key, values in found.items():
            name = self.keys.metric(key)
            if name is None:
                continue
            lacking = is_absent(values)
            absent = int(np.count_nonzero(lacking))
            present += count - absent
            if absent == count or not self._admit(name):
                continue
            if absent:
                rows = np.flatnonzero(~lacking)
                columns[name] = Column(rows.astype(np.uint32), values[rows])
            else:
                columns[name] = Column(None, values)
        self._is_dense = _is_dense(present, count, len(found))
        return Rows(
            self._clock,
            self._stream,
            steps=first_present(found, self.keys.step, count),
            times=first_present(found, self.keys.time, count),
            columns=columns,
            end=end,
        )

    # The general way

    def _general(self, block: Block) -> Rows:
        lines = _Lines()
        for number, line in enumerate(block.data.split(b"\n")[:-1], block.first_line):
            if not line or line.isspace():
                continue
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            record = read_object(line)
            if isinstance(record, dict):
                self._add(record, lines)
            else:
                self._report(number, record)
        for name, value in lines.texts.items():
            self._keep_text(name, value)
        count = len(lines.steps)
        present = sum(len(rows) for rows, _ in lines.columns.values())
        self._is_dense = _is_dense(present, count, len(self._kinds))
        columns = {
            name: Column(
                None if len(rows) == count else np.array(rows, dtype=np.uint32),
                np.array(values, dtype=np.float64),
            )
            for name, (rows, values) in lines.columns.items()
        }
        return Rows(
            self._clock,
            self._stream,
            steps=np.array(lines.steps, dtype=np.float64),
            times=np.array(lines.times, dtype=np.float64),
            columns=columns,
            resumes=tuple(lines.resumes),
            end=block.end,
        )

    def _add(self, record: dict[str, Any], lines: _Lines) -> None:
        keys, kinds, named = self.keys, self._kinds, self._named
        step = _first(record, keys.step, number_of)
        if keys.event is not None and keys.event in record:
            if record[keys.event] == RESUME and step is not None:
                lines.resumes.append((len(lines.steps), step))
            return
        row = len(lines.steps)
        lines.steps.append(math.nan if step is None else step)
        time = _first(record, keys.time, moment_of)
        lines.times.append(math.nan if time is None else time)
        for key, value in record.items():
            kind = type(value)
            is_loose = kind is not float and kind is not int
            if key not in kinds or (is_loose and not kinds[key]):
                self._learn(key, is_loose)
            name = named[key]
            if name is None:
                continue
            if kind is dict:
                self._is_plain = False
                for leaf, inner in leaves(value, "/", f"{name}/"):
                    self._put(lines, row, leaf, inner)
            else:
                self._put(lines, row, name, value)

    def _put(self, lines: _Lines, row: int, name: str, value: object) -> None:
        """Add one value; a second one of the same row replaces the first."""
        number = value if type(value) is float else number_of(value)
        if number is None:
            if value is not None:
                lines.texts[name] = value
            return
        column = lines.columns.get(name)
        if column is None:
            if not self._admit(name):
                return
            column = lines.columns[name] = ([], [])
        rows, values = column
        if rows and rows[-1] == row:
            values[-1] = number
        else:
            rows.append(row)
            values.append(number)

    def _learn(self, key: str, is_loose: bool) -> None:
        """Note a key, and whether it holds more than numbers."""
        self._kinds[key] = is_loose
        self._named[key] = self.keys.metric(key)
        self._is_plain = self._is_plain and len(self._kinds) <= NAME_LIMIT

    def _admit(self, name: str) -> bool:
        """Whether the metric `name` is read: it is known, or there is room for one more."""
        if name in self._names:
            return True
        if len(self._names) < NAME_LIMIT:
            self._names.add(name)
            return True
        if not self._is_full:
            self._is_full = True
            message = f"more than {NAME_LIMIT:,} metric names: the rest is not read"
            self._problems.append(Problem(self._file, None, message))
        return False

    def _keep_text(self, name: str, value: object) -> None:
        if name in self.texts or len(self.texts) < NAME_LIMIT:
            self.texts[name] = text_of(value)

    def _report(self, line: int, message: str) -> None:
        self.bad_lines += 1
        if self.bad_lines <= PROBLEM_LIMIT:
            self._problems.append(Problem(self._file, line, message))


def _joined(one: Rows, other: Rows) -> Rows:
    """The rows of two blocks, one behind the other."""
    first, count = len(one.steps), len(one.steps) + len(other.steps)
    columns: dict[str, Column] = {}
    for name in {**one.columns, **other.columns}:
        parts = [(0, one.columns.get(name)), (first, other.columns.get(name))]
        values = np.concatenate([part.values for _, part in parts if part is not None])
        if len(values) == count:
            columns[name] = Column(None, values)
            continue
        rows = [_rows_of(part) + np.uint32(start) for start, part in parts if part is not None]
        columns[name] = Column(np.concatenate(rows), values)
    return replace(
        one,
        steps=np.concatenate([one.steps, other.steps]),
        times=np.concatenate([one.times, other.times]),
        columns=columns,
        resumes=(*one.resumes, *((first + row, step) for row, step in other.resumes)),
    )


def _rows_of(column: Column) -> RowArray:
    return np.arange(len(column.values), dtype=np.uint32) if column.rows is None else column.rows


def _is_dense(present: int, rows: int, keys: int) -> bool:
    return keys <= _WIDE_KEYS or present >= _SPARSE_SHARE * rows * keys


def _first(
    record: Mapping[str, Any], keys: tuple[str, ...], convert: Callable[[Any], float | None]
) -> float | None:
    for key in keys:
        value = convert(record.get(key))
        if value is not None:
            return value
    return None
