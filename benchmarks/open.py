"""Opening one large run: first picture, all points, second open from the cache; beside raw limits and peers.

    python benchmarks/open.py [--steps 100000 1000000] [--rounds 5] [--json FILE]

All are measured in turn within one process, on the same file, as medians; the page cache is warm. CPU
seconds are of this process; wall seconds beside them tell what a person waits. `delay` is how late a 4 ms
ticker of the event loop comes while a worker thread reads the whole run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data import write_large_run

from tailboard_tui.formats.native import NativeReader
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.columns import RunColumns

SNAPSHOT_S = 0.05
"""The store gives screens a new snapshot this often while a run is read."""

TICK_S = 0.004


def read_all(run: Path) -> RunColumns:
    """All points, with a snapshot and statistics every 50 ms as the store takes them."""
    reader, columns = NativeReader(str(run)), RunColumns()
    reader.facts()
    shown = time.monotonic()
    while True:
        chunk = reader.poll()
        columns.apply(chunk)
        if time.monotonic() - shown > SNAPSHOT_S or not chunk.more:
            columns.stats()
            columns.points()
            shown = time.monotonic()
        if not chunk.more:
            reader.close()
            return columns


def first_picture(run: Path) -> int:
    """Facts and a true sample of every metric."""
    reader, columns = NativeReader(str(run)), RunColumns()
    reader.facts()
    columns.apply_preview(reader.preview())
    points = columns.points()
    found = [points.series(name) for name in points.metrics]
    return sum(len(series.values) for series in found if series is not None)


def second_open(run: Path, directory: Path) -> float:
    """From the cache: every value of every metric touched."""
    reader = NativeReader(str(run))
    reader.facts()
    columns = ColumnCache(directory).load(reader)
    assert columns is not None
    columns.apply(reader.poll())
    points = columns.points()
    found = [points.series(name) for name in points.metrics]
    return float(sum(series.values.sum() for series in found if series is not None))


def read_and_scan(run: Path) -> int:
    """The raw limit: every byte read, every newline found."""
    newlines = 0
    with (run / "metrics.jsonl").open("rb", buffering=0) as file:
        while block := file.read(1 << 18):
            newlines += block.count(b"\n")
    return newlines


def line_loop(run: Path, loads: Callable[[bytes], Any]) -> dict[str, array[float]]:
    """What one writes without a library: one object a line, one array a key."""
    columns: dict[str, array[float]] = {}
    with (run / "metrics.jsonl").open("rb") as file:
        for line in file:
            for key, value in loads(line).items():
                columns.setdefault(key, array("d")).append(value)
    return columns


def with_pandas(run: Path) -> object:
    import pandas as pd

    return pd.read_json(run / "metrics.jsonl", lines=True)


def contenders(run: Path, cache: Path) -> dict[str, Callable[[], object]]:
    """What is measured, in this order in each round."""
    found: dict[str, Callable[[], object]] = {
        "first picture (sample)": lambda: first_picture(run),
        "all points": lambda: read_all(run),
        "second open (cache)": lambda: second_open(run, cache),
        "raw: read + newline scan": lambda: read_and_scan(run),
    }
    import msgspec

    found["msgspec, line by line"] = lambda: line_loop(run, msgspec.json.Decoder().decode)
    try:
        import orjson
    except ImportError:
        print("orjson is not installed: left out", file=sys.stderr)
    else:
        found["orjson, line by line"] = lambda: line_loop(run, orjson.loads)
    found["json, line by line"] = lambda: line_loop(run, json.loads)
    found["pandas.read_json"] = lambda: with_pandas(run)
    return found


def delays(work: Callable[[], object] | None) -> list[float]:
    """How late each tick of an event loop comes, ms, while `work` runs in a thread (None: 1 s idle)."""
    found: list[float] = []

    async def tick() -> None:
        done = threading.Event()
        if work is not None:
            threading.Thread(target=lambda: (work(), done.set())).start()
        else:
            asyncio.get_running_loop().call_later(1.0, done.set)
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(TICK_S)
            found.append((time.perf_counter() - before - TICK_S) * 1000)

    asyncio.run(tick())
    return found


def measure(steps: int, rounds: int) -> dict[str, Any]:
    """One size: medians of all contenders, and the event loop's delay."""
    with tempfile.TemporaryDirectory(prefix="tailboard-bench-") as directory:
        run, cache = write_large_run(Path(directory, "runs"), steps), Path(directory, "cache")
        reader = NativeReader(str(run))
        columns = RunColumns()
        while True:
            chunk = reader.poll()
            columns.apply(chunk)
            if not chunk.more:
                break
        began = time.perf_counter()
        assert ColumnCache(cache).save(reader, columns)
        saving_s = time.perf_counter() - began
        times: dict[str, list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for name, work in contenders(run, cache).items():
                cpu, wall = time.process_time(), time.perf_counter()
                work()
                times.setdefault(name, []).append((time.process_time() - cpu, time.perf_counter() - wall))
        late = sorted(delays(lambda: read_all(run)))
        idle = sorted(delays(None))
        size = (run / "metrics.jsonl").stat().st_size
    medians = {
        name: {
            "cpu_s": statistics.median(cpu for cpu, _ in pairs),
            "wall_s": statistics.median(wall for _, wall in pairs),
        }
        for name, pairs in times.items()
    }
    return {
        "steps": steps,
        "size_bytes": size,
        "rounds": rounds,
        "medians": medians,
        "cache_save_s": saving_s,
        "memory_bytes": columns.nbytes,
        "delay_ms": {
            "p50": _at(late, 0.5),
            "p99": _at(late, 0.99),
            "max": late[-1],
            "idle_p99": _at(idle, 0.99),
        },
    }


def _at(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def show(found: dict[str, Any]) -> None:
    """One size as a table; ratios are of CPU seconds, against reading all points."""
    base = found["medians"]["all points"]["cpu_s"]
    size_mb, memory_mb = found["size_bytes"] / 1e6, found["memory_bytes"] / 1e6
    print(f"\n{found['steps']:,} steps x 10 metrics, {size_mb:.0f} MB, median of {found['rounds']}")
    print(f"  {'':26}{'CPU s':>10}{'wall s':>10}{'x all points':>14}")
    for name, median in found["medians"].items():
        ratio = median["cpu_s"] / base
        print(f"  {name:26}{median['cpu_s']:10.4f}{median['wall_s']:10.4f}{ratio:14.3f}")
    delay = found["delay_ms"]
    print(f"  event loop delay while reading: p50 {delay['p50']:.1f} ms, p99 {delay['p99']:.1f} ms, "
          f"max {delay['max']:.1f} ms (idle p99 {delay['idle_p99']:.1f} ms)")  # fmt: skip
    print(f"  memory of the points {memory_mb:.0f} MB, writing the cache {found['cache_save_s']:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    found = [measure(steps, arguments.rounds) for steps in arguments.steps]
    for one in found:
        show(one)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"format": 1, "benchmark": "open", "sizes": found}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
