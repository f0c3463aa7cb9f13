"""The list of many runs: complete at first, and again by the index, beside a bare scandir + stat + read.

    python benchmarks/catalog.py [--runs 10000] [--rounds 5] [--json]

Once for runs of our own format, once (`foreign_...`) for TensorBoard, W&B and Lightning's CSV, a third each.
All is measured in turn within one process, on the same directories, as medians. The page cache is warm.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foreign import write_tree

from tailboard_tui.formats.detect import find, reader_of
from tailboard_tui.settings import Settings
from tailboard_tui.store.lookup import load_rows
from tailboard_tui.store.model import StoreChange
from tailboard_tui.store.runs import RunStore

RUN = {
    "format": 1, "project": "bench", "group": "sweep", "tags": ["a", "b"], "command": ["python", "train.py"],
    "cwd": "/home/somebody/project", "host": "elsewhere", "user": "somebody", "pid": 4711,
    "boot_id": "5c8e3c7e-3c43-4f6c-9a52-0c9c1a0ad5ab", "process_start": 12345.67, "python": "3.12.1",
    "platform": "Linux", "seed": 1, "git": {"commit": "a" * 40, "branch": "main", "dirty": False},
}  # fmt: skip


def write_runs(root: Path, count: int) -> None:
    """Finished runs as the logger leaves them, with 20 lines of ten metrics each."""
    kinds = ("loss", "acc", "f1", "lr", "norm")
    names = [f"{split}/{kind}" for split in ("train", "val") for kind in kinds]
    for number in range(count):
        run = root / f"20260101-{number:06}-abcdef"
        run.mkdir()
        began = 1.7e9 + number
        files = {
            "run.json": json.dumps({**RUN, "id": run.name, "name": f"run {number}", "created": began}),
            "config.json": json.dumps({"lr": 0.1 / (number + 1), "model": {"layers": 4, "width": 256}}),
            "summary.json": json.dumps({"best": number / count}),
            "events.jsonl": json.dumps({"time": began, "event": "start"})
            + "\n"
            + json.dumps({"time": began + 20, "event": "finish", "status": "finished", "exit_code": 0})
            + "\n",
            "metrics.jsonl": "".join(
                json.dumps(
                    {"_step": step, "_timestamp": began + step, **dict.fromkeys(names, 1 / (step + 1))}
                )
                + "\n"
                for step in range(20)
            ),
        }
        for name, text in files.items():
            (run / name).write_text(text)


def bare(root: str) -> None:
    """What no program can do without: list, stat, read."""
    for entry in os.scandir(root):
        if entry.is_dir(follow_symlinks=False):
            bare(entry.path)
            continue
        entry.stat()
        fd = os.open(entry.path, os.O_RDONLY)
        os.read(fd, 65536)
        os.close(fd)


def facts_only(root: Path) -> None:
    for found in find(str(root)):
        reader = reader_of(found)
        reader.facts()
        reader.close()


@dataclass(frozen=True)
class Opened:
    """What it took until the whole list was there, nothing else going on."""

    cpu_s: float
    first_row_s: float
    """Wall seconds."""


def store(root: Path, *, is_survey: bool = False) -> Opened:
    """Open the list as the explorer's worker does.

    Args:
        is_survey: Until all points are read too, which leaves the index for the next open.
    """
    cpu, wall = time.process_time(), time.perf_counter()
    runs = RunStore([str(root)], settings=Settings(watch="poll"))
    seen: list[float] = []
    complete: list[float] = []

    def publish(change: StoreChange) -> None:
        seen.append(time.perf_counter() - wall)
        if not change.is_scanning and (not is_survey or all(row.is_read for row in runs.rows())):
            complete.append(time.process_time() - cpu)
            runs.close()

    runs.work(publish, threading.Event())
    return Opened(complete[0], seen[0])


def cpu_of(action: Callable[..., object], *arguments: object) -> float:
    """CPU seconds of a call; what it gave is thrown away afterwards."""
    gc.collect()
    cpu = time.process_time()
    found = action(*arguments)
    seconds = time.process_time() - cpu
    del found
    return seconds


def measure(root: Path, caches: Path, rounds: int) -> dict[str, float]:
    """Medians of CPU seconds by what was done, and their ratios to `bare`."""
    found: dict[str, list[float]] = {}
    empty, indexed = (str(caches / name) for name in ("empty", "indexed"))
    os.environ["XDG_CACHE_HOME"] = indexed
    bare(str(root)), store(root, is_survey=True)
    for _ in range(rounds):
        os.environ["XDG_CACHE_HOME"] = indexed
        again, listed_again = store(root), cpu_of(load_rows, [str(root)])
        os.environ["XDG_CACHE_HOME"] = empty
        first = store(root)
        shutil.rmtree(empty, ignore_errors=True)
        round_of = {
            "bare": cpu_of(bare, str(root)),
            "facts": cpu_of(facts_only, root),
            "store": first.cpu_s,
            "store_again": again.cpu_s,
            "first_row": first.first_row_s,
            "load_rows": cpu_of(load_rows, [str(root)]),
            "load_rows_again": listed_again,
        }
        shutil.rmtree(empty, ignore_errors=True)
        for name, seconds in round_of.items():
            found.setdefault(name, []).append(seconds)
    medians = {name: statistics.median(values) for name, values in found.items()}
    compared = ("store", "store_again", "load_rows", "load_rows_again")
    return {
        **{f"{name}_s": round(value, 4) for name, value in medians.items()},
        **{f"{name}_over_bare": round(medians[name] / medians["bare"], 2) for name in compared},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        native, foreign = Path(folder) / "runs", Path(folder) / "foreign"
        native.mkdir()
        write_runs(native, options.runs)
        write_tree(foreign, options.runs)
        time.sleep(2.5)  # files written just now are not kept in the index
        measured = measure(native, Path(folder), options.rounds)
        other = measure(foreign, Path(folder), options.rounds)
    report = {
        "runs": options.runs,
        **measured,
        **{f"foreign_{name}": value for name, value in other.items()},
        "budget_store_over_bare": 2.0,
    }
    if options.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name:34} {value}")


if __name__ == "__main__":
    main()
