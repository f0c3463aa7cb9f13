"""PNG files from rows of pixels, with nothing but zlib.

Source: Portable Network Graphics Specification, https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Channels to PNG's colour type: grey, grey with alpha, RGB, RGBA."""


def png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """A PNG file of 8 bits a channel.

    Args:
        pixels: Rows from the top, shape (height, width, channels), one byte each.
        width: Pixels in a row.
        height: Rows.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.

    Raises:
        ValueError: The sizes do not fit together.
    """
    row_bytes = width * channels
    if channels not in _COLOUR_TYPES or width < 1 or height < 1 or len(pixels) != row_bytes * height:
        raise ValueError(f"{len(pixels)} bytes are no image of {width} x {height} x {channels}")
    rows = b"".join(b"\0" + pixels[start : start + row_bytes] for start in range(0, len(pixels), row_bytes))
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    return (
        SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 3)) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG file, None for anything else."""
    if not content.startswith(SIGNATURE) or len(content) < 24:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height
