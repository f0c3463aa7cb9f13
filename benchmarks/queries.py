"""Filtering and sorting many runs, beside a bare Python loop that compares one attribute of each.

    python benchmarks/queries.py [--runs 10000] [--rounds 7] [--json]

All are measured in turn within one process, CPU seconds, as medians. The budget of a filter or a sort is
100 ms for 10,000 runs.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable

from tailboard_tui.formats.base import RunFacts
from tailboard_tui.store.fields import parse_sort, sort_rows
from tailboard_tui.store.model import MetricStats, RunRow
from tailboard_tui.store.query import compile_query

NOW = 1.8e9
QUERIES = (
    "resnet 99",
    "lr >= 0.5 and train/loss.min < 0.3",
    "~^run\\s9 or tag:b status:fin !g1",
    "model:resnet since:1200d",
    "(a or b or c) lr < 0.1 val/acc.best > 0.5 not foo",
)
ORDERS = ("lr", "name", "val/loss", "val/acc.best,-created")


def make_rows(count: int) -> list[RunRow]:
    rng = random.Random(0)
    rows = []
    for number in range(count):
        config = {f"key{at}": at for at in range(30)} | {"lr": rng.random(), "model": "resnet50"}
        facts = RunFacts(
            id=f"20261123-{number:06}",
            name=f"run {number} resnet",
            source="tailboard",
            path=f"/runs/{number}",
            group=f"g{number % 20}",
            tags=("a", "b"),
            created=1.7e9 + number,
            config=config,
        )
        metrics = {
            name: MetricStats(10, 1.0, rng.random(), rng.random(), 3, 2.0, 4, 9, 0)
            for name in ("train/loss", "val/loss", "val/acc")
        }
        rows.append(RunRow(facts.path, facts, "finished", "", metrics=metrics, is_read=True))
    return rows


def measured(work: Callable[[], object], rounds: int) -> float:
    """Median CPU seconds."""
    taken = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = make_rows(args.runs)
    bare = measured(lambda: [row for row in rows if "resnet" in row.facts.name.casefold()], args.rounds)
    found = {"bare loop": bare}
    for text in QUERIES:
        query = compile_query(text)
        assert query.problem is None
        found[f"filter {text}"] = measured(lambda query=query: query.filter(rows, NOW), args.rounds)
    for spec in ORDERS:
        keys = parse_sort([spec])
        found[f"sort {spec}"] = measured(lambda keys=keys: sort_rows(rows, keys, NOW), args.rounds)
    if args.json:
        print(json.dumps({"runs": args.runs, "cpu_seconds": found}))
        return
    for name, seconds in found.items():
        print(f"{seconds * 1e3:8.1f} ms  {seconds / bare:6.1f}x  {name}")


if __name__ == "__main__":
    main()
