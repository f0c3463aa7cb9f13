"""What is looked for in the blocks of a log: a search, filters, folded tracebacks, levels."""

from __future__ import annotations

import itertools

import numpy as np

from tailboard_tui.store.logblock import BlockText
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.loghits import Hits
from tailboard_tui.store.logindex import BLOCK_BYTES
from tailboard_tui.store.loglevels import WORDS, level_of, traceback_parts
from tailboard_tui.store.logpieces import IntArray
from tailboard_tui.store.logscan import NONE
from tailboard_tui.store.logsearch import Finder, Pattern, make_finder

LOOK_AHEAD_BYTES = 1024
"""Of the next block, so that a match across the edge is found; no longer text is typed."""

LOOK_BACK_BYTES = 8192
"""Before a block, in which the beginning of a traceback is looked for."""

LEVEL_BYTES = 4096
"""Of a row, in which a level is looked for."""

MANY_COLORED = 200
"""Pieces with escape sequences from which on they are taken out of the whole block at once."""

SAMPLED_PAIRS = 32_768
"""So many pairs of bytes of a block are counted to tell which are rare."""


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

    return BlockText(
        data,
        cut,
        limit=limit,
        before=above,
        is_plain=index.is_plain(block),
        has_moves=index.has_moves(block),
    )


class RowFilter:
    """Leaves rows that match one of the filters, or any row where all begin with `!`, and none of those."""

    def __init__(self, filters: tuple[str, ...], *, is_folded: bool = False) -> None:
        """Take filters as typed.

        Args:
            filters: `text`, `~regex`, `!text`, `!~regex`.
            is_folded: Without the frames of tracebacks.
        """
        shown = [
            pattern for typed in filters if not typed.startswith("!") and (pattern := Pattern.parse(typed))
        ]
        hidden = [
            pattern for typed in filters if typed.startswith("!") and (pattern := Pattern.parse(typed[1:]))
        ]
        self._is_folded = is_folded
        self._ins = [make_finder(pattern) for pattern in shown]
        self._outs = [make_finder(pattern) for pattern in hidden]

    def pieces(self, block: BlockText) -> IntArray:
        """The pieces of a block that are left; where one draws several rows, `shows` is to say which."""
        kept = np.full(len(block.starts), not self._ins)
        for finder in self._ins:
            kept[finder.pieces(block)] = True
        for finder in () if block.has_moves else self._outs:
            kept[finder.pieces(block)] = False
        if self._is_folded:
            kept[frame_pieces(block)] = False
        return np.flatnonzero(kept)

    def shows(self, text: str) -> bool:
        """Whether a row with this text is left, tracebacks aside."""
        is_in = not self._ins or any(finder.matches(text) for finder in self._ins)
        return is_in and not any(finder.matches(text) for finder in self._outs)

    def read(self, log: LogText, block: int) -> BlockText:
        """A block's text with as much before it as is needed."""
        return block_text(log, block, look_back=LOOK_BACK_BYTES if self._is_folded else 0)

    def close(self) -> None:
        """Let go of processes."""
        for finder in (*self._ins, *self._outs):
            finder.close()


def search_hits(log: LogText, pattern: Pattern) -> Hits:
    """Rows that match a pattern without a problem."""
    return finder_hits(log, make_finder(pattern))


def finder_hits(log: LogText, finder: Finder, among: RowFilter | None = None) -> Hits:
    """Rows that `finder` finds, of those that `among` leaves; to close `among` is up to the caller."""
    if among is None:
        return Hits(log, finder.pieces, shows=finder.matches, read=block_text, close=finder.close)

    def pieces(block: BlockText) -> IntArray:
        found = finder.pieces(block)
        return np.intersect1d(found, among.pieces(block), assume_unique=True) if len(found) else NONE

    def shows(text: str) -> bool:
        return finder.matches(text) and among.shows(text)

    return Hits(log, pieces, shows=shows, read=among.read, close=finder.close)


def filter_hits(log: LogText, row_filter: RowFilter) -> Hits:
    """Rows that a filter leaves."""
    return Hits(log, row_filter.pieces, shows=row_filter.shows, read=row_filter.read, close=row_filter.close)


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
    if block.has_moves:
        return hinting, hinting  # what each row shows will tell
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
    counts = np.bincount(pairs[:SAMPLED_PAIRS], minlength=65536)
    wanted = np.zeros(65536, np.bool_)
    for word in WORDS:
        codes = [first << 8 | second for first, second in itertools.pairwise(word)]
        wanted[min(codes, key=lambda code: int(counts[code]))] = True
    # A pair begins one byte earlier in the text than in `data`; a newline before a line belongs to it.
    places = np.flatnonzero(wanted[pairs])
    return block.holding(np.where(array[places] == 10, places, np.maximum(places - 1, 0)))
