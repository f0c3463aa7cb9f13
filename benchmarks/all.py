"""Run all benchmarks, one after the other, and write a table and a JSON, the budgets first: met or not.

    python benchmarks/all.py [--quick] [--peers /path/to/environment/bin ...] [--out benchmarks/results]

Each benchmark is a script of its own and can be run alone. Peers are measured where `--peers` names the bin
directory of an environment that has them: pip install wandb tensorboard. terminalboard wants another, with
plotext 5: pip install terminalboard 'plotext<6'. A peer that is not there or fails is left out.
Takes about 20 minutes; `--quick` a few, with fewer rounds and smaller files.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from budgets import BUDGETS, table, unmeasured

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

TIMEOUT_S = 900
"""No benchmark takes longer, unless what it measures never comes to an end."""


def commands(quick: bool, peers: list[Path]) -> dict[str, list[str]]:
    """The command of each benchmark by its name."""
    python = sys.executable
    rounds = ["--rounds", "2" if quick else "5"]
    sizes = ["--steps", "100000"] if quick else []
    found = {
        "imports": [python, "imports.py"],
        "screen": [python, "screen.py", *rounds],
        "open": [python, "open.py", *rounds, *sizes],
        "catalog": [python, "catalog.py", *rounds],
        "queries": [python, "queries.py", *rounds],
        "draw": [python, "draw.py", *rounds],
        "live": [python, "live.py", "--seconds", "5"],
        "log": [python, "log.py", "--mib", "128" if quick else "1024"],
        "logger": [python, "logger/run.py", *(["--calls", "500", "--kills", "2"] if quick else [])],
    }
    if peers:
        found["screen"] += ["--peers", *map(str, peers)]
        found["tensorboard"] = [str(peers[0] / "python"), "tensorboard.py"]
        found["logger"][0] = str(peers[0] / "python")
    return found


def run(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run one benchmark, to its end or until it has taken too long: what it printed and how it ended."""
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            cwd=HERE,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        status, output = 1, f"{(error.stdout or b'').decode()}\nstopped after {TIMEOUT_S} s"
    except OSError as error:  # the environment of the peers has no such program
        status, output = 1, str(error)
    seconds = round(time.perf_counter() - start, 1)
    return {"command": command[1:], "seconds": seconds, "status": status, "output": output.splitlines()}


def main() -> int:
    """Run them; the exit status is 1 when one of them failed, or gave no figure for its budget."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", type=Path, nargs="+", default=[])
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
    results: dict[str, dict[str, Any]] = {}
    for name, command in commands(args.quick, args.peers).items():
        print(f"== {name}: {' '.join(command[1:])}", flush=True)
        results[name] = run(command, environment)
        print("\n".join(results[name]["output"]), flush=True)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    outputs = {name: "\n".join(found["output"]) for name, found in results.items()}
    budgets = table(outputs)
    print(budgets)
    text = "".join(f"== {name}\n{output}\n\n" for name, output in outputs.items())
    args.out.with_suffix(".txt").write_text(f"{budgets}\n{text}")
    met = [
        dict(zip(("what", "measured", "budget", "met"), item.row(outputs), strict=True)) for item in BUDGETS
    ]
    report = {"format": 1, "time": time.time(), "machine": machine, "budgets": met, "benchmarks": results}
    args.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
    missing = unmeasured(outputs)
    print("".join(f"no figure for: {what}\n" for what in missing), end="")
    return int(bool(missing) or any(found["status"] for found in results.values()))


if __name__ == "__main__":
    sys.exit(main())
