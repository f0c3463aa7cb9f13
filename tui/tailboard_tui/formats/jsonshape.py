"""Whole blocks of JSON lines at once: a msgspec struct made from the keys that lines have.

Source: parsers compared in ANCHORS.md 1.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.formats.jsonvalue import moment_of, number_of

_ABSENT_BITS = 0x7FF8_0000_0000_BEEF
_ABSENT: float = struct.unpack("<d", struct.pack("<Q", _ABSENT_BITS))[0]
"""Stands for a key that a line lacks: a NaN that no text gives, so one look at the bits finds it."""

_BARE_TOKENS = tuple(
    (b'":' + space + token, b'":"' + token + b'"')
    for token in (b"NaN", b"Infinity", b"-Infinity")
    for space in (b"", b" ")
)
"""Within a string the quote before the colon is escaped, and the quotes put in make it invalid JSON:
the block is then declined, never misread."""


class Shape:
    """A struct for lines whose keys are known, and the decoder of whole blocks into it."""

    def __init__(self, kinds: Mapping[str, bool]) -> None:
        named = [(key, f"f{number}", loose) for number, (key, loose) in enumerate(kinds.items())]
        self.kinds = dict(kinds)
        self._strict = [(key, name) for key, name, loose in named if not loose]
        self._loose = [(key, name) for key, name, loose in named if loose]
        kind = msgspec.defstruct(
            "Line",
            [(name, Any if loose else float, _ABSENT) for _, name, loose in named],
            rename={name: key for key, name, _ in named},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decode_lines = msgspec.json.Decoder(kind).decode_lines

    @classmethod
    def of(cls, kinds: Mapping[str, bool]) -> Shape | None:
        """The shape for `kinds` (key -> may hold more than numbers), or None where msgspec has none."""
        try:
            return cls(kinds)
        except (ValueError, UnicodeEncodeError):  # a key with a quote, a backslash or a control character
            return None

    def decode(self, data: bytes) -> list[Any] | None:
        """One record a line, or None where a line does not fit."""
        try:
            return self._decode_lines(data)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            pass
        if b"NaN" not in data and b"Infinity" not in data:
            return None
        for token, text in _BARE_TOKENS:
            data = data.replace(token, text)
        try:
            return self._decode_lines(data)
        except (ValueError, RecursionError):
            return None

    def columns(
        self, records: list[Any], texts: dict[str, Any], time_keys: tuple[str, ...]
    ) -> dict[str, FloatArray] | None:
        """Each key's values, `_ABSENT` where a line has none; None where an object is among them."""
        count, width = len(records), len(self._strict)
        found: dict[str, FloatArray] = {}
        if width:
            get = attrgetter(*(name for _, name in self._strict))
            rows = map(get, records)
            flat = cast("Iterator[float]", chain.from_iterable(rows) if width > 1 else rows)
            table = np.fromiter(flat, np.float64, count * width).reshape(count, width)
            found = dict(zip((key for key, _ in self._strict), np.ascontiguousarray(table.T), strict=True))
        for key, name in self._loose:
            convert = moment_of if key in time_keys else number_of
            values = _loose_column([getattr(record, name) for record in records], convert, key, texts)
            if values is None:
                return None
            found[key] = values
        return {key: found[key] for key in self.kinds}


def _loose_column(
    values: list[Any], convert: Callable[[Any], float | None], key: str, texts: dict[str, Any]
) -> FloatArray | None:
    """Numbers of a key that also holds other things; None where an object must be flattened."""
    numbers: list[float] = []
    for value in values:
        if type(value) is float:
            numbers.append(value)
            continue
        number = convert(value)
        if number is None:
            if isinstance(value, dict):
                return None
            if value is not None:
                texts[key] = value
            number = _ABSENT
        numbers.append(number)
    return np.array(numbers, dtype=np.float64)


def is_absent(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Where lines lack the key, shape (n,)."""
    return cast("npt.NDArray[np.bool_]", values.view(np.uint64) == _ABSENT_BITS)


def first_present(found: Mapping[str, FloatArray], keys: tuple[str, ...], count: int) -> FloatArray:
    """For each row the value of the first of `keys` that it has, else NaN."""
    values = np.full(count, math.nan)
    for key in reversed(keys):
        if key in found:
            values = np.where(is_absent(found[key]), values, found[key])
    return values


def is_one_object_a_line(data: bytes) -> bool:
    """Whether each line begins with `{` and ends with `}`.

    msgspec takes any white space between values: `{"a":1` and `,"b":2}` on two lines would join, two
    objects on one line would split. `}`, newline, `{` cannot stand inside one value, so with this and
    as many records as lines, each line is one record.
    """
    if not (data.startswith(b"{") and data.endswith(b"}\n")):
        return False
    text = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(text == 0x0A)
    return bool((text[newlines - 1] == 0x7D).all() and (text[newlines[:-1] + 1] == 0x7B).all())
