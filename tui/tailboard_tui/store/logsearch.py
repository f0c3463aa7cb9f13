"""Finding a text or a regular expression in a block of a log, and in the rows on the screen.

What is searched is what the rows show: colours are looked through, and of a progress bar only the
last state counts. Plain texts are found in the raw bytes at the speed of `bytes.find`; only pieces
with escape sequences or carriage returns in them are looked at one by one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from tailboard_tui.store.logindex import IntArray
from tailboard_tui.store.regex_process import RegexProcess, RegexTimeout

NONE = np.zeros(0, np.int64)

BLOCK_TIMEOUT_S = 2.0
"""A regular expression that needs longer for 256 KiB is stopped; an ordinary one needs 2 ms."""

SPANS_TIMEOUT_S = 0.3
"""The same for the few rows on the screen."""

DENSE = 64
"""Hits in a block from which on numpy finds all of them at once faster than one by one."""

MANY_COLORED = 200
"""Pieces with escape sequences from which on they are taken out of the whole block at once."""

_SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
_SEQUENCE_BYTES = b"0123456789:;<=>?[mhlabcdefgjk"
"""What a sequence consists of: a text that begins so may match inside one."""

_SEQUENCE_LIMIT = 40
"""Bytes of a sequence that are looked at; colours have under 30."""

_IS_PARAMETER = np.zeros(256, np.bool_)
_IS_PARAMETER[0x20:0x40] = True


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is looked for, as typed: `text`, or `~regex`. Capitals make it case-sensitive."""

    text: str
    is_regex: bool
    is_case_sensitive: bool

    @classmethod
    def parse(cls, typed: str) -> Pattern | None:
        """The pattern, or None for none."""
        is_regex = typed.startswith("~")
        text = typed[1:] if is_regex else typed
        return cls(text, is_regex, has_capitals(text, is_regex=is_regex)) if text else None

    @property
    def problem(self) -> str:
        """What is wrong with a regex, for the user; empty when nothing is."""
        if not self.is_regex:
            return ""
        try:
            re.compile(self.text)
        except (re.error, RecursionError, OverflowError) as error:
            return str(error)
        return ""


def has_capitals(text: str, *, is_regex: bool) -> bool:
    """Smart case, as in vim: whether `text` holds a capital letter (escapes such as `\\S` aside)."""
    return any(character.isupper() for character in (re.sub(r"\\.", "", text) if is_regex else text))


def ascii_lower(text: str) -> str:
    """`text` with A to Z in lower case and every other character as it is: lengths stay."""
    return text.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class BlockText:
    """The bytes of one block, and a little more; cut into pieces when that is needed.

    Attributes:
        data: The bytes. What lies beyond the last piece's end belongs to the next block.
        before: What stands before the block, as much as was asked for.
    """

    def __init__(
        self, data: bytes, cut: Callable[[], tuple[IntArray, IntArray]], before: bytes = b""
    ) -> None:
        """Remember the bytes.

        Args:
            data: See the class.
            cut: Gives the offsets in `data` at which pieces start and end, shape (n,) each.
            before: See the class.
        """
        self.data = data
        self.before = before
        self._cut = cut

    @cached_property
    def _bounds(self) -> tuple[IntArray, IntArray]:
        return self._cut()

    @property
    def starts(self) -> IntArray:
        """Where pieces start in `data`, shape (n,)."""
        return self._bounds[0]

    @property
    def ends(self) -> IntArray:
        """Where they end, exclusive, shape (n,)."""
        return self._bounds[1]

    def piece(self, number: int) -> bytes:
        """One piece."""
        return self.data[self.starts[number] : self.ends[number]]

    def shown(self, number: int) -> bytes:
        """One piece without escape sequences, and of a bar its last state."""
        piece = shown_part(self.piece(number))
        return _SEQUENCE.sub(b"", piece) if b"\x1b" in piece else piece

    @cached_property
    def colored(self) -> IntArray:
        """The pieces with escape sequences."""
        return self._with_byte(0x1B)

    @cached_property
    def drawn_over(self) -> IntArray:
        """The pieces with carriage returns."""
        return self._with_byte(0x0D)

    def _with_byte(self, byte: int) -> IntArray:
        if byte not in self.data:
            return NONE
        return self.holding(np.flatnonzero(np.frombuffer(self.data, np.uint8) == byte))

    def holding(self, places: IntArray) -> IntArray:
        """The pieces in which these offsets lie, each once."""
        if not len(places) or not len(self.starts):
            return NONE
        if places[-1] >= self.ends[-1]:
            places = places[places < self.ends[-1]]
        at = np.searchsorted(self.starts, places, side="right") - 1
        return at[np.append(True, at[1:] != at[:-1])] if len(at) else NONE

    def without_colors(self) -> BlockText:
        """The same without escape sequences; the pieces keep their numbers."""
        cuts = np.array([found.span() for found in _SEQUENCE.finditer(self.data)], np.int64).reshape(-1, 2)
        removed = np.append(0, np.cumsum(cuts[:, 1] - cuts[:, 0]))
        starts, ends = (at - removed[np.searchsorted(cuts[:, 0], at)] for at in self._bounds)
        return BlockText(_SEQUENCE.sub(b"", self.data), lambda: (starts, ends), self.before)


