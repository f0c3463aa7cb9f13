"""Reading and writing protobuf messages without their schema: just the fields of the wire format.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types in use. 3 and 4 (groups) are in none of the formats that we read."""

_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


class WireError(ValueError):
    """The bytes are no protobuf message."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned varint at byte `at`, and the place behind it.

    Raises:
        WireError: It does not end within the data, or is longer than ten bytes.
    """
    if at < len(data) and data[at] < 0x80:  # Most are short, and most of the time is spent here.
        return data[at], at + 1
    value = shift = 0
    for place in range(at, min(at + 10, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
        shift += 7
    raise WireError(f"unfinished number at byte {at}")


def fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """The fields of a message in their order: number, wire type, and an int or the raw bytes.

    Raises:
        WireError: The rest of the message is damaged; what came before is as written.
    """
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        if key < 0x80:
            at += 1
        else:
            key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise WireError("field number 0")
        if wire == VARINT:
            value, at = varint(data, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            length, at = varint(data, at)
        elif wire == FIXED64:
            length = 8
        elif wire == FIXED32:
            length = 4
        else:
            raise WireError(f"unknown wire type {wire}")
        if length > end - at:
            raise WireError("a field is longer than its message")
        yield number, wire, data[at : at + length]
        at += length


def children(data: bytes, number: int) -> Iterator[bytes]:
    """Each length-delimited field `number` of a message, in order; errors as `fields`."""
    for found, wire, value in fields(data):
        if found == number and wire == BYTES:
            yield bytes_of(value)


def child(data: bytes, number: int) -> bytes:
    """The last length-delimited field `number`, or nothing; errors as `fields`."""
    found = b""
    for value in children(data, number):
        found = value
    return found


def bytes_of(value: int | bytes) -> bytes:
    """A field's raw bytes; nothing where the field is a number."""
    return value if isinstance(value, bytes) else b""


def text_of(value: int | bytes) -> str:
    """A string field; bytes that are no UTF-8 become U+FFFD."""
    return bytes_of(value).decode("utf-8", "replace")


def signed(value: int | bytes) -> int:
    """A varint as int32 or int64: negative numbers are written as ten bytes."""
    number = value if isinstance(value, int) else 0
    return number - (1 << 64) if number >= 1 << 63 else number


def double_of(value: int | bytes) -> float:
    """A `double` field; NaN where it is none."""
    raw = bytes_of(value)
    return _DOUBLE.unpack(raw)[0] if len(raw) == 8 else float("nan")


def float_of(value: int | bytes) -> float:
    """A `float` field; NaN where it is none."""
    raw = bytes_of(value)
    return _FLOAT.unpack(raw)[0] if len(raw) == 4 else float("nan")


def seconds_of(message: bytes) -> float:
    """A google.protobuf.Timestamp as Unix seconds; errors as `fields`."""
    found = {number: signed(value) for number, wire, value in fields(message) if wire == VARINT}
    return found.get(1, 0) + found.get(2, 0) / 1e9


def write_varint(value: int) -> bytes:
    """`value` (0 <= value < 2**64, or a negative int64) as a varint."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_bytes(number: int, value: bytes) -> bytes:
    """A length-delimited field: a string, bytes or a message."""
    return write_varint(number << 3 | BYTES) + write_varint(len(value)) + value


def write_int(number: int, value: int) -> bytes:
    """A varint field."""
    return write_varint(number << 3 | VARINT) + write_varint(value)


def write_double(number: int, value: float) -> bytes:
    """A `double` field."""
    return write_varint(number << 3 | FIXED64) + _DOUBLE.pack(value)


def write_float(number: int, value: float) -> bytes:
    """A `float` field; what is beyond float32 becomes an infinity."""
    try:
        packed = _FLOAT.pack(value)
    except OverflowError:
        packed = _FLOAT.pack(float("inf") if value > 0 else float("-inf"))
    return write_varint(number << 3 | FIXED32) + packed
