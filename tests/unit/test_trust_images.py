"""An image file is pixels or one error: it starts no program, fills no memory and ends nothing."""

from __future__ import annotations

import random
import struct
import subprocess
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tailboard_tui.plot import pixels
from tailboard_tui.plot.pixels import ImageError, decode

SMALL = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 14, 3), dtype=np.uint8))


def saved(kind: str, image: Image.Image = SMALL) -> bytes:
    file = BytesIO()
    image.save(file, kind)
    return file.getvalue()


def flat_png(width: int, height: int, filter_kind: int = 0) -> bytes:
    """A PNG of one grey: kilobytes that claim, and hold, as many pixels as one likes."""
    packer = zlib.compressobj(9)
    row = bytes([filter_kind]) + bytes(width)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", packed),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


@pytest.mark.parametrize("kind", pixels.FORMATS)
def test_the_formats_in_use_are_shown(kind: str) -> None:
    assert decode(saved(kind)).shape == (12, 14, 3)


@pytest.mark.parametrize("kind", ["EPS", "TIFF", "PPM", "SGI", "DDS", "ICO"])
def test_no_other_decoder_is_asked(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "check_call", lambda *arguments, **_: started.append(arguments))
    with pytest.raises(ImageError):
        decode(saved(kind))
    assert started == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg>&e;</svg>',
        flat_png(100_000, 1)[:33],
    ],
)
def test_what_is_no_image_is_one_error(content: bytes) -> None:
    with pytest.raises(ImageError):
        decode(content)


@pytest.mark.parametrize("kind", pixels.FORMATS)
def test_a_damaged_image_is_pixels_or_one_error(kind: str) -> None:
    chance = random.Random(kind)
    whole = saved(kind)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 4))):
            damaged[chance.randrange(len(damaged))] = chance.choice((0, 255, 127, chance.randrange(256)))
        for read in (decode, pixels._decode_png):
            with suppress(ImageError):
                assert read(bytes(damaged)).shape[2] <= 4


def test_a_bomb_is_refused_and_a_large_image_is_reduced_as_it_is_read() -> None:
    bomb = flat_png(10_000, 10_000)
    assert len(bomb) < 200_000
    for read in (decode, pixels._decode_png):
        with pytest.raises(ImageError, match="too many"):
            read(bomb)
    assert max(decode(flat_png(5000, 100)).shape) <= 2 * pixels.SHOWN_PIXELS


def test_without_pillow_a_large_image_costs_no_minutes() -> None:
    with pytest.raises(ImageError, match="Pillow"):
        pixels._decode_png(flat_png(4000, 4000, filter_kind=4))


def test_transparency_is_over_black_with_pillow_and_without() -> None:
    half = np.dstack((np.full((4, 5, 3), 200, dtype=np.uint8), np.full((4, 5), 128, dtype=np.uint8)))
    content = saved("PNG", Image.fromarray(half))
    assert decode(content).tolist() == np.full((4, 5, 3), 200 * 128 // 255).tolist()
    large = Image.new("P", (5000, 10))
    large.info["transparency"] = 0
    assert decode(saved("PNG", large)).max() == 0
