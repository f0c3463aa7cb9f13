"""Images as cells: two pixels per cell, the upper half block in one colour over a background in another."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import numpy.typing as npt

from tailboard_tui.plot.cells import Cells, CellStyle

PixelArray = npt.NDArray[np.uint8]

MOST_PIXELS = 32 * 1024 * 1024
"""Larger images are not decoded: a small file can claim any size, and each pixel takes 4 to 8 bytes."""

MOST_SLOW_BYTES = 8 * 1024 * 1024
"""Of pixels filtered by their neighbours, which takes a second a megabyte without Pillow."""

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""What Pillow may decode. Its other decoders see little use, one writes to stderr (TIFF), and that of EPS
starts Ghostscript, which runs the program that the file is."""

SHOWN_PIXELS = 2048
"""Longer sides are reduced as soon as they are decoded: no terminal has so many cells."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""PNG's colour types of 8 bits without a palette, and their channels."""

_RAMP = " .:-=+*#%@"


class ImageError(ValueError):
    """An image that cannot be shown; the text says why."""


def decode(content: bytes) -> PixelArray:
    """The pixels of an image file, shape (height, width, 3); transparency over black.

    By Pillow where it is installed, large ones reduced by a whole factor; else PNG of 8 bits without
    interlacing, which is what our logger writes.

    Raises:
        ImageError: It is no image that we can read.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return _rgb(_decode_png(content))
    Image.MAX_IMAGE_PIXELS = None  # it warns on stderr, where the screen is; the size is looked at below
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ImageError(f"{image.width} x {image.height} pixels are too many")
            mode = "RGBA" if image.has_transparency_data else "RGB"
            factor = -(-max(image.size) // SHOWN_PIXELS)
            if factor == 1:
                return _rgb(np.asarray(image.convert(mode)))
            known = image if image.mode in ("L", "RGB", "RGBA") else image.convert(mode)
            return _rgb(np.asarray(known.reduce(factor).convert(mode)))
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(f"not an image of a known kind ({', '.join(FORMATS)})") from None
    except Exception as error:  # noqa: BLE001  # its readers raise a dozen kinds on damaged files
        raise ImageError(f"not an image that can be read: {error}") from None


def _decode_png(content: bytes) -> PixelArray:
    """Shape (height, width, channels). Source: PNG specification, sections 9 and 11, https://www.w3.org/TR/png-3/"""
    if not content.startswith(_SIGNATURE) or len(content) < 33:
        raise ImageError("only PNG is shown without Pillow (pip install 'tailboard[images]')")
    width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", content[16:29])
    channels = _CHANNELS.get(color)
    if depth != 8 or channels is None or interlace:
        raise ImageError("this kind of PNG is shown with Pillow only (pip install 'tailboard[images]')")
    if not 0 < width * height <= MOST_PIXELS:
        raise ImageError(f"{width} x {height} pixels are too many")
    row_bytes = width * channels
    packed = b"".join(_chunks(content, b"IDAT"))
    try:
        raw = zlib.decompressobj().decompress(packed, (row_bytes + 1) * height)
    except zlib.error as error:
        raise ImageError(f"broken PNG: {error}") from None
    if len(raw) < (row_bytes + 1) * height:
        raise ImageError("broken PNG: it ends too early")
    rows = np.frombuffer(raw, dtype=np.uint8).reshape(height, row_bytes + 1)
    if int(np.count_nonzero(rows[:, 0] > 2)) * row_bytes > MOST_SLOW_BYTES:
        raise ImageError("so large a PNG is shown with Pillow only (pip install 'tailboard[images]')")
    return _unfilter(rows, channels).reshape(height, width, channels)


def _chunks(content: bytes, wanted: bytes) -> list[bytes]:
    found, at = [], 8
    while at + 8 <= len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if content[at + 4 : at + 8] == wanted:
            found.append(content[at + 8 : at + 8 + length])
        at += length + 12
    return found


