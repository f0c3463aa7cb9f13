"""When a line was printed: from the index beside the log, else from the timestamps in its lines.

The index (`output.index.jsonl`) is JSON lines `{"time": t, "offset": n, ...}`: what stands from byte n
on was printed at t or later. Timestamps in lines are read in the spellings of Python logging,
loguru, absl and glog, Hugging Face and syslog; without a zone they are local time.
"""

from __future__ import annotations

import math
import os
import re
import time
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import numpy as np

from tailboard_tui.files.opening import open_regular
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.logindex import BLOCK_BYTES
from tailboard_tui.store.logpieces import IntArray

HEAD_CHARS = 120
"""Where in a line a timestamp is looked for."""

REACH_ROWS = 300
"""A line without a time has that of the nearest line above, at most so far."""

INDEX_LIMIT_BYTES = 64 * 1024 * 1024
"""A year of output at one record every 0.5 s has about this; no more is read."""

_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_STAMPS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T ]+"
        + _CLOCK
        + r" ?(?P<zone>Z|[+-]\d\d:?\d\d)?",
        r"(?P<month>\d\d)/(?P<day>\d\d)/(?P<year>\d{4}) " + _CLOCK,
        r"^(?:\[?(?:rank)?\d+\]?: ?)?[IWEFD](?P<month>\d\d)(?P<day>\d\d) " + _CLOCK,
        r"^(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(?P<day>\d{1,2}) " + _CLOCK,
    )
)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: at + 1 for at, name in enumerate(_NAMES)}
_AGO = re.compile(r"-?(\d+(?:\.\d+)?) ?([smhd])(?: ago)?$")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def stamp(text: str, year: int) -> float | None:
    """The time that a line bears, Unix seconds, or None.

    Args:
        text: The line.
        year: For spellings without one.
    """
    head = text[:HEAD_CHARS]
    for pattern in _STAMPS:
        found = pattern.search(head)
        if found is not None:
            return _moment(found.groupdict(), year)
    return None


def _moment(fields: dict[str, str | None], year: int) -> float | None:
    month = fields.get("month")
    try:
        when = datetime(  # local time unless a zone is given
            int(fields.get("year") or year),
            int(month) if month else _MONTHS[fields.get("name") or ""],
            int(fields["day"] or 0),
            int(fields["hour"] or 0),
            int(fields["minute"] or 0),
            min(int(fields["second"] or 0), 59),
            tzinfo=_zone(fields.get("zone")),
        )
        return when.timestamp() + float(f"0.{fields['fraction'] or 0}")
    except (ValueError, OverflowError, OSError):
        return None


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def parse_moment(typed: str, near: float) -> float | None:
    """The moment that a user means: `14:05`, `14:05:30`, `2026-11-23 14:05`, `10m ago`, or None.

    Args:
        typed: What was typed.
        near: Unix seconds of the log's end: its day is meant without a date, and `ago` counts from it.
    """
    typed = typed.strip()
    if not typed:
        return None
    ago = _AGO.match(typed)
    if ago is not None:
        return near - float(ago[1]) * _UNITS_S[ago[2]]
    date, _, clock = typed.rpartition(" ") if " " in typed else typed.rpartition("T")
    if ":" not in clock and not date:
        date, clock = clock, "00:00"
    if clock.count(":") == 1:
        clock += ":00"
    local = time.localtime(near)
    return stamp(f"{date or time.strftime('%Y-%m-%d', local)} {clock}", local.tm_year)


class _Record(msgspec.Struct):
    time: float
    offset: int


