"""Some rows of one block of a log, kept small: matching all lines of a gigabyte takes a megabyte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailboard_tui.store.logpieces import IntArray

_OFFSET_BITS = 32


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows, ascending, each once."""

    count: int
    first: int
    last: int
    _packed: bytes
    """Many rows: a bit for each from `first` to `last`; few: 32-bit numbers, counted from `first`."""
    _is_bits: bool

    @classmethod
    def of(cls, rows: IntArray) -> RowSet:
        """Rows that are ascending, each once; at least one, and within 2^32 of each other."""
        first, last = int(rows[0]), int(rows[-1])
        offsets = rows - first
        is_bits = last - first < _OFFSET_BITS * len(rows)
        if is_bits:
            bits = np.zeros(last - first + 1, np.bool_)
            bits[offsets] = True
            packed = np.packbits(bits).tobytes()
        else:
            packed = offsets.astype(np.uint32).tobytes()
        return cls(len(rows), first, last, packed, is_bits)

    def array(self) -> IntArray:
        """The rows, shape (count,)."""
        if self._is_bits:
            offsets = np.flatnonzero(np.unpackbits(np.frombuffer(self._packed, np.uint8)))
        else:
            offsets = np.frombuffer(self._packed, np.uint32).astype(np.int64)
        rows: IntArray = offsets + self.first
        return rows


NO_ROWS = RowSet(0, 0, -1, b"", False)