def _unfilter(rows: PixelArray, channels: int) -> PixelArray:
    """Undo the filter that each row begins with."""
    result = np.zeros((rows.shape[0], rows.shape[1] - 1), dtype=np.uint8)
    above = np.zeros(rows.shape[1] - 1, dtype=np.uint8)
    for index in range(rows.shape[0]):
        kind, row = int(rows[index, 0]), rows[index, 1:]
        if kind == 0:
            result[index] = row
        elif kind == 1:
            parts = row.reshape(-1, channels)
            result[index] = np.cumsum(parts, axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            result[index] = row + above
        elif kind in (3, 4):
            if rows.size > MOST_SLOW_BYTES:
                raise ImageError(
                    "a PNG of this size is shown with Pillow only (pip install 'tailboard[images]')"
                )
            result[index] = _by_neighbours(row.tolist(), above.tolist(), channels, is_paeth=kind == 4)
        else:
            raise ImageError("broken PNG: unknown filter")
        above = result[index]
    return result


def _by_neighbours(row: list[int], above: list[int], channels: int, *, is_paeth: bool) -> list[int]:
    """The filters Average and Paeth, which look at the left neighbour too."""
    found: list[int] = []
    for at, value in enumerate(row):
        left = found[at - channels] if at >= channels else 0
        up = above[at]
        if not is_paeth:
            found.append((value + (left + up) // 2) & 255)
            continue
        corner = above[at - channels] if at >= channels else 0
        guess = left + up - corner
        near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
        found.append((value + near[2]) & 255)
    return found


def _rgb(pixels: PixelArray) -> PixelArray:
    channels = pixels.shape[2]
    color = pixels[:, :, :1].repeat(3, axis=2) if channels < 3 else pixels[:, :, :3]
    if channels in (2, 4):
        return (color.astype(np.uint16) * pixels[:, :, -1:] // 255).astype(np.uint8)
    return color


def half_blocks(pixels: PixelArray, width: int, height: int, *, has_color: bool = True) -> Cells:
    """The image in at most `width` x `height` cells, its shape kept; small ones are enlarged in whole steps.

    Args:
        pixels: Shape (rows, columns, 3).
        has_color: Without colour, characters of ten densities stand for brightness.
    """
    rows, columns = pixels.shape[:2]
    scale = min(width / columns, height * 2 / rows)
    if scale > 1:
        scale = float(int(scale))
    wide, high = max(int(columns * scale), 1), max(int(rows * scale), 1)
    small = resized(pixels, min(wide, width), min(high + high % 2, height * 2))
    upper, lower = small[0::2], small[1::2]
    if not has_color:
        light = (upper.astype(np.float64).mean(axis=2) + lower.mean(axis=2)) / 2
        ramp = np.array([ord(char) for char in _RAMP], dtype=np.uint32)
        chars = ramp[np.minimum((light / 256 * len(_RAMP)).astype(np.intp), len(_RAMP) - 1)]
        return Cells(chars, np.zeros(chars.shape, dtype=np.uint16), (CellStyle(),))
    pairs = np.concatenate((upper, lower), axis=2).reshape(-1, 6)
    found, inverse = np.unique(pairs & 0xFC, axis=0, return_inverse=True)
    table = tuple(CellStyle(_hex(pair[:3]), _hex(pair[3:])) for pair in found.tolist())
    chars = np.full(upper.shape[:2], ord("▀"), dtype=np.uint32)
    return Cells(chars, inverse.reshape(chars.shape).astype(np.uint16), table)


def _hex(color: list[int]) -> str:
    return "#" + "".join(f"{value:02x}" for value in color)


def resized(pixels: PixelArray, wide: int, high: int) -> PixelArray:
    """Shape (high, wide, 3): means of the pixels that fall into each new one, or repeated ones."""
    rows = np.linspace(0, pixels.shape[0], high + 1)
    columns = np.linspace(0, pixels.shape[1], wide + 1)
    if high >= pixels.shape[0] or wide >= pixels.shape[1]:
        return pixels[rows[:-1].astype(np.intp)][:, columns[:-1].astype(np.intp)]
    starts, edges = rows[:-1].astype(np.intp), columns[:-1].astype(np.intp)
    sums = np.add.reduceat(np.add.reduceat(pixels.astype(np.uint32), starts, axis=0), edges, axis=1)
    counts = np.diff(np.append(starts, pixels.shape[0]))[:, None] * np.diff(np.append(edges, pixels.shape[1]))
    means: PixelArray = (sums // counts[:, :, None]).astype(np.uint8)
    return means
