"""The explorer in a real terminal: first paint, keys, live delay, idle cost; beside a bare app and LEET.

    python benchmarks/screen.py [--rounds 5] [--leet /path/to/wandb] [--json FILE]

Everything is measured from outside, in a pty of 200x50: times are arrival times of bytes, CPU is the
process's own. Ratios within one run count; absolute times are those of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "logger"), str(ROOT / "tui")]

from terminal import TAILBOARD, Terminal  # noqa: E402  # the paths stand above

SIZE = {"columns": 200, "rows": 50}
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


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def first_paint(command: tuple[str, ...], text: str, env: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds from the start of `command` until it has sent `text`.

    The bytes are only searched, not drawn: that would take long enough for the program to go on meanwhile.
    """
    start = time.perf_counter()
    with Terminal(*command, env=env, **SIZE) as terminal:
        sent = b""
        while text.encode() not in sent:
            if not select.select([terminal.fd], [], [], 60)[0]:
                raise TimeoutError(text)
            sent += os.read(terminal.fd, 65536)
        return time.perf_counter() - start, cpu_s(terminal.pid)


def wait(terminal: Terminal, pattern: str, timeout_s: float) -> float:
    """Seconds until `pattern` is on the screen, looking every 5 ms."""
    start = time.perf_counter()
    while not re.search(pattern, terminal.text):
        terminal.read(0.005)
        if time.perf_counter() - start > timeout_s:
            raise TimeoutError(f"{pattern}\n{terminal.text}")
    return time.perf_counter() - start


def key_times(terminal: Terminal, keys: str) -> tuple[list[float], float]:
    """Milliseconds from each key to the first byte that it causes, and the mean bytes of a repaint."""
    times, sizes = [], []
    for key in keys:
        terminal.settle(0.15, 3)
        before = len(terminal.raw)
        start = time.perf_counter()
        terminal.send(key)
        while len(terminal.raw) == before and time.perf_counter() - start < 3:
            terminal.read(0.001)
        times.append((time.perf_counter() - start) * 1000)
        terminal.settle(0.15, 3)
        sizes.append(len(terminal.raw) - before)
    return times, statistics.fmean(sizes)


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
        cpu, sent, start = cpu_s(terminal.pid), len(terminal.raw), time.perf_counter()
        step = 300
        while time.perf_counter() - start < 10:
            log(step := step + 1)
            terminal.read(0.1)
        seconds = time.perf_counter() - start
        return delays, (cpu_s(terminal.pid) - cpu) / seconds, (len(terminal.raw) - sent) / seconds


def idle(terminal: Terminal, seconds: float = 10.0) -> tuple[float, float]:
    """CPU share and bytes per second while nothing happens."""
    terminal.settle(1.5, 30)
    cpu, sent, start = cpu_s(terminal.pid), len(terminal.raw), time.perf_counter()
    while time.perf_counter() - start < seconds:
        terminal.read(0.5)
    spent = time.perf_counter() - start
    return (cpu_s(terminal.pid) - cpu) / spent, (len(terminal.raw) - sent) / spent


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
                wait(terminal, "[⣀-⣿]{3}", 60)
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


def wait_loaded(terminal: Terminal) -> float:
    """The moment of the last output before a second of quiet: everything is read and drawn."""
    last = time.perf_counter()
    while time.perf_counter() - last < 1.0:
        if terminal.read(0.02):
            last = time.perf_counter()
    return last


def private(work: Path, fresh: bool = False) -> dict[str, str]:
    """XDG directories of our own, so that no earlier cache helps."""
    base = work / "xdg"
    if fresh:
        shutil.rmtree(base, ignore_errors=True)
    places = {f"XDG_{name}_HOME": str(base / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}
    # Everything is compiled once, as after `pip install`, wherever the sources are.
    return {**places, "PYTHONPYCACHEPREFIX": str(work / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie, by nearest rank."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(rounds: int, leet: str | None) -> dict[str, float]:
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
        found.update(open_large(1_000_000, work, max(rounds // 2, 1)))

        big = work / "large-1000000" / "run-large"
        shutil.copytree(big, many / "run-large")
        with Terminal(*TAILBOARD, str(many), env=private(work, fresh=True), **SIZE) as terminal:
            wait(terminal, "run-large", 60)
            loading = keys_while_loading(terminal, 40)
            terminal.settle(2.0, 120)
            steady, size = key_times(terminal, "jk" * 20)
            share, sent = idle(terminal)
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
        if leet:
            found.update(measure_leet(leet, work))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return found


def measure_leet(wandb: str, work: Path) -> dict[str, float]:
    """W&B LEET on an offline run of 100,000 x 10, written by wandb itself."""
    import subprocess

    place = work / "leet"
    place.mkdir()
    script = (
        "import wandb, random\n"
        "run = wandb.init(mode='offline', project='bench')\n"
        "for step in range(100_000):\n"
        "    run.log({f'train/m{i}': random.random() for i in range(10)})\n"
        "run.finish()\n"
    )
    python = Path(wandb).with_name("python")
    env = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false", "WANDB_CONFIG_DIR": str(place)}
    subprocess.run(
        [python, "-c", script], cwd=place, env={**os.environ, **env}, check=True, capture_output=True
    )
    (run,) = (place / "wandb").glob("offline-run-*")
    start = time.perf_counter()
    with Terminal(wandb, "leet", str(run), env=env, **SIZE) as terminal:
        wait(terminal, "[⣀-⣿]{3}", 120)
        first = time.perf_counter() - start
        quiet = time.perf_counter()
        while time.perf_counter() - quiet < 2.0:
            if terminal.read(0.05):
                quiet = time.perf_counter()
        return {"LEET 100,000 x 10: first chart, s": first, "LEET 100,000 x 10: complete, s": quiet - start}


def main() -> None:
    """Measure and print a table; write the JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--leet", help="the `wandb` command of an environment with wandb installed")
    parser.add_argument("--json", help="write the figures here")
    args = parser.parse_args()
    found = measure(args.rounds, args.leet)
    for name, value in found.items():
        print(f"{name:55} {value:12.4g}")
    if args.json:
        Path(args.json).write_text(json.dumps({"format": 1, "screen": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
