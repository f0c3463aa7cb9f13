"""Writing Parquet files: numbers and texts in flat columns, uncompressed, readable by everything.

Numbers are doubles in PLAIN encoding, texts go through a dictionary and stand as runs, since a run's id
repeats for each of its points. pyarrow would do it too, for 40 MB of installation.

Source: https://github.com/apache/parquet-format (README.md, Encodings.md, parquet.thrift), data page
version 1; the footer is in Thrift's compact protocol,
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import FloatArray

_MAGIC = b"PAR1"
_DOUBLE, _BYTE_ARRAY = 5, 6
_REQUIRED, _OPTIONAL = 0, 1
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_UTF8 = 0

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
"""Types of Thrift's compact protocol."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of doubles. NaN is a value; what is absent is null."""

    values: FloatArray
    """Shape (rows,)."""
    present: npt.NDArray[np.bool_] | None = None
    """Shape (rows,); None: all are."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts as runs of equal ones: (length, text)."""

    runs: Sequence[tuple[int, str]]


Column = Numbers | Texts


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the schema."""

    name: str
    is_text: bool


class ParquetWriter:
    """Writes row groups to an open file; the footer comes when the context ends without an error."""

    def __init__(self, file: BinaryIO, schema: Sequence[Field]) -> None:
        self._file = file
        self._schema = tuple(schema)
        self._groups: list[bytes] = []
        self._rows = 0
        self._at = 0
        self._put(_MAGIC)

    def __enter__(self) -> ParquetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            footer = self._footer()
            self._put(footer + struct.pack("<I", len(footer)) + _MAGIC)

    def write(self, columns: Sequence[Column], rows: int) -> None:
        """Write `rows` rows, a column for each field of the schema."""
        start = self._at
        chunks = [
            self._chunk(field, column, rows) for field, column in zip(self._schema, columns, strict=True)
        ]
        self._groups.append(
            _struct((1, _LIST, _list(_STRUCT, chunks)), (2, _I64, self._at - start), (3, _I64, rows))
        )
        self._rows += rows

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._at += len(data)

    def _chunk(self, field: Field, column: Column, rows: int) -> bytes:
        """Write one column's pages; its ColumnChunk for the footer."""
        start = self._at
        dictionary_at = None
        if isinstance(column, Texts):
            dictionary = list(dict.fromkeys(text for _, text in column.runs))
            dictionary_at = start
            self._page(_DICTIONARY_PAGE, len(dictionary), _PLAIN, b"".join(map(_text, dictionary)))
            encoding, body = _RLE_DICTIONARY, _all_present(rows) + _indices(column.runs, dictionary)
        else:
            encoding, body = _PLAIN, _number_page(column, rows)
        data_at = self._at
        self._page(_DATA_PAGE, rows, encoding, body)
        size = self._at - start
        fields: list[tuple[int, int, int | bytes]] = [
            (1, _I32, _BYTE_ARRAY if field.is_text else _DOUBLE),
            (2, _LIST, _list(_I32, [_zigzag(kind) for kind in sorted({_PLAIN, _RLE, encoding})])),
            (3, _LIST, _list(_BINARY, [_binary(_utf8(field.name))])),
            (4, _I32, 0),  # UNCOMPRESSED
            (5, _I64, rows),
            (6, _I64, size),
            (7, _I64, size),
            (9, _I64, data_at),
        ]
        if dictionary_at is not None:
            fields.append((11, _I64, dictionary_at))
        return _struct((2, _I64, start), (3, _STRUCT, _struct(*fields)))

    def _page(self, kind: int, values: int, encoding: int, body: bytes) -> None:
        if kind == _DATA_PAGE:
            inner = _struct((1, _I32, values), (2, _I32, encoding), (3, _I32, _RLE), (4, _I32, _RLE))
            header = (5, _STRUCT, inner)
        else:
            header = (7, _STRUCT, _struct((1, _I32, values), (2, _I32, encoding)))
        self._put(_struct((1, _I32, kind), (2, _I32, len(body)), (3, _I32, len(body)), header))
        self._put(body)

    def _footer(self) -> bytes:
        root = _struct((4, _BINARY, b"schema"), (5, _I32, len(self._schema)))
        elements = [root, *map(_schema_element, self._schema)]
        return _struct(
            (1, _I32, 1),
            (2, _LIST, _list(_STRUCT, elements)),
            (3, _I64, self._rows),
            (4, _LIST, _list(_STRUCT, self._groups)),
            (6, _BINARY, b"tailboard"),
        )


def _schema_element(field: Field) -> bytes:
    if not field.is_text:
        return _struct((1, _I32, _DOUBLE), (3, _I32, _OPTIONAL), (4, _BINARY, _utf8(field.name)))
    string = _struct((1, _STRUCT, _struct()))  # LogicalType.STRING
    return _struct(
        (1, _I32, _BYTE_ARRAY),
        (3, _I32, _OPTIONAL),
        (4, _BINARY, _utf8(field.name)),
        (6, _I32, _UTF8),
        (10, _STRUCT, string),
    )


def _number_page(column: Numbers, rows: int) -> bytes:
    values = np.ascontiguousarray(column.values, dtype="<f8")
    if column.present is None or column.present.all():
        return _all_present(rows) + values.tobytes()
    bits = np.packbits(column.present, bitorder="little").tobytes()
    levels = _varint(len(bits) << 1 | 1) + bits
    return struct.pack("<I", len(levels)) + levels + values[column.present].tobytes()


def _all_present(rows: int) -> bytes:
    """Definition levels of a column without nulls: one run."""
    levels = _varint(rows << 1) + b"\x01"
    return struct.pack("<I", len(levels)) + levels


def _indices(runs: Sequence[tuple[int, str]], dictionary: Sequence[str]) -> bytes:
    place = {text: at for at, text in enumerate(dictionary)}
    width = max((len(dictionary) - 1).bit_length(), 1)
    size = (width + 7) // 8
    encoded = (_varint(length << 1) + place[text].to_bytes(size, "little") for length, text in runs if length)
    return bytes([width]) + b"".join(encoded)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _text(text: str) -> bytes:
    data = _utf8(text)
    return struct.pack("<I", len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _zigzag(value: int) -> bytes:
    return _varint(value << 1)  # Nothing here is negative.


def _binary(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return head + b"".join(items)


def _struct(*fields: tuple[int, int, int | bytes]) -> bytes:
    """A struct of (id, type, value), ids ascending; lists and structs are given encoded."""
    found = bytearray()
    before = 0
    for number, kind, value in fields:
        found.append(number - before << 4 | kind)
        before = number
        if isinstance(value, int):
            found += _zigzag(value)
        else:
            found += _binary(value) if kind == _BINARY else value
    found.append(0)
    return bytes(found)
