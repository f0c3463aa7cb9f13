"""Every format against what the real library wrote, and what its own reader says of it."""

from __future__ import annotations

from itertools import repeat

import pytest

from reading import FIXTURES, expected, found_in, read_all, read_series
from tailboard_tui.formats.detect import reader_of
from tailboard_tui.formats.reading import RunReader

NAMES = sorted(path.name for path in FIXTURES.iterdir() if (path / "expected.json").exists())


@pytest.mark.parametrize("name", NAMES)
def test_finds_exactly_the_runs_that_the_library_wrote(name: str) -> None:
    assert found_in(FIXTURES / name).keys() == expected(name).keys()


@pytest.mark.parametrize("name", NAMES)
def test_reads_the_values_that_the_library_reads(name: str) -> None:
    for run, found in found_in(FIXTURES / name).items():
        assert read_series(found) == expected(name)[run], run


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [1, 100, 1000])
def test_pieces_of_any_size_give_the_same_points(name: str, limit: int) -> None:
    for run, found in found_in(FIXTURES / name).items():
        assert read_series(found, repeat(limit, 400)) == expected(name)[run], run


@pytest.mark.parametrize("name", NAMES)
def test_the_files_to_watch_are_known_from_the_begin(name: str) -> None:
    for run, found in found_in(FIXTURES / name).items():
        reader = reader_of(found)
        assert isinstance(reader, RunReader)
        before = set(reader.watch_paths())
        read_all(reader)
        reader.facts()
        assert set(reader.watch_paths()) == before, run
