"""What a file that is rewritten as a whole holds more than before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tailboard_tui.formats.base import Column, FloatArray, Rows


def growth(before: Mapping[str, Rows], now: Mapping[str, Rows]) -> list[Rows] | None:
    """The rows that `now` has more than `before`; None when it is no continuation of it."""
    if not before.keys() <= now.keys():
        return None
    news = []
    for clock, rows in now.items():
        old = before.get(clock)
        if old is None:
            news.append(rows)
            continue
        start = len(old.steps)
        if not _begins_with(rows, old):
            return None
        if len(rows.steps) > start:
            news.append(_from_row(rows, start))
    return news


def _begins_with(rows: Rows, old: Rows) -> bool:
    start = len(old.steps)
    if not (_same(rows.steps[:start], old.steps) and _same(rows.times[:start], old.times)):
        return False
    for name, column in rows.columns.items():
        cut = _from_begin(column, start)
        before = old.columns.get(name)
        if before is None:
            if len(cut.values):
                return False
        elif not (_same(cut.values, before.values) and _same_rows(cut, before)):
            return False
    return old.columns.keys() <= rows.columns.keys()


def _same(one: FloatArray, other: FloatArray) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


def _same_rows(one: Column, other: Column) -> bool:
    """Whether two columns with equally many values stand in the same rows; None is all rows."""
    count = len(one.values)
    first, second = (np.arange(count) if column.rows is None else column.rows for column in (one, other))
    return bool(np.array_equal(first, second))


def _from_begin(column: Column, count: int) -> Column:
    """The part of a column in the first `count` rows."""
    if column.rows is None:
        return Column(None, column.values[:count])
    cut = int(np.searchsorted(column.rows, count))
    return Column(column.rows[:cut], column.values[:cut])


def _from_row(rows: Rows, start: int) -> Rows:
    """The rows from `start` on."""
    columns = {}
    for name, column in rows.columns.items():
        if column.rows is None:
            columns[name] = Column(None, column.values[start:])
            continue
        cut = int(np.searchsorted(column.rows, start))
        if cut < len(column.rows):
            columns[name] = Column(column.rows[cut:] - np.uint32(start), column.values[cut:])
    resumes = tuple((row - start, step) for row, step in rows.resumes if row >= start)
    return replace(rows, steps=rows.steps[start:], times=rows.times[start:], columns=columns, resumes=resumes)
