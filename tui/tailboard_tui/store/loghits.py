"""The rows of a whole log that match: found block by block from its end, so the newest come first."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.logindex import BLOCK_BYTES, IntArray
from tailboard_tui.store.loglevels import WORDS, level_of, traceback_parts
from tailboard_tui.store.logscan import NONE
from tailboard_tui.store.logsearch import (
    MANY_COLORED,
    BlockText,
    Finder,
    Pattern,
    make_finder,
    shown_bytes,
)
from tailboard_tui.store.regex_process import RegexTimeoutError
from tailboard_tui.text.terminal_line import PIECE_BYTES

LOOK_AHEAD_BYTES = 1024
"""Of the next block, so that a match across the edge is found; no longer text is typed."""

LOOK_BACK_BYTES = 8192
"""Before a block, in which the beginning of a traceback is looked for."""

LEVEL_BYTES = 4096
"""Of a row, in which a level is looked for."""

Matcher = Callable[[BlockText], IntArray]
"""Gives the indices of the pieces that match, ascending; may raise `RegexTimeoutError`."""


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
        read: Callable[[LogText, int], BlockText] | None = None,
        close: Callable[[], object] | None = None,
    ) -> None:
        """Nothing is searched yet.

        Args:
            log: An open log.
            matcher: Says which pieces of a block match.
            shows: Says the same of a row's text, for rows that several pieces draw.
            read: Gives the text of a block.
            close: Lets go of what `matcher` and `shows` hold.
        """
        assert log.index is not None
        self.log = log
        self._matcher = matcher
        self._shows = shows
        self._read = read or block_text
        self._close = close
        self._rows: dict[int, IntArray] = {}
        self._totals: tuple[IntArray, IntArray, IntArray] | None = None
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
        blocks, totals, lasts = self._counts()
        at = int(np.searchsorted(lasts, row))
        if at == len(blocks):
            return self.count
        before = int(totals[at - 1]) if at else 0
        return before + int(np.searchsorted(self._rows[int(blocks[at])], row))

    def row(self, position: int) -> int:
        """The row found at `position`, 0 to `count` - 1."""
        blocks, totals, _ = self._counts()
        at = int(np.searchsorted(totals, position, side="right"))
        return int(self._rows[int(blocks[at])][position - (int(totals[at - 1]) if at else 0)])

    def rows(self) -> IntArray:
        """All rows found so far, ascending, shape (count,)."""
        blocks = self._counts()[0]
        return np.concatenate([self._rows[int(block)] for block in blocks]) if len(blocks) else NONE

    def _counts(self) -> tuple[IntArray, IntArray, IntArray]:
        """Blocks with hits, ascending; hits up to the end of each; the last row of each."""
        if self._totals is None:
            blocks = sorted(self._rows)
            totals = np.cumsum(np.array([len(self._rows[block]) for block in blocks], np.int64))
            lasts = np.array([self._rows[block][-1] for block in blocks], np.int64)
            self._totals = np.array(blocks, np.int64), totals, lasts
        return self._totals

    def _search(self, block: int) -> None:
        index = self.log.index
        assert index is not None
        self.count -= len(self._rows.pop(block, NONE))
        self._totals = None
        try:
            found = self._matcher(self._read(self.log, block))
        except RegexTimeoutError as error:
            self.error = str(error)
            return
        if not len(found):
            return
        rows = self._shown_rows(block, index.rows_at(block, found))
        rows = self._without_neighbours(block, rows)
        if len(rows):
            self._rows[block] = rows
            self.count += len(rows)

    def _shown_rows(self, block: int, rows: IntArray) -> IntArray:
        """`rows` without those of which only a part matches: one drawn over, or cut by the block's edge."""
        index, shows = self.log.index, self._shows
        assert index is not None
        if not index.is_plain(block):
            rows = np.unique(rows)
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
        is_whole = (first > 0 or start == 0) and end >= 0
        piece = data[first : end if end >= 0 else len(data)]
        if first == edge - start or not (is_whole or b"\r" in piece):
            return True  # it does not reach over, or is too long to tell
        return shows(shown_bytes(piece).decode("utf-8", "replace"))

    def _without_neighbours(self, block: int, rows: IntArray) -> IntArray:
        """`rows` without those that the blocks beside found already, in their part of the same row."""
        after, before = self._beside(block, 1), self._beside(block, -1)
        if after is not None and len(rows) and rows[-1] >= after[0]:
            rows = rows[rows < after[0]]
        if before is not None and len(rows) and rows[0] <= before[-1]:
            rows = rows[rows > before[-1]]
        return rows

    def _beside(self, block: int, step: int) -> IntArray | None:
        """What the next block found, below (1) or above (-1), past blocks that lie within one row."""
        index = self.log.index
        assert index is not None
        block += step
        while index.first_block <= block < index.end_block and block not in self._rows:
            if index.start_row(block) != index.start_row(block + 1):
                return None
            block += step
        return self._rows.get(block)


def block_text(log: LogText, block: int, *, look_back: int = 0) -> BlockText:
    """A block's bytes for matching, and as much of its neighbours as may be needed."""
    index = log.index
    assert index is not None
    offset = block * BLOCK_BYTES
    before = min(look_back, offset)
    length = min(offset + BLOCK_BYTES, index.size_bytes) - offset
    data = log.read(offset - before, min(length + LOOK_AHEAD_BYTES, index.size_bytes - offset) + before)
    data, above = data[before:], data[:before]

    # The last piece may go on in the next block.
    limits = [data.find(end, length - 1) for end in (b"\r", b"\n")[not index.every_update :]]
    limit = min((limit for limit in limits if limit >= 0), default=len(data))

    def cut() -> tuple[IntArray, IntArray]:
        pieces = index.pieces(block, data[:length])
        starts, ends = pieces.starts - offset, pieces.ends - offset
        if len(ends) and ends[-1] == length:
            ends[-1] = limit
        return starts, ends

    return BlockText(data, cut, limit=limit, before=above, is_plain=index.is_plain(block))


