"""Finding a text or a regular expression in a block of a log, and in the rows on the screen.

What is searched is what the rows show: colours are looked through, and of a progress bar only the
last state counts. Plain texts are found in the raw bytes at the speed of `bytes.find`; only pieces
with escape sequences or carriage returns in them are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from tailboard_tui.store.logindex import IntArray
from tailboard_tui.store.logscan import NONE, Scan
from tailboard_tui.store.regex_process import RegexProcess, RegexTimeoutError

BLOCK_TIMEOUT_S = 2.0
"""A regular expression that needs longer for 256 KiB is stopped; an ordinary one needs 2 ms."""

SPANS_TIMEOUT_S = 0.3
"""The same for the few rows on the screen."""

SCATTERED = 200
"""Lines of a block that are looked at one by one; of more, numpy finds all at once faster."""

MANY_COLORED = 200
"""Pieces with escape sequences from which on they are taken out of the whole block at once."""

DENSE_BLOCKS = 15
"""So many blocks after one with more are taken to be like it."""

_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"
    rb"|\x1b[\]PX^_][^\x07\n\x18\x1a\x1b]*(?:\x07|\x1b\\)"
    rb"|\x1b[ -/]*[0-OQ-WYZ`-~]"
)
"""What is not shown, as in `text.ansi`."""

_OTHER_SEQUENCE = re.compile(rb"\x1b[^\[]")
_SEQUENCE_BYTES = b"0123456789:;<=>?[mhlabcdefgjk"
"""What a sequence consists of: a text that begins so may match inside one."""


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
        data: The bytes.
        limit: Where the block's last piece ends in `data`; what lies beyond belongs to the next block.
        before: What stands before the block, as much as was asked for.
    """

    def __init__(
        self,
        data: bytes,
        cut: Callable[[], tuple[IntArray, IntArray]],
        *,
        limit: int,
        before: bytes = b"",
        is_plain: bool = False,
    ) -> None:
        """Remember the bytes.

        Args:
            data: See the class.
            cut: Gives the offsets in `data` at which pieces start and end, shape (n,) each.
            limit: See the class.
            before: See the class.
            is_plain: Whether each newline, and nothing else, begins a piece.
        """
        self.data = data
        self.limit = limit
        self.before = before
        self._cut = cut
        self._is_plain = is_plain

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
        """One piece as `shown_bytes`."""
        return shown_bytes(self.piece(number))

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
        """The pieces in which these ascending offsets lie, each once."""
        places = places[: np.searchsorted(places, self.limit)]
        if not len(places):
            return NONE
        is_cut = "_bounds" in self.__dict__
        if self._is_plain and not is_cut and len(places) <= SCATTERED:
            at = self._newlines_before(places)
        else:
            at = np.searchsorted(self.starts, places, side="right") - 1
        pieces: IntArray = at[np.append(True, at[1:] != at[:-1])]
        return pieces

    def _newlines_before(self, places: IntArray) -> IntArray:
        """Newlines in front of each of a few offsets: much faster than to cut the whole block."""
        is_newline = np.frombuffer(self.data, np.uint8) == 10
        counts, start = [], 0
        for place in places.tolist():
            counts.append(np.count_nonzero(is_newline[start:place]))
            start = place
        return np.cumsum(counts)

    def line_around(self, place: int) -> tuple[int, int]:
        """Where the piece that holds an offset before `limit` starts and ends."""
        if not self._is_plain:
            at = int(np.searchsorted(self.starts, place, side="right")) - 1
            return int(self.starts[at]), int(self.ends[at])
        end = self.data.find(b"\n", place, self.limit)
        return self.data.rfind(b"\n", 0, place) + 1, end if end >= 0 else self.limit

    def without_colors(self) -> BlockText:
        """The same without escape sequences; the pieces keep their numbers."""
        cuts = np.array([found.span() for found in _SEQUENCE.finditer(self.data)], np.int64).reshape(-1, 2)
        removed = np.append(0, np.cumsum(cuts[:, 1] - cuts[:, 0]))

        def moved(at: IntArray) -> IntArray:
            shifted: IntArray = at - removed[np.searchsorted(cuts[:, 0], at)]
            return shifted

        starts, ends = (moved(at) for at in self._bounds)
        limit = int(moved(np.array([self.limit]))[0])
        return BlockText(
            _SEQUENCE.sub(b"", self.data),
            lambda: (starts, ends),
            limit=limit,
            before=self.before,
            is_plain=self._is_plain,
        )


