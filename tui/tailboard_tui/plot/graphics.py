"""Images as pixels for terminals that show them: kitty's protocol, iTerm's, sixel. Nothing here is sent.

Only pixels that we have decoded go in, so that no byte of a file can reach the terminal as it is.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tailboard.png import png
from tailboard_tui.plot.pixels import PixelArray, resized
from tailboard_tui.text.graphics import Graphics, passed

MOST_SENT_PIXELS = 400_000
"""About half a megabyte of a photograph: a second on a slow line, in which keys wait."""

MOST_SIXELS = 1000
"""Pixels in a row or column. Source: xterm's default of maxGraphicSize."""

_CHUNK = 4096
"""Characters of data in one kitty command. Source: its specification, "Remote client"."""

IMAGE_ID = 0x7A11
"""Of the one image that we show: the next one takes its place, and its memory in the terminal."""

_LEVELS = (6, 7, 6)
"""Steps of red, green and blue in the palette of an image with too many colours: 252 of sixel's 256."""

_THRESHOLDS = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 15 / 32
"""Ordered dithering. Source: Bayer 1973, "An optimum method for two-level rendition"."""

_RUNS = re.compile(r"(.)\1{3,}")

PASSED_ID = 0x7A
"""The same behind tmux, where placeholders name it by one of the 256 colours: tmux may know no others."""

PLACEHOLDER = "\U0010eeee"

_FUSED = frozenset(
    (*range(0x300, 0x305), *range(0x306, 0x30D), 0x30F, 0x311, 0x313, 0x314, 0x342, 0x653, 0x654)
)

ROW_MARKS = tuple(
    chr(code)
    for code in range(0x300, 0x6ED)
    if unicodedata.combining(chr(code)) == 230
    and not unicodedata.decomposition(chr(code))
    and code not in _FUSED
)
"""The mark of row 0, 1, 2 ... of an image: combining characters that stand above and fuse with none.
The first 85 of https://github.com/kovidgoyal/kitty/blob/master/gen/rowcolumn-diacritics.txt"""


def _delete(number: int) -> str:
    """Take the image away and free its memory."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


KITTY_DELETE = _delete(IMAGE_ID)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image as the terminal is to be told."""

    columns: int
    rows: int
    """Cells that it covers."""
    text: str
    """To be sent with the cursor in its first cell."""
    cleanup: str
    """To be sent when it is to go; empty where writing over its cells takes it away."""
    again: str
    """To be sent when its cells were written over; empty where that does not take it away."""


