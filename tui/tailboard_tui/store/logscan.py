"""Finding a text in the raw bytes of a log at the speed of `memchr` and of numpy.

A text stands in a line either as it is, or with escape sequences between its letters. Both hold its
rarest letter. Where that is rare indeed, as `k` is in English, only its occurrences are looked at, one
by one; where it is not, all are looked at at once, in a few passes over the block's bytes, and no Python
object is made for a line that holds nothing but text.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tailboard_tui.store.logpieces import IntArray

ByteArray = npt.NDArray[np.uint8]

NONE = np.zeros(0, np.int64)

MOST_TRIES = 60
"""Occurrences of the rarest letter in a block that are looked at one by one: half the time of all at once."""

SAMPLE_STEP = 64
SAMPLED_EVERY = 32
"""Every so many bytes, in every so many blocks, letters are counted to tell which is rare."""

SEQUENCE_LIMIT = 64
"""Bytes of an escape sequence that are looked at; colours and emphasis together have under 50."""

_CASE_BIT = 0x20
"""Set in every byte, it makes A to Z lower case; some other bytes fall together too."""

_IS_PARAMETER = np.zeros(256, np.bool_)
_IS_PARAMETER[0x20:0x40] = True

_ESCAPE = 0x1B


class Scan:
    """Looks for one text in block after block.

    Attributes:
        needle: The text; of one that folds, A to Z are in lower case.
        folds: Whether A to Z match a to z.
        case_bit: To be set in a byte before it is looked for.
    """

    def __init__(self, needle: bytes, *, folds: bool) -> None:
        """Look for `needle`, which holds no newline."""
        self.needle = needle
        self.folds = folds
        self.case_bit = np.uint8(_CASE_BIT if folds else 0)
        self._wanted = bytes(byte | int(self.case_bit) for byte in needle)
        self._letters = np.zeros(256, np.bool_)
        self._letters[list(self._wanted[:-1])] = True
        self._triples = _triples(np.frombuffer(self._wanted, np.uint8).astype(np.int64))
        self._windows = _windows(self._wanted)
        self._unsure = [(at, byte) for at, byte in enumerate(needle) if folds and not 0x61 <= byte <= 0x7A]
        self._folded = bytearray()
        self._until_sample = 0
        self._by_rarity = list(range(len(needle)))
        self._is_rare = False

    def prepare(self, data: bytes) -> bytes | bytearray:
        """The bytes to look in: `data`, or the same in lower case until the next block's."""
        text: bytes | bytearray = data
        if self.folds:
            if len(self._folded) < len(data):
                self._folded = bytearray(len(data))
            text = self._folded
            out = np.frombuffer(text, np.uint8)[: len(data)]
            np.bitwise_or(np.frombuffer(data, np.uint8), self.case_bit, out=out)
        self._sample(text)
        return text

    def _sample(self, text: bytes | bytearray) -> None:
        if self._until_sample <= 0:
            self._until_sample = SAMPLED_EVERY
            counts = np.bincount(np.frombuffer(text, np.uint8)[::SAMPLE_STEP], minlength=256)
            self._by_rarity = sorted(range(len(self._wanted)), key=lambda at: int(counts[self._wanted[at]]))
            rarest = self._wanted[self._by_rarity[0]]
            self._is_rare = int(counts[rarest]) * SAMPLE_STEP < MOST_TRIES
        self._until_sample -= 1

    def rare_places(self, data: bytes, text: bytes | bytearray, limit: int) -> list[tuple[int, bool]] | None:
        """The few places before `limit` at which the text may stand; None where its letters are not rare.

        Args:
            data: The block.
            text: As `prepare` gave it.
            limit: See above.

        Returns:
            Offsets of that letter, ascending, and whether the text stands around it as it is; else a colour
            may be in it.
        """
        if not self._is_rare:
            return None
        rarest = self._by_rarity[0]
        letter, needle, find = self._wanted[rarest], self.needle, text.find
        found: list[tuple[int, bool]] = []
        at = find(letter, 0, limit)
        for _ in range(MOST_TRIES):
            if at < 0:
                return found
            first = max(at - rarest, 0)
            piece = data[first : at - rarest + len(needle)]
            if (piece.lower() if self.folds else piece) == needle:
                found.append((at, True))
            elif b"\x1b" in data[max(first - SEQUENCE_LIMIT, 0) : at + len(needle)]:
                found.append((at, False))
            at = find(letter, at + 1, limit)
        self._is_rare = False
        return None

    def are_letters(self, text: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Whether each byte of a text as `prepare` gives it is the rarest letter."""
        found: npt.NDArray[np.bool_] = text == self._wanted[self._by_rarity[0]]
        return found

    def around(self, data: bytes, text: bytes | bytearray, letters: IntArray) -> tuple[IntArray, IntArray]:
        """Where the text stands of which `letters` gives the rarest letter, and which of these that are.

        Args:
            data: The block.
            text: As `prepare` gave it.
            letters: Offsets, ascending, shape (n,).

        Returns:
            Offsets and indices, 0 to n - 1; ascending, shape (found,) each.
        """
        places = letters - self._by_rarity[0]
        which = ((places >= 0) & (places <= len(data) - len(self.needle))).nonzero()[0]
        if not len(which):
            return NONE, NONE
        places = places.take(which)
        for at, window, code in self._windows if len(self.needle) > 1 else ():
            found = np.ndarray((len(data) - window.itemsize + 1,), window, text, strides=(1,))
            kept = (found[places + at] == code).nonzero()[0]  # `take` would copy them all
            places, which = places.take(kept), which.take(kept)
        original = np.frombuffer(data, np.uint8)
        for at, byte in self._unsure:
            kept = (original.take(places + at) == byte).nonzero()[0]
            places, which = places.take(kept), which.take(kept)
        return places, which

    def colored_places(self, data: bytes, text: bytes | bytearray, escapes: IntArray) -> IntArray:
        """Where an escape sequence may stand within the text: after one of its letters, before the next two.

        Args:
            data: The block.
            text: As `prepare` gave it.
            escapes: Where ESC stands in it, ascending.
        """
        if not len(escapes) or len(self._wanted) < 2:
            return NONE
        array, letters = np.frombuffer(data, np.uint8), np.frombuffer(text, np.uint8)
        before = escapes[1:] - 1 if escapes[0] == 0 else escapes - 1
        before = before[self._letters[letters[before]]]
        if not len(before):
            return NONE
        last = len(array) - 1
        after = sequence_ends(array, before + 1)
        second, third = np.minimum(after + 1, last), np.minimum(after + 2, last)
        codes = (letters[before].astype(np.int64) << 8 | letters[second]) << 8 | letters[third]
        is_end = codes >> 8 == (self._wanted[-2] << 8 | self._wanted[-1])
        is_colored = (array[second] == _ESCAPE) | (array[third] == _ESCAPE)
        kept: IntArray = before[(codes[:, None] == self._triples).any(axis=1) | is_end | is_colored]
        return kept

    def is_inside_sequence(self, data: bytes, places: IntArray, escapes: IntArray) -> npt.NDArray[np.bool_]:
        """For each of `places`, whether it may lie in the escape sequence `ESC [ ...` before it."""
        array = np.frombuffer(data, np.uint8)
        nearest = np.searchsorted(escapes, places) - 1
        ends = sequence_ends(array, escapes[np.maximum(nearest, 0)])
        is_unended = _IS_PARAMETER[array[np.minimum(ends, len(array) - 1)]]
        inside: npt.NDArray[np.bool_] = (nearest >= 0) & (is_unended | (places <= ends))
        return inside


def sequence_ends(array: ByteArray, escapes: IntArray) -> IntArray:
    """The last byte of each sequence `ESC [ ... letter`, at most `SEQUENCE_LIMIT` behind its start."""
    ends, last = escapes + 2, len(array) - 1
    for _ in range(SEQUENCE_LIMIT):
        is_parameter = _IS_PARAMETER[array[np.minimum(ends, last)]]
        if not is_parameter.any():
            break
        ends = ends + is_parameter
    return ends


def _windows(text: bytes) -> list[tuple[int, np.dtype[np.unsignedinteger], np.unsignedinteger]]:
    """Parts of 8, 4, 2 or 1 bytes that cover a text: offset, type, the part as a number of that type."""
    size = next(size for size in (8, 4, 2, 1) if size <= len(text))
    window = np.dtype(f"u{size}")
    starts = sorted({*range(0, len(text) - size + 1, size), len(text) - size})
    return [(at, window, np.frombuffer(text, window, 1, at)[0]) for at in starts]


def _triples(letters: IntArray) -> IntArray:
    """Three bytes each that follow one another, as one number."""
    codes: IntArray = (letters[:-2] << 8 | letters[1:-1]) << 8 | letters[2:]
    return codes
