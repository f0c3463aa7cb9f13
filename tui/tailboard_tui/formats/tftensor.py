"""Numbers in TensorBoard's tensors, and its hyperparameters.

Source: tensorflow/core/framework/tensor.proto, tensorboard/plugins/hparams/plugin_data.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tailboard_tui.formats.base import Value
from tailboard_tui.formats.protobuf import (
    BYTES,
    FIXED64,
    VARINT,
    WireError,
    bytes_of,
    children,
    double_of,
    fields,
    signed,
    text_of,
    varint,
)

TEXT_CHARS = 10_000
"""Of a text that are kept."""

_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 10: "?", 19: "<f2", 22: "<u4", 23: "<u8"}
"""TensorProto.dtype -> how `tensor_content` holds it. Source: tensorflow/core/framework/types.proto."""

_FLOAT_VALUES = {5: "<f4", 6: "<f8"}
"""Fields float_val and double_val."""

_INT_VALUES = frozenset({7, 10, 11, 16, 17})
"""Fields int_val, int64_val, bool_val, uint32_val, uint64_val."""


def single_at(body: bytes) -> int | None:
    """Where the one float32 of a value message stands behind its tag; None when it is none."""
    if body[:1] != b"\x42":
        return None
    length, start = varint(body, 1)
    tensor = body[start : start + length]
    for marker in (b"\x2a\x04", b"\x22\x04"):  # float_val (packed), tensor_content
        place = tensor.find(marker)
        if place >= 0 and tensor[:2] == b"\x08\x01" and place + 6 == len(tensor):
            return start + place + 2
    return None


def tensor_number(tensor: bytes) -> float | None:
    """The number in a TensorProto that holds exactly one; None for any other.

    Raises:
        WireError: It is damaged.
    """
    dtype = 0
    numbers: list[float] = []
    content = b""
    for number, wire, value in fields(tensor):
        if number == 1 and wire == VARINT:
            dtype = signed(value)
        elif number == 4 and wire == BYTES:
            content = bytes_of(value)
        elif number in _FLOAT_VALUES:
            raw, kind = bytes_of(value), _FLOAT_VALUES[number]
            if len(raw) % np.dtype(kind).itemsize:
                raise WireError("numbers of a tensor are cut")
            numbers.extend(np.frombuffer(raw, kind).tolist())
        elif number in _INT_VALUES:
            numbers.extend(_integers(value))
        if len(numbers) > 1:
            return None
    kind = _DTYPES.get(dtype, "")
    if not numbers and kind and len(content) == np.dtype(kind).itemsize:
        numbers.append(float(np.frombuffer(content, kind)[0]))
    return float(numbers[0]) if len(numbers) == 1 else None


def _integers(value: int | bytes) -> Iterator[int]:
    """The varints of a repeated field, packed or not; two at most are of interest."""
    if isinstance(value, int):
        yield signed(value)
        return
    at = 0
    for _ in range(2):
        if at >= len(value):
            return
        number, at = varint(value, at)
        yield signed(number)


def hparams_of(content: bytes) -> Mapping[str, Value]:
    """The hyperparameters of an HParamsPluginData message (session_start_info.hparams)."""
    found: dict[str, Value] = {}
    for start_info in children(content, 3):
        for entry in children(start_info, 1):
            name, value = "", None
            for number, _, raw in fields(entry):
                if number == 1:
                    name = text_of(raw)
                elif number == 2:
                    value = _json_value(bytes_of(raw))
            if name:
                found[name] = value
    return found


def _json_value(message: bytes) -> Value:
    """A google.protobuf.Value that is no list or struct."""
    for number, wire, value in fields(message):
        if number == 2 and wire == FIXED64:
            return double_of(value)
        if number == 3:
            return text_of(value)[:TEXT_CHARS]
        if number == 4:
            return bool(value)
    return None
