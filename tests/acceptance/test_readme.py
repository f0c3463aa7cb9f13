"""What the README says is true: its commands exist, its Python runs, its keys are keys."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}",
    "TAILBOARD_DIR": "",
}


def sample_commands() -> list[str]:
    lines = [
        line.split("#")[0].strip() for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()
    ]
    return [line for line in lines if line.startswith("tailboard ") and "sample_runs" in line]


def test_the_readme_has_commands_to_check() -> None:
    assert len(sample_commands()) >= 4


@pytest.mark.parametrize("command", sample_commands())
def test_each_command_on_the_sample_runs_prints_something(command: str) -> None:
    arguments = shlex.split(command)[1:]
    done = subprocess.run(
        [sys.executable, "-m", "tailboard_tui", *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not done.stderr


def test_the_python_example_writes_the_run_that_it_promises(tmp_path: Path) -> None:
    (code,) = [block for kind, block in BLOCKS if kind == "python"]
    environment = {key: value for key, value in ENVIRONMENT.items() if key != "TAILBOARD_DIR"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=60)
    (run,) = (tmp_path / "runs").iterdir()
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 1000
    assert json.loads(lines[12])["train/loss"] == pytest.approx(1 / 13)


def test_each_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_test_command_is_what_ci_calls() -> None:
    assert "bash scripts/test\n" in README
    assert "bash scripts/test\n" in (ROOT / ".ci" / "run").read_text()