class LogTimes:
    """Times of one log's bytes. Used by the thread that reads the log."""

    def __init__(self, log: LogText, index_path: str | None) -> None:
        """Nothing is read yet.

        Args:
            log: The log.
            index_path: The index beside it, where there is one.
        """
        self._log = log
        self._index_path = index_path
        self._read_bytes = 0
        self._inode = 0
        self._times: list[float] = []
        self._offsets: list[int] = []
        self._decoder = msgspec.json.Decoder(_Record)

    @property
    def has_index(self) -> bool:
        """Whether an index gives the times."""
        return bool(self._offsets)

    def refresh(self) -> None:
        """Take in what the index has grown by."""
        if self._index_path is None:
            return
        try:
            fd = open_regular(self._index_path)
        except OSError:
            return  # no index (yet): the lines' own timestamps serve
        try:
            found = os.fstat(fd)
            if found.st_ino != self._inode or found.st_size < self._read_bytes:
                self._inode, self._read_bytes = found.st_ino, 0
                self._times, self._offsets = [], []
            size = min(found.st_size, INDEX_LIMIT_BYTES)
            if size > self._read_bytes:
                self._take_in(os.pread(fd, size - self._read_bytes, self._read_bytes))
        finally:
            os.close(fd)

    def _take_in(self, data: bytes) -> None:
        """Parse complete lines; a damaged one is passed over, as are times and offsets that go back."""
        complete = data.rfind(b"\n") + 1
        self._read_bytes += complete
        for line in data[:complete].split(b"\n"):
            try:
                record = self._decoder.decode(line)
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue
            last_time, last_offset = (self._times[-1], self._offsets[-1]) if self._times else (-math.inf, -1)
            if (
                math.isfinite(record.time)
                and record.offset >= max(last_offset, 0)
                and record.time >= last_time
            ):
                self._times.append(record.time)
                self._offsets.append(record.offset)

    def time_of(self, row: int) -> float | None:
        """When a row was last drawn, Unix seconds; None where nothing tells."""
        end = self._log.row(row).end - 1
        if self._offsets:
            at = bisect_right(self._offsets, max(end, 0)) - 1
            return self._times[at] if at >= 0 else None
        index = self._log.index
        assert index is not None
        for number in range(row, max(row - REACH_ROWS, index.first_row - 1), -1):
            when = stamp(self._log.row(number).line.text, self._year())
            if when is not None:
                return when
        return None

    def times_at(self, offsets: IntArray) -> list[float | None]:
        """When these bytes were printed by the index, Unix seconds; None before its first record."""
        found = np.searchsorted(self._offsets, offsets, side="right") - 1
        return [self._times[at] if at >= 0 else None for at in found.tolist()]

    def is_ready(self, moment: float) -> bool:
        """Whether the log's index reaches the row that `row_at` would give."""
        index = self._log.index
        if index is None or index.is_complete:
            return index is not None
        if not self._offsets:
            return False
        at = max(bisect_left(self._times, moment) - 1, 0)
        return self._offsets[at] >= index.first_block * BLOCK_BYTES

    def row_at(self, moment: float) -> int | None:
        """The last row printed up to `moment`, Unix seconds; the first row when all came later."""
        index = self._log.index
        if index is None or index.end_row == index.first_row:
            return None
        if self._offsets:
            at = bisect_right(self._times, moment)
            end = self._offsets[at] if at < len(self._offsets) else self._log.size_bytes
            return index.row_at(max(min(end, self._log.size_bytes) - 1, 0))
        return self._stamped_row(moment)

    def _stamped_row(self, moment: float) -> int | None:
        """As `row_at`, by bisection over the blocks' first timestamps."""
        index = self._log.index
        assert index is not None
        low, high, known = index.first_block, index.end_block, False
        while high - low > 1:
            middle = (low + high) // 2
            when = self._first_stamp(middle)
            known = known or when is not None
            if when is None or when <= moment:
                low = middle
            else:
                high = middle
        found = None
        rows, year = index.start_row(low) + index.pieces(low).first_rows, self._year()
        texts = self._heads(low)
        for at, text in enumerate(texts):
            when = stamp(text, year)
            if when is None:
                continue
            if when > moment:
                return found if found is not None else int(rows[at])
            known, found = True, int(rows[at])
        return found if known else None

    def _first_stamp(self, block: int) -> float | None:
        year = self._year()
        return next((when for text in self._heads(block) if (when := stamp(text, year)) is not None), None)

    def _heads(self, block: int) -> list[str]:
        """The beginnings of a block's pieces, in file order."""
        index = self._log.index
        assert index is not None
        offset = block * BLOCK_BYTES
        data = self._log.read(offset, min(BLOCK_BYTES, index.size_bytes - offset))
        starts = (index.pieces(block).starts - offset).tolist()
        return [
            data[start : start + HEAD_CHARS].split(b"\n")[0].decode("utf-8", "replace") for start in starts
        ]

    def _year(self) -> int:
        return time.localtime().tm_year
