"""No cell of a CSV export is a formula, wherever its text comes from; no id names a place elsewhere."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import call
from helpers import write_run
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.store.conversion import event_directory
from tailboard_tui.store.export import defused

ODD_IDS = ("..", "../../x", "/etc", "a\0b", "\ud800", "", ".", "x" * 5000, "é" * 300, "\U0001f600" * 99)

FORMULAS = (
    "=1+1",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "=cmd|' /C calc'!A0",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text(text: str) -> None:
    assert defused(text).startswith("'")


@given(text=st.text(max_size=30))
def test_no_text_begins_like_a_formula_and_none_breaks_its_row(text: str) -> None:
    shown = defused(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert "\n" not in shown
    assert "\r" not in shown


@pytest.mark.parametrize("shape", [(), ("--wide",)])
def test_names_of_runs_and_metrics_reach_no_spreadsheet_as_formulas(
    shape: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    metrics = [{"_step": 1, "_timestamp": 1.0, name: 2.0} for name in FORMULAS]
    run = write_run(root, "r", name="=HYPERLINK(1)", metrics=metrics)
    (run / "config.json").write_text(json.dumps({"=x": "=y"}))
    out = tmp_path / "out.csv"
    done = call(capsys, "export", run, "-o", out, *shape)
    assert done.status == 0, done.err
    with out.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "＝")] == []


@given(st.text() | st.sampled_from(ODD_IDS))
@settings(max_examples=60, deadline=None)
def test_an_id_names_a_directory_below_the_output_and_nothing_else(run_id: str) -> None:
    facts = RunFacts(run_id, "name", "csv", "/runs/a")
    with TemporaryDirectory() as root:
        directory = Path(event_directory(facts, root))
        directory.mkdir()
        assert directory.resolve().parent == Path(root).resolve()
