"""Images, histograms, tables, texts and confusion matrices, logged beside the metrics of a step.

What they hold; `media_files` writes it. Arrays are read through their own methods: numpy and torch are
never imported.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from math import isfinite
from typing import NamedTuple

from tailboard.encoding import encode_line, scalar, text_of
from tailboard.pixels import pixels_of
from tailboard.png import png, size
from tailboard.redact import redact_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

INLINE_ROWS = 100
"""Rows of a table that stand in media.jsonl itself; longer ones get a file."""

TEXT_LIMIT = 1_000_000
"""Characters kept of a logged text."""

_FILE_LIMIT_BYTES = 256 * 1024 * 1024


class Content(NamedTuple):
    """What a media value gives to be written."""

    kind: str
    fields: Mapping[str, object]
    ending: str = ""
    """Ending of the file, without a dot; empty: no file."""
    encode: Callable[[], bytes] | None = None
    """Makes the file's content; called off the training path."""


class Image:
    """A picture from a numpy or torch array, nested lists, a PIL image, a matplotlib figure or a file.

    Arrays are (height, width), (height, width, channels) or (channels, height, width) with 1 to 4 channels;
    whole numbers are 0 to 255, floats 0 to 1 (or -1 to 1, or up to 255, as their range tells). NaN is black.
    """

    def __init__(
        self, data: object, mode: str | None = None, caption: str | None = None, **ignored: object
    ) -> None:
        """Take the picture.

        Args:
            data: See the class.
            mode: Accepted for wandb's sake; the channels tell it.
            caption: One line under the picture.
            ignored: Further arguments of wandb's.
        """
        self.data = data
        self.caption = caption

    def media_record(self) -> Content:
        """What is written."""
        caption = {} if self.caption is None else {"caption": text_of(self.caption)}
        data = self.data
        if hasattr(data, "gcf"):  # the module matplotlib.pyplot
            data = data.gcf()
        if hasattr(data, "savefig") or hasattr(data, "convert"):
            content = _drawn(data)
            width, height = size(content) or (0, 0)
            return Content("image", {**caption, "width": width, "height": height}, "png", lambda: content)
        if isinstance(data, str | os.PathLike):
            return _image_file(os.fspath(data), caption)
        if isinstance(data, bytes | bytearray):
            raw = bytes(data)
            width, height = size(raw) or (0, 0)
            return Content("image", {**caption, "width": width, "height": height}, "png", lambda: raw)
        pixels = pixels_of(data)
        fields = {**caption, "width": pixels.width, "height": pixels.height}
        return Content(
            "image", fields, "png", lambda: png(pixels.values, pixels.width, pixels.height, pixels.channels)
        )


def _drawn(data: object) -> bytes:
    """A matplotlib figure or PIL image as PNG, by its own means."""
    buffer = BytesIO()
    if hasattr(data, "savefig"):
        data.savefig(buffer, format="png")
    else:
        data.save(buffer, format="PNG")  # type: ignore[attr-defined]  # a PIL image
    return buffer.getvalue()


def _image_file(path: str, caption: Mapping[str, object]) -> Content:
    with open(path, "rb") as file:
        content = file.read(_FILE_LIMIT_BYTES)
    ending = os.path.splitext(path)[1].lstrip(".").lower()
    width, height = size(content) or (0, 0)
    sizes = {"width": width, "height": height} if width else {}
    return Content("image", {**caption, **sizes}, ending if ending.isalnum() else "bin", lambda: content)


class Histogram:
    """How often values fall into equal bins. Values that are not finite are counted apart."""

    counts: list[float]
    """Shape (bins,); empty without any finite value."""
    edges: list[float]
    """Shape (bins + 1,), ascending, in the values' unit."""

    def __init__(self, sequence: object = None, np_histogram: object = None, num_bins: int = 64) -> None:
        """Count.

        Args:
            sequence: Values: a list, numpy or torch array of any shape.
            np_histogram: Counts and edges that are known already, as `numpy.histogram` gives them.
            num_bins: How many bins, 1 to 512.
        """
        self.not_finite = 0
        if np_histogram is not None:
            known = list(np_histogram)  # type: ignore[call-overload]  # a pair
            self.counts, self.edges = _numbers(known[0]), _numbers(known[1])
        else:
            self._count(sequence, max(1, min(int(num_bins), 512)))

    def _count(self, sequence: object, bins: int) -> None:
        numpy = sys.modules.get("numpy")
        if hasattr(sequence, "detach"):
            sequence = sequence.detach().float().cpu()
        if numpy is not None and hasattr(sequence, "__array__"):
            array = numpy.asarray(sequence, dtype=numpy.float64).ravel()
            finite_array = array[numpy.isfinite(array)]
            self.not_finite = int(array.size - finite_array.size)
            if not finite_array.size:
                self.counts, self.edges = [], []
                return
            low, width, self.edges = _bins(float(finite_array.min()), float(finite_array.max()), bins)
            places = ((finite_array / 2 - low / 2) / (width / 2)).astype(numpy.int64)
            self.counts = numpy.bincount(places.clip(0, bins - 1), minlength=bins).tolist()
        else:
            values = _numbers(sequence)
            finite = [value for value in values if isfinite(value)]
            self.not_finite = len(values) - len(finite)
            self.counts, self.edges = _counted(finite, bins)

    def media_record(self) -> Content:
        """What is written."""
        fields: dict[str, object] = {"counts": self.counts, "edges": self.edges}
        if self.not_finite:
            fields["not_finite"] = self.not_finite
        return Content("histogram", fields)


