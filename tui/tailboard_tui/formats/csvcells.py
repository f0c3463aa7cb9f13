"""The cells of a line, and the numbers of a column of cells."""

from __future__ import annotations

import contextlib
import csv
import math
from collections.abc import Sequence

import numpy as np

from tailboard_tui.formats.base import FloatArray, RowArray
from tailboard_tui.formats.names import is_missing, number

_DELIMITERS = ",\t;|"


def delimiter_of(line: str) -> str:
    """What stands between the cells of a first line; nothing where that is white space."""
    found = max(_DELIMITERS, key=line.count)
    return found if found in line or len(line.split()) < 2 else ""


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of a line; white space parts them where the delimiter is empty."""
    if not delimiter:
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row holds names: some text, and no number."""
    return any(not is_missing(cell) for cell in cells) and not any(
        number(cell) is not None for cell in cells if cell.strip()
    )


def numbers(cells: Sequence[str]) -> tuple[RowArray | None, FloatArray]:
    """The rows that hold a number (None: all), and the numbers. Text and empty cells hold none."""
    if not any("_" in cell for cell in cells):  # numpy takes `1_0` for ten
        with contextlib.suppress(ValueError, OverflowError):
            return None, np.array(cells).astype(np.float64)
    rows, values = [], []
    for row, cell in enumerate(cells):
        found = number(cell) if cell else None
        if found is not None:
            rows.append(row)
            values.append(found)
    if len(rows) == len(cells):
        return None, np.array(values, dtype=np.float64)
    return np.array(rows, dtype=np.uint32), np.array(values, dtype=np.float64)


def plain_numbers(cells: Sequence[bytes]) -> tuple[RowArray | None, FloatArray] | None:
    """As `numbers`, of cells that are empty or finite or infinite numbers or NaN; None for any other."""
    try:
        return None, np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        filled = [row for row, cell in enumerate(cells) if cell]
    try:
        values = np.fromiter(map(float, map(cells.__getitem__, filled)), np.float64, len(filled))
    except ValueError:
        return None
    return np.array(filled, dtype=np.uint32), values


def unix_seconds_of(values: FloatArray) -> FloatArray:
    """`names.unix_seconds` of each."""
    found = np.full(len(values), math.nan)
    for unit in (1.0, 1e3, 1e6, 1e9):
        scaled = values / unit
        found = np.where(np.isnan(found) & (scaled >= 1e9) & (scaled < 1e10), scaled, found)
    return found
