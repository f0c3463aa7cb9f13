"""The log pane on a large file: first paint, index, search, memory; and `tailboard tail`.

    python benchmarks/log.py [--mib 1024] [--rounds 3]

The file is made in the temporary directory and deleted: training output with colours, tracebacks and
progress bars, a gigabyte by default. Everything is measured in turn in one run with a warm page cache;
look at the ratios. `grep -c` runs in the same locale.

Beside others, in one run at a load of 11, 1 GiB of such output, a terminal of 120x40, until the last line is
on the screen: less 590 with `+G` 0.03 s and 10 MiB, tailboard 2.0 s and 65 MiB (it starts Python and Textual
first), lnav 0.11.1 17.5 s and 330 MiB (it reads the file first).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
from textual.app import App, ComposeResult

from tailboard_tui.formats.base import LogFile
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.loghits import Hits
from tailboard_tui.store.logmatch import level_hits, search_hits
from tailboard_tui.store.logsearch import Pattern
from tailboard_tui.theme import DARK, VARIABLES
from tailboard_tui.widgets.log_pane import LogPane

PATTERNS = ("not in the file", "Traceback", "checkpoint", "step 1234567", "DataLoader", "loss", "INFO")
"""Nowhere; seldom; in each block, folding case; nowhere, though its beginning is in most lines; nowhere, with
a capital; in most lines, folding case; in most lines."""

HARDER = ("e", "Epoch", "~INFO|ERROR", r"~Error: \w+", r"~loss 0\.99+", r"~step \d+5 ", r"~\d{4}-\d\d", "~x$")
"""Beyond the budget: a letter of most lines, a word of every state of a bar, regular expressions of which a
text is required, in all and in few lines, and without one."""

TAIL = (sys.executable, "-m", "tailboard_tui", "tail")

TRACEBACK = 'Traceback (most recent call last):\n  File "train.py", line 10, in <module>\nRuntimeError: no\n'


def write_log(path: Path, mib: int) -> None:
    """About `mib` MiB of output; larger files repeat 32 MiB."""
    draw, parts, size, step = random.Random(1), [], 0, 1_000_000
    while size < min(mib, 32) * 2**20:
        step += 1
        kind = draw.random()
        if kind < 0.95:
            text = f"2026-11-23 12:00:00,000 INFO train: step {step} loss {draw.random():.5f} lr 3.0e-04\n"
        elif kind < 0.98:
            text = f"\x1b[32m[{step}]\x1b[0m \x1b[1mcheckpoint\x1b[0m saved to /ckpt/{step}.pt\n"
        elif kind < 0.999:
            text = (
                "".join(f"\rEpoch {step}: {at:3}%|{'█' * (at // 10)}| {at}/100" for at in range(101)) + "\n"
            )
        else:
            text = TRACEBACK
        parts.append(text)
        size += len(text.encode())
    block = "".join(parts).encode()
    with path.open("wb") as file:
        for _ in range(max(mib // 32, 1)):
            file.write(block)


class Pane(App[None]):
    """The pane alone."""

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield LogPane()


async def first_paint(path: Path) -> float:
    """Seconds from giving the file to the pane until its last row is on the screen."""
    app = Pane()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        pane = app.query_one(LogPane)
        start = time.perf_counter()
        pane.open_files((LogFile(str(path), path.name),))
        while not pane.view.visible_rows:
            await asyncio.sleep(0.001)
        return time.perf_counter() - start


class Cost(NamedTuple):
    """What something takes, in seconds."""

    cpu: float
    """Of this process and its children."""
    wall: float


def cpu_s() -> float:
    """CPU time of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def cost(measure: Callable[[], object], rounds: int) -> Cost:
    """The least CPU time and the median wall time of some rounds."""
    taken = []
    for _ in range(rounds):
        start, before = time.perf_counter(), cpu_s()
        measure()
        after, wall = cpu_s(), time.perf_counter() - start
        taken.append(Cost(after - before, wall))
    return Cost(min(one.cpu for one in taken), statistics.median(one.wall for one in taken))


