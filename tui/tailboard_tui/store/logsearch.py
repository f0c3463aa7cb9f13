"""Finding rows in a whole log: block by block from the end, so that the newest hits come first.

What is searched are the bytes of a block; colours are taken out first where it has any. A hit counts
when it stands in what the row shows: in the last state of a progress bar, not in those before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.logindex import BLOCK_BYTES, IntArray
from tailboard_tui.store.loglevels import LINE_STARTS, RARE_WORDS, WORDS, level_of

_SGR = re.compile(rb"\x1b\[[0-9;:]*m")
_NONE = np.zeros(0, np.int64)

DENSE = 64
"""Hits in a block from which on numpy finds all of them at once faster than one by one."""


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

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where a plain pattern stands in a line, for highlighting."""
        text, line = (
            (self.text, line) if self.is_case_sensitive else (ascii_lower(self.text), ascii_lower(line))
        )
        found, at = [], line.find(text)
        while at >= 0:
            found.append((at, at + len(text)))
            at = line.find(text, at + len(text))
        return found


def has_capitals(text: str, *, is_regex: bool) -> bool:
    """Smart case, as in vim: whether `text` holds a capital letter (escapes such as `\\S` aside)."""
    return any(character.isupper() for character in (re.sub(r"\\.", "", text) if is_regex else text))


def ascii_lower(text: str) -> str:
    """`text` with A to Z in lower case and every other character as it is: lengths stay."""
    return text.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class BlockText:
    """The bytes of one block, cut into pieces, colours taken out."""

    data: bytes
    starts: IntArray
    """Offset of each piece in `data`, shape (n,)."""
    ends: IntArray


Matcher = Callable[[BlockText], IntArray]
"""Gives the indices of the pieces that match, ascending."""


def literal_matcher(pattern: Pattern) -> Matcher:
    """Pieces that show a plain text. Without capitals in it, A to Z match a to z; other letters exactly."""
    needle = pattern.text.encode("utf-8", "surrogateescape")
    folds = not pattern.is_case_sensitive
    if folds:
        needle = needle.lower()

    def match(block: BlockText) -> IntArray:
        data = block.data.lower() if folds else block.data
        return _showing(block, needle, _literal_pieces(data, needle, block))

    return match


def _literal_pieces(data: bytes, needle: bytes, block: BlockText) -> IntArray:
    """Pieces that hold `needle` anywhere."""
    at = data.find(needle)
    if at < 0 or not len(block.starts):
        return _NONE
    places: list[int] = []
    while at >= 0:
        places.append(at)
        if len(places) == DENSE:
            return _dense_pieces(data, needle, block)
        at = data.find(needle, at + 1)
    return np.unique(np.searchsorted(block.starts, np.array(places), side="right") - 1)


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
    return np.unique(np.searchsorted(block.starts, places, side="right") - 1) if len(places) else _NONE


def _showing(block: BlockText, needle: bytes, pieces: IntArray) -> IntArray:
    """Those of `pieces` in which `needle` is not drawn over by a later carriage return."""
    if not len(pieces) or b"\r" not in block.data:
        return pieces
    folded = needle.lower() == needle
    kept = [
        at
        for at in pieces.tolist()
        if (shown := shown_part(block.data[block.starts[at] : block.ends[at]])) is not None
        and needle in (shown.lower() if folded else shown)
    ]
    return np.array(kept, np.int64)


def shown_part(piece: bytes) -> bytes:
    """The last state of a row that is drawn over: after the last carriage return, unless that is blank."""
    piece = piece.rstrip(b"\r")
    if b"\r" not in piece:
        return piece
    before, _, last = piece.rpartition(b"\r")
    return last if last.strip() else before.rpartition(b"\r")[2]


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
    ) -> None:
        """Nothing is searched yet.

        Args:
            log: An open log.
            matcher: Says which pieces of a block match.
            shows: Says the same of a row's text, for rows that several pieces draw.
            read: Gives the text of a block.
        """
        assert log.index is not None
        self.log = log
        self._matcher = matcher
        self._shows = shows
        self._read = read or block_text
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
        assert self.log.index is not None
        if self.is_complete or self.first_block <= self.log.index.first_block:
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
        return np.concatenate([self._rows[int(block)] for block in blocks]) if len(blocks) else _NONE

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
        self.count -= len(self._rows.pop(block, _NONE))
        self._totals = None
        found = self._matcher(self._read(self.log, block))
        if not len(found):
            return
        rows = np.unique(index.rows_at(block, found))
        if self._shows is not None and index.pieces(block).has_moves:
            shown = [row for row in rows.tolist() if self._shows(self.log.row(row).line.text)]
            rows = np.array(shown, np.int64)
        rows = self._without_neighbours(block, rows)
        if len(rows):
            self._rows[block] = rows
            self.count += len(rows)

    def _without_neighbours(self, block: int, rows: IntArray) -> IntArray:
        """`rows` without those that the blocks beside found already, in their part of the same row."""
        after, before = self._rows.get(block + 1), self._rows.get(block - 1)
        if after is not None and len(rows) and rows[-1] >= after[0]:
            rows = rows[rows < after[0]]
        if before is not None and len(rows) and rows[0] <= before[-1]:
            rows = rows[rows > before[-1]]
        return rows


