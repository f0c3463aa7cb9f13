"""Run all benchmarks, one after the other, and write a table and a JSON, the budgets first: met or not.

    python benchmarks/all.py [--quick] [--peers /path/to/environment/bin] [--out benchmarks/results]

Each benchmark is a script of its own and can be run alone. Peers (wandb, TensorBoard) are measured where
`--peers` names the bin directory of an environment that has them: pip install wandb tensorboard.
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

from budgets import BUDGETS, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def commands(quick: bool, peers: Path | None) -> dict[str, list[str]]:
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
    if peers is not None:
        found["screen"] += ["--leet", str(peers / "wandb")]
        found["tensorboard"] = [str(peers / "python"), "tensorboard.py"]
        found["logger"][0] = str(peers / "python")
    return found


def main() -> int:
    """Run them; the exit status is 1 when one of them failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
    results = {}
    for name, command in commands(args.quick, args.peers).items():
        print(f"== {name}: {' '.join(command[1:])}", flush=True)
        start = time.perf_counter()
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
        print(done.stdout + done.stderr, flush=True)
        results[name] = {
            "command": command[1:],
            "seconds": round(time.perf_counter() - start, 1),
            "status": done.returncode,
            "output": (done.stdout + done.stderr).splitlines(),
        }
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
    return int(any(found["status"] for found in results.values()))


if __name__ == "__main__":
    sys.exit(main())
