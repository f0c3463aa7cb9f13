"""The record log of LevelDB, as wandb and swanlab write it, fed with bytes in any pieces.

A piece of a record is `uint32 crc | uint16 length | uint8 type | data`, little endian; no piece crosses a
block of 32,768 bytes, what is left of a block is zeros. Here the crc is zlib's over type and data.
Source: https://github.com/google/leveldb/blob/main/doc/log_format.md, wandb/sdk/internal/datastore.py.

Blocks are not counted: every piece is checked by its crc, and after damage the next sound one is looked for,
so bytes that were inserted or lost cost the records that they stand in, and no more.
"""

from __future__ import annotations

import heapq
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from tailboard_tui.formats.damages import Damages

FILE_HEADER_BYTES = 7
_HEADER = struct.Struct("<IHB")
_HEADER_BYTES = _HEADER.size
_BLOCK_BYTES = 32_768
_MAX_PADDING = _HEADER_BYTES - 1
_UNFINISHED, _DAMAGED = -1, -2
_KINDS = re.compile(rb"[\x01-\x04]")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4

_TYPE_CRC = [zlib.crc32(bytes([kind])) for kind in range(5)]

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""A longer record holds no metrics; it is left out."""

_CREDIT_BYTES = 1024 * 1024
_CREDIT_SHARE = 256
"""What may be checked in search of a sound piece, at first and for each byte fed. Random bytes look like
headers so often that each costs 128 bytes; a file made to look so everywhere must not cost more."""


class RecordLog:
    """Takes a file's bytes in order and gives its records.

    Args:
        magic: The first bytes of the file.
        in_the_middle: The bytes begin anywhere in the file: the first record is to be found.
    """

    def __init__(self, magic: bytes, *, in_the_middle: bool = False) -> None:
        self._magic = magic
        self._is_begun = in_the_middle
        self._is_lost = in_the_middle
        self._buffer = b""
        self._offset = 0
        """Place of the buffer's first byte in the file."""
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._damages = Damages()
        self._searched = 0
        """Place in the file up to which a sound piece was looked for."""
        self._waiting: list[tuple[int, int]] = []
        """End and begin of what looks like a piece that ends in what is still to come: a heap."""
        self._credit = _CREDIT_BYTES

    @property
    def pending_bytes(self) -> int:
        """Bytes of an unfinished record at the end, padding left out."""
        return len(self._buffer.strip(b"\0")) + self._parts_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """The whole and sound records that end within `data`."""
        self._buffer = buffer = self._buffer + data if self._buffer else data
        at = 0
        self._credit += len(data) * _CREDIT_SHARE
        if not self._is_begun:
            if len(buffer) < FILE_HEADER_BYTES:
                return []
            self._is_begun = True
            if not buffer.startswith(self._magic):
                self._damages.say(f"does not begin with {self._magic.decode()}")
            at = FILE_HEADER_BYTES
        records: list[bytes] = []
        while True:
            if self._is_lost:
                at = self._search(at)
                if self._is_lost:
                    break
            start, stop = self._next(at)
            # A damaged length may reach behind what is there: then sound pieces stand within.
            if stop == _UNFINISHED and self._sound_from(at + 1) is None:
                break
            if stop < 0:
                self._lose(at)
                at += 1
                continue
            self._piece(buffer[start + 6], buffer[start + _HEADER_BYTES : stop], records)
            at = stop
        self._buffer = buffer[at:]
        self._offset += at
        return records

    def take_messages(self) -> list[str]:
        """What was found damaged since the last call."""
        return self._damages.take()

    def state(self) -> Mapping[str, Any] | None:
        """Where reading stands, in JSON's types; None within a record of several pieces."""
        if self._parts:
            return None
        return {
            "offset": self._offset,
            "buffer": self._buffer.decode("latin-1"),
            "is_begun": self._is_begun,
            "is_lost": self._is_lost,
            "damages": self._damages.count,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on there."""
        self._offset, self._buffer = int(state["offset"]), str(state["buffer"]).encode("latin-1")
        self._is_begun, self._is_lost = bool(state["is_begun"]), bool(state["is_lost"])
        self._damages = Damages(int(state["damages"]))

    def _next(self, at: int) -> tuple[int, int]:
        """Begin and end of the piece at `at`, padding before it skipped; the end may say that it is none."""
        first = stop = self._end_of_piece(at)
        start = at
        most = 0 if self._offset + at == FILE_HEADER_BYTES else _MAX_PADDING  # none behind the file's header
        while stop < 0 and start - at < most and self._buffer[start : start + 1] == b"\0":
            start += 1
            stop = self._end_of_piece(start)
            if stop == _UNFINISHED:
                first = _UNFINISHED
        return (start, stop) if stop >= 0 else (at, first)

    def _end_of_piece(self, at: int) -> int:
        """Where the sound piece at `at` ends, or `_UNFINISHED`, or `_DAMAGED`."""
        buffer = self._buffer
        if at + _HEADER_BYTES > len(buffer):
            return _UNFINISHED
        crc, length, kind = _HEADER.unpack_from(buffer, at)
        if not _FULL <= kind <= _LAST or length > _BLOCK_BYTES - _HEADER_BYTES:
            return _DAMAGED
        stop = at + _HEADER_BYTES + length
        if stop > len(buffer):
            return _UNFINISHED
        is_sound = zlib.crc32(buffer[at + _HEADER_BYTES : stop], _TYPE_CRC[kind]) == crc
        return stop if is_sound else _DAMAGED

    def _lose(self, at: int) -> None:
        self._is_lost = True
        self._drop_parts()
        self._damages.say(f"damaged from byte {self._offset + at} on")

    def _search(self, at: int) -> int:
        """The place of the next sound piece from `at` on; while there is none, from where to search on."""
        start = self._sound_from(at)
        if start is None:
            # A piece may begin in what is here and end in what is still to come.
            return max(at, len(self._buffer) - _BLOCK_BYTES)
        self._is_lost = False
        self._damages.say(f"read on from byte {self._offset + start}")
        return start

    def _sound_from(self, at: int) -> int | None:
        """The place of the first sound piece that is not empty, from `at` on.

        No place is checked twice, however small the pieces that come: one whose end is not here yet waits.
        """
        buffer, offset = self._buffer, self._offset
        while self._waiting and self._waiting[0][0] <= offset + len(buffer):
            start = self._waiting[0][1] - offset
            if start >= at and self._is_sound(start):
                return start
            heapq.heappop(self._waiting)
        for kind in _KINDS.finditer(buffer, max(at, self._searched - offset) + 6):
            start = kind.start() - 6
            stop = start + _HEADER_BYTES + int.from_bytes(buffer[start + 4 : start + 6], "little")
            self._searched = offset + start
            if stop > len(buffer):
                if stop - start <= _BLOCK_BYTES:
                    heapq.heappush(self._waiting, (offset + stop, offset + start))
            elif self._is_sound(start):
                return start
        self._searched = max(self._searched, offset + len(buffer) - 6)
        return None

    def _is_sound(self, start: int) -> bool:
        """Whether a sound piece that is not empty begins and ends here; no, once too much was checked."""
        length = int.from_bytes(self._buffer[start + 4 : start + 6], "little")
        if length > self._credit:
            return False
        self._credit -= length
        return self._end_of_piece(start) > start + _HEADER_BYTES

    def _piece(self, kind: int, data: bytes, records: list[bytes]) -> None:
        if kind == _FULL:
            self._drop_parts()
            records.append(data)
            return
        if kind == _FIRST:
            self._drop_parts()
        elif not self._parts:
            return  # The rest of a record whose begin is lost.
        self._parts.append(data)
        self._parts_bytes += len(data)
        if self._parts_bytes > MAX_RECORD_BYTES:
            self._damages.say(f"record longer than {MAX_RECORD_BYTES >> 20} MiB left out")
            self._drop_parts()
        elif kind == _LAST:
            records.append(b"".join(self._parts))
            self._drop_parts()

    def _drop_parts(self) -> None:
        self._parts, self._parts_bytes = [], 0
