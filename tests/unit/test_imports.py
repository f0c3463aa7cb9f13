"""What is imported when: proven in fresh processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"textual", "pandas", "plotext", "numpy", "watchdog", "pyarrow"}


def modules_after(statement: str) -> set[str]:
    """Top-level names in sys.modules of a fresh process that ran `statement`."""
    code = (
        f"import sys; {statement}; print('\\n'.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_logger_imports_the_standard_library_only() -> None:
    extra = modules_after("import tailboard") - modules_after("import site") - set(sys.stdlib_module_names)
    assert extra <= {"tailboard"}


def test_the_command_line_imports_nothing_heavy() -> None:
    assert not modules_after("import tailboard_tui.cli") & HEAVY


@pytest.mark.parametrize(
    "room", ["files.opening", "text.safe", "formats.base", "store.model", "store.runs", "plot.chart"]
)
def test_nothing_below_the_screens_imports_textual(room: str) -> None:
    assert "textual" not in modules_after(f"import tailboard_tui.{room}")


def test_the_app_starts_without_pandas_and_plotext() -> None:
    assert not modules_after("import tailboard_tui.app") & {"pandas", "plotext", "pyarrow"}


@pytest.mark.parametrize("room", ["store.comparison", "commands.ls", "commands.show", "widgets.info_pane"])
def test_pandas_is_imported_by_comparing_only(room: str) -> None:
    assert "pandas" not in modules_after(f"import tailboard_tui.{room}")


def test_a_list_of_our_own_runs_is_there_before_numpy(tmp_path: Path) -> None:
    run = tmp_path / "20261123-120000-abcdef"
    run.mkdir()
    (run / "run.json").write_text('{"format": 1}')
    (run / "metrics.jsonl").write_text('{"_step": 1, "loss": 0.5}\n')
    listing = (
        "import os; from tailboard_tui.store.runs import load_rows, RunStore; "
        f"os.environ['HOME'] = {str(tmp_path / 'home')!r}; store = RunStore([{str(tmp_path)!r}]); "
        f"[row] = load_rows([{str(tmp_path)!r}]); assert row.metrics['loss'].last == 0.5; "
        "store.turn(lambda change: None); assert len(store.rows()) == 1"
    )
    assert "numpy" not in modules_after(listing)
    assert "numpy" in modules_after(f"{listing}; store.turn(lambda change: None)")