class Finder(Protocol):
    """Finds one pattern."""

    def pieces(self, block: BlockText) -> IntArray:
        """The pieces of a block that show it, ascending.

        Raises:
            RegexTimeoutError: It takes too long.
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
        self._may_be_sequence = self._needle[:1].lower() in _SEQUENCE_BYTES
        self._dense_blocks = 0
        self._scan = Scan(self._needle, folds=self._folds)

    def pieces(self, block: BlockText) -> IntArray:
        """As `Finder`."""
        if self._dense_blocks:
            self._dense_blocks -= 1
            return self._dense_pieces(block)
        scan = self._scan.block(block.data, block.limit)
        found: list[int] = []
        place = scan.next(0)
        for _ in range(SCATTERED):
            if place is None:
                return block.holding(np.array(found, np.int64))
            start, end = block.line_around(place[0])
            if self._is_shown(block.data[start:end], is_whole=place[1]):
                found.append(place[0])
            place = scan.next(end)
        self._dense_blocks = DENSE_BLOCKS
        return self._dense_pieces(block)

    def _is_shown(self, line: bytes, *, is_whole: bool) -> bool:
        """Whether a line shows the text, which stands in it as it is, or may with colours in it."""
        is_sure = is_whole and b"\r" not in line.rstrip(b"\r")
        if is_sure and b"\x1b" in line:
            is_sure = not self._may_be_sequence and line.count(b"\x1b") == line.count(b"\x1b[")
        return is_sure or self._needle in self._folded(shown_bytes(line))

    def _dense_pieces(self, block: BlockText) -> IntArray:
        """As `pieces`, where there is much to look at: all lines of the block at once."""
        data = self._folded(block.data)
        found = literal_pieces(data, self._needle, block)
        split = block.holding(self._scan.colored_places(block.data, data))
        if not len(found) and not len(split):
            return NONE
        doubtful = np.union1d(split, np.intersect1d(found, block.drawn_over, assume_unique=True))
        if self._may_be_sequence or _OTHER_SEQUENCE.search(data):
            doubtful = np.union1d(doubtful, np.intersect1d(found, block.colored, assume_unique=True))
        if not len(doubtful):
            return found
        sure = np.setdiff1d(found, doubtful, assume_unique=True)
        seen = [at for at in doubtful.tolist() if self._needle in self._folded(block.shown(at))]
        return np.union1d(sure, np.array(seen, np.int64))

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
        except RegexTimeoutError:
            return [[] for _ in lines]

    def close(self) -> None:
        """End the process."""
        self._process.close()


def make_finder(pattern: Pattern) -> Finder:
    """A finder for a pattern without a problem."""
    return RegexFinder(pattern) if pattern.is_regex else TextFinder(pattern)


def literal_pieces(data: bytes, needle: bytes, block: BlockText) -> IntArray:
    """Pieces that hold `needle` anywhere: places of its rarest byte, then compared byte by byte."""
    array = np.frombuffer(data, np.uint8)
    sample = np.bincount(array[:: max(len(array) // 4096, 1)], minlength=256)
    order = sorted(range(len(needle)), key=lambda at: int(sample[needle[at]]))
    last = len(array) - len(needle) + 1
    first = order[0]
    places = np.flatnonzero(array[first : first + max(last, 0)] == needle[first])
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


def shown_bytes(piece: bytes) -> bytes:
    """A piece without escape sequences, and of a bar its last state."""
    piece = shown_part(piece)
    return _SEQUENCE.sub(b"", piece) if b"\x1b" in piece else piece
