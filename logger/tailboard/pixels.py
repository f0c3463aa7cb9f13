"""Pixels of 8 bits from arrays and nested lists of any number type, without importing numpy."""

from __future__ import annotations

import sys
from math import isfinite
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class Pixels(NamedTuple):
    """An image ready to be encoded."""

    values: bytes
    """Shape (height, width, channels)."""
    width: int
    height: int
    channels: int


def pixels_of(data: object) -> Pixels:
    """The pixels of an array or of nested lists.

    Args:
        data: (height, width), (height, width, channels) or (channels, height, width); whole numbers are
            0 to 255, floats 0 to 1, -1 to 1 or 0 to 255, as their range tells. NaN is 0.

    Raises:
        ValueError: The shape is that of no image.
    """
    if hasattr(data, "detach"):  # a torch tensor
        tensor = data.detach().cpu()
        data = tensor.float().numpy() if str(tensor.dtype) == "torch.bfloat16" else tensor.numpy()
    numpy = sys.modules.get("numpy")
    if numpy is not None and (isinstance(data, numpy.ndarray) or hasattr(data, "__array__")):
        return _from_array(numpy, numpy.asarray(data))
    if hasattr(data, "tolist"):
        data = data.tolist()
    return _from_lists(data)


def _from_array(numpy: ModuleType, array: Any) -> Pixels:  # noqa: ANN401  numpy is never imported here
    """The pixels of an array, by the numpy that it belongs to."""
    array = array.squeeze() if array.ndim > 3 else array
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3:
        raise ValueError(f"an array of shape {array.shape} is no image")
    if array.shape[2] > 4 and array.shape[0] <= 4:
        array = numpy.moveaxis(array, 0, 2)
    height, width, channels = array.shape
    if array.dtype == bool:
        array = array * numpy.uint8(255)
    elif array.dtype.kind == "f":
        finite = array[numpy.isfinite(array)]
        low, high = _range(float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        with numpy.errstate(invalid="ignore", over="ignore"):
            array = numpy.nan_to_num((array.astype(numpy.float64) - low) * (255 / (high - low)))
    values = numpy.ascontiguousarray(numpy.clip(numpy.rint(array), 0, 255).astype(numpy.uint8))
    return Pixels(values.tobytes(), width, height, channels)


def _range(low: float, high: float) -> tuple[float, float]:
    """What stands for black and for white in floats between `low` and `high`."""
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    if low >= -1 and high <= 1:
        return -1.0, 1.0
    return 0.0, 255.0


def _from_lists(data: object) -> Pixels:
    if not isinstance(data, list | tuple) or not data or not isinstance(data[0], list | tuple) or not data[0]:
        raise ValueError("this is no image: an array or nested lists of two or three dimensions")
    rows = [[cell if isinstance(cell, list | tuple) else [cell] for cell in row] for row in data]
    if len(rows[0][0]) > 4 and len(rows) <= 4:  # channels first
        rows = [[list(cell) for cell in zip(*row, strict=True)] for row in zip(*rows, strict=True)]
    height, width, channels = len(rows), len(rows[0]), len(rows[0][0])
    flat = [value for row in rows for cell in row for value in cell]
    finite = [value for value in flat if isfinite(value)] or [0]
    has_floats = any(isinstance(value, float) for value in flat)
    low, high = _range(min(finite), max(finite)) if has_floats else (0.0, 255.0)
    scaled = ((value - low) * 255 / (high - low) if isfinite(value) else 0 for value in flat)
    return Pixels(bytes(max(0, min(255, round(value))) for value in scaled), width, height, channels)