LOOK_AHEAD_BYTES = 1024
"""Of the next block, so that a match across the edge is found; no longer pattern is typed."""


def block_text(log: LogText, block: int) -> BlockText:
    """A block's bytes for matching, and the beginning of the next one's."""
    index = log.index
    assert index is not None
    offset = block * BLOCK_BYTES
    end = min(offset + BLOCK_BYTES, index.size_bytes)
    pieces = index.pieces(block)
    starts, ends = pieces.starts - offset, pieces.ends - offset
    data = log.read(offset, min(end + LOOK_AHEAD_BYTES, index.size_bytes) - offset)
    if len(ends) and ends[-1] == end - offset:  # the last piece goes on in the next block
        newline = data.find(b"\n", end - offset)
        ends = np.append(ends[:-1], newline if newline >= 0 else len(data))
    data = data[: int(ends[-1])] if len(ends) else b""
    if not index.every_update and b"\x1b[" in data and _SGR.search(data):
        return _without_colors(data, starts, ends)
    return BlockText(data, starts, ends)


def _without_colors(data: bytes, starts: IntArray, ends: IntArray) -> BlockText:
    cuts = np.array([(found.start(), found.end()) for found in _SGR.finditer(data)], np.int64)
    removed = np.append(0, np.cumsum(cuts[:, 1] - cuts[:, 0]))
    shift = [np.searchsorted(cuts[:, 0], at, side="left") for at in (starts, ends)]
    return BlockText(_SGR.sub(b"", data), starts - removed[shift[0]], ends - removed[shift[1]])


def search_hits(log: LogText, pattern: Pattern) -> Hits:
    """Rows that match a pattern."""
    return Hits(log, literal_matcher(pattern), shows=lambda text: bool(pattern.spans(text)))


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

    return (
        Hits(
            log, lambda block: pieces(block)[0], shows=lambda text: level_of(text) == "error", read=read_once
        ),
        Hits(
            log,
            lambda block: pieces(block)[1],
            shows=lambda text: level_of(text) == "warning",
            read=read_once,
        ),
    )


def _leveled_pieces(block: BlockText) -> tuple[IntArray, IntArray]:
    data = b"\n" + block.data.lower()
    shifted = BlockText(data, block.starts + 1, block.ends + 1)
    found = [_literal_pieces(data, word, shifted) for word in (*WORDS, *RARE_WORDS)]
    found += [
        _literal_pieces(data, start, BlockText(data, block.starts, block.ends)) for start in LINE_STARTS
    ]
    errors, warnings = [], []
    for at in np.unique(np.concatenate(found)).tolist():
        text = shown_part(block.data[block.starts[at] : block.ends[at]][:4096]).decode("utf-8", "replace")
        level = level_of(text)
        if level == "error":
            errors.append(at)
        elif level == "warning":
            warnings.append(at)
    return np.array(errors, np.int64), np.array(warnings, np.int64)


def filter_hits(log: LogText, filters: tuple[str, ...]) -> Hits:
    """Rows that match one of `filters` (any row, if there are none but `!` ones) and none of the `!` ones."""
    shown = [pattern for typed in filters if not typed.startswith("!") and (pattern := Pattern.parse(typed))]
    hidden = [pattern for typed in filters if typed.startswith("!") and (pattern := Pattern.parse(typed[1:]))]
    ins, outs = (
        [literal_matcher(pattern) for pattern in shown],
        [literal_matcher(pattern) for pattern in hidden],
    )

    def match(block: BlockText) -> IntArray:
        kept = np.full(len(block.starts), not ins)
        for matcher in ins:
            kept[matcher(block)] = True
        for matcher in outs:
            kept[matcher(block)] = False
        return np.flatnonzero(kept)

    def shows(text: str) -> bool:
        is_in = not shown or any(pattern.spans(text) for pattern in shown)
        return is_in and not any(pattern.spans(text) for pattern in hidden)

    return Hits(log, match, shows=shows)
