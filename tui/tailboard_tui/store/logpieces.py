"""The pieces of one block of a log: stretches of bytes between row ends, and the rows that each touches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailboard_tui.text.terminal_line import MOVES, move_rows

IntArray = npt.NDArray[np.int64]

LOOK_BACK_BYTES = 7
"""A moving sequence that ends in a block may begin this much before it: `ESC [ 9999 A` is 7 long."""

MOST_DIGITS = 4
"""Of a number in a sequence that moves the cursor, as in `MOVES`."""

_ESCAPE, _BRACKET = 0x1B, 0x5B
_IS_DIGIT = np.zeros(256, np.bool_)
_IS_DIGIT[ord("0") : ord("9") + 1] = True
_IS_MOVE = np.zeros(256, np.bool_)
_IS_MOVE[list(b"ABEF")] = True

_EVENTS = re.compile(rb"\n|\x1b\[([0-9]{0,4})([ABEF])")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of one block in file order. Arrays have shape (n,)."""

    starts: IntArray
    """Offsets in the file."""
    ends: IntArray
    """Exclusive, without the row's end."""
    first_rows: IntArray
    """Row in which each piece starts, from the block's first row on."""
    low_rows: IntArray
    """Uppermost and lowest row that each piece touches."""
    high_rows: IntArray
    moved: int
    """Rows from the block's start to the next block's."""

    @property
    def has_moves(self) -> bool:
        """Whether the cursor moves between rows by other than newlines."""
        return self.high_rows is not self.low_rows


def split(block: bytes, before: bytes, offset: int, *, every_update: bool, has_moves: bool) -> Pieces:
    """The pieces of a block.

    Args:
        block: Its bytes.
        before: The `LOOK_BACK_BYTES` bytes before it, fewer at the file's start.
        offset: Where it begins in the file.
        every_update: See the module.
        has_moves: Whether sequences move the cursor between rows in it.
    """
    if has_moves:
        return _split_with_moves(block, before, offset)
    array = np.frombuffer(block, np.uint8)
    ends = _row_ends(array, before) if every_update else np.flatnonzero(array == 10)
    moved = len(ends)
    starts = np.empty(moved + 1, np.int64)
    starts[0] = 0
    starts[1:] = ends + 1
    ends = np.append(ends, len(block))
    if not block[starts[-1] :].strip(b"\r\n" if every_update else b""):
        starts, ends = starts[:-1], ends[:-1]
    rows = np.arange(len(starts), dtype=np.int64)
    return Pieces(starts + offset, ends + offset, rows, rows, rows, moved)


def _row_ends(array: npt.NDArray[np.uint8], before: bytes) -> IntArray:
    """Newlines and carriage returns that end a row: not those that stand next to another."""
    previous = np.empty_like(array)
    previous[0] = before[-1] if before else 10
    previous[1:] = array[:-1]
    after_return = previous == 13
    return np.flatnonzero(
        ((array == 10) & ~after_return) | ((array == 13) & ~after_return & (previous != 10))
    )


def _has_moves(block: bytes, before: bytes) -> bool:
    """Whether a sequence that ends in `block` moves the cursor to another row."""
    if b"\x1b" in before and MOVES.search(before + block[:LOOK_BACK_BYTES]) is not None:
        return True
    if b"\x1b" not in block:
        return False
    array = np.frombuffer(block, np.uint8)
    last = len(array) - 1
    ends = np.flatnonzero(array == _ESCAPE) + 1
    ends = ends[array[np.minimum(ends, last)] == _BRACKET] + 1
    for _ in range(MOST_DIGITS):
        is_digit = _IS_DIGIT[array[np.minimum(ends, last)]]
        if not is_digit.any():
            break
        ends += is_digit
    ends = ends[ends <= last]
    return bool(_IS_MOVE[array[ends]].any())


def _split_with_moves(block: bytes, before: bytes, offset: int) -> Pieces:
    shift = offset - len(before)
    starts, ends, firsts, lows, highs = [offset], [], [0], [], []
    row = low = high = 0
    for event in _EVENTS.finditer(before + block):
        if event.end() + shift <= offset:
            continue
        if event[2] is not None:
            row += move_rows(event[1], event[2])
            low, high = min(low, row), max(high, row)
            continue
        ends.append(event.start() + shift)
        lows.append(low)
        highs.append(high)
        row += 1
        low = high = row
        starts.append(event.end() + shift)
        firsts.append(row)
    if starts[-1] == offset + len(block):
        del starts[-1], firsts[-1]
    else:
        ends.append(offset + len(block))
        lows.append(low)
        highs.append(high)
    values = np.array([starts, ends, firsts, lows, highs], np.int64)
    return Pieces(values[0], values[1], values[2], values[3], values[4], row)


class Summary(NamedTuple):
    """Rows moved down in a block, the rows touched (high < low: none), whether it `has_moves`."""

    moved: int = 0
    low: int = 0
    high: int = -1
    has_moves: bool = False


def extended(pieces: Pieces, block: bytes, offset: int) -> Pieces | None:
    """The pieces of a block that has grown, looking only at its last piece and what follows it.

    Args:
        pieces: Its pieces before, with moves.
        block: Its bytes now.
        offset: Where it begins in the file.

    Returns:
        None where it had one piece or none.
    """
    if len(pieces.starts) < 2:
        return None
    start, row = int(pieces.starts[-1]), int(pieces.first_rows[-1])
    added = _split_with_moves(block[start - offset :], b"", start)
    return Pieces(
        np.append(pieces.starts[:-1], added.starts),
        np.append(pieces.ends[:-1], added.ends),
        np.append(pieces.first_rows[:-1], added.first_rows + row),
        np.append(pieces.low_rows[:-1], added.low_rows + row),
        np.append(pieces.high_rows[:-1], added.high_rows + row),
        added.moved + row,
    )


def summary_of_pieces(pieces: Pieces) -> Summary:
    """The summary of a block that is cut into pieces."""
    if not len(pieces.starts):
        return Summary(pieces.moved)
    low, high = int(pieces.low_rows.min()), int(pieces.high_rows.max())
    return Summary(pieces.moved, low, high, pieces.has_moves)


def summary_of(block: bytes, before: bytes, *, every_update: bool) -> Summary:
    """The summary of a block, as `split` would cut it."""
    has_moves = not every_update and _has_moves(block, before)
    if every_update or has_moves:
        return summary_of_pieces(split(block, before, 0, every_update=every_update, has_moves=has_moves))
    moved = int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))
    return Summary(moved, 0, moved - block.endswith(b"\n"))
