"""`tailboard plot` on runs in the logger's own format."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import write_run
from tailboard_tui.commands.plot import X_CHOICES
from tailboard_tui.plot.xaxis import X_KINDS

ROOT = Path(__file__).resolve().parents[2]


def plot(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}",
        "PYTHONIOENCODING": "utf-8",
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-m", "tailboard_tui", "plot", *arguments],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for index, rate in enumerate((0.1, 0.01, 0.001)):
        write_run(
            tmp_path,
            f"run-{index}",
            metrics=[
                {
                    "_step": s,
                    "_timestamp": 1.7e9 + s,
                    "train/loss": 1 / (s + 1 + index),
                    "val/acc": s / (50 + index),
                }
                for s in range(50)
            ],
            config={"lr": rate},
            name=f"name {index}",
        )
    return tmp_path


def test_a_chart_is_printed_as_text(runs: Path) -> None:
    found = plot("run-0", "run-1", "-m", "train/loss", "--root", str(runs), "--width", "70", "--height", "14")
    assert found.returncode == 0, found.stderr
    lines = found.stdout.rstrip("\n").split("\n")
    assert len(lines) == 14
    assert max(map(len, lines)) <= 70
    assert lines[0].split()[0] == "train/loss"
    assert "a ━━ name 0" in found.stdout
    assert "\x1b" not in found.stdout


def test_globs_draw_one_chart_each_and_options_act(runs: Path) -> None:
    found = plot("run-0", "-m", "*/*", "--root", str(runs), "--smooth", "0.9", "--x", "elapsed", "--log-y")
    assert found.returncode == 0, found.stderr
    assert "train/loss" in found.stdout
    assert "val/acc" in found.stdout
    assert "ema 0.9" in found.stdout
    assert "elapsed" in found.stdout


def test_bars_and_scatter_show_the_best_values(runs: Path) -> None:
    found = plot("run-0", "run-1", "run-2", "-m", "val/acc", "--kind", "bars", "--root", str(runs))
    assert "highest val/acc" in found.stdout, found.stderr
    assert "name 2" in found.stdout
    found = plot(
        "run-0", "run-1", "-m", "val/acc", "--kind", "scatter", "--by", "lr", "--log-x", "--root", str(runs)
    )
    assert "highest val/acc by lr" in found.stdout, found.stderr
    assert "a  name 0" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run-0", "-m", "nothing"), 1, "no metric matches"),
        (("run-9", "-m", "train/loss"), 1, ""),
        (("run-0", "-m", "val/acc", "--kind", "scatter"), 2, "--by"),
        (("run-0", "-m", "val/acc", "--smooth", "1.5"), 2, "--smooth"),
        (("run-0", "-m", "x", "--kind", "matrix"), 1, "no confusion matrix"),
        (("run-0",), 2, ""),
    ],
)
def test_what_cannot_be_drawn_is_said(
    runs: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    found = plot(*arguments, "--root", str(runs))
    assert found.returncode == status
    assert message in found.stderr
    assert "Traceback" not in found.stderr


def test_a_confusion_matrix_is_printed(runs: Path) -> None:
    (runs / "run-0" / "media.jsonl").write_text(
        '{"step": 3, "time": 1, "key": "cm", "kind": "confusion_matrix", "class_names": ["cat", "dog"],'
        ' "matrix": [[7, 1], [2, 9]]}\n'
    )
    found = plot("run-0", "-m", "cm", "--kind", "matrix", "--root", str(runs))
    assert found.returncode == 0, found.stderr
    assert "cat" in found.stdout
    assert "7" in found.stdout


def test_textual_is_not_started(runs: Path) -> None:
    code = (
        "import sys; from tailboard_tui.cli import main;"
        f"code = main(['plot', 'run-0', '-m', 'train/loss', '--root', {str(runs)!r}]);"
        "sys.exit(code or int('textual' in sys.modules) * 50)"
    )
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert found.returncode == 0, found.stderr


def test_the_kinds_of_x_axis_are_those_of_the_charts() -> None:
    assert X_CHOICES == X_KINDS
