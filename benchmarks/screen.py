"""The explorer in a real terminal: first paint, keys, live delay, idle cost; beside a bare app and its peers.

    python benchmarks/screen.py [--rounds 5] [--peers /path/to/environment/bin ...] [--json FILE]

Everything is measured from outside, in a pty of 200x50: times are arrival times of bytes, CPU is the
process's own. Ratios within one run count; absolute times are those of the machine. Peers are W&B LEET and
terminalboard, as far as one of the environments has them (`wandb`, `terminalboard`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import viewers
from ptys import (
    CHART,
    SIZE,
    first_paint,
    key_times,
    percentile,
    private,
    rss_mib,
    usage,
    wait,
    wait_loaded,
)

from terminal import TAILBOARD, Terminal

PEER_ROUNDS = 3
"""A peer opens a run in a quarter of a minute: more rounds would take longer than all the rest."""

BARE_APP = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    BINDINGS = [("q", "quit", "quit"), ("j", "bump", "bump")]
    def compose(self):
        yield Static("bare app is here")
    def action_bump(self):
        self.query_one(Static).update("bumped")
Bare().run()
"""


def make_runs(root: Path, count: int, steps: int = 20, metrics: int = 4) -> None:
    """`count` runs of our own format, each with a few points."""
    names = [f"train/m{i}" for i in range(metrics)]
    body = "".join(
        json.dumps({"_step": s, "_timestamp": 1.7e9 + s, **dict.fromkeys(names, 1 / (s + 1))}) + "\n"
        for s in range(steps)
    )
    finish = json.dumps({"time": 1.7e9 + steps, "event": "finish", "status": "finished", "exit_code": 0})
    for number in range(count):
        path = root / f"run-{number:05}"
        path.mkdir(parents=True)
        facts = {"format": 1, "id": path.name, "name": path.name, "created": 1.7e9 + number}
        (path / "run.json").write_text(json.dumps(facts))
        (path / "metrics.jsonl").write_text(body)
        (path / "events.jsonl").write_text(finish + "\n")


def make_large_run(root: Path, steps: int, metrics: int = 10) -> None:
    """One run of `steps` lines of `metrics` noisy metrics, the newest in the list."""
    import numpy as np

    rng = np.random.default_rng(0)
    path = root / "run-large"
    path.mkdir(parents=True)
    facts = {"format": 1, "id": path.name, "name": path.name, "created": 1.75e9}
    (path / "run.json").write_text(json.dumps(facts))
    finish = {"time": 1.75e9 + steps, "event": "finish", "status": "finished", "exit_code": 0}
    (path / "events.jsonl").write_text(json.dumps(finish) + "\n")
    with (path / "metrics.jsonl").open("w") as file:
        for start in range(0, steps, 10_000):
            values = rng.normal(size=(min(10_000, steps - start), metrics)) + 1e5 / (start + 1e5)
            for offset, row in enumerate(values):
                numbers = ",".join(f'"train/m{i}":{value!r}' for i, value in enumerate(row.tolist()))
                file.write(f'{{"_step":{start + offset},"_timestamp":{1.75e9 + start + offset},{numbers}}}\n')


def keys_while_loading(terminal: Terminal, count: int) -> list[float]:
    """Milliseconds from a key to the next output while the large run is being read."""
    times = []
    for _ in range(count):
        before = len(terminal.raw)
        start = time.perf_counter()
        terminal.send("j" if len(times) % 2 == 0 else "k")
        while len(terminal.raw) == before and time.perf_counter() - start < 3:
            terminal.read(0.001)
        times.append((time.perf_counter() - start) * 1000)
        terminal.read(0.05)
    return times


def live_delays(root: Path, env: dict[str, str], count: int) -> tuple[list[float], float, float]:
    """Seconds from an appended line to its step on the screen; then CPU share and bytes/s at 10 Hz."""
    path = root / "zz-live"
    make_runs(root, 3)
    shutil.copytree(root / "run-00000", path)
    facts = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(
        json.dumps({**facts, "id": "zz-live", "name": "zz-live", "created": time.time()})
    )
    (path / "events.jsonl").unlink()

    def log(step: int) -> None:
        with (path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"_step": step, "_timestamp": time.time(), "train/m0": 1 / step}) + "\n")

    delays = []
    with Terminal(*TAILBOARD, str(root), env=env, **SIZE) as terminal:
        wait(terminal, "zz-live", 30)
        terminal.settle(0.5)
        for step in range(101, 101 + count):
            log(step)
            delays.append(wait(terminal, rf"step {step}\b", 10))
            terminal.read(0.3)
        step = 300

        def log_next() -> None:
            nonlocal step
            log(step := step + 1)

        return delays, *usage(terminal, 10, log_next)


def open_large(steps: int, work: Path, rounds: int) -> dict[str, float]:
    """First chart, complete, and the second open of one run of `steps` x 10."""
    root = work / f"large-{steps}"
    make_large_run(root, steps)
    first_charts, completes, seconds = [], [], []
    for _ in range(rounds):
        env = private(work, fresh=True)
        for opened in (completes, seconds):
            start = time.perf_counter()
            with Terminal(*TAILBOARD, str(root), env=env, **SIZE) as terminal:
                wait(terminal, CHART, 60)
                first = time.perf_counter() - start
                opened.append(wait_loaded(terminal) - start)
                if opened is completes:
                    first_charts.append(first)
                terminal.settle(0.5, 20)
                rss = rss_mib(terminal.pid)
    return {
        f"open {steps} x 10: first chart, s": statistics.median(first_charts),
        f"open {steps} x 10: complete, s": statistics.median(completes),
        f"open {steps} x 10: second open complete, s": statistics.median(seconds),
        f"open {steps} x 10: resident, MiB": rss,
    }


