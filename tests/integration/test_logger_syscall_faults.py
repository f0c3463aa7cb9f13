"""The k-th system call of the logger fails, for every k: training is unharmed, the files are whole.

The method is SQLite's (test/ioerr*.test): fail the first call, the second, ..., once and then from
then on, until a run has no failure left.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEPS = 12
TRAINING = f"""
import sys, tailboard
run = tailboard.init(dir=sys.argv[1], config={{"lr": 0.1}}, git=False, system=False)
for step in range({STEPS}):
    run.log({{"loss": 1 / (step + 1)}}, step=step)
print("trained")
run.summary["best"] = 0.5
run.finish()
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("NO C COMPILER: failing system calls are not tested")
    path = tmp_path_factory.mktemp("shim") / "failing_calls.so"
    source = Path(__file__).with_name("failing_calls.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-w", "-o", str(path), str(source), "-ldl"], check=True
    )
    return path


def train(
    shim: Path, root: Path, number: int, code: int, forever: bool
) -> tuple[subprocess.CompletedProcess[str], int]:
    """Train with the `number`-th call failing; gives the process and how many calls there were."""
    read_end, write_end = os.pipe()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "logger"),
        "LD_PRELOAD": str(shim),
        "FAIL_BELOW": str(root),
        "FAIL_AT": str(number),
        "FAIL_ERRNO": str(code),
        "FAIL_COUNT_FD": str(write_end),
        **({"FAIL_FOREVER": "1"} if forever else {}),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-S", "-c", TRAINING, str(root)],
            env=environment,
            pass_fds=(write_end,),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(write_end)
    with os.fdopen(read_end) as counted:
        return done, int(counted.read().split()[-1])


@pytest.mark.parametrize(
    ("code", "forever"),
    [(errno.ENOSPC, False), (errno.EIO, True)],
    ids=["no space, once", "input/output error, from then on"],
)
def test_training_goes_on_whichever_call_fails(shim: Path, tmp_path: Path, code: int, forever: bool) -> None:
    number = 0
    while True:
        number += 1
        root = tmp_path / f"runs-{number}"
        done, calls = train(shim, root, number, code, forever)
        where = f"call {number} of {calls}: {done.stderr}"
        assert done.returncode == 0, where
        assert done.stdout == "trained\n", where
        assert "Traceback" not in done.stderr, where
        assert len(done.stderr.splitlines()) <= 1 if not forever else True, where
        steps = [line["_step"] for line in whole_lines(root, "metrics.jsonl")]
        if not forever:
            assert steps == list(range(STEPS)), where
        assert steps == sorted(set(steps)), where
        whole_lines(root, "events.jsonl")
        if number > calls:
            break
    assert number > 10
    print(f"{number - 1} tried, {number - 1} survived")  # the last one has no failure


def whole_lines(root: Path, name: str) -> list[dict[str, object]]:
    """All lines of a file of the one run below `root`: each must be a whole JSON object."""
    found: list[dict[str, object]] = []
    for path in root.glob(f"*/{name}"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            assert isinstance(record, dict)
            found.append(record)
    return found
