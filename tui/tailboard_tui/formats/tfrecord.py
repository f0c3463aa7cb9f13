"""TFRecord framing, fed with bytes in any pieces: whole records out, damage stepped over and said.

A record is `uint64 length | uint32 masked crc of the length | data | uint32 masked crc of the data`,
little endian. Source: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details

The checksum of every length is checked, and of every record up to `CHECKED_BYTES`: with numpy that
costs 0.3 us a record, where one in Python costs 10. After damage the next sound record is looked for by
the checksum of its length, so one flipped bit costs one record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.crc32c import masked, masked_of_slices
from tailboard_tui.formats.damages import Damages

HEADER_BYTES = 12
FOOTER_BYTES = 4

CHECKED_BYTES = 2048
"""Longer records (images, graphs) hold no scalars; their checksum would cost more than all others."""

KEPT_BYTES = 1024 * 1024
"""A longer record is skipped without holding it in memory: no scalar, text or hparams needs this much."""

MEDIA_BYTES = 16 * 1024 * 1024
"""The same where images are wanted."""

MAX_BYTES = 2**31
"""Protobuf's own limit for a message: a longer length is damage, even when its checksum is right."""

_FEW = 20
_FLOAT_FIELD = 0x15
"""Stands before the four bytes of the value that a usual scalar's record ends in."""


@dataclass(frozen=True, slots=True)
class Records:
    """Whole, sound records within one buffer, in file order."""

    buffer: bytes
    starts: npt.NDArray[np.int64]
    """Where each begins, shape (n,)."""
    lengths: npt.NDArray[np.int64]
    """Bytes of each, shape (n,)."""
    offset: int = 0
    """Place of the buffer's first byte in the file."""

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> bytes:
        if not 0 <= index < len(self.starts):
            raise IndexError(index)
        start = int(self.starts[index])
        return self.buffer[start : start + int(self.lengths[index])]

    def is_sound(self, index: int) -> bool:
        """Whether a record fits its checksum."""
        end = int(self.starts[index] + self.lengths[index])
        return masked(self[index]) == int.from_bytes(self.buffer[end : end + FOOTER_BYTES], "little")


_HEADERS: dict[bytes, int] = {}
"""Length by header with a right checksum. Records of a metric have few lengths, so most are known."""

MAX_HEADERS = 4096
_FEW_HEADERS = 64

_NOWHERE = np.zeros(0, dtype=np.int64)


