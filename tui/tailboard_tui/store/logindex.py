"""Where the rows of a log stand in its bytes: a summary per block, made from the end backwards.

The file is cut into blocks at fixed offsets. A block's summary says how many rows the cursor moves
down in it and which rows it touches; so a gigabyte costs 25 KB of memory, and a row is found by
bisection and one look into its block. Rows are numbered from the start of the first block that was
indexed, the file's last: rows before it are negative. `every_update` tells two ways to see a log:

- False: as a terminal shows it. Rows end at newlines, and `ESC[nA B E F` move between rows.
- True: every update of a progress bar on a row of its own; carriage returns end rows too.

A *piece* is a stretch of bytes between two row ends, or between those and a block's edge.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tailboard_tui.store.logpieces import (
    LOOK_BACK_BYTES,
    IntArray,
    Pieces,
    Summary,
    extended,
    split,
    summary_of,
    summary_of_pieces,
)

BLOCK_BYTES = 1024 * 1024
"""numpy's best size for finding newlines (anchors/logs.md 3): 0.1 ms to index, 1 ms to search."""

_KEPT_BLOCKS = 4


def _keep_heap() -> None:
    """Let glibc keep what is freed: by default it gives the memory of each block back to the system.

    To fetch them again costs several times what it takes to read and search them. Once more than that was
    freed at a time, glibc keeps twice as much (mallopt(3), M_MMAP_THRESHOLD); elsewhere this does nothing.
    """
    bytearray(8 * BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes that draw a row, and perhaps its neighbours."""

    start: int
    end: int
    row: int
    """In which the cursor stands at `start`."""
    is_alone: bool
    """Whether they draw no other row and no sequence moves the cursor in them."""


def _covered(lows: IntArray, highs: IntArray) -> IntArray:
    """The rows in any of the ranges from `lows` to `highs`, inclusive."""
    first = int(lows.min())
    changes = np.zeros(int(highs.max()) - first + 2, np.int64)
    np.add.at(changes, lows - first, 1)
    np.add.at(changes, highs - first + 1, -1)
    return np.flatnonzero(np.cumsum(changes)) + first


class LogIndex:
    """Summaries of the blocks from `first_block` up to the file's end, and what follows from them."""

    def __init__(
        self, read: Callable[[int, int], bytes], size_bytes: int, *, every_update: bool = False
    ) -> None:
        """Index of nothing yet.

        Args:
            read: Gives `length` bytes of the file from an offset on, fewer only at its end.
            size_bytes: The file's size; bytes beyond are looked at after `grow`.
        """
        _keep_heap()
        self._read = read
        self.size_bytes = size_bytes
        self.every_update = every_update
        self.end_block = -(-size_bytes // BLOCK_BYTES)
        self.first_block = self.end_block
        self._offset = max(self.end_block, 1)
        # Slot i of the arrays is block i; doubled when the file outgrows them.
        self._starts = np.zeros(self._offset + 1, np.int64)
        self._lows = np.zeros(self._offset + 1, np.int64)
        self._highs = np.zeros(self._offset + 1, np.int64)
        self._with_moves: set[int] = set()
        self._bounds: tuple[IntArray, IntArray] | None = None
        self._pieces: OrderedDict[int, Pieces] = OrderedDict()

    @property
    def is_complete(self) -> bool:
        """Whether the file's first block is indexed."""
        return self.first_block == 0

    @property
    def first_row(self) -> int:
        """The first row known."""
        if self.first_block == self.end_block:
            return 0
        start = int(self._starts[self.first_block])
        return min(int(self._reach()[1][0]), start) if self.is_complete else start

    @property
    def end_row(self) -> int:
        """One past the last row."""
        return int(self._reach()[0][-1]) + 1 if self.first_block < self.end_block else 0

    def step(self) -> bool:
        """Index one block more towards the file's start; whether one was left."""
        if self.is_complete:
            return False
        block = self.first_block - 1
        summary = self._summarise(block)
        start = int(self._starts[block + 1]) - summary.moved if self.first_block < self.end_block else 0
        self._set(block, start, summary)
        self.first_block = block
        return True

    def grow(self, size_bytes: int) -> int:
        """Take in bytes appended up to `size_bytes`; the first row that may have changed."""
        old_end, old_size = self.end_row, self.size_bytes
        self.size_bytes = size_bytes
        if self.first_block == self.end_block:
            self.end_block = self.first_block = -(-size_bytes // BLOCK_BYTES)
            self._make_room(self.end_block)
            self.step()
            return self.first_row
        first_changed = old_size // BLOCK_BYTES
        for block in range(first_changed, -(-size_bytes // BLOCK_BYTES)):
            self._make_room(block + 1)
            self._set(block, int(self._starts[block]), self._summarise_grown(block))
            self.end_block = max(self.end_block, block + 1)
        return min(self._first_touched_after(old_size, first_changed), old_end - 1)

    def start_row(self, block: int) -> int:
        """The row in which an indexed block starts, or in which the file ends."""
        return int(self._starts[block])

    def pieces(self, block: int, data: bytes | None = None) -> Pieces:
        """The pieces of an indexed block; the last few stay in memory.

        Args:
            block: Its number.
            data: Its bytes, where they have been read.
        """
        found = self._pieces.get(block)
        if found is None:
            has_moves = block in self._with_moves
            before = b""
            if data is None or has_moves or self.every_update:
                data, before = self._bytes(block)
            offset = block * BLOCK_BYTES
            found = split(data, before, offset, every_update=self.every_update, has_moves=has_moves)
            self._pieces[block] = found
            if len(self._pieces) > _KEPT_BLOCKS:
                self._pieces.popitem(last=False)
        else:
            self._pieces.move_to_end(block)
        return found

    def row_at(self, offset: int) -> int:
        """The row in which the piece that holds byte `offset` starts; the nearest known one."""
        if self.first_block == self.end_block:
            return 0
        block = min(max(offset // BLOCK_BYTES, self.first_block), self.end_block - 1)
        pieces = self.pieces(block)
        start = int(self._starts[block])
        if not len(pieces.starts):
            return start
        at = max(int(np.searchsorted(pieces.starts, offset, side="right")) - 1, 0)
        return start + int(pieces.first_rows[at])

    def piece_before(self, offset: int) -> tuple[int, int]:
        """Start and row of the piece that holds byte `offset`, at the most a block before it."""
        block = offset // BLOCK_BYTES
        pieces = self.pieces(block)
        at = max(int(np.searchsorted(pieces.starts, offset, side="right")) - 1, 0)
        return int(pieces.starts[at]), int(pieces.first_rows[at]) + int(self._starts[block])

    def is_plain(self, block: int) -> bool:
        """Whether each newline of an indexed block, and nothing else, begins a row."""
        return not self.every_update and block not in self._with_moves

    def has_moves(self, block: int) -> bool:
        """Whether sequences move the cursor between the rows of an indexed block."""
        return block in self._with_moves

    def rows_at(self, block: int, pieces: IntArray) -> IntArray:
        """The rows that a block's pieces, given by their indices, touch; ascending, each once."""
        start = int(self._starts[block])
        if self.is_plain(block):
            return pieces + start
        found = self.pieces(block)
        return _covered(found.low_rows[pieces], found.high_rows[pieces]) + start

    def drawn_end(self, row: int) -> int:
        """Where the last piece ends that touches a row of an indexed block."""
        block = self.first_block + int(np.searchsorted(self._reach()[1], row, side="right")) - 1
        while block >= self.first_block:
            pieces, relative = self.pieces(block), row - int(self._starts[block])
            at = np.flatnonzero((pieces.low_rows <= relative) & (pieces.high_rows >= relative))
            if len(at):
                return int(pieces.ends[at[-1]])
            block -= 1
        return self.size_bytes

    def stretch(self, row: int) -> Stretch | None:
        """The bytes that draw `row`, or None where nothing touches it."""
        if not self.first_row <= row < self.end_row:
            return None
        reach_down, reach_up = self._reach()
        first = self.first_block + int(np.searchsorted(reach_down, row))
        last = self.first_block + int(np.searchsorted(reach_up, row, side="right")) - 1
        if first > last:
            return None
        if first == last:
            found = self._alone(first, row)
            if found is not None:
                return found
        start, start_row = self._group_start(first, row)
        end = self._group_end(last, row)
        is_alone = first != last and self.every_update
        return Stretch(start, end, start_row, is_alone)

    def _alone(self, block: int, row: int) -> Stretch | None:
        """The piece of `row`, where it and no other touches the row."""
        pieces = self.pieces(block)
        relative = row - int(self._starts[block])
        if pieces.has_moves:
            return None
        if not 0 <= relative < len(pieces.starts):
            return None
        return Stretch(int(pieces.starts[relative]), int(pieces.ends[relative]), row, True)

    def _group_start(self, block: int, row: int) -> tuple[int, int]:
        """Offset and row where the rows drawn together with `row` begin, looking from `block` back."""
        reach_down, reach_up = self._reach()
        while True:
            pieces, base = self.pieces(block), int(self._starts[block])
            slot = block - self.first_block
            above = int(reach_down[slot - 1]) if slot else self.first_row - 1
            below = int(reach_up[slot + 1]) if slot + 1 < len(reach_up) else self.end_row
            before = np.maximum.accumulate(np.append(above, pieces.high_rows[:-1] + base))
            after = np.minimum.accumulate(np.append(pieces.low_rows + base, below)[::-1])[::-1][:-1]
            starts = np.flatnonzero((before < after) & (after <= row))
            if len(starts):
                at = int(starts[-1])
                return int(pieces.starts[at]), int(pieces.first_rows[at]) + base
            if block == self.first_block:
                return block * BLOCK_BYTES, base
            block -= 1

    def _group_end(self, block: int, row: int) -> int:
        """Offset where the rows that are drawn together with `row` end, looking from `block` on."""
        reach_down, reach_up = self._reach()
        while True:
            pieces, base = self.pieces(block), int(self._starts[block])
            slot = block - self.first_block
            above = int(reach_down[slot - 1]) if slot else self.first_row - 1
            below = int(reach_up[slot + 1]) if slot + 1 < len(reach_up) else self.end_row
            before = np.maximum.accumulate(np.append(above, pieces.high_rows + base))[1:]
            after = np.minimum.accumulate(np.append(pieces.low_rows[1:] + base, below)[::-1])[::-1]
            ends = np.flatnonzero((before < after) & (before >= row))
            if len(ends):
                return int(pieces.ends[int(ends[0])])
            if block == self.end_block - 1:
                return self.size_bytes
            block += 1

    def _reach(self) -> tuple[IntArray, IntArray]:
        """Per block: the lowest row that it or one before touches, the highest that it or one after does."""
        if self._bounds is None:
            known = slice(self.first_block, self.end_block)
            starts, touched = self._starts[known], self._highs[known] >= self._lows[known]
            down = np.where(touched, starts + self._highs[known], starts - 1)
            up = np.where(touched, starts + self._lows[known], np.iinfo(np.int64).max)
            self._bounds = np.maximum.accumulate(down), np.minimum.accumulate(up[::-1])[::-1]
        return self._bounds

    def _first_touched_after(self, offset: int, block: int) -> int:
        """The uppermost row touched by bytes from `offset`, which is in `block`, on."""
        pieces = self.pieces(block)
        late = pieces.low_rows[pieces.ends > offset] + int(self._starts[block])
        found = [int(late.min())] if len(late) else []
        slot = block + 1 - self.first_block
        reach_up = self._reach()[1]
        if slot < len(reach_up):
            found.append(int(reach_up[slot]))
        return min(found, default=self.end_row)

    def _bytes(self, block: int) -> tuple[bytes, bytes]:
        """A block's bytes, and those just before it."""
        offset = block * BLOCK_BYTES
        before = min(LOOK_BACK_BYTES, offset)
        length = min(BLOCK_BYTES, self.size_bytes - offset)
        data = self._read(offset - before, length + before)
        return data[before:], data[:before]

    def _summarise(self, block: int) -> Summary:
        data, before = self._bytes(block)
        return summary_of(data, before, every_update=self.every_update) if data else Summary()

    def _summarise_grown(self, block: int) -> Summary:
        """The summary of a block that may have grown; of nested bars only what was added is looked at."""
        known = self._pieces.pop(block, None)
        if known is None or not known.has_moves:
            return self._summarise(block)
        pieces = extended(known, self._bytes(block)[0], block * BLOCK_BYTES)
        if pieces is None:
            return self._summarise(block)
        self._pieces[block] = pieces
        return summary_of_pieces(pieces)

    def _set(self, block: int, start: int, summary: Summary) -> None:
        self._starts[block], self._starts[block + 1] = start, start + summary.moved
        self._lows[block], self._highs[block] = summary.low, summary.high
        (self._with_moves.add if summary.has_moves else self._with_moves.discard)(block)
        self._bounds = None

    def _make_room(self, blocks: int) -> None:
        if blocks + 1 > len(self._starts):
            more = max(len(self._starts), blocks + 1 - len(self._starts))
            self._starts, self._lows, self._highs = (
                np.append(array, np.zeros(more, np.int64))
                for array in (self._starts, self._lows, self._highs)
            )
