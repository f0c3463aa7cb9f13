"""Points of runs as files: CSV, Parquet or JSON Lines, long (a row a point) or wide (a row a step).

Long: `run`, `name`, `metric`, `step`, `time`, `value`. Wide: `_run`, `_name`, `_step`, `_timestamp` and a
column for each metric, spelled as in metrics.jsonl, so that no metric's name clashes; of several points of
one metric at one step the last is taken. NaN and infinities stay what they are, what is absent is empty.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from tailboard.layout import STEP, TIMESTAMP
from tailboard_tui.formats.base import FloatArray
from tailboard_tui.store.model import Points, RunRow, Series
from tailboard_tui.store.objects import moment, number, point_lines, step
from tailboard_tui.store.parquet import Column, Field, Numbers, ParquetWriter, Texts
from tailboard_tui.text.safe import clean

Shape = Literal["long", "wide"]

RUN, NAME = "_run", "_name"
LONG = ("run", "name", "metric", "step", "time", "value")

GROUP_ROWS = 100_000
"""Rows of one Parquet row group, at least, but for the last."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text cell that begins so may be run as a formula by a spreadsheet; some take the wide forms, too.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""


class ExportError(Exception):
    """The file is not written; the message says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """One run to export."""

    row: RunRow
    load: Callable[[], Points]
    """Gives its points when they are needed: one run at a time is in memory."""


@dataclass(frozen=True, slots=True)
class Wide:
    """The points of one run by step."""

    steps: FloatArray
    """Shape (rows,), ascending; points without a step come last, each in a row of its own, as NaN."""
    times: FloatArray
    """Shape (rows,), Unix seconds of the last point of the row. NaN where there is none."""
    values: FloatArray
    """Shape (metrics, rows)."""
    present: npt.NDArray[np.bool_]
    """Shape (metrics, rows)."""


def defused(text: str) -> str:
    """`text` for a CSV cell: control characters by stand-ins, an apostrophe before what begins a formula."""
    shown = clean(text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown


def export(
    sources: Sequence[Source],
    path: str,
    shape: Shape,
    choose: Callable[[Points], Sequence[str]],
    *,
    everything: bool = False,
) -> int:
    """Write the points to `path`, by its ending; the number of rows written.

    The file appears when it is complete: an error leaves what was there.

    Args:
        choose: The metrics of a run that are wanted.
        everything: With the points that a resumed segment replaced.

    Raises:
        ExportError: The ending is none of .csv, .parquet, .jsonl.
        OSError: The file cannot be written.
    """
    ending = os.path.splitext(path)[1].lower()
    writers = {".csv": _write_csv, ".parquet": _write_parquet, ".jsonl": _write_jsonl}
    if ending not in writers:
        raise ExportError(f"{path}: the ending says the format; there are .csv, .parquet and .jsonl")

    def found(source: Source) -> list[Series]:
        points = source.load()
        series = (points.series(name, everything=everything) for name in choose(points))
        return [item for item in series if item is not None]

    partial = f"{path}.{os.getpid()}.part"
    try:
        with open(partial, "xb") as file:
            rows = writers[ending](file, sources, shape, found)
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise
    return rows


Find = Callable[[Source], list[Series]]


def widen(series: Sequence[Series]) -> Wide:
    """The points of one run's metrics side by side."""
    steps = np.concatenate([item.steps for item in series]) if series else np.empty(0)
    known = np.unique(steps[~np.isnan(steps)])
    unknown = int(np.count_nonzero(np.isnan(steps)))
    rows = known.size + unknown
    wide = Wide(
        steps=np.concatenate([known, np.full(unknown, np.nan)]),
        times=np.full(rows, np.nan),
        values=np.full((len(series), rows), np.nan),
        present=np.zeros((len(series), rows), dtype=bool),
    )
    next_unknown = known.size
    for at, item in enumerate(series):
        places = np.searchsorted(known, item.steps)
        lost = np.isnan(item.steps)
        lost_count = int(np.count_nonzero(lost))
        places[lost] = np.arange(next_unknown, next_unknown + lost_count)
        next_unknown += lost_count
        wide.values[at, places] = item.values
        wide.present[at, places] = True
        is_timed = ~np.isnan(item.times)
        wide.times[places[is_timed]] = item.times[is_timed]
    return wide


def _columns(sources: Sequence[Source], find: Find) -> list[str]:
    """The metrics of all runs, in order of first appearance."""
    return list(dict.fromkeys(item.name for source in sources for item in find(source)))


def _write_csv(file: BinaryIO, sources: Sequence[Source], shape: Shape, find: Find) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    writer = csv.writer(text, lineterminator="\n")
    rows = 0
    if shape == "long":
        writer.writerow(LONG)
        for source in sources:
            head = (defused(source.row.facts.id), defused(source.row.facts.name))
            for series in find(source):
                name = defused(series.name)
                writer.writerows((*head, name, *cells) for cells in _long_cells(series))
                rows += len(series.values)
    else:
        names = _columns(sources, find)
        order = {name: at for at, name in enumerate(names)}
        writer.writerow([RUN, NAME, STEP, TIMESTAMP, *map(defused, names)])
        for source in sources:
            found = find(source)
            wide = widen(found)
            head = (defused(source.row.facts.id), defused(source.row.facts.name))
            places = [order[item.name] for item in found]
            writer.writerows((*head, *cells) for cells in _wide_cells(wide, places, len(names)))
            rows += wide.steps.size
    text.flush()
    text.detach()
    return rows


