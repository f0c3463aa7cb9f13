"""A grid of cells to draw on: braille dots in one colour per cell, text over them, tints beneath."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tailboard_tui.plot.cells import SPACE, Cells, CellStyle, codes, fit
from tailboard_tui.plot.downsample import Spans
from tailboard_tui.plot.envelope import IntArray

BRAILLE = 0x2800
_LEFT_DOTS, _RIGHT_DOTS = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
"""Bits of the four dots of each half of a cell from the top. Source: Unicode, block Braille Patterns."""

DOT_COLUMNS, DOT_ROWS = 2, 4
"""Dots in a cell."""


def _stretches(bits: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Bits of the dots [a, b) of one half cell, shape (5, 5)."""
    return np.array([[sum(bits[a:b]) for b in range(5)] for a in range(5)], dtype=np.uint8)


_BITS = np.stack((_stretches(_LEFT_DOTS), _stretches(_RIGHT_DOTS)))


def _plain_characters() -> npt.NDArray[np.uint32]:
    """For each of 256 dot patterns an ASCII character of about the same shape."""
    by_rows = [" ", "'", "-", "'", "-", ":", "-", "!", ".", ":", ":", ":", ".", ":", ".", "|"]
    found = []
    for pattern in range(256):
        rows = sum(1 << row for row in range(4) if pattern & (_LEFT_DOTS[row] | _RIGHT_DOTS[row]))
        found.append(ord(by_rows[rows]))
    return np.array(found, dtype=np.uint32)


_ASCII = _plain_characters()


class Canvas:
    """Cells to draw on. What is drawn later lies on top."""

    def __init__(self, width: int, height: int, *, is_ascii: bool = False) -> None:
        self.width, self.height = width, height
        self.is_ascii = is_ascii
        self.chars = np.full((height, width), SPACE, dtype=np.uint32)
        self._ink = np.zeros((height, width), dtype=np.uint16)
        self._tint = np.zeros((height, width), dtype=np.uint16)
        self._inks: dict[CellStyle, int] = {CellStyle(): 0}
        self._tints: dict[str | None, int] = {None: 0}

    def ink(self, style: CellStyle) -> int:
        """The number of a style, for the drawing methods."""
        return self._inks.setdefault(style, len(self._inks))

    def write(self, row: int, column: int, text: str, style: CellStyle) -> None:
        """Safe `text` from a cell on, cut at the borders."""
        if not 0 <= row < self.height or column >= self.width or not text:
            return
        room = self.width - max(column, 0)
        cells = codes(fit(text[-column:] if column < 0 else text, room))[:room]
        column = max(column, 0)
        self.chars[row, column : column + cells.size] = cells
        self._ink[row, column : column + cells.size] = self.ink(style)

    def mark(self, rows: IntArray, columns: IntArray, char: str, style: CellStyle) -> None:
        """One character in many cells."""
        self.chars[rows, columns] = ord(char)
        self._ink[rows, columns] = self.ink(style)

    def tint(self, rows: slice | IntArray, columns: slice | IntArray, color: str) -> None:
        """Another background for cells, whatever stands in them."""
        self._tint[rows, columns] = self._tints.setdefault(color, len(self._tints))

    def blank(self, row: int, column: int, width: int) -> bool:
        """Whether nothing is drawn in `width` cells from a cell on."""
        return bool((self.chars[row, column : column + width] == SPACE).all())

    def strokes(self, spans: Spans, row: int, column: int, rows: int, columns: int, style: CellStyle) -> None:
        """Draw spans of dots in the part of the canvas that begins at a cell and has a size in cells.

        Dots of another style give way in the cells that are drawn on: a cell has one colour, and dots
        shown in the colour of another line would be points which that line does not have.
        """
        height = rows * DOT_ROWS
        top = np.floor(np.clip(spans.tops, -1, height) + 0.5).astype(np.intp)
        bottom = np.floor(np.clip(spans.bottoms, -1, height) + 0.5).astype(np.intp) + 1
        inside = (top < height) & (bottom > 0)
        if not inside.any():
            return
        where, top, bottom = spans.columns[inside], top[inside], bottom[inside]
        first, last = max(int(top.min()) // DOT_ROWS, 0), min((int(bottom.max()) - 1) // DOT_ROWS, rows - 1)
        row_tops = np.arange(first, last + 1)[:, None] * DOT_ROWS
        bits = _BITS[where & 1, np.clip(top - row_tops, 0, 4), np.clip(bottom - row_tops, 0, 4)]
        masks = np.zeros((last - first + 1, columns * DOT_COLUMNS), dtype=np.uint8)
        masks[:, where] = bits
        self._dots(masks[:, 0::2] | masks[:, 1::2], row + first, column, style)

    def knots(self, columns: IntArray, rows: IntArray, row: int, column: int, style: CellStyle) -> None:
        """Thicken a line at dots: a block of two by two around each, within its cell.

        Args:
            columns: Dot columns from the cell column `column` on, shape (k,).
            rows: Dot rows from the cell row `row` on, shape (k,).
        """
        at_rows, at_columns = rows // DOT_ROWS + row, columns // DOT_COLUMNS + column
        top = np.minimum(rows % DOT_ROWS, DOT_ROWS - 2)
        bits = (_BITS[0, top, top + 2] | _BITS[1, top, top + 2]).astype(np.uint32)
        before, number = self.chars[at_rows, at_columns], self.ink(style)
        is_own = (before >= BRAILLE) & (before < BRAILLE + 256) & (self._ink[at_rows, at_columns] == number)
        self.chars[at_rows, at_columns] = np.where(is_own, before, BRAILLE) | bits
        self._ink[at_rows, at_columns] = number

    def _dots(self, masks: npt.NDArray[np.uint8], row: int, column: int, style: CellStyle) -> None:
        area = np.s_[row : row + masks.shape[0], column : column + masks.shape[1]]
        hit = masks != 0
        before, number = self.chars[area], self.ink(style)
        if self.is_ascii:
            self.chars[area] = np.where(hit, _ASCII[masks], before)
        else:
            is_own = (before >= BRAILLE) & (before < BRAILLE + 256) & (self._ink[area] == number)
            self.chars[area] = np.where(hit, np.where(is_own, before, BRAILLE) | masks, before)
        self._ink[area][hit] = number

    def cells(self) -> Cells:
        """What is drawn, frozen."""
        inks, tints = list(self._inks), list(self._tints)
        combined = self._ink.astype(np.uint32) * len(tints) + self._tint
        found, inverse = np.unique(combined, return_inverse=True)
        table = []
        for code in found.tolist():
            ink, tint = inks[code // len(tints)], tints[code % len(tints)]
            background = ink.background if tint is None else tint
            table.append(CellStyle(ink.color, background, ink.is_bold, ink.is_dim))
        styles = inverse.reshape(combined.shape).astype(np.uint16)
        return Cells(self.chars, styles, tuple(table))
