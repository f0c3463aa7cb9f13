"""The bytes of one block of a log, cut into pieces as far as that is needed, and what its pieces show."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailboard_tui.store.logpieces import IntArray
from tailboard_tui.store.logscan import NONE
from tailboard_tui.text.terminal_line import MOVES

NEWLINE, RETURN, ESCAPE, SPACE = 10, 13, 27, 32

FIRST_TEXT = 32
"""Bytes below are controls."""

BLANK_BYTES = 16
"""Of a bar's last state that are looked at for whether it is blank."""

FEW = 60
"""Offsets whose pieces are counted one by one; of more, numpy finds all at once faster."""

SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"
    rb"|\x1b[\]PX^_][^\x07\n\x18\x1a\x1b]*(?:\x07|\x1b\\)"
    rb"|\x1b[ -/]*[0-OQ-WYZ`-~]"
)
"""What is not shown, as in `text.ansi`."""

ByteArray = npt.NDArray[np.uint8]


class Marked(NamedTuple):
    """The controls of a block and some letters, in their order. Shape (n,) each."""

    places: IntArray
    kinds: ByteArray
    """The byte that stands there."""
    pieces: IntArray
    """In which that is; of a newline the number of the next."""

    def of(self, kind: int) -> IntArray:
        """The places of one byte."""
        places: IntArray = self.places.compress(self.kinds == kind)
        return places


