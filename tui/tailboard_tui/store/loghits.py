"""The rows of a whole log that match: found block by block from its end, so the newest come first."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tailboard_tui.store.logblock import BlockText, shown_bytes
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.logindex import BLOCK_BYTES
from tailboard_tui.store.logpieces import IntArray
from tailboard_tui.store.logrows import NO_ROWS, RowSet
from tailboard_tui.store.logscan import NONE
from tailboard_tui.store.regex_process import RegexTimeoutError
from tailboard_tui.text.terminal_line import PIECE_BYTES

Matcher = Callable[[BlockText], IntArray]
"""Gives the indices of the pieces that match, ascending; may raise `RegexTimeoutError`."""


class _Counts(NamedTuple):
    """Of the blocks with rows found, ascending. Shape (blocks,) each."""

    blocks: IntArray
    totals: IntArray
    """Rows found up to the end of each."""
    firsts: IntArray
    lasts: IntArray
    """The first and the last row found in each."""


class Hits:
    """Rows found so far, block by block from the file's end.

    Attributes:
        log: The log that is searched.
        first_block: Blocks from here on are searched.
        count: Rows found.
        error: Why the search stopped, for the user.
    """

    def __init__(
        self,
        log: LogText,
        matcher: Matcher,
        *,
        shows: Callable[[str], bool] | None = None,
        read: Callable[[LogText, int], BlockText],
        close: Callable[[], object] | None = None,
    ) -> None:
        """Nothing is searched yet.

        Args:
            log: An open log.
            matcher: Says which pieces of a block match.
            shows: Says the same of a row's text, for rows that several pieces draw.
            read: Gives the text of a block, as `logmatch.block_text`.
            close: Lets go of what `matcher` and `shows` hold.
        """
        assert log.index is not None
        self.log = log
        self._matcher = matcher
        self._shows = shows
        self._read = read
        self._close = close
        self._rows: dict[int, RowSet] = {}
        self._counted: _Counts | None = None
        self.end_block = log.index.end_block
        self.first_block = self.end_block
        self.count = 0
        self.error = ""

    @property
    def is_complete(self) -> bool:
        """Whether the whole file is searched."""
        return self.first_block == 0 or bool(self.error)

    @property
    def fraction(self) -> float:
        """Share of the file that is searched, 0 to 1."""
        return 1 - self.first_block / self.end_block if self.end_block and not self.error else 1.0

    def step(self) -> bool:
        """Search one block more, if the index knows it; whether it did."""
        index = self.log.index
        assert index is not None
        # A row that begins in the block before is looked at as a whole: so that one must be known too.
        if self.is_complete or (self.first_block <= index.first_block + 1 and not index.is_complete):
            return False
        self._search(self.first_block - 1)
        self.first_block -= 1
        return True

    def grow(self, old_size_bytes: int) -> None:
        """Search what was appended, and the block it was appended to."""
        index = self.log.index
        assert index is not None
        if self.first_block == self.end_block:
            self.first_block = self.end_block = index.end_block
            return
        for block in range(max(old_size_bytes // BLOCK_BYTES, self.first_block), index.end_block):
            self._search(block)
        self.end_block = index.end_block

    def close(self) -> None:
        """Let go of processes."""
        if self._close is not None:
            self._close()

    def position(self, row: int) -> int:
        """How many rows found stand before `row`."""
        counts = self._counts()
        at = int(np.searchsorted(counts.lasts, row))
        if at == len(counts.blocks):
            return self.count
        before = int(counts.totals[at - 1]) if at else 0
        return before + int(np.searchsorted(self._rows[int(counts.blocks[at])].array(), row))

    def row(self, position: int) -> int:
        """The row found at `position`, 0 to `count` - 1."""
        counts = self._counts()
        at = int(np.searchsorted(counts.totals, position, side="right"))
        before = int(counts.totals[at - 1]) if at else 0
        return int(self._rows[int(counts.blocks[at])].array()[position - before])

    def rows(self) -> IntArray:
        """All rows found so far, ascending, shape (count,)."""
        return self.sample(0)

    def sample(self, width: int) -> IntArray:
        """Rows found, ascending: all of a block, or the first and the last within `width` rows.

        So each of equal parts of the log, `width` rows high, holds one of them if it holds a row found.
        """
        parts = []
        for block in self._counts().blocks.tolist():
            rows = self._rows[block]
            is_narrow = rows.last - rows.first < width
            parts.append(np.array([rows.first, rows.last], np.int64) if is_narrow else rows.array())
        return np.concatenate(parts) if parts else NONE

    def rows_of(self, block: int) -> IntArray:
        """The rows found in one block, ascending."""
        return self._rows[block].array() if block in self._rows else NONE

    def positions(self, others: Hits) -> IntArray:
        """How many rows found stand before each row that `others` has found, too; shape (n,)."""
        counts = self._counts()
        parts = []
        before = dict(zip(counts.blocks.tolist(), [0, *counts.totals.tolist()], strict=False))
        for block in sorted(before.keys() & others._rows.keys()):
            rows = self.rows_of(block)
            places = np.searchsorted(rows, np.intersect1d(rows, others.rows_of(block), assume_unique=True))
            parts.append(places + before[block])
        return np.concatenate(parts) if parts else NONE

    def nearest(self, row: int, *, forward: bool, among: Hits | None = None) -> int | None:
        """The first row found after `row`, or the last before it; with `among` only rows found there, too."""
        counts = self._counts()
        blocks = counts.blocks
        if forward:
            blocks = blocks[np.searchsorted(counts.lasts, row, side="right") :]
        else:
            blocks = blocks[: np.searchsorted(counts.firsts, row)][::-1]
        for block in blocks.tolist():
            rows = self.rows_of(block)
            if among is not None:
                rows = np.intersect1d(rows, among.rows_of(block), assume_unique=True)
            rows = rows[rows > row] if forward else rows[rows < row]
            if len(rows):
                return int(rows[0 if forward else -1])
        return None

    def _counts(self) -> _Counts:
        if self._counted is None:
            blocks = sorted(self._rows)
            found = [self._rows[block] for block in blocks]
            self._counted = _Counts(
                np.array(blocks, np.int64),
                np.cumsum(np.array([rows.count for rows in found], np.int64)),
                np.array([rows.first for rows in found], np.int64),
                np.array([rows.last for rows in found], np.int64),
            )
        return self._counted

    def _search(self, block: int) -> None:
        index = self.log.index
        assert index is not None
        self.count -= self._rows.pop(block, NO_ROWS).count
        self._counted = None
        try:
            found = self._matcher(self._read(self.log, block))
            if not len(found):
                return
            rows = self._shown_rows(block, index.rows_at(block, found))
        except RegexTimeoutError as error:
            self.error = str(error)
            return
        rows = self._without_neighbours(block, rows)
        if len(rows):
            self._rows[block] = RowSet.of(rows)
            self.count += len(rows)

    def _shown_rows(self, block: int, rows: IntArray) -> IntArray:
        """`rows` without those of which only a part matches: one drawn over, or cut by the block's edge."""
        index, shows = self.log.index, self._shows
        assert index is not None
        if shows is None or index.every_update:
            return rows
        if not index.is_plain(block):
            return np.array([row for row in rows.tolist() if shows(self.log.row(row).line.text)], np.int64)
        for row, edge in ((int(rows[0]), block), (int(rows[-1]), block + 1)):
            if row == index.start_row(edge) and not self._shows_across(edge * BLOCK_BYTES, shows):
                rows = rows[rows != row]
        return rows

    def _shows_across(self, edge: int, shows: Callable[[str], bool]) -> bool:
        """Whether the row that reaches over an edge between blocks matches as a whole."""
        start = max(edge - PIECE_BYTES, 0)
        data = self.log.read(start, edge - start + PIECE_BYTES)
        first = data.rfind(b"\n", 0, edge - start) + 1
        end = data.find(b"\n", edge - start)
        is_ended = end >= 0 or start + len(data) >= self.log.size_bytes
        is_whole = (first > 0 or start == 0) and is_ended
        piece = data[first : end if end >= 0 else len(data)]
        if first == edge - start or not (is_whole or b"\r" in piece):
            return True  # it does not reach over, or is too long to tell
        return shows(shown_bytes(piece).decode("utf-8", "replace"))

    def _without_neighbours(self, block: int, rows: IntArray) -> IntArray:
        """`rows` without those that the blocks beside found already, in their part of the same row."""
        after, before = self._beside(block, 1), self._beside(block, -1)
        if after is not None and len(rows) and rows[-1] >= after.first:
            rows = rows[rows < after.first]
        if before is not None and len(rows) and rows[0] <= before.last:
            rows = rows[rows > before.last]
        return rows

    def _beside(self, block: int, step: int) -> RowSet | None:
        """What the next block found, below (1) or above (-1), past blocks that lie within one row."""
        index = self.log.index
        assert index is not None
        block += step
        while index.first_block <= block < index.end_block and block not in self._rows:
            if index.start_row(block) != index.start_row(block + 1):
                return None
            block += step
        return self._rows.get(block)
