"""What one `log()` of ten floats costs and what SIGKILL loses, beside other loggers, all in turn in one run.

    python benchmarks/logger/run.py [--calls 3000] [--kills 5] [--markdown docs/logger-benchmark.md]

Peers are measured where they are installed:

    pip install wandb tensorboardX trackio mlflow-skinny sqlalchemy alembic dvclive aim lightning \\
        msgspec watchdog platformdirs  # our readers count what SIGKILL has left

Times are ratios to the limit (compact JSON and one os.write) measured between them: the 10th percentile of
what a call takes, which a busy machine disturbs least, and the mean CPU of a call, which shows what is
deferred to threads of the process or to every 50th call. Each logger runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from loggers import LOGGERS, ROOT, limit

NAMES = [f"train/metric_{number}" for number in range(10)]


def cost(name: str, calls: int) -> None:
    """In a child: print what the logger's calls and those of the limit between them took, in us."""
    values = random.Random(1)
    data = [{key: values.random() for key in NAMES} for _ in range(100)]
    with tempfile.TemporaryDirectory() as place:
        log, bare = LOGGERS[name](place), limit(place)
        times: tuple[list[int], list[int]] = ([], [])
        cpu_s = [0.0, 0.0]
        for block in range(max(calls // 100, 1)):
            for kind, which in enumerate((log, bare)):
                cpu_begin = time.process_time()
                for index in range(100):
                    begin = time.perf_counter_ns()
                    which(data[index], block * 100 + index)
                    times[kind].append(time.perf_counter_ns() - begin)
                cpu_s[kind] += time.process_time() - cpu_begin
        own, reference = (sorted(found)[len(found) // 10] / 1000 for found in times)
        own_cpu, reference_cpu = (total / len(found) * 1e6 for total, found in zip(cpu_s, times, strict=True))
        found = {"own_us": own, "limit_us": reference, "own_cpu_us": own_cpu, "limit_cpu_us": reference_cpu}
        print(json.dumps(found), flush=True)
        os._exit(0)


def victim(name: str, place: str) -> None:
    """In a child: log for ever, telling each acknowledged step on stdout."""
    out = os.dup(1)
    os.dup2(2, 1)
    log = LOGGERS[name](place)
    step = 0
    while True:
        log({"value": float(step)}, step)
        os.write(out, struct.pack("q", step))
        step += 1
        time.sleep(0.005)


def lost(name: str) -> tuple[int, int]:
    """Acknowledged steps and those that no file holds after SIGKILL."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, __file__, "--victim", name, place]
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert child.stdout is not None
        received = child.stdout.read(8)
        time.sleep(random.uniform(1, 2))
        os.killpg(child.pid, signal.SIGKILL)
        received += child.stdout.read()
        child.wait()
        acknowledged = len(received) // 8
        return acknowledged, acknowledged - kept(name, Path(place), acknowledged)


def kept(name: str, place: Path, acknowledged: int) -> int:
    """How many of the first steps the logger's own files hold."""
    if name in ("limit", "tailboard"):
        pattern = "limit.jsonl" if name == "limit" else "*/metrics.jsonl"
        content = b"".join(path.read_bytes() for path in place.glob(pattern))
        return min(content.count(b"\n"), acknowledged)
    if name == "mlflow_sqlite":
        with sqlite3.connect(place / "mlflow.db") as database:
            found: int = database.execute("select count(*) from metrics").fetchone()[0]
        return min(found, acknowledged)
    if name == "aim":
        return min(_kept_by_aim(place), acknowledged)
    sys.path[:0] = [str(ROOT / "logger"), str(ROOT / "tui")]
    from tailboard_tui.store.lookup import load_points, load_rows

    rows = load_rows([str(place)], full=True)
    points = [load_points(row) for row in rows]
    series = [found.series("value") for found in points]
    return min(sum(len(found.values) for found in series if found is not None), acknowledged)


def _kept_by_aim(place: Path) -> int:
    """What aim finds itself, once it is told to build its index anew: a killed run is in none."""
    program = Path(sys.executable).parent / "aim"
    command = [program, "storage", "--repo", place, "reindex"]
    subprocess.run(command, input=b"y\n", capture_output=True, check=True)
    from aim import Repo

    metrics = Repo(str(place)).query_metrics("metric.name == 'value'", report_mode=0).iter()
    return sum(len(metric.values.sparse_list()[0]) for metric in metrics)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument(
        "--only", nargs="+", choices=LOGGERS, default=list(LOGGERS), help="loggers to measure"
    )
    parser.add_argument("--cost", help=argparse.SUPPRESS)
    parser.add_argument("--victim", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.cost:
        cost(args.cost, args.calls)
    elif args.victim:
        victim(*args.victim)
    else:
        table(args)


def table(args: argparse.Namespace) -> None:
    lines = [
        "| logger | us per log() of 10 floats | times the limit | CPU us per log(), all threads "
        "| times the limit | lost on SIGKILL (median of acknowledged) |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for name in args.only:
        calls = args.calls if name in ("limit", "tailboard", "trackio") else max(args.calls // 10, 200)
        command = [sys.executable, __file__, "--cost", name, "--calls", str(calls)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode or not done.stdout.strip():
            print(f"{name}: not installed or failed", file=sys.stderr)
            continue
        found = json.loads(done.stdout.strip().splitlines()[-1])
        losses = [lost(name) for _ in range(args.kills)]
        acknowledged, gone = (statistics.median(pair[index] for pair in losses) for index in (0, 1))
        cells = [name]
        for kind in ("", "_cpu"):
            own, limit_us = found[f"own{kind}_us"], found[f"limit{kind}_us"]
            cells += [f"{own:.1f}", f"{own / limit_us:.2f}"]
        lines.append(f"| {' | '.join(cells)} | {gone:.0f} of {acknowledged:.0f} |")
        print(lines[-1], flush=True)
    if args.markdown:
        args.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