def _counted(values: list[float], bins: int) -> tuple[list[float], list[float]]:
    """Counts, shape (bins,), and edges, shape (bins + 1,), of finite values."""
    if not values:
        return [], []
    low, width, edges = _bins(min(values), max(values), bins)
    counts = [0.0] * bins
    for value in values:
        counts[max(0, min(int((value / 2 - low / 2) / (width / 2)), bins - 1))] += 1
    return counts, edges


def _bins(low: float, high: float, bins: int) -> tuple[float, float, list[float]]:
    """Lower end, width and edges of equal bins; the range of two huge values must not overflow."""
    if high / bins - low / bins <= abs(low) * 1e-15:  # one value, as far as floats can tell
        margin = max(0.5, abs(low) * 1e-12)
        largest = sys.float_info.max
        low, high = max(low - margin, -largest), min(high + margin, largest)
    width = high / bins - low / bins
    scale = 1.0 if isfinite(high - low) else 2.0  # halves of the largest floats do not overflow
    edges = (scale * (low / scale + width / scale * index) for index in range(bins))
    return low, width, [*edges, high]


def _numbers(values: object) -> list[float]:
    """All numbers in arrays or nested lists, flat."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    if hasattr(values, "flatten"):
        values = values.flatten()
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, int | float):
        return [float(values)]
    found: list[float] = []
    for value in values:  # type: ignore[attr-defined]  # any iterable
        found += _numbers(value) if hasattr(value, "__iter__") else [float(value)]
    return found


class Table:
    """Rows of cells: numbers, text, images."""

    def __init__(
        self,
        columns: Sequence[object] | None = None,
        data: object = None,
        rows: object = None,
        dataframe: object = None,
        **ignored: object,
    ) -> None:
        """Take rows.

        Args:
            columns: Their names.
            data: Rows, or a pandas frame.
            rows: The same by wandb's older name.
            dataframe: A pandas frame.
            ignored: Further arguments of wandb's.
        """
        frame = dataframe if dataframe is not None else data if hasattr(data, "to_dict") else None
        if frame is not None:
            columns = list(frame.columns)  # type: ignore[attr-defined]  # a pandas frame
            data = frame.values.tolist()  # type: ignore[attr-defined]  # likewise
        found = data if data is not None else rows
        self.columns = [text_of(name) for name in (columns if columns is not None else ())]
        self.data = [list(row) for row in (found if found is not None else ())]  # type: ignore[attr-defined]  # iterable

    def add_data(self, *cells: object) -> None:
        """Append a row."""
        self.data.append(list(cells))

    def add_column(self, name: str, data: Iterable[object]) -> None:
        """Append a column."""
        self.columns.append(text_of(name))
        for index, cell in enumerate(data):
            if index == len(self.data):
                self.data.append([])
            self.data[index].append(cell)

    def media_record(self) -> Content:
        """What is written."""
        rows = [[_cell(cell) for cell in row] for row in self.data]
        fields: dict[str, object] = {"columns": list(self.columns), "row_count": len(rows)}
        if len(rows) <= INLINE_ROWS:
            return Content("table", {**fields, "rows": rows})
        return Content("table", fields, "jsonl", lambda: b"".join(encode_line(row) for row in rows))


def _cell(cell: object) -> object:
    if hasattr(type(cell), "media_record"):
        return f"<{type(cell).__name__}>"
    found = scalar(cell)
    return redact_text(found) if isinstance(found, str) else found


class Text:
    """A text: generated samples, a report."""

    def __init__(self, text: object, **ignored: object) -> None:
        self.text = text_of(text, TEXT_LIMIT)

    def media_record(self) -> Content:
        """What is written."""
        return Content("text", {"text": self.text})


class ConfusionMatrix:
    """How often each class was taken for each: rows are true classes, columns predicted ones."""

    def __init__(self, y_true: object, preds: object, class_names: Sequence[object] | None = None) -> None:
        """Count.

        Args:
            y_true: Class indices, shape (n,).
            preds: Predicted class indices, shape (n,).
            class_names: By index.
        """
        true, predicted = _numbers(y_true), _numbers(preds)
        pairs = list(zip(map(int, true), map(int, predicted), strict=True))
        most = max((max(pair) for pair in pairs), default=-1)
        names = [text_of(name) for name in class_names or ()]
        count = max(len(names), most + 1)
        self.class_names = names + [str(index) for index in range(len(names), count)]
        self.matrix = [[0] * count for _ in range(count)]
        for row, column in pairs:
            self.matrix[row][column] += 1

    def media_record(self) -> Content:
        """What is written."""
        return Content("confusion_matrix", {"class_names": self.class_names, "matrix": self.matrix})
