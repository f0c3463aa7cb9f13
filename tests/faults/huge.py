"""Faults too large for every run of the tests: `python tests/faults/huge.py`, two minutes, no disk space.

Sparse files of 8 GiB, a directory of 200,000 entries. Each is survived when the command ends with the facts
that must still be read, within the memory that the corpus of faults is held to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.making import POINTS, good_run, line

ROOT = Path(__file__).resolve().parents[2]
HOLE_BYTES = 8 * 1024**3
MEMORY_LIMIT_MIB = 400


def hole(name: str, behind: bytes) -> Callable[[Path], None]:
    """A hole in a file of the run, with `behind` at its other end."""

    def make(run: Path) -> None:
        os.truncate(run / name, HOLE_BYTES)
        with (run / name).open("ab") as file:
            file.write(behind)

    return make


def crowd(run: Path) -> None:
    """A directory of 200,000 files beside the run."""
    (run.parent / "crowd").mkdir()
    for number in range(200_000):
        (run.parent / "crowd" / f"{number}.txt").touch()


CASES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "metrics.jsonl ends in a hole": (hole("metrics.jsonl", b""), "ls", f'"count": {POINTS}'),
    "a record behind a hole": (
        hole("metrics.jsonl", b"\n" + line(99, loss=0.5)),
        "ls",
        f'"count": {POINTS + 1}',
    ),
    "output.log ends in a hole": (hole("output.log", b""), "ls", f'"count": {POINTS}'),
    "the end of output.log behind a hole": (hole("output.log", b"\nlast\n"), "tail", "last"),
    "200,000 entries in a directory": (crowd, "ls", f'"count": {POINTS}'),
}
"""What is made of a good run, the command, and what it must print."""

MEASURED = """
import json, resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "tailboard_tui", *sys.argv[1:]], capture_output=True, text=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps([done.returncode, done.stdout, peak]))
"""


def main() -> int:
    """Try each; 1 when one is not survived."""
    failed = 0
    for name, (make, command, wanted) in CASES.items():
        with tempfile.TemporaryDirectory() as scratch:
            run = Path(scratch) / "root" / "run"
            run.parent.mkdir()
            good_run(run)
            make(run)
            place = [str(run)] if command == "tail" else ["--json", str(run.parent)]
            paths = {f"XDG_{kind}_HOME": f"{scratch}/{kind}" for kind in ("CACHE", "STATE", "CONFIG")}
            environment = {**os.environ, **paths, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
            begun = time.monotonic()
            told = subprocess.check_output([sys.executable, "-c", MEASURED, command, *place], env=environment)
            code, printed, peak_mib = json.loads(told)
        is_survived = code == 0 and wanted in printed and peak_mib < MEMORY_LIMIT_MIB
        failed += not is_survived
        says = "survived" if is_survived else "NOT SURVIVED"
        print(f"{name:<36} {says}, {time.monotonic() - begun:.0f} s, {peak_mib:.0f} MiB", flush=True)
    print(f"{len(CASES)} tried, {len(CASES) - failed} survived")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