def _csv_number(value: float) -> str | float | int:
    found = step(value)
    return "" if found is None else found


def _long_cells(series: Series) -> Iterator[tuple[object, ...]]:
    points = zip(series.steps.tolist(), series.times.tolist(), series.values.tolist(), strict=True)
    for at, when, value in points:
        yield _csv_number(at), "" if when != when else when, number(value)


def _wide_cells(wide: Wide, places: Sequence[int], columns: int) -> Iterator[tuple[object, ...]]:
    """The cells of each row; the metrics of `wide` stand in the columns `places` of all `columns`."""
    table = zip(
        wide.steps.tolist(), wide.times.tolist(), wide.values.T.tolist(), wide.present.T.tolist(), strict=True
    )
    for at, when, values, present in table:
        cells: list[object] = [""] * columns
        for place, value, is_there in zip(places, values, present, strict=True):
            if is_there:
                cells[place] = number(value)
        yield _csv_number(at), "" if when != when else when, *cells


def _write_jsonl(file: BinaryIO, sources: Sequence[Source], shape: Shape, find: Find) -> int:
    rows = 0
    for source in sources:
        facts = source.row.facts
        series = find(source)
        lines: Iterable[str]
        if shape == "long":
            lines = (line for item in series for line in point_lines(facts.id, item, name=facts.name))
        else:
            lines = _wide_lines(source.row, series)
        for line in lines:
            file.write(line.encode() + b"\n")
            rows += 1
    return rows


def _wide_lines(row: RunRow, series: Sequence[Series]) -> Iterator[str]:
    wide = widen(series)
    names = [item.name for item in series]
    head = {RUN: row.facts.id, NAME: row.facts.name}
    table = zip(
        wide.steps.tolist(), wide.times.tolist(), wide.values.T.tolist(), wide.present.T.tolist(), strict=True
    )
    for at, when, values, present in table:
        found = {
            name: number(value) for name, value, there in zip(names, values, present, strict=True) if there
        }
        yield json.dumps({**head, STEP: step(at), TIMESTAMP: moment(when), **found}, allow_nan=False)


def _write_parquet(file: BinaryIO, sources: Sequence[Source], shape: Shape, find: Find) -> int:
    if shape == "wide":
        return _write_wide_parquet(file, sources, find)
    schema = [Field(name, is_text=name in ("run", "name", "metric")) for name in LONG]
    rows = 0
    with ParquetWriter(file, schema) as writer:
        waiting: list[tuple[RunRow, Series]] = []
        waiting_rows = 0
        for source in sources:
            for series in find(source):
                waiting.append((source.row, series))
                waiting_rows += len(series.values)
                if waiting_rows >= GROUP_ROWS:
                    rows += _write_group(writer, waiting)
                    waiting, waiting_rows = [], 0
        rows += _write_group(writer, waiting)
    return rows


def _write_group(writer: ParquetWriter, group: Sequence[tuple[RunRow, Series]]) -> int:
    lengths = [len(series.values) for _, series in group]
    rows = sum(lengths)
    if not rows:
        return 0

    def texts(found: Iterable[str]) -> Column:
        return Texts(list(zip(lengths, found, strict=True)))

    writer.write(
        [
            texts(row.facts.id for row, _ in group),
            texts(row.facts.name for row, _ in group),
            texts(series.name for _, series in group),
            _numbers(np.concatenate([series.steps for _, series in group])),
            _numbers(np.concatenate([series.times for _, series in group])),
            Numbers(np.concatenate([series.values for _, series in group])),
        ],
        rows,
    )
    return rows


def _numbers(values: FloatArray) -> Numbers:
    """Steps or times: NaN means that there is none."""
    return Numbers(values, ~np.isnan(values))


def _write_wide_parquet(file: BinaryIO, sources: Sequence[Source], find: Find) -> int:
    names = _columns(sources, find)
    schema = [Field(RUN, True), Field(NAME, True), Field(STEP, False), Field(TIMESTAMP, False)]
    rows = 0
    with ParquetWriter(file, [*schema, *(Field(name, False) for name in names)]) as writer:
        for source in sources:
            series = find(source)
            wide = widen(series)
            count = wide.steps.size
            if not count:
                continue
            facts = source.row.facts
            nothing = Numbers(np.empty(count), np.zeros(count, dtype=bool))
            known = {item.name: Numbers(wide.values[at], wide.present[at]) for at, item in enumerate(series)}
            values = [known.get(name, nothing) for name in names]
            heads: list[Column] = [Texts([(count, facts.id)]), Texts([(count, facts.name)])]
            writer.write([*heads, _numbers(wide.steps), _numbers(wide.times), *values], count)
            rows += count
    return rows