class Finder(Protocol):
    """Finds one pattern."""

    def pieces(self, block: BlockText) -> IntArray:
        """The pieces of a block that show it, ascending.

        Raises:
            RegexTimeout: It takes too long.
        """
        ...

    def spans(self, lines: list[str]) -> list[list[tuple[int, int]]]:
        """For each line where it stands, in characters."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class TextFinder:
    """Finds a plain text. Without capitals in it, A to Z match a to z; other letters exactly."""

    def __init__(self, pattern: Pattern) -> None:
        self._folds = not pattern.is_case_sensitive
        self._text = ascii_lower(pattern.text) if self._folds else pattern.text
        self._needle = self._text.encode("utf-8", "surrogateescape")
        self._letters = np.zeros(256, np.bool_)
        self._letters[list(self._needle[:-1])] = True
        pairs = [first << 8 | second for first, second in itertools.pairwise(self._needle)]
        self._pairs = np.array(pairs, np.int64)
        self._may_be_sequence = self._needle[:1].lower() in _SEQUENCE_BYTES

    def pieces(self, block: BlockText) -> IntArray:
        """As `Finder`."""
        data = self._folded(block.data)
        found = literal_pieces(data, self._needle, block)
        split = self._split_by_colors(data, block)
        if not len(found) and not len(split):
            return NONE
        doubtful = np.union1d(split, np.intersect1d(found, block.drawn_over, assume_unique=True))
        if self._may_be_sequence:
            doubtful = np.union1d(doubtful, np.intersect1d(found, block.colored, assume_unique=True))
        if not len(doubtful):
            return found
        sure = np.setdiff1d(found, doubtful, assume_unique=True)
        seen = [at for at in doubtful.tolist() if self._needle in self._folded(block.shown(at))]
        return np.union1d(sure, np.array(seen, np.int64))

    def _split_by_colors(self, data: bytes, block: BlockText) -> IntArray:
        """Pieces in which an escape sequence may stand within the text: between two of its letters."""
        if b"\x1b" not in data or len(self._needle) < 2:
            return NONE
        array = np.frombuffer(data, np.uint8)
        before = np.flatnonzero(array[1:] == 0x1B)
        before = before[self._letters[array[before]]]
        after = before + 3
        for _ in range(_SEQUENCE_LIMIT):
            inside = _IS_PARAMETER[array[np.minimum(after, len(array) - 1)]]
            if not inside.any():
                break
            after += inside
        following = array[np.minimum(after + 1, len(array) - 1)]
        pairs = array[before].astype(np.int64) << 8 | following
        return block.holding(before[np.isin(pairs, self._pairs) | (following == 0x1B)])

    def spans(self, lines: list[str]) -> list[list[tuple[int, int]]]:
        """As `Finder`."""
        return [self._line_spans(ascii_lower(line) if self._folds else line) for line in lines]

    def close(self) -> None:
        """Nothing is held."""

    def _folded(self, data: bytes) -> bytes:
        return data.lower() if self._folds else data

    def _line_spans(self, line: str) -> list[tuple[int, int]]:
        found, at = [], line.find(self._text)
        while at >= 0:
            found.append((at, at + len(self._text)))
            at = line.find(self._text, at + len(self._text))
        return found


class RegexFinder:
    """Finds a regular expression, in a process that is stopped when it takes too long."""

    def __init__(self, pattern: Pattern) -> None:
        self._process = RegexProcess(pattern.text, ignores_case=not pattern.is_case_sensitive)

    def pieces(self, block: BlockText) -> IntArray:
        """As `Finder`."""
        data = block.data[: int(block.ends[-1])] if len(block.starts) else b""
        is_plain = b"\r" not in data and b"\x1b" not in data
        if is_plain and data.count(b"\n") == len(block.starts) - 1:
            lines = data
        else:
            lines = b"\n".join(block.shown(at) for at in range(len(block.starts)))
        return np.array(self._process.matching_lines(lines, BLOCK_TIMEOUT_S), np.int64)

    def spans(self, lines: list[str]) -> list[list[tuple[int, int]]]:
        """As `Finder`; none where it takes too long."""
        try:
            return self._process.spans(lines, SPANS_TIMEOUT_S)
        except RegexTimeout:
            return [[] for _ in lines]

    def close(self) -> None:
        """End the process."""
        self._process.close()


def make_finder(pattern: Pattern) -> Finder:
    """A finder for a pattern without a problem."""
    return RegexFinder(pattern) if pattern.is_regex else TextFinder(pattern)


def literal_pieces(data: bytes, needle: bytes, block: BlockText) -> IntArray:
    """Pieces that hold `needle` anywhere."""
    at = data.find(needle)
    if at < 0:
        return NONE
    places: list[int] = []
    while at >= 0:
        places.append(at)
        if len(places) == DENSE:
            return _dense_pieces(data, needle, block)
        at = data.find(needle, at + 1)
    return block.holding(np.array(places, np.int64))


def _dense_pieces(data: bytes, needle: bytes, block: BlockText) -> IntArray:
    """As above, for many hits: candidates by the byte that is rarest, then compared byte by byte."""
    array = np.frombuffer(data, np.uint8)
    sample = np.bincount(array[:: max(len(array) // 4096, 1)], minlength=256)
    order = sorted(range(len(needle)), key=lambda at: int(sample[needle[at]]))
    last = len(array) - len(needle) + 1
    first = order[0]
    places = np.flatnonzero(array[first : first + last] == needle[first])
    for at in order[1:]:
        places = places[array[places + at] == needle[at]]
    return block.holding(places)


def shown_part(piece: bytes) -> bytes:
    """The last state of a row that is drawn over: after the last carriage return, unless that is blank."""
    piece = piece.rstrip(b"\r")
    if b"\r" not in piece:
        return piece
    before, _, last = piece.rpartition(b"\r")
    return last if last.strip() else before.rpartition(b"\r")[2]
