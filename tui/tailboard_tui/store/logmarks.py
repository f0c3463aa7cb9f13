"""Where errors, warnings and search hits stand in a whole log, for the overview column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailboard_tui.store.logpieces import IntArray

BUCKETS = 512
"""Parts of the log that are told apart: more than any screen has lines."""

WARNING, ERROR, HIT = 1, 2, 4
"""Bits of a bucket."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What there is in each of `BUCKETS` equal parts of the view."""

    buckets: bytes = bytes(BUCKETS)

    def at(self, line: int, lines: int) -> int:
        """The bits of one line of an overview that is `lines` high."""
        start = line * BUCKETS // lines
        found = 0
        for bits in self.buckets[start : max((line + 1) * BUCKETS // lines, start + 1)]:
            found |= bits
        return found


NO_MARKS = Marks()


def marks(first: int, end: int, places: dict[int, IntArray]) -> Marks:
    """Marks of a view.

    Args:
        first: First position of the view.
        end: One past its last.
        places: For each bit, positions in the view, shape (n,).
    """
    buckets = np.zeros(BUCKETS, np.uint8)
    for bit, positions in places.items():
        if len(positions) and end > first:
            at = (positions - first) * BUCKETS // (end - first)
            buckets[np.clip(at, 0, BUCKETS - 1)] |= bit
    return Marks(buckets.tobytes())