def search_hits(log: LogText, pattern: Pattern) -> Hits:
    """Rows that match a pattern without a problem."""
    return finder_hits(log, make_finder(pattern))


def finder_hits(log: LogText, finder: Finder) -> Hits:
    """Rows that `finder` finds."""
    return Hits(log, finder.pieces, shows=lambda text: bool(finder.spans([text])[0]), close=finder.close)


def filter_hits(log: LogText, filters: tuple[str, ...], *, is_folded: bool = False) -> Hits:
    """Rows that match one of `filters` (any row, if there are none but `!` ones) and none of the `!` ones.

    Args:
        log: An open log.
        filters: As typed: text, `~regex`, `!text`, `!~regex`.
        is_folded: Without the frames of tracebacks.
    """
    shown = [pattern for typed in filters if not typed.startswith("!") and (pattern := Pattern.parse(typed))]
    hidden = [pattern for typed in filters if typed.startswith("!") and (pattern := Pattern.parse(typed[1:]))]
    ins, outs = [make_finder(pattern) for pattern in shown], [make_finder(pattern) for pattern in hidden]

    def match(block: BlockText) -> IntArray:
        kept = np.full(len(block.starts), not ins)
        for finder in ins:
            kept[finder.pieces(block)] = True
        for finder in outs:
            kept[finder.pieces(block)] = False
        if is_folded:
            kept[frame_pieces(block)] = False
        return np.flatnonzero(kept)

    def shows(text: str) -> bool:
        is_in = not ins or any(finder.spans([text])[0] for finder in ins)
        return is_in and not any(finder.spans([text])[0] for finder in outs)

    def close() -> None:
        for finder in (*ins, *outs):
            finder.close()

    def read(log: LogText, block: int) -> BlockText:
        return block_text(log, block, look_back=LOOK_BACK_BYTES if is_folded else 0)

    return Hits(log, match, shows=shows, read=read, close=close)


def frame_pieces(block: BlockText) -> IntArray:
    """The pieces within tracebacks, between their first line and the exception."""
    if b"Traceback (" not in block.data and b"Traceback (" not in block.before:
        return NONE
    above = block.before.split(b"\n")[:-1]
    texts = [piece.decode("utf-8", "replace") for piece in above]
    texts += [block.shown(at)[:LEVEL_BYTES].decode("utf-8", "replace") for at in range(len(block.starts))]
    parts = traceback_parts(texts)[len(above) :]
    return np.array([at for at, part in enumerate(parts) if part == "frame"], np.int64)


def level_hits(log: LogText) -> tuple[Hits, Hits]:
    """Rows that tell of an error, and those that tell of a warning; to be stepped together."""
    read: list[tuple[int, int, BlockText]] = []
    leveled: list[tuple[BlockText, IntArray, IntArray]] = []

    def read_once(log: LogText, block: int) -> BlockText:
        if not read or read[0][:2] != (block, log.size_bytes):
            read[:] = [(block, log.size_bytes, block_text(log, block))]
        return read[0][2]

    def pieces(block: BlockText) -> tuple[IntArray, IntArray]:
        if not leveled or leveled[0][0] is not block:
            leveled[:] = [(block, *_leveled_pieces(block))]
        return leveled[0][1:]

    def errors(block: BlockText) -> IntArray:
        return pieces(block)[0]

    def warnings(block: BlockText) -> IntArray:
        return pieces(block)[1]

    return (
        Hits(log, errors, shows=lambda text: level_of(text) == "error", read=read_once),
        Hits(log, warnings, shows=lambda text: level_of(text) == "warning", read=read_once),
    )


def _leveled_pieces(block: BlockText) -> tuple[IntArray, IntArray]:
    """The pieces with an error and those with a warning: where a word hints at one, by `level_of`."""
    if len(block.colored) > MANY_COLORED:
        block = block.without_colors()
    hinting = np.union1d(_pieces_with_words(block), block.colored)
    errors, warnings = [], []
    for at in hinting.tolist():
        level = level_of(block.shown(at)[:LEVEL_BYTES].decode("utf-8", "replace"))
        if level == "error":
            errors.append(at)
        elif level == "warning":
            warnings.append(at)
    return np.array(errors, np.int64), np.array(warnings, np.int64)


def _pieces_with_words(block: BlockText) -> IntArray:
    """The pieces that may hold one of `WORDS`, and some others.

    Of each word that pair of bytes is looked for which is rarest in this block; one table of 65,536
    pairs finds all of them in one pass, several times faster than one search for each word.
    """
    data = b"\n" + block.data.lower()
    array = np.frombuffer(data, np.uint8)
    pairs = array[:-1].astype(np.uint16) << 8 | array[1:]
    counts = np.bincount(pairs[:_SAMPLED], minlength=65536)
    wanted = np.zeros(65536, np.bool_)
    for word in WORDS:
        codes = [first << 8 | second for first, second in itertools.pairwise(word)]
        wanted[min(codes, key=lambda code: int(counts[code]))] = True
    # A pair begins one byte earlier in the text than in `data`; a newline before a line belongs to it.
    places = np.flatnonzero(wanted[pairs])
    return block.holding(np.where(array[places] == 10, places, np.maximum(places - 1, 0)))


_SAMPLED = 32_768
"""So many pairs of a block are counted to tell which are rare."""