def measure(rounds: int) -> dict[str, float]:
    """All figures by name."""
    work = Path(tempfile.mkdtemp(prefix="tailboard-bench-"))
    found: dict[str, float] = {}
    try:
        bare = (sys.executable, "-c", BARE_APP)
        few, many = work / "few", work / "many"
        make_runs(few, 3)
        make_runs(many, 10_000)
        paints: dict[str, list[tuple[float, float]]] = {"bare": [], "3 runs": [], "10,000 runs": []}
        env = private(work)
        for command, text in ((bare, "bare app is here"), ((*TAILBOARD, str(few)), "run-0000")):
            first_paint(command, text, env)
        for _ in range(rounds):
            paints["bare"].append(first_paint(bare, "bare app is here", env))
            paints["3 runs"].append(first_paint((*TAILBOARD, str(few)), "run-0000", env))
            paints["10,000 runs"].append(first_paint((*TAILBOARD, str(many)), "run-0", env))
        base = statistics.median(wall for wall, _ in paints["bare"])
        base_cpu = statistics.median(cpu for _, cpu in paints["bare"])
        for name, values in paints.items():
            found[f"first paint, {name}: s"] = statistics.median(wall for wall, _ in values)
            found[f"first paint, {name}: CPU s"] = statistics.median(cpu for _, cpu in values)
            found[f"first paint, {name}: ratio to bare"] = found[f"first paint, {name}: s"] / base
            found[f"first paint, {name}: CPU, ratio to bare"] = (
                found[f"first paint, {name}: CPU s"] / base_cpu
            )
        found.update(open_large(100_000, work, rounds))
        found.update(open_large(1_000_000, work, rounds))

        big = work / "large-1000000" / "run-large"
        shutil.copytree(big, many / "run-large")
        with Terminal(*TAILBOARD, str(many), env=private(work, fresh=True), **SIZE) as terminal:
            wait(terminal, "run-large", 60)
            loading = keys_while_loading(terminal, 40)
            terminal.settle(2.0, 120)
            steady, size = key_times(terminal, "jk" * 20)
            terminal.settle(1.5, 30)
            share, sent = usage(terminal, 10)
            found["idle with 10,000 runs: CPU share"] = share
            found["idle with 10,000 runs: bytes/s"] = sent
            found["resident with 10,000 runs and 1,000,000 x 10, MiB"] = rss_mib(terminal.pid)
        found["key to repaint while loading: median ms"] = statistics.median(loading)
        found["key to repaint while loading: p99 ms"] = percentile(loading, 0.99)
        found["key to repaint, loaded: median ms"] = statistics.median(steady)
        found["key to repaint, loaded: p99 ms"] = percentile(steady, 0.99)
        found["bytes of a repaint"] = size
        for watch in ("auto", "poll"):
            env = {**private(work), "TAILBOARD_WATCH": watch}
            delays, share, sent = live_delays(work / f"live-{watch}", env, 15)
            found[f"live delay, {watch}: median s"] = statistics.median(delays)
            found[f"live delay, {watch}: max s"] = max(delays)
            found[f"live at 10 Hz, {watch}: CPU share"] = share
            found[f"live at 10 Hz, {watch}: bytes/s"] = sent
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return found


def measure_peers(peers: list[Path], rounds: int) -> dict[str, viewers.Rows | str]:
    """What each peer that is there was measured at, ours beside it; what went wrong, where it failed."""
    measures: dict[str, tuple[str, Callable[[str, Path, int], viewers.Rows]]] = {
        "LEET": ("wandb", viewers.beside_leet),
        "terminalboard": ("terminalboard", viewers.beside_terminalboard),
    }
    found: dict[str, viewers.Rows | str] = {}
    for name, (command, beside) in measures.items():
        installed = [place / command for place in peers if (place / command).exists()]
        if not installed:
            continue
        work = Path(tempfile.mkdtemp(prefix="tailboard-bench-"))
        try:
            found[name] = beside(str(installed[0]), work, rounds)
        except (OSError, TimeoutError, ValueError, subprocess.SubprocessError) as error:
            found[name] = f"failed: {error!r}"[:500]
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return found


def main() -> None:
    """Measure and print a table; write the JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, nargs="+", default=[], help="bin directories that have them")
    parser.add_argument("--only-peers", action="store_true", help="leave out what needs none")
    parser.add_argument("--json", help="write the figures here")
    args = parser.parse_args()
    found = {} if args.only_peers else measure(args.rounds)
    for name, value in found.items():
        print(f"{name:55} {value:12.4g}")
    peers = measure_peers(args.peers, min(args.rounds, PEER_ROUNDS))
    for name, rows in peers.items():
        print("\n".join([f"{name} {rows}"] if isinstance(rows, str) else viewers.table(name, rows)))
    if args.json:
        Path(args.json).write_text(
            json.dumps({"format": 1, "screen": found, "peers": peers}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
