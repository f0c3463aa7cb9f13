"""Exported points read back equal, in every format and shape."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import parquet_reader
from rows import FakePoints, run_row, series
from tailboard_tui.store.export import ExportError, Shape, Source, defused, export, widen
from tailboard_tui.store.model import Points, Series
from tailboard_tui.store.parquet import Field, Numbers, ParquetWriter, Texts
from tailboard_tui.text.safe import clean

steps = st.floats(0, 20).map(round).map(float) | st.just(math.nan)
times = st.floats(0, 1e10) | st.just(math.nan)
names = st.text(st.characters(codec="utf-8"), max_size=5)
runs = st.dictionaries(
    names,
    st.dictionaries(names, st.lists(st.tuples(steps, times, st.floats()), max_size=6), max_size=3),
    max_size=3,
)
Runs = dict[str, dict[str, list[tuple[float, float, float]]]]


def every(points: Points) -> Sequence[str]:
    return points.metrics


def sources(found: Runs) -> list[Source]:
    def load(metrics: dict[str, list[tuple[float, float, float]]]) -> Callable[[], Points]:
        return lambda: FakePoints(
            *(
                series(name, [p[2] for p in points], [p[0] for p in points], [p[1] for p in points])
                for name, points in metrics.items()
            )
        )

    return [Source(run_row(id=run, name=f"n-{run}"), load(metrics)) for run, metrics in found.items()]


def same(value: Any, expected: float | None) -> bool:
    if expected is None or value is None:
        return value is expected
    return float(value) == expected or (math.isnan(float(value)) and math.isnan(expected))


def known(value: float) -> float | None:
    return None if math.isnan(value) else value


def read_long(path: Path) -> list[tuple[Any, ...]]:
    if path.suffix == ".jsonl":
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        return [
            tuple(entry[key] for key in ("run", "name", "metric", "step", "time", "value"))
            for entry in entries
        ]
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            head, *lines = csv.reader(file)
        assert head == ["run", "name", "metric", "step", "time", "value"]
        return [(*line[:3], *(cell or None for cell in line[3:])) for line in lines]
    columns = parquet_reader.read(path.read_bytes())
    assert list(columns) == ["run", "name", "metric", "step", "time", "value"]
    return list(zip(*columns.values(), strict=True))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@settings(max_examples=60, deadline=None)
@given(found=runs)
def test_every_point_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, ending: str, found: Runs
) -> None:
    path = tmp_path_factory.mktemp("x") / f"points.{ending}"
    text = defused if ending == "csv" else str
    expected = [
        (text(run), text(f"n-{run}"), text(name), known(step), known(time), value)
        for run, metrics in found.items()
        for name, points in metrics.items()
        for step, time, value in points
    ]
    assert export(sources(found), str(path), "long", every) == len(expected)
    got = read_long(path)
    assert len(got) == len(expected)
    for line, point in zip(got, expected, strict=True):
        assert line[:3] == point[:3]
        assert all(same(cell, value) for cell, value in zip(line[3:], point[3:], strict=True)), (line, point)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, st.lists(st.tuples(steps, times, st.floats()), max_size=6), max_size=3))
def test_a_wide_row_holds_the_last_value_of_its_step(
    metrics: dict[str, list[tuple[float, float, float]]],
) -> None:
    found = [
        series(name, [p[2] for p in points], [p[0] for p in points], [p[1] for p in points])
        for name, points in metrics.items()
    ]
    wide = widen(found)
    all_steps = sorted({p[0] for points in metrics.values() for p in points if not math.isnan(p[0])})
    lost = sum(math.isnan(p[0]) for points in metrics.values() for p in points)
    assert wide.steps[: len(all_steps)].tolist() == all_steps
    assert np.isnan(wide.steps[len(all_steps) :]).sum() == lost == wide.steps.size - len(all_steps)
    for at, points in enumerate(metrics.values()):
        for row, step in enumerate(all_steps):
            values = [p[2] for p in points if p[0] == step]
            assert wide.present[at, row] == bool(values)
            assert same(wide.values[at, row], values[-1] if values else math.nan)
        assert sorted(
            map(repr, wide.values[at, len(all_steps) :][wide.present[at, len(all_steps) :]].tolist())
        ) == (sorted(repr(p[2]) for p in points if math.isnan(p[0])))


WIDE: Runs = {
    "a": {"loss": [(0.0, 10.0, 1.0), (1.0, 11.0, math.nan)], "acc": [(1.0, 12.0, 0.5)]},
    "b": {"acc": [(5.0, 20.0, -math.inf)]},
}


def test_wide_files_have_a_column_a_metric_and_tell_nan_from_nothing(tmp_path: Path) -> None:
    for ending in ("csv", "jsonl", "parquet"):
        assert export(sources(WIDE), str(tmp_path / f"x.{ending}"), "wide", every) == 3
    assert (tmp_path / "x.csv").read_text() == (
        "_run,_name,_step,_timestamp,loss,acc\n"
        "a,n-a,0,10.0,1.0,\n"
        "a,n-a,1,12.0,NaN,0.5\n"
        "b,n-b,5,20.0,,-Infinity\n"
    )
    assert [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()] == [
        {"_run": "a", "_name": "n-a", "_step": 0, "_timestamp": 10.0, "loss": 1.0},
        {"_run": "a", "_name": "n-a", "_step": 1, "_timestamp": 12.0, "loss": "NaN", "acc": 0.5},
        {"_run": "b", "_name": "n-b", "_step": 5, "_timestamp": 20.0, "acc": "-Infinity"},
    ]
    columns = parquet_reader.read((tmp_path / "x.parquet").read_bytes())
    assert columns["_run"] == ["a", "a", "b"]
    assert columns["_step"] == [0, 1, 5]
    assert repr(columns["loss"]) == "[1.0, nan, None]"
    assert columns["acc"] == [None, 0.5, -math.inf]


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\rx"])
def test_a_spreadsheet_finds_no_formula_in_a_text(tmp_path: Path, text: str) -> None:
    found: Runs = {text: {text: [(0.0, 0.0, -1.5)]}}
    shapes: tuple[Shape, ...] = ("long", "wide")
    for shape in shapes:
        path = tmp_path / f"{shape}.csv"
        export(sources(found), str(path), shape, every)
        cells = [
            cell for line in csv.reader(io.StringIO(path.read_bytes().decode(), newline="")) for cell in line
        ]
        assert text not in cells
        assert f"'{clean(text)}" in cells
        assert "-1.5" in cells


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"\.csv, \.parquet and \.jsonl"):
        export([], str(tmp_path / "x.xlsx"), "long", every)


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")

    def fail() -> Points:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        export([Source(run_row(), fail)], str(path), "long", every)
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]
    assert path.read_text() == "old"


def test_many_texts_and_rows_go_into_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with path.open("wb") as file, ParquetWriter(file, [Field("t", True), Field("x", False)]) as writer:
        for group in range(2):
            texts = [(at % 3, f"text {at} {group} é") for at in range(400)]
            rows = sum(length for length, _ in texts)
            writer.write([Texts(texts), Numbers(np.arange(rows) + 0.5, np.arange(rows) % 5 > 0)], rows)
    columns = parquet_reader.read(path.read_bytes())
    one = [f"text {at} 0 é" for at in range(400) for _ in range(at % 3)]
    assert columns["t"] == one + [text.replace(" 0 é", " 1 é") for text in one]
    assert columns["x"][:7] == [None, 1.5, 2.5, 3.5, 4.5, None, 6.5]


def test_no_runs_give_a_file_without_rows(tmp_path: Path) -> None:
    nothing: list[Series] = []
    assert widen(nothing).steps.size == 0
    for shape in ("long", "wide"):
        path = tmp_path / f"{shape}.parquet"
        assert export([], str(path), "wide" if shape == "wide" else "long", every) == 0
        assert all(column == [] for column in parquet_reader.read(path.read_bytes()).values())