def picture(
    pixels: PixelArray, width: int, height: int, graphics: Graphics, background: str
) -> Picture | None:
    """The image in at most `width` x `height` cells; None for a terminal without graphics.

    Args:
        pixels: Shape (rows, columns, 3).
        background: `#rrggbb` of what the last cells are filled with: whole cells are covered.
    """
    if graphics.protocol == "blocks" or width < 1 or height < 1:
        return None
    cell_width, cell_height = graphics.cell
    if graphics.is_behind_tmux:
        height = min(height, len(ROW_MARKS))
    if graphics.protocol == "sixel":  # what the others stretch in the terminal
        room = min((MOST_SENT_PIXELS / (width * cell_width * height * cell_height)) ** 0.5, 1.0)
        width = max(min(int(width * room), MOST_SIXELS // cell_width), 1)
        height = max(min(int(height * room), MOST_SIXELS // cell_height), 1)
    while width * cell_width * height * cell_height > MOST_SENT_PIXELS and cell_width > 2:
        cell_width, cell_height = cell_width // 2, cell_height // 2
    framed = _framed(pixels, width, height, (cell_width, cell_height), background)
    rows, columns = framed.shape[0] // cell_height, framed.shape[1] // cell_width
    if graphics.protocol == "kitty" and graphics.is_behind_tmux:
        return kitty_behind_tmux(framed, columns, rows)
    if graphics.protocol == "kitty":
        text = "".join(_kitty(framed, f"i={IMAGE_ID},p=1,C=1,c={columns},r={rows}"))
        return Picture(columns, rows, text, KITTY_DELETE, "")
    text = iterm(framed, columns, rows) if graphics.protocol == "iterm" else sixel(framed)
    return Picture(columns, rows, text, "", text)


def _framed(
    pixels: PixelArray, width: int, height: int, cell: tuple[int, int], background: str
) -> PixelArray:
    """The image scaled into the room, small ones in whole steps, and filled up to whole cells."""
    rows, columns = pixels.shape[:2]
    scale = min(width * cell[0] / columns, height * cell[1] / rows)
    if scale > 1:
        scale = float(int(scale))
    wide, high = max(int(columns * scale), 1), max(int(rows * scale), 1)
    small = resized(pixels, wide, high)
    shape = -(-high // cell[1]) * cell[1], -(-wide // cell[0]) * cell[0], 3
    framed = np.empty(shape, dtype=np.uint8)
    framed[:] = [int(background[at : at + 2], 16) for at in (1, 3, 5)]
    framed[:high, :wide] = small
    return framed


def _kitty(pixels: PixelArray, options: str) -> Iterator[str]:
    """Commands of kitty's graphics protocol. Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/"""
    high, wide = pixels.shape[:2]
    data = b64encode(zlib.compress(pixels.tobytes(), 6)).decode()
    head = f"a=T,q=2,f=24,o=z,s={wide},v={high},{options},"
    parts = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    for at, part in enumerate(parts):
        yield f"\x1b_G{head if at == 0 else ''}m={int(at < len(parts) - 1)};{part}\x1b\\"


def kitty_behind_tmux(pixels: PixelArray, columns: int, rows: int) -> Picture:
    """The image for kitty behind tmux: handed on, and shown where tmux puts its placeholders.

    They are characters as any, so that tmux may move, hide and repaint them. The colour says which image
    they are of, a mark on the first of a row which row; the others follow from the one to their left.

    Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
    """
    options = f"U=1,i={PASSED_ID},c={columns},r={rows}"
    next_row = f"\x1b[{columns}D\x1b[1B"
    lines = next_row.join(
        f"{PLACEHOLDER}{ROW_MARKS[row]}{PLACEHOLDER * (columns - 1)}" for row in range(rows)
    )
    shown = f"\x1b[0;38;5;{PASSED_ID}m{lines}\x1b[0m"
    sent = "".join(map(passed, _kitty(pixels, options)))
    return Picture(columns, rows, sent + shown, passed(_delete(PASSED_ID)), shown)


def iterm(pixels: PixelArray, columns: int, rows: int) -> str:
    """ITerm's inline images. Source: https://iterm2.com/documentation-images.html"""
    high, wide = pixels.shape[:2]
    file = png(pixels.tobytes(), wide, high, 3)
    options = (
        f"inline=1;size={len(file)};width={columns};height={rows};preserveAspectRatio=0;doNotMoveCursor=1"
    )
    return f"\x1b]1337;File={options}:{b64encode(file).decode()}\x07"


def sixel(pixels: PixelArray) -> str:
    """DEC's sixels. Source: VT330/VT340 Programmer Reference, chapter 14, https://vt100.net/docs/vt3xx-gp/"""
    high, wide = pixels.shape[:2]
    numbers, palette = indexed(pixels)
    percent = (palette.astype(np.uint16) * 100 + 127) // 255
    colors = "".join(f"#{number};2;{r};{g};{b}" for number, (r, g, b) in enumerate(percent.tolist()))
    bands = "-".join("$".join(_band(numbers[top : top + 6])) for top in range(0, high, 6))
    return f'\x1bP0;1;0q"1;1;{wide};{high}{colors}{bands}\x1b\\'


def indexed(pixels: PixelArray) -> tuple[PixelArray, PixelArray]:
    """Numbers of colours, shape (rows, columns), and the colours, shape (at most 256, 3).

    Exact for an image of at most 256 colours; else by dithering onto an even palette.
    """
    high, wide = pixels.shape[:2]
    wanted = pixels.astype(np.uint32)
    packed = wanted[..., 0] << 16 | wanted[..., 1] << 8 | wanted[..., 2]
    found, inverse = np.unique(packed, return_inverse=True)
    if found.size <= 256:
        palette = np.stack((found >> 16, found >> 8 & 255, found & 255), axis=1).astype(np.uint8)
        return inverse.reshape(high, wide).astype(np.uint8), palette
    shift = np.tile(_THRESHOLDS, (-(-high // 4), -(-wide // 4)))[:high, :wide]
    number = np.zeros((high, wide), dtype=np.uint8)
    for channel, levels in enumerate(_LEVELS):
        level = np.floor(pixels[..., channel] * ((levels - 1) / 255) + shift + 0.5)
        number = number * levels + np.clip(level, 0, levels - 1).astype(np.uint8)
    steps = [np.linspace(0, 255, levels).round() for levels in _LEVELS]
    grid = np.meshgrid(*steps, indexing="ij")
    return number, np.stack([part.ravel() for part in grid], axis=1).astype(np.uint8)


def _band(numbers: PixelArray) -> Iterator[str]:
    """Six rows: for each colour in them its bits, from its first pixel to its last."""
    weights = (1 << np.arange(numbers.shape[0], dtype=np.uint8))[:, None]
    for number in np.flatnonzero(np.bincount(numbers.ravel(), minlength=1)).tolist():
        bits = ((numbers == number) * weights).sum(axis=0, dtype=np.uint8)
        end = int(np.flatnonzero(bits)[-1]) + 1
        text = (bits[:end] + 63).tobytes().decode("ascii")
        yield f"#{number}{_RUNS.sub(lambda run: f'!{len(run[0])}{run[1]}', text)}"
