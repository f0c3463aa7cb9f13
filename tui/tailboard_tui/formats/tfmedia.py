"""Images, histograms and texts in TensorBoard's summaries, of both styles.

Source: tensorflow/core/framework/{summary,tensor}.proto; the tensors' shapes as tensorboard's plugins
describe them in tensorboard/plugins/{image,histogram,text}/metadata.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.media import histogram_line, text_line
from tailboard_tui.formats.protobuf import BYTES, FIXED64, WireError, bytes_of, child, children, fields

_IMAGE, _HISTOGRAM, _TENSOR = 4, 5, 8
"""Fields of Summary.Value."""

_DT_FLOAT, _DT_DOUBLE = 1, 2
MAX_TEXT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """One thing in a summary."""

    kind: str
    index: int
    line: bytes
    content: bytes = b""
    """An image's file, as it stands in the record."""


def media_of(plugin: str, value: bytes) -> Iterator[Found]:
    """What a Summary.Value holds that is no scalar.

    Args:
        plugin: Of its tag, as its first record's metadata tell; empty where there were none.
        value: The message.

    Raises:
        WireError: It is damaged.
    """
    for number, wire, raw in fields(value):
        if wire != BYTES:
            continue
        message = bytes_of(raw)
        if number == _IMAGE:
            yield Found("image", 0, b"{}", child(message, 4))
        elif number == _HISTOGRAM:
            line = _old_histogram(message)
            if line is not None:
                yield Found("histogram", 0, line)
        elif number == _TENSOR and plugin == "images":
            strings = list(children(message, 8))  # Width and height as text, then the images.
            for index, content in enumerate(strings[2:]):
                yield Found("image", index, b"{}", content)
        elif number == _TENSOR and plugin == "histograms":
            line = _new_histogram(message)
            if line is not None:
                yield Found("histogram", 0, line)
        elif number == _TENSOR and plugin == "text":
            text = b"\n".join(children(message, 8))[:MAX_TEXT_BYTES]
            yield Found("text", 0, text_line(text.decode("utf-8", "replace")))


def _old_histogram(message: bytes) -> bytes | None:
    """A HistogramProto: right edges of buckets, of which the last may be the largest double, and counts."""
    ends = {1: 0.0, 2: 0.0}
    limits, counts = np.zeros(0), np.zeros(0)
    for number, wire, raw in fields(message):
        if number in ends and wire == FIXED64:
            ends[number] = float(np.frombuffer(bytes_of(raw), "<f8")[0])
        elif number == 6:
            limits = np.concatenate([limits, _numbers(bytes_of(raw), "<f8")])
        elif number == 7:
            counts = np.concatenate([counts, _numbers(bytes_of(raw), "<f8")])
    used = np.flatnonzero(counts > 0)
    if len(limits) != len(counts) or not len(used) or not ends[1] <= ends[2]:
        return None
    first, last = int(used[0]), int(used[-1]) + 1
    edges = np.concatenate([[limits[first - 1] if first else ends[1]], limits[first:last]])
    return histogram_line(counts[first:last].tolist(), np.clip(edges, ends[1], ends[2]).tolist())


def _new_histogram(message: bytes) -> bytes | None:
    """A tensor of shape (k, 3): left edge, right edge and count of each bucket."""
    dtype, content = _DT_DOUBLE, b""
    values = np.zeros(0)
    for number, _, raw in fields(message):
        if number == 1:
            dtype = raw if isinstance(raw, int) else 0
        elif number == 4:
            content = bytes_of(raw)
        elif number in (5, 6):
            values = np.concatenate([values, _numbers(bytes_of(raw), "<f4" if number == 5 else "<f8")])
    if content and dtype in (_DT_FLOAT, _DT_DOUBLE):
        values = _numbers(content, "<f4" if dtype == _DT_FLOAT else "<f8")
    if not len(values) or len(values) % 3:
        return None
    left, right, counts = values.reshape(-1, 3).T
    return histogram_line(counts.tolist(), [float(left[0]), *right.tolist()])


def _numbers(raw: bytes, kind: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if len(raw) % np.dtype(kind).itemsize:
        raise WireError("numbers of a histogram are cut")
    return np.frombuffer(raw, kind).astype(np.float64)
