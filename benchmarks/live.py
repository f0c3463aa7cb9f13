"""Live runs: from `log()` returning to the store publishing it, and the CPU that watching takes.

    python benchmarks/live.py [--lines 100] [--seconds 10] [--json]

Delay: one shown run, logged by the real logger in this process, by events and by polling alone. CPU: the
store on 200 quiet runs, and on 50 runs that other processes write at 10 Hz, as a share of one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tailboard
from tailboard_tui.settings import Settings
from tailboard_tui.store.runs import RunStore

WRITERS = """
import json, os, sys, time
root, count, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
files = []
for number in range(count):
    path = f"{root}/live-{number:03}"
    os.mkdir(path)
    facts = {"format": 1, "id": f"live-{number:03}", "created": time.time()}
    open(f"{path}/run.json", "w").write(json.dumps(facts))
    open(f"{path}/events.jsonl", "w").write(json.dumps({"time": time.time(), "event": "start"}) + "\\n")
    files.append(open(f"{path}/metrics.jsonl", "ab", buffering=0))
end, step = time.time() + seconds, 0
while time.time() < end:
    for file in files:
        values = {f"train/m{i}": step / (i + 1) for i in range(10)}
        record = {"_step": step, "_timestamp": time.time(), **values}
        file.write(json.dumps(record).encode() + b"\\n")
    step += 1
    time.sleep(0.1)
"""


@contextmanager
def working(root: Path, watch: str) -> Iterator[RunStore]:
    store, stop = RunStore([str(root)], settings=Settings(watch=watch)), threading.Event()
    thread = threading.Thread(target=store.work, args=(lambda change: None, stop))
    thread.start()
    try:
        yield store
    finally:
        store.close()
        thread.join()


def delays(watch: str, lines: int) -> list[float]:
    """Seconds from `log()` returning to the value among the published points."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        run = tailboard.init(dir=folder, id="bench", system=False, git=False, capture=False)
        with working(Path(folder), watch) as store:
            key = str(Path(folder).resolve() / "bench")
            store.show([key])
            for step in range(lines):
                run.log({"loss": float(step)}, step=step)
                begun = time.perf_counter()
                while True:
                    points = store.points(key)
                    series = None if points is None else points.series("loss")
                    if series is not None and series.values.size > step:
                        break
                    time.sleep(0.0005)
                found.append(time.perf_counter() - begun)
                time.sleep(0.1 + 0.0037 * (step % 50))
        run.finish()
    return found[1:]


def idle_share(seconds: float) -> float:
    """Share of a core that 200 quiet runs take, one of them shown."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(200):
            tailboard.init(dir=folder, id=f"r{number}", system=False, git=False, capture=False).finish()
        with working(Path(folder), "auto") as store:
            while len(store.rows()) < 200 or not all(row.is_read for row in store.rows()):
                time.sleep(0.05)
            store.show([store.rows()[0].key])
            time.sleep(2)
            return _share(seconds)


def live_share(seconds: float) -> tuple[float, int]:
    """Share of a core that 50 runs at 10 Hz take, five of them shown; lines that the rows know."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        writer = subprocess.Popen([sys.executable, "-c", WRITERS, str(root), "50", str(seconds + 4)])
        with working(root, "auto") as store:
            store.show([str(root / f"live-{number:03}") for number in range(5)])
            time.sleep(3)
            share = _share(seconds)
            writer.wait()
            time.sleep(5)
            counts = [row.metrics["train/m0"].count for row in store.rows() if "train/m0" in row.metrics]
        return share, sum(counts)


def _share(seconds: float) -> float:
    begun = time.process_time()
    time.sleep(seconds)
    return (time.process_time() - begun) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report: dict[str, float] = {}
    for watch, name in (("auto", "events"), ("poll", "polling")):
        found = sorted(delays(watch, options.lines))
        report[f"{name}_median_s"] = round(statistics.median(found), 4)
        report[f"{name}_p99_s"] = round(found[int(len(found) * 0.99) - 1], 4)
    report["budget_median_s"] = 0.3
    report["idle_share"] = round(idle_share(options.seconds), 4)
    report["budget_idle_share"] = 0.01
    share, lines = live_share(options.seconds)
    report["live_50_share"], report["live_50_lines_seen"] = round(share, 4), lines
    report["budget_live_50_share"] = 0.5
    if options.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
