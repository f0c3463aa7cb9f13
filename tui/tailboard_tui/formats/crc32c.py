"""CRC-32C (Castagnoli) as TFRecord files use it: one value in Python, thousands at once in numpy.

Source: RFC 3720 appendix B.4 (polynomial 0x1EDC6F41, reflected); masking as in TensorFlow's
`tensorflow/core/lib/hash/crc32c.h`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_REFLECTED = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_ONES = 0xFFFF_FFFF

_FEW = 20
"""So many slices are as fast one by one."""


def _table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_REFLECTED if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _table()
_ARRAY = np.array(_TABLE, dtype=np.uint32)


def masked(data: bytes) -> int:
    """The masked CRC-32C of `data`, in the form in which TFRecord stores it."""
    crc = _advanced(_ONES, data) ^ _ONES
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _ONES


def _advanced(crc: int, data: bytes) -> int:
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def masked_of_slices(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """The masked CRC-32C of many slices of one buffer, all advanced a byte at a time together.

    Where only a few long ones are left, they go on one by one: numpy costs 10 us a byte then.

    Args:
        data: The buffer.
        starts: Where each slice begins, shape (n,).
        lengths: Bytes of each, shape (n,); all slices lie within `data`.

    Returns:
        Shape (n,), in the order of `starts`.
    """
    order = np.argsort(-lengths, kind="stable")
    starts, sorted_lengths = starts[order], lengths[order]
    crc = np.full(len(starts), _ONES, dtype=np.uint32)
    together = int(sorted_lengths[_FEW]) if len(starts) > _FEW else 0
    alive = np.searchsorted(-sorted_lengths, -np.arange(together), side="left")
    for place in range(together):
        count = alive[place]
        head = crc[:count]
        byte = data[starts[:count] + place]
        crc[:count] = head >> np.uint32(8) ^ _ARRAY[(head ^ byte) & np.uint32(0xFF)]
    for index in range(int(np.count_nonzero(sorted_lengths > together))):
        rest = data[starts[index] + together : starts[index] + sorted_lengths[index]].tobytes()
        crc[index] = _advanced(int(crc[index]), rest)
    crc ^= np.uint32(_ONES)
    crc = (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(_MASK_DELTA)
    result = np.empty_like(crc)
    result[order] = crc
    return result