def run_all(hits: list[Hits]) -> None:
    """Step some `Hits` to their end."""
    while sum(hit.step() for hit in hits):
        pass


def search(log: LogText, typed: str) -> int:
    """Rows that match, in the whole file."""
    pattern = Pattern.parse(typed)
    assert pattern is not None
    hits = search_hits(log, pattern)
    run_all([hits])
    hits.close()  # the time of a child counts when it has ended
    return hits.count


def grep(path: Path, typed: str) -> None:
    """What `search` is compared with."""
    pattern = Pattern.parse(typed)
    assert pattern is not None
    fold = [] if pattern.is_case_sensitive else ["-i"]
    # Into a pipe: grep stops at the first match when its output is /dev/null.
    kind = "-E" if pattern.is_regex else "-F"
    subprocess.run(["grep", "-c", *fold, kind, pattern.text, str(path)], capture_output=True, check=False)


def memory_growth(path: Path) -> tuple[float, float]:
    """MiB by which this process grows for the index, all levels and a search; and the seconds these take."""
    process = psutil.Process()
    before = process.memory_info().rss
    start = time.perf_counter()
    log = LogText(str(path))
    log.refresh()
    assert log.index is not None
    while log.index.step():
        pass
    run_all(list(level_hits(log)))
    search(log, "checkpoint")
    return (process.memory_info().rss - before) / 2**20, time.perf_counter() - start


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tailboard-bench-") as directory:
        small, large = Path(directory, "small.log"), Path(directory, "large.log")
        write_log(small, 1)
        write_log(large, options.mib)
        measure(small, large, options.rounds)


def measure(small: Path, large: Path, rounds: int) -> None:
    """All measurements, printed as they are made."""
    size_mib = os.path.getsize(large) / 2**20
    print(f"{size_mib:,.0f} MiB against {os.path.getsize(small) / 2**20:.0f} MiB")
    paints = [(asyncio.run(first_paint(small)), asyncio.run(first_paint(large))) for _ in range(rounds + 2)]
    first, second = (statistics.median(values) for values in zip(*paints, strict=True))
    print(f"first paint     small {first * 1e3:.0f} ms, large {second * 1e3:.0f} ms: {second / first:.2f}x")
    growth, seconds = memory_growth(large)
    print(f"memory          grows by {growth:.0f} MiB; index, levels and a search {seconds:.1f} s")
    log = LogText(str(large))
    log.refresh()
    assert log.index is not None
    start = time.perf_counter()
    while log.index.step():
        pass
    seconds = time.perf_counter() - start
    print(f"index           {seconds:.2f} s, {size_mib / 1024 / seconds:.2f} GiB/s")
    for typed in PATTERNS + HARDER:
        ours = cost(lambda typed=typed: search(log, typed), rounds)  # type: ignore[misc]
        theirs = cost(lambda typed=typed: grep(large, typed), rounds)  # type: ignore[misc]
        ratio = f"{ours.cpu:.2f} s CPU, grep -c {theirs.cpu:.2f}: {ours.cpu / theirs.cpu:.1f}x"
        wall = f"wall {ours.wall / theirs.wall:.1f}x"
        print(f"search          {typed!r}: {ratio} ({wall}), {search(log, typed):,} rows")
    log.close()
    commands = {
        "tail": ["tail", str(large)],
        "Python alone": [sys.executable, "-c", "pass"],
        "tailboard tail of 1 MiB": [*TAIL, str(small)],
        "tailboard tail": [*TAIL, str(large)],
    }
    for name, command in commands.items():
        taken = cost(
            lambda command=command: subprocess.run(command, stdout=subprocess.DEVNULL, check=True),  # type: ignore[misc]
            rounds * 3,
        )
        print(f"{name:<24}{taken.cpu * 1e3:4.0f} ms CPU, {taken.wall * 1e3:4.0f} ms")


if __name__ == "__main__":
    main()
