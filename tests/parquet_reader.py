"""A small reader of Parquet files, written from the format's description and not from our writer.

It reads what any file of flat columns of doubles and texts may hold: several row groups, dictionary or
plain pages of version 1, definition levels as runs or packed bits, no compression.
Source: https://github.com/apache/parquet-format
"""

from __future__ import annotations

import struct
from typing import Any

DOUBLE, BYTE_ARRAY = 5, 6


class Thrift:
    """Structs of the compact protocol as dictionaries by field id."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def integer(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def value(self, kind: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self.integer()
        if kind == 8:
            size = self.varint()
            self.at += size
            return self.data[self.at - size : self.at]
        if kind == 9:
            head = self.data[self.at]
            self.at += 1
            size = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15) for _ in range(size)]
        assert kind == 12, kind
        return self.struct()

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self.data[self.at]:
            self.at += 1
            number = number + (head >> 4) if head >> 4 else self.integer()
            fields[number] = self.value(head & 15)
        self.at += 1
        return fields


def hybrid(data: bytes, width: int, count: int) -> list[int]:
    """The RLE and bit-packing hybrid."""
    reader = Thrift(data)
    found: list[int] = []
    while len(found) < count:
        head = reader.varint()
        if head & 1:
            size = (head >> 1) * width
            bits = int.from_bytes(data[reader.at : reader.at + size], "little")
            reader.at += size
            found += [bits >> (at * width) & (1 << width) - 1 for at in range((head >> 1) * 8)]
        else:
            size = (width + 7) // 8
            found += [int.from_bytes(data[reader.at : reader.at + size], "little")] * (head >> 1)
            reader.at += size
    return found[:count]


def plain(data: bytes, kind: int, count: int) -> list[Any]:
    if kind == DOUBLE:
        assert len(data) == 8 * count
        return list(struct.unpack(f"<{count}d", data))
    found, at = [], 0
    for _ in range(count):
        (size,) = struct.unpack_from("<I", data, at)
        found.append(data[at + 4 : at + 4 + size].decode())
        at += 4 + size
    assert at == len(data)
    return found


def read_column(data: bytes, meta: dict[int, Any]) -> list[Any]:
    kind, count = meta[1], meta[5]
    assert meta[4] == 0, "compressed"
    at, end = meta.get(11, meta[9]), meta.get(11, meta[9]) + meta[7]
    dictionary: list[Any] = []
    found: list[Any] = []
    while at < end:
        reader = Thrift(data, at)
        header = reader.struct()
        body = data[reader.at : reader.at + header[3]]
        at = reader.at + header[3]
        if header[1] == 2:
            dictionary = plain(body, kind, header[7][1])
            continue
        values = header[5][1]
        (size,) = struct.unpack_from("<I", body)
        levels = hybrid(body[4 : 4 + size], 1, values)
        rest = body[4 + size :]
        if header[5][2] == 8:
            present = [dictionary[index] for index in hybrid(rest[1:], rest[0], sum(levels))]
        else:
            present = plain(rest, kind, sum(levels))
        source = iter(present)
        found += [next(source) if level else None for level in levels]
    assert len(found) == count
    return found


def read(data: bytes) -> dict[str, list[Any]]:
    """Columns by name; null is None."""
    assert data[:4] == data[-4:] == b"PAR1"
    (size,) = struct.unpack("<I", data[-8:-4])
    footer = Thrift(data[-8 - size : -8]).struct()
    root, *fields = footer[2]
    assert root[5] == len(fields)
    columns: dict[str, list[Any]] = {field[4].decode(): [] for field in fields}
    for group in footer[4]:
        for chunk in group[1]:
            column = read_column(data, chunk[3])
            assert len(column) == group[3]
            columns[chunk[3][3][0].decode()] += column
    assert all(len(column) == footer[3] for column in columns.values())
    return columns
