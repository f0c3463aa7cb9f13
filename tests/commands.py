"""Calling commands in this process, for tests."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helpers import write_run
from tailboard_tui.cli import main


@dataclass(frozen=True)
class Done:
    """What a command gave."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """JSON Lines of stdout, strictly."""
        return [json.loads(line, parse_constant=refuse) for line in self.out.splitlines()]


def refuse(token: str) -> None:
    raise AssertionError(f"{token} is not JSON")


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> Done:
    capsys.readouterr()
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "\x1b" not in captured.out + captured.err
    return Done(status, captured.out, captured.err)


FINISH = {"time": 1_700_000_300.0, "event": "finish", "status": "finished", "exit_code": 0}


def three_runs(root: Path) -> Path:
    """`slow`, `good` and `broken`, oldest first: the learning rate decides."""
    for number, (name, lr) in enumerate((("slow", 0.01), ("good", 0.1), ("broken", 10.0))):
        write_run(
            root,
            f"2026112{number}-120000-abcde{number}",
            name=name,
            created=1_700_000_000.0 + number,
            group="sweep" if number else None,
            tags=["keep"] if name == "good" else [],
            config={"lr": lr, "model": {"depth": 3}, "out_dir": f"/x/{number}"},
            metrics=[
                {
                    "_step": step,
                    "_timestamp": 1_700_000_000.0 + step,
                    "val/acc": 1 - math.exp(-step * lr) if lr < 1 else (0.5 if step < 3 else "NaN"),
                    "epoch": step // 5,
                }
                for step in range(10 + number)
            ],
            events=[FINISH],
        )
    return root
