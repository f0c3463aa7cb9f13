"""What `tailboard run` adds to a program that prints 100 MB: CPU (user and system) and time, in pairs.

    python benchmarks/logger/command.py [--pairs 7] [--megabytes 100] [--place DIR]

Each pair runs the program bare and recorded, in turn; the figures are medians of the pairs' ratios. CPU
is that of all processes together, our start and the recording of what is printed included: without us
nobody keeps it. Stdout leads into a file, into a pipe that `cat` empties, or to /dev/null.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
LINE = "step 123 loss 0.12345 some text to make a line of"  # 50 bytes with its end

Cost = tuple[float, float]
"""CPU and wall seconds."""


def measure(command: list[str], target: str, place: str) -> Cost:
    """Run a command with its stdout leading to `target`: `file`, `pipe` or `null`."""
    sink = {"file": f"{place}/output", "pipe": os.devnull, "null": os.devnull}[target]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with open(sink, "wb") as file:
        cat = (
            subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            if target == "pipe"
            else None
        )
        subprocess.run(command, stdout=cat.stdin if cat else file, env=ENVIRONMENT, check=True)
        if cat:
            cat.communicate()
    wall_s, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall_s


def pair(program: list[str], target: str, place: str) -> tuple[Cost, Cost]:
    """The program bare and recorded."""
    bare = measure(program, target, place)
    recorder = [sys.executable, "-m", "tailboard_tui", "run", "--dir", f"{place}/runs", "--", *program]
    recorded = measure(recorder, target, place)
    subprocess.run(["rm", "-rf", f"{place}/runs", f"{place}/output"], check=True)
    return bare, recorded


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--place", help="where the file and the runs are written; default: a temporary place")
    args = parser.parse_args()
    lines = args.megabytes * 20_000
    printing = [sys.executable, "-c", f"for _ in range({lines}): print({LINE!r})"]
    print("| program | stdout | bare CPU s | recorded CPU s | CPU ratio | bare s | recorded s | time ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=args.place) as place:
        for name, program, target in (
            (f"prints {args.megabytes} MB", printing, "file"),
            (f"prints {args.megabytes} MB", printing, "pipe"),
            (f"prints {args.megabytes} MB", printing, "null"),
            ("does nothing", ["true"], "null"),
        ):
            pairs = [pair(program, target, place) for _ in range(args.pairs)]
            cells = []
            for index in (0, 1):
                bare, recorded = (
                    statistics.median(found[which][index] for found in pairs) for which in (0, 1)
                )
                ratio = statistics.median(found[1][index] / max(found[0][index], 1e-3) for found in pairs)
                cells += [f"{bare:.2f}", f"{recorded:.2f}", f"{ratio:.2f}" if program is printing else ""]
            print(f"| {name} | {target} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