class TFRecords:
    """Takes a file's bytes in order and gives its records.

    Args:
        in_the_middle: The bytes begin anywhere in the file: the first record is to be found.
        kept_bytes: A longer record is skipped.
        wanted: Which records of a piece are wanted, for looks at a file's ends: the others are not checked.
        but_scalars: Of the wanted ones, only the first, which tells when the file was begun, and those that
            are no usual scalar.
        checks: Whether records are checked; otherwise `Records.is_sound` is to be asked of those that count.
        offset: Where in the file the bytes begin.
    """

    def __init__(
        self,
        *,
        in_the_middle: bool = False,
        kept_bytes: int = KEPT_BYTES,
        wanted: slice | None = None,
        but_scalars: bool = False,
        checks: bool = True,
        offset: int = 0,
    ) -> None:
        self._kept_bytes = kept_bytes
        self._wanted = wanted
        self._but_scalars = but_scalars
        self._checks = checks
        self._most: int = MAX_BYTES if wanted is None or wanted.stop is None else wanted.stop
        self._buffer = b""
        self._offset = offset
        """Place of the buffer's first byte in the file."""
        self._skip = 0
        """Bytes of a too long record that are still to come."""
        self._lost_at: int | None = 0 if in_the_middle else None
        """Where the damage began that is being stepped over."""
        self._damages = Damages()

    @property
    def pending_bytes(self) -> int:
        """Bytes of an unfinished record at the end."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Records:
        """The whole and sound records that end within `data`."""
        if self._skip:
            dropped = min(self._skip, len(data))
            self._skip -= dropped
            self._offset += dropped
            data = data[dropped:]
        self._buffer = buffer = self._buffer + data if self._buffer else data
        at = self._resync(0) if self._lost_at is not None else 0
        starts: list[int] = []
        lengths: list[int] = []
        most = self._most
        while at + HEADER_BYTES <= len(buffer) and len(starts) < most:
            length = self._length(buffer[at : at + HEADER_BYTES])
            if length is None:
                self._lost_at = self._offset + at
                self._damages.say(f"damaged from byte {self._lost_at} on")
                at = self._resync(at + 1)
                continue
            end = at + HEADER_BYTES + length + FOOTER_BYTES
            if end > len(buffer):
                if length > self._kept_bytes:
                    self._skip, at = end - len(buffer), len(buffer)
                break
            if length <= self._kept_bytes:
                starts.append(at + HEADER_BYTES)
                lengths.append(length)
            at = end
        if self._wanted is not None:
            starts, lengths = starts[self._wanted], lengths[self._wanted]
            if self._but_scalars:
                kept = [
                    place
                    for place, (start, length) in enumerate(zip(starts, lengths, strict=True))
                    if not place or buffer[start + max(length - 5, 0)] != _FLOAT_FIELD
                ]
                starts, lengths = [starts[place] for place in kept], [lengths[place] for place in kept]
        records = self._sound(buffer, starts, lengths)
        self._buffer = buffer[at:]
        self._offset += at
        return records

    def take_messages(self) -> list[str]:
        """What was found damaged since the last call."""
        return self._damages.take()

    def state(self) -> Mapping[str, Any]:
        """Where reading stands, in JSON's types."""
        return {
            "offset": self._offset,
            "buffer": self._buffer.decode("latin-1"),
            "skip": self._skip,
            "lost_at": self._lost_at,
            "damages": self._damages.count,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on there."""
        self._offset, self._skip = int(state["offset"]), int(state["skip"])
        self._buffer = str(state["buffer"]).encode("latin-1")
        self._lost_at = None if state["lost_at"] is None else int(state["lost_at"])
        self._damages = Damages(int(state["damages"]))

    def _length(self, header: bytes) -> int | None:
        length = _HEADERS.get(header)
        if length is None:
            found = int.from_bytes(header[:8], "little")
            if found > MAX_BYTES or masked(header[:8]) != int.from_bytes(header[8:], "little"):
                return None
            length = found
            if len(_HEADERS) < MAX_HEADERS:
                _HEADERS[header] = length
        return length

    def _sound(self, buffer: bytes, starts: list[int], lengths: list[int]) -> Records:
        """The records without those whose data do not fit their checksum."""
        if not starts:
            return Records(b"", _NOWHERE, _NOWHERE)
        places, sizes = np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64)
        if not self._checks:
            return Records(buffer, places, sizes, self._offset)
        raw = np.frombuffer(buffer, dtype=np.uint8)
        small = sizes <= CHECKED_BYTES
        good = np.ones(len(starts), dtype=bool)
        stored = _uint32_at(raw, (places + sizes)[small])
        good[small] = _checksums(buffer, raw, places[small], sizes[small]) == stored
        if good.all():
            return Records(buffer, places, sizes, self._offset)
        for start in places[~good].tolist():
            self._damages.say(f"damaged record at byte {self._offset + start - HEADER_BYTES} left out")
        return Records(buffer, places[good], sizes[good], self._offset)

    def _resync(self, at: int) -> int:
        """The place of the next header with a right checksum, from `at` on; else the last 11 bytes."""
        if self._wanted is not None and len(_HEADERS) <= _FEW_HEADERS:
            # A look at a file's end needs any record, not the first one.
            known = [place for header in _HEADERS if (place := self._buffer.find(header, at)) >= 0]
            if known:
                self._lost_at = None
                return min(known)
        raw = np.frombuffer(self._buffer, dtype=np.uint8)
        last = len(raw) - HEADER_BYTES
        if at <= last:
            places = np.arange(at, last + 1, dtype=np.int64)
            # A length below 2**31 has a zero in its upper four bytes: most places are ruled out by that.
            places = places[_uint32_at(raw, places + 4) == 0]
            eight = np.full(len(places), 8, dtype=np.int64)
            right = _checksums(self._buffer, raw, places, eight) == _uint32_at(raw, places + 8)
            for place in places[right].tolist():
                if self._length(self._buffer[place : place + HEADER_BYTES]) is not None:
                    self._lost_at = None
                    self._damages.say(f"read on from byte {self._offset + place}")
                    return int(place)
        return max(at, last + 1)


def _checksums(
    buffer: bytes, raw: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """The masked checksum of each slice; for a few of them Python is faster than numpy."""
    if len(starts) > _FEW:
        return masked_of_slices(raw, starts, lengths)
    slices = zip(starts.tolist(), lengths.tolist(), strict=True)
    return np.array([masked(buffer[start : start + length]) for start, length in slices], dtype=np.uint32)


def _uint32_at(raw: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """The little-endian uint32 at each place."""
    found = np.zeros(len(places), dtype=np.uint32)
    for byte in range(4):
        found |= raw[places + byte].astype(np.uint32) << np.uint32(8 * byte)
    return found
