"""What the tests of readers share: a run read to its end, as the screens see it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

from tailboard_tui.formats.base import Problem, Reader
from tailboard_tui.formats.detect import Found, find, reader_of
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.model import Points

FIXTURES = Path(__file__).parent / "fixtures" / "formats"

Series = dict[str, tuple[list[object], list[object]]]
"""Metric -> steps and values, with NaN and infinities as text so that they compare."""


def found_in(root: Path) -> dict[str, Found]:
    """The runs below a root by their path relative to it."""
    top = str(root.resolve())
    return {found.path.removeprefix(top).lstrip("/"): found for found in find(top)}


def read_all(reader: Reader, limits: Iterable[int] = ()) -> tuple[Points, tuple[Problem, ...]]:
    """All points of a run and what was wrong, polled with these limits and then with the default."""
    columns = RunColumns()
    waiting = iter(limits)
    for _ in range(100_000):
        limit = next(waiting, 0)
        chunk = reader.poll(limit) if limit else reader.poll()
        columns.apply(chunk)
        if not chunk.more and not limit:
            return columns.points(), columns.problems
    raise AssertionError("the reader never comes to an end")


def series_of(points: Points, *, everything: bool = False) -> Series:
    """All series in a form that compares by `==`."""
    found: Series = {}
    for name in points.metrics:
        series = points.series(name, everything=everything)
        assert series is not None
        found[name] = ([plain(step) for step in series.steps], [plain(value) for value in series.values])
    return found


def plain(value: float) -> object:
    """A number as JSON can hold it."""
    value = float(value)
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def read_series(found: Found, limits: Iterable[int] = ()) -> Series:
    """All series of a run that was found."""
    reader = reader_of(found)
    try:
        return series_of(read_all(reader, limits)[0])
    finally:
        reader.close()


def expected(name: str) -> dict[str, Series]:
    """What the real library read from the runs of a fixture."""
    runs = json.loads((FIXTURES / name / "expected.json").read_text())
    return {
        run: {metric: (points["steps"], points["values"]) for metric, points in metrics.items()}
        for run, metrics in runs.items()
    }