class BlockText:
    """The bytes of one block, and a little more; cut into pieces when that is needed.

    Attributes:
        data: The bytes.
        limit: Where the block's last piece ends in `data`; what lies beyond belongs to the next block.
        before: What stands before the block, as much as was asked for.
        has_moves: Whether a piece may draw other rows than the one in which it begins.
    """

    def __init__(
        self,
        data: bytes,
        cut: Callable[[], tuple[IntArray, IntArray]],
        *,
        limit: int,
        before: bytes = b"",
        is_plain: bool = False,
        has_moves: bool = False,
    ) -> None:
        """Remember the bytes.

        Args:
            data: See the class.
            cut: Gives the offsets in `data` at which pieces start and end, shape (n,) each.
            limit: See the class.
            before: See the class.
            is_plain: Whether each newline, and nothing else, begins a piece.
            has_moves: Whether a piece may draw other rows than the one in which it begins.
        """
        self.data = data
        self.limit = limit
        self.before = before
        self._cut = cut
        self.has_moves = has_moves
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
        start, end = self._span(number)
        return self.data[start:end]

    def _span(self, number: int) -> tuple[int, int]:
        if not self._is_plain:
            return int(self.starts[number]), int(self.ends[number])
        newlines = self._newlines
        start = int(newlines[number - 1]) + 1 if number else 0
        return start, int(newlines[number]) if number < len(newlines) else self.limit

    def shown(self, number: int) -> bytes:
        """One piece as `shown_bytes`."""
        return shown_bytes(self.piece(number))

    def shown_lines(self) -> bytes:
        """All pieces as `shown_bytes`, joined by newlines; none of them holds one."""
        if not self._is_plain:
            return b"\n".join(self.shown(at) for at in range(len(self.starts)))
        parts: list[bytes] = []
        done = 0
        for at in np.union1d(self.colored, self.drawn_over).tolist():
            start, end = self._span(at)
            parts += (self.data[done:start], shown_bytes(self.data[start:end]))
            done = end
        parts.append(self.data[done : self.limit])
        return b"".join(parts).replace(b"\r\n", b"\n").removesuffix(b"\r")

    def drawn_lines(self) -> tuple[bytes, IntArray]:
        """All that pieces draw, state by state, joined by newlines; and the piece that draws each."""
        states: list[bytes] = []
        pieces: list[int] = []
        for at in range(len(self.starts)):
            drawn = SEQUENCE.sub(b"", MOVES.sub(b"\r", self.piece(at))).split(b"\r")
            states += drawn
            pieces += [at] * len(drawn)
        return b"\n".join(states), np.array(pieces, np.int64)

    def mark(self, is_wanted: npt.NDArray[np.bool_] | None = None) -> Marked:
        """Find the controls before `limit`, and where `is_wanted` (shape (limit,)) is true.

        One pass over the block finds them together, faster than one for each.
        """
        array = np.frombuffer(self.data, np.uint8)[: self.limit]
        is_marked = array < FIRST_TEXT
        if is_wanted is not None:
            is_marked |= is_wanted
        places = is_marked.nonzero()[0]
        kinds = array.take(places)
        if self._is_plain:
            self._marked = Marked(places, kinds, np.cumsum(kinds == NEWLINE))
        else:
            self._marked = Marked(places, kinds, self.pieces_at(places))
        return self._marked

    @cached_property
    def _marked(self) -> Marked:
        return self.mark()

    @cached_property
    def _newlines(self) -> IntArray:
        return self._marked.of(NEWLINE)

    @cached_property
    def escapes(self) -> IntArray:
        """Where escape sequences begin, shape (n,)."""
        return self._marked.of(ESCAPE)

    def are_altered(self, count: int) -> npt.NDArray[np.bool_]:
        """Whether each of the first `count` pieces holds escapes or returns, shape (count,)."""
        marked = self._marked
        found = marked.pieces.compress((marked.kinds == ESCAPE) | (marked.kinds == RETURN))
        is_altered = np.zeros(count, np.bool_)
        is_altered[found[: np.searchsorted(found, count)]] = True
        return is_altered

    @cached_property
    def has_strings(self) -> bool:
        """Whether an escape sequence is another than `ESC [ ...`: it may hide text."""
        array = np.frombuffer(self.data, np.uint8)
        return bool((array[np.minimum(self.escapes + 1, len(array) - 1)] != ord("[")).any())

    @cached_property
    def colored(self) -> IntArray:
        """The pieces with escape sequences."""
        if b"\x1b" not in self.data:
            return NONE
        return each_once(self._marked.pieces.compress(self._marked.kinds == ESCAPE))

    @property
    def drawn_over(self) -> IntArray:
        """The pieces with carriage returns, but for those right before a newline."""
        return self._redrawn[0]

    @property
    def last_states(self) -> IntArray:
        """Where the last state of each piece of `drawn_over` begins; -1 where that may be blank."""
        return self._redrawn[1]

    @cached_property
    def _redrawn(self) -> tuple[IntArray, IntArray]:
        if b"\r" not in self.data:
            return NONE, NONE
        places, kinds, numbers = self._marked
        is_return = kinds == RETURN
        is_return[:-1] &= (kinds[1:] != NEWLINE) | (places[1:] != places[:-1] + 1)
        pieces, returns = numbers.compress(is_return), places.compress(is_return)
        is_last = np.append(pieces[1:] != pieces[:-1], True) if len(pieces) else is_return[:0]
        pieces, states = pieces.compress(is_last), returns.compress(is_last) + 1
        # A last state whose beginning is blank has to be looked at.
        array = np.frombuffer(self.data, np.uint8)
        seen = array[np.minimum(states[:, None] + np.arange(BLANK_BYTES), len(array) - 1)]
        is_text = np.logical_and.accumulate(seen != NEWLINE, axis=1) & (seen > SPACE)
        return pieces, np.where(is_text.any(axis=1), states, -1)

    def pieces_at(self, places: IntArray) -> IntArray:
        """The piece in which each of these ascending offsets before `limit` lies."""
        if self._is_plain:
            return np.searchsorted(self._newlines, places)
        return np.searchsorted(self.starts, places, side="right") - 1

    def holding(self, places: IntArray) -> IntArray:
        """The pieces in which these ascending offsets lie, each once."""
        places = places[: np.searchsorted(places, self.limit)]
        if not self._is_plain or len(places) > FEW or "_marked" in self.__dict__:
            return each_once(self.pieces_at(places))
        return each_once(self._newlines_before(places))

    def _newlines_before(self, places: IntArray) -> IntArray:
        """Newlines in front of each of a few offsets: faster than to find all of them."""
        is_newline = np.frombuffer(self.data, np.uint8) == NEWLINE
        counts, start = [], 0
        for place in places.tolist():
            counts.append(np.count_nonzero(is_newline[start:place]))
            start = place
        return np.cumsum(np.array(counts, np.int64))

    def line_around(self, place: int) -> tuple[int, int]:
        """Where the piece that holds an offset before `limit` starts and ends."""
        if not self._is_plain:
            at = int(np.searchsorted(self.starts, place, side="right")) - 1
            return int(self.starts[at]), int(self.ends[at])
        end = self.data.find(b"\n", place, self.limit)
        return self.data.rfind(b"\n", 0, place) + 1, end if end >= 0 else self.limit

    def without_colors(self) -> BlockText:
        """The same without escape sequences; the pieces keep their numbers."""
        cuts = np.array([found.span() for found in SEQUENCE.finditer(self.data)], np.int64).reshape(-1, 2)
        removed = np.append(0, np.cumsum(cuts[:, 1] - cuts[:, 0]))

        def moved(at: IntArray) -> IntArray:
            shifted: IntArray = at - removed[np.searchsorted(cuts[:, 0], at)]
            return shifted

        starts, ends = (moved(at) for at in self._bounds)
        limit = int(moved(np.array([self.limit]))[0])
        return BlockText(
            SEQUENCE.sub(b"", self.data),
            lambda: (starts, ends),
            limit=limit,
            before=self.before,
            is_plain=self._is_plain,
            has_moves=self.has_moves,
        )


def each_once(ascending: IntArray) -> IntArray:
    """Ascending numbers without those that stand there already."""
    if not len(ascending):
        return NONE
    is_first = np.empty(len(ascending), np.bool_)
    is_first[0] = True
    np.not_equal(ascending[1:], ascending[:-1], out=is_first[1:])
    once: IntArray = ascending.compress(is_first)
    return once


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
    return SEQUENCE.sub(b"", piece) if b"\x1b" in piece else piece
