"""A reader goes on where one of another process stood, and shows a large file before it has read it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from damage import SINGLE, copy_of
from reading import FIXTURES, Series, found_in, series_of
from tailboard_tui.formats.base import Reader, Resumable
from tailboard_tui.formats.detect import reader_of
from tailboard_tui.formats.tensorboard_write import event_file_name, write_event_file
from tailboard_tui.store.columns import RunColumns

WHOLE = ("huggingface", "sacred", "hydra log")
"""Formats that are read anew: their files are rewritten, or small."""


def read_on(reader: Reader, columns: RunColumns) -> None:
    more = True
    while more:
        chunk = reader.poll()
        columns.apply(chunk)
        more = chunk.more


@pytest.mark.parametrize("kind", SINGLE)
def test_a_run_is_read_on_where_another_process_stood(kind: str, tmp_path: Path) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    data = path.read_bytes()
    whole = RunColumns()
    read_on(reader_of(found), whole)
    for cut in {len(data), len(data) // 2, len(data) // 3 + 7}:
        path.write_bytes(data[:cut])
        os.utime(path)
        first, columns = reader_of(found), RunColumns()
        read_on(first, columns)
        assert isinstance(first, Resumable)
        state = first.state()
        assert (state is None) == (kind in WHOLE)
        if state is None:
            continue
        second = reader_of(found)
        assert isinstance(second, Resumable)
        with path.open("ab") as file:
            file.write(data[cut:])
        assert second.restore(json.loads(json.dumps(state)))
        read_on(second, columns)
        assert series_of(columns.points()) == series_of(whole.points())
        read_on(first, RunColumns())
        assert second.facts() == first.facts()


@pytest.mark.parametrize("kind", [kind for kind in SINGLE if kind not in WHOLE])
def test_a_run_whose_file_is_another_is_read_from_its_start(kind: str, tmp_path: Path) -> None:
    found, path = copy_of(kind, tmp_path / "run")
    first, columns = reader_of(found), RunColumns()
    read_on(first, columns)
    assert isinstance(first, Resumable)
    state = first.state()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    second, again, fresh = reader_of(found), RunColumns(), RunColumns()
    assert isinstance(second, Resumable)
    assert state is not None
    assert not second.restore(state)
    read_on(second, again)
    read_on(reader_of(found), fresh)
    assert series_of(again.points()) == series_of(fresh.points())


def test_a_later_event_file_still_resumes_after_the_first_came_from_a_state(tmp_path: Path) -> None:
    early, late = sorted((FIXTURES / "tensorboard_x/resumed").iterdir())
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(early, run)
    first, columns = reader_of(found_in(tmp_path)["run"]), RunColumns()
    read_on(first, columns)
    assert isinstance(first, Resumable)
    state = first.state()
    shutil.copy(late, run)
    second = reader_of(found_in(tmp_path)["run"])
    assert isinstance(second, Resumable)
    assert state is not None
    assert second.restore(state)
    read_on(second, columns)
    series = columns.points().series("loss")
    assert series is not None
    assert series.resume_steps == (10.0,)
    assert series.steps.tolist() == list(range(30))


def write_large(kind: str, run: Path, steps: int) -> None:
    if kind == "tensorboard":
        values = ((tag, step, 1e9 + step, step * 0.5) for step in range(steps) for tag in ("loss", "acc"))
        half = steps // 2
        points = list(values)
        for start, part in ((0, points[: 2 * half]), (1, points[2 * half :])):
            write_event_file(f"{run}/{event_file_name(1e9 + start)}", part, {}, 1e9)
    elif kind == "csv":
        rows = (f"{step},{step * 0.5},{'' if step % 3 else step},0.123456789\n" for step in range(steps))
        (run / "metrics.csv").write_text("step,loss,acc,lr\n" + "".join(rows))
    else:
        lines = (f'{{"iteration": {step}, "loss": {step * 0.5}, "note": "x"}}\n' for step in range(steps))
        (run / "metrics.json").write_text("".join(lines))


@pytest.mark.parametrize("kind", ["tensorboard", "csv", "jsonl"])
def test_a_sample_of_a_large_file_holds_points_of_all_of_it_and_gives_way_as_it_is_read(
    kind: str, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write_large(kind, run, 45_000)
    reader, columns = reader_of(found_in(tmp_path)["run"]), RunColumns()
    columns.apply_preview(reader.preview())
    seen: list[Series] = [series_of(columns.points())]
    columns.apply(reader.poll())
    seen.append(series_of(columns.points()))
    read_on(reader, columns)
    whole = series_of(columns.points())
    assert whole["loss"][0] == list(range(45_000))
    for series in seen:
        steps, values = series["loss"]
        assert len(steps) > 500
        assert np.all(np.diff(np.array(steps, dtype=float)) > 0)
        assert [whole["loss"][1][round(float(str(step)))] for step in steps] == values
        assert float(str(steps[-1])) > 44_000


def test_a_small_file_has_no_sample(tmp_path: Path) -> None:
    found, _ = copy_of("csv", tmp_path / "run")
    assert reader_of(found).preview().rows == ()
