"""Runs of every format written anew: as ours, and as TensorBoard's; both read back the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import FIXTURES, found_in, read_all, read_series, series_of
from tailboard_tui.formats.detect import Found, reader_of
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.formats.tensorboard import TensorboardReader
from tailboard_tui.store.conversion import ConversionError, records, to_native, to_tensorboard
from tailboard_tui.store.model import Series

NAMES = sorted(path.name for path in FIXTURES.iterdir() if (path / "expected.json").exists())
NOW = 1_700_000_000.0


@pytest.mark.parametrize("name", NAMES)
def test_every_format_becomes_a_run_of_ours_with_the_same_points_and_config(
    name: str, tmp_path: Path
) -> None:
    for found in found_in(FIXTURES / name).values():
        reader = reader_of(found)
        points, _ = read_all(reader)
        facts = reader.facts()
        written = to_native(facts, points, str(tmp_path), NOW)
        copy = NativeReader(written.path)
        assert series_of(read_all(copy)[0]) == series_of(points)
        assert dict(copy.facts().config) == dict(facts.config)
        assert copy.facts().name == facts.name
        assert (copy.facts().finish is None) == (facts.finish is None)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_becomes_an_event_file_with_the_same_points_in_float32(
    name: str, tmp_path: Path
) -> None:
    for number, found in enumerate(found_in(FIXTURES / name).values()):
        reader = reader_of(found)
        points, _ = read_all(reader)
        directory = tmp_path / str(number)
        to_tensorboard(reader.facts(), points, str(directory), NOW)
        copy, _ = read_all(TensorboardReader(str(directory)))
        assert set(copy.metrics) == {*points.metrics, *points.system_metrics}
        for metric in points.metrics:
            wanted, got = points.series(metric), copy.series(metric)
            assert wanted is not None
            assert got is not None
            np.testing.assert_array_equal(got.values, wanted.values.astype(np.float32).astype(np.float64))
            np.testing.assert_array_equal(got.steps, np.nan_to_num(wanted.steps))


def test_a_run_is_not_converted_over_another(tmp_path: Path) -> None:
    found = found_in(FIXTURES / "keras")["run"]
    reader = reader_of(found)
    points, _ = read_all(reader)
    facts = reader.facts()
    first = to_native(facts, points, str(tmp_path), NOW)
    assert read_series(Found(first.path, found_in(tmp_path)[Path(first.path).name].format))
    if Path(first.path).name == facts.id:
        with pytest.raises(ConversionError, match="exists"):
            to_native(facts, points, str(tmp_path), NOW)


numbers = st.floats(allow_nan=True, width=64)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(numbers, numbers, numbers), max_size=8), min_size=1, max_size=3))
def test_records_keep_every_point_in_its_metrics_own_order(
    metrics: list[list[tuple[float, float, float]]],
) -> None:
    series = [
        Series(str(name), *(np.array([point[n] for point in points], dtype=np.float64) for n in range(3)), 0)
        for name, points in enumerate(metrics)
    ]
    found: dict[str, list[tuple[float, float, float]]] = {one.name: [] for one in series}
    for step, time, values in records(series):
        assert len({name for name, _ in values}) == len(values)
        for name, value in values:
            found[name].append((step, time, value))
    for name, points in enumerate(metrics):
        assert repr(found[str(name)]) == repr(points)
