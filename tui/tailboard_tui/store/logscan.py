"""Finding a text in the raw bytes of a log at the speed of `memchr`, for a look at the lines found.

A text stands in a line either as it is, or with escape sequences between its letters. Both hold its
rarest letter. So where that is rare indeed, as `k` is in English, only its occurrences are looked at, and
`bytes.find` of one byte passes over the rest ten times faster than a search for the whole text does.
"""

from __future__ import annotations

import numpy as np

from tailboard_tui.store.logindex import IntArray

NONE = np.zeros(0, np.int64)

MOST_TRIES = 400
"""Occurrences of the rarest letter in a block that are looked at: as long as a search for all takes."""

SAMPLE_STEP = 64
SAMPLED_EVERY = 32
"""Every so many bytes, in every so many blocks, letters are counted to tell which is rare."""

SEQUENCE_LIMIT = 40
"""Bytes of an escape sequence that are looked at; colours have under 30."""

_CASE_BIT = 0x20
"""Set in every byte, it makes A to Z lower case; some other bytes fall together too."""

_IS_PARAMETER = np.zeros(256, np.bool_)
_IS_PARAMETER[0x20:0x40] = True


class Scan:
    """Looks for one text in block after block.

    Attributes:
        needle: The text; of one that folds, A to Z are in lower case.
        folds: Whether A to Z match a to z.
    """

    def __init__(self, needle: bytes, *, folds: bool) -> None:
        """Look for `needle`, which holds no newline."""
        self.needle = needle
        self.folds = folds
        self.wanted = bytes(byte | _CASE_BIT for byte in needle) if folds else needle
        self._letters = np.zeros(256, np.bool_)
        self._letters[list(self.wanted[:-1])] = True
        self._triples = _triples(np.frombuffer(self.wanted, np.uint8).astype(np.int64))
        self._buffer = bytearray()
        self._until_sample = 0
        self._rarest, self._is_rare = 0, False

    def block(self, data: bytes, limit: int) -> BlockScan:
        """Begin with the next block; matches begin before `limit`."""
        text: bytes | bytearray = data
        if self.folds:
            text = self._lower(data)
        self._sample(text)
        return BlockScan(self, data, text, limit, self._rarest if self._is_rare else None)

    def _lower(self, data: bytes) -> bytearray:
        """`data` in lower case, in a buffer that the next block overwrites."""
        if len(self._buffer) < len(data):
            self._buffer = bytearray(len(data))  # to make one for each block takes as long as to search it
        out = np.frombuffer(self._buffer, np.uint8)[: len(data)]
        np.bitwise_or(np.frombuffer(data, np.uint8), _CASE_BIT, out=out)
        return self._buffer

    def _sample(self, text: bytes | bytearray) -> None:
        if self._until_sample <= 0:
            self._until_sample = SAMPLED_EVERY
            counts = np.bincount(np.frombuffer(text, np.uint8)[::SAMPLE_STEP], minlength=256)
            self._rarest = min(range(len(self.wanted)), key=lambda at: int(counts[self.wanted[at]]))
            self._is_rare = int(counts[self.wanted[self._rarest]]) * SAMPLE_STEP < MOST_TRIES // 2
        self._until_sample -= 1

    def colored_places(self, data: bytes, text: bytes | bytearray) -> IntArray:
        """Where an escape sequence may stand within the text: after one of its letters, before the next two.

        Args:
            data: The block.
            text: The same, in lower case for a text that folds.
        """
        if b"\x1b" not in data or len(self.wanted) < 2:
            return NONE
        array, letters = np.frombuffer(data, np.uint8), np.frombuffer(text, np.uint8)
        before = np.flatnonzero(array[1:] == 0x1B)
        before = before[self._letters[letters[before]]]
        after = before + 3
        last = len(array) - 1
        for _ in range(SEQUENCE_LIMIT):
            inside = _IS_PARAMETER[array[np.minimum(after, last)]]
            if not inside.any():
                break
            after += inside
        second, third = np.minimum(after + 1, last), np.minimum(after + 2, last)
        codes = (letters[before].astype(np.int64) << 8 | letters[second]) << 8 | letters[third]
        is_end = codes >> 8 == (self.wanted[-2] << 8 | self.wanted[-1])
        is_colored = (array[second] == 0x1B) | (array[third] == 0x1B)
        kept: IntArray = before[(codes[:, None] == self._triples).any(axis=1) | is_end | is_colored]
        return kept


def _triples(letters: IntArray) -> IntArray:
    """Three bytes each that follow one another, as one number."""
    codes: IntArray = (letters[:-2] << 8 | letters[1:-1]) << 8 | letters[2:]
    return codes


class BlockScan:
    """The places in one block at which the text may stand, one after the other."""

    def __init__(
        self, scan: Scan, data: bytes, text: bytes | bytearray, limit: int, rarest: int | None
    ) -> None:
        self._scan = scan
        self._data, self._text, self._limit = data, text, limit
        self._rarest = rarest
        self._tries = 0
        self._has_sequences = b"\x1b" in data
        self._whole: int | None = None
        self._colored: list[int] | None = None

    def next(self, start: int) -> tuple[int, bool] | None:
        """The first place from `start` on, and whether the text stands there as it is; None: no more."""
        if self._rarest is not None:
            found = self._by_letter(start, self._rarest)
            if self._tries < MOST_TRIES:
                return found
            self._rarest = None
        return self._by_text(start)

    def _by_letter(self, start: int, rarest: int) -> tuple[int, bool] | None:
        """As `next`, by the letter at `rarest` of the text; of no worth once `MOST_TRIES` are made."""
        needle, data, find = self._scan.needle, self._data, self._text.find
        letter = self._scan.wanted[rarest]
        at = find(letter, start, self._limit)
        while at >= 0 and self._tries < MOST_TRIES:
            self._tries += 1
            first = at - rarest
            if first >= start and self._is_whole(first):
                return first, True
            window = data[max(first - SEQUENCE_LIMIT, 0) : first + len(needle)]
            if self._has_sequences and b"\x1b" in window:
                return at, False
            at = find(letter, at + 1, self._limit)
        return None

    def _by_text(self, start: int) -> tuple[int, bool] | None:
        """As `next`, by the text itself, and by the escape sequences among its letters."""
        whole, colored = self._next_whole(start), self._next_colored(start)
        if whole >= 0 and (colored < 0 or whole < colored):
            return whole, True
        return (colored, False) if colored >= 0 else None

    def _next_whole(self, start: int) -> int:
        """Where the text stands from `start` on, or -1; the place found last is not looked for again."""
        if self._whole is None or 0 <= self._whole < start:
            at = self._text.find(self._scan.wanted, start, self._limit)
            while at >= 0 and not self._is_whole(at):
                at = self._text.find(self._scan.wanted, at + 1, self._limit)
            self._whole = at
        return self._whole

    def _next_colored(self, start: int) -> int:
        if self._colored is None:
            places = self._scan.colored_places(self._data, self._text) if self._has_sequences else NONE
            self._colored = places[: np.searchsorted(places, self._limit)].tolist()[::-1]
        while self._colored and self._colored[-1] < start:
            self._colored.pop()
        return self._colored[-1] if self._colored else -1

    def _is_whole(self, at: int) -> bool:
        needle = self._scan.needle
        piece = self._data[at : at + len(needle)]
        return (piece.lower() if self._scan.folds else piece) == needle
