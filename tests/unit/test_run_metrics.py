"""`--parse auto` passes over most lines quickly, and over none that says something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tailboard
from tailboard_tui.commands.run_metrics import MetricsFromOutput


def picked(tmp_path: Path, printed: bytes) -> list[dict[str, Any]]:
    """The values that are logged, in order."""
    found: list[dict[str, Any]] = []
    run = tailboard.init(dir=str(tmp_path), capture=False, git=False, system=False)
    run.log = lambda data, step=None, commit=None: found.append({"step": step, **data})  # type: ignore[method-assign]
    metrics = MetricsFromOutput(run)
    for at in range(0, len(printed), 7):
        metrics.feed("stdout", memoryview(printed[at : at + 7]))
    metrics.feed("", memoryview(b""))
    run.finish()
    return found


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("iter 10: loss 2.1, time 5.00ms", {"step": 10, "loss": 2.1, "time": 5.0}),
        ("s:0 tel:10.97", {"step": 0, "tel": 10.97}),
        (" iteration 10/ 20 | lm loss: 1.0E+01 |", {"step": 10, "lm loss": 10.0}),
        ("| epoch 001 | loss 5.3 | num_updates 100", {"step": 100, "epoch": 1.0, "loss": 5.3}),
        ('{"step": 3, "loss": 0.5}', {"step": 3, "loss": 0.5}),
        ("Epoch 2/5\n10/10 [====] - 1s - loss: 0.5", {"step": 2, "loss": 0.5}),
        (" 50%|###  | 5/10 [00:01<00:01, 4.9it/s, loss=0.1]", {"step": None, "loss": 0.1}),
    ],
)
def test_lines_with_metrics_are_picked(tmp_path: Path, line: str, values: dict[str, Any]) -> None:
    noise = b"words\nstep 123 loss 0.5 but no mark\n[12:00:01] worker 3 did file 12.txt\n"
    assert picked(tmp_path, noise + line.encode() + b"\n" + noise) == [values]
