"""A drawn chart: a grid of characters with a style each."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len

from tailboard_tui.text.safe import clean

CharArray = npt.NDArray[np.uint32]
StyleArray = npt.NDArray[np.uint16]

SPACE = ord(" ")
TAIL = 0
"""Stands in the second cell of a character that is two cells wide."""


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a cell looks. Colours are `#rrggbb`, or None for the terminal's own."""

    color: str | None = None
    background: str | None = None
    is_bold: bool = False
    is_dim: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """A frozen grid of characters and styles."""

    chars: CharArray
    """Code points, shape (height, width); `TAIL` after a wide character."""
    styles: StyleArray
    """Indices into `table`, shape (height, width)."""
    table: tuple[CellStyle, ...]

    @property
    def width(self) -> int:
        """Cells in a row."""
        return int(self.chars.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.chars.shape[0])

    def runs(self, row: int) -> Iterator[tuple[str, CellStyle]]:
        """Row `row` as stretches of one style."""
        styles = self.styles[row]
        bounds = np.flatnonzero(styles[1:] != styles[:-1]) + 1
        start = 0
        for end in (*bounds.tolist(), styles.size):
            yield _text(self.chars[row, start:end]), self.table[styles[start]]
            start = end

    def text(self) -> str:
        """All rows without colour, spaces at their ends left out."""
        return "\n".join(_text(row).rstrip() for row in self.chars)

    def ansi(self) -> str:
        """All rows with SGR colours, for a terminal."""
        return "\n".join(
            "".join(_sgr(text, style) for text, style in self.runs(row)) for row in range(self.height)
        )


def _text(codes: CharArray) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le").replace("\0", "")


def _sgr(text: str, style: CellStyle) -> str:
    codes = ["1"] if style.is_bold else []
    if style.is_dim:
        codes.append("2")
    for lead, color in (("38", style.color), ("48", style.background)):
        if color is not None:
            red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
            codes.append(f"{lead};2;{red};{green};{blue}")
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text


def fit(text: str, width: int) -> str:
    """Untrusted `text` made safe and cut to `width` cells, with an ellipsis where something is missing."""
    if len(text) <= width and text.isascii() and text.isprintable():
        return text
    text = "".join(c for c in unicodedata.normalize("NFC", clean(text, 500)) if cell_len(c))
    if cell_len(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += cell_len(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + "…" if width > 0 else ""


def codes(text: str) -> CharArray:
    """The cells of `text`, which `fit` has made: one code point per cell."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8).astype(np.uint32)
    found: list[int] = []
    for char in text:
        found.append(ord(char))
        found.extend([TAIL] * (cell_len(char) - 1))
    return np.array(found, dtype=np.uint32)
