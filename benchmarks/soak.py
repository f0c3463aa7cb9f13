"""Twenty writers, one store, hours: does memory stay flat?

    python benchmarks/soak.py [--hours 2] [--writers 20] [--memory-mib 64]

Runs are written, finished, truncated, deleted and begun again the whole time. Every minute one line of JSON
with the resident memory, open files and threads. Exit status 1 when memory in the last quarter is more than
a tenth above the second quarter's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from tailboard_tui.settings import Settings
from tailboard_tui.store.runs import RunStore


def write(root: Path, number: int, stop: threading.Event) -> None:
    """One run after the other in the same place, each with its own way to end."""
    dice = random.Random(number)
    while not stop.is_set():
        run = root / f"run-{number:03}"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        began = time.time()
        (run / "run.json").write_text(json.dumps({"format": 1, "id": run.name, "created": began}))
        (run / "events.jsonl").write_text(json.dumps({"time": began, "event": "start"}) + "\n")
        for step in range(dice.randrange(200, 4000)):
            if stop.wait(0.02):
                return
            with open(run / "metrics.jsonl", "a") as file:
                values = {f"m{index}": dice.random() for index in range(10)}
                file.write(json.dumps({"_step": step, "_timestamp": time.time(), **values}) + "\n")
            if dice.random() < 0.0005:
                os.truncate(run / "metrics.jsonl", 0)
        with open(run / "events.jsonl", "a") as file:
            file.write(json.dumps({"time": time.time(), "event": "finish", "status": "finished"}) + "\n")


def resident_mib() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--memory-mib", type=int, default=64)
    parser.add_argument("--every-s", type=float, default=60.0)
    options = parser.parse_args()
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        store = RunStore([folder], settings=Settings(memory_mib=options.memory_mib))
        threads = [threading.Thread(target=store.work, args=(lambda change: None, stop))]
        threads += [threading.Thread(target=write, args=(root, n, stop)) for n in range(options.writers)]
        for thread in threads:
            thread.start()
        sizes: list[float] = []
        end = time.time() + options.hours * 3600
        while time.time() < end:
            rows = store.rows()
            store.show([row.key for row in random.sample(rows, min(len(rows), 3))])
            time.sleep(min(options.every_s, max(end - time.time(), 0)))
            sizes.append(resident_mib())
            files, running = len(os.listdir("/proc/self/fd")), threading.active_count()
            print(json.dumps({"mib": round(sizes[-1], 1), "files": files, "threads": running}), flush=True)
        stop.set()
        store.close()
        for thread in threads:
            thread.join()
    quarter = max(len(sizes) // 4, 1)
    before, after = statistics.median(sizes[quarter : 2 * quarter]), statistics.median(sizes[-quarter:])
    print(json.dumps({"second_quarter_mib": round(before, 1), "last_quarter_mib": round(after, 1)}))
    return int(after > 1.1 * before)


if __name__ == "__main__":
    sys.exit(main())
