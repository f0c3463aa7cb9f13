"""Twenty writers, an explorer on their runs, hours: does memory stay flat?

    python benchmarks/soak.py [--hours 2] [--writers 20] [--json FILE]

Runs are written, finished, truncated, deleted and begun again the whole time, while the explorer stands open
in a pty and someone now and then presses a key. Every minute one line of JSON with the explorer's resident
memory, open files and threads. Exit status 1 when memory in the last quarter is more than a tenth above the
second quarter's, or when the explorer has ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from screen import rss_mib

from terminal import TAILBOARD, Terminal

KEYS = "jjjkl]2341\tjk\x1b"
"""Pressed in turn, one every few seconds: rows, panes and tabs of the explorer."""

KEY_EVERY_S = 5.0


def write(root: Path, number: int) -> None:
    """One run after the other in the same place, each with its own way to end."""
    dice = random.Random(number)
    while True:
        run = root / f"run-{number:03}"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        began = time.time()
        (run / "run.json").write_text(json.dumps({"format": 1, "id": run.name, "created": began}))
        (run / "events.jsonl").write_text(json.dumps({"time": began, "event": "start"}) + "\n")
        for step in range(dice.randrange(200, 4000)):
            time.sleep(0.1)
            with open(run / "metrics.jsonl", "a") as file:
                values = {f"m{index}": dice.random() for index in range(10)}
                file.write(json.dumps({"_step": step, "_timestamp": time.time(), **values}) + "\n")
            with open(run / "output.log", "a") as file:
                file.write(f"step {step} loss {dice.random():.4f}\n")
            if dice.random() < 0.0005:
                os.truncate(run / "metrics.jsonl", 0)
        with open(run / "events.jsonl", "a") as file:
            file.write(json.dumps({"time": time.time(), "event": "finish", "status": "finished"}) + "\n")


def watch(terminal: Terminal, hours: float) -> list[float]:
    """The explorer's resident memory in MiB, once a minute; ends when the explorer does."""
    sizes: list[float] = []
    process = Path(f"/proc/{terminal.pid}")
    end, next_key, next_sample, pressed = time.time() + hours * 3600, 0.0, time.time() + 60, 0
    while time.time() < end and terminal.is_alive:
        terminal.read(0.5)
        terminal.raw.clear()
        if time.time() >= next_key:
            next_key = time.time() + KEY_EVERY_S
            terminal.send(KEYS[pressed % len(KEYS)])
            pressed += 1
        if time.time() >= next_sample:
            next_sample += 60
            sizes.append(rss_mib(terminal.pid))
            counts = {name: len(list((process / name).iterdir())) for name in ("fd", "task")}
            print(json.dumps({"mib": round(sizes[-1], 1), **counts}), flush=True)
    return sizes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--json", help="write the result to this file too")
    parser.add_argument("--writer", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.writer:
        write(Path(options.writer[0]), int(options.writer[1]))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--writer", folder]
        writers = [subprocess.Popen([*command, str(number)]) for number in range(options.writers)]
        try:
            with Terminal(*TAILBOARD, folder, columns=160, rows=45, env=_home(folder)) as terminal:
                sizes = watch(terminal, options.hours)
                survived = terminal.is_alive
        finally:
            for writer in writers:
                writer.kill()
                writer.wait()
    quarter = max(len(sizes) // 4, 1)
    before, after = statistics.median(sizes[quarter : 2 * quarter]), statistics.median(sizes[-quarter:])
    result = {
        "hours": options.hours,
        "writers": options.writers,
        "survived": survived,
        "second_quarter_mib": round(before, 1),
        "last_quarter_mib": round(after, 1),
        "largest_mib": round(max(sizes), 1),
    }
    print(json.dumps(result))
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n")
    return int(after > 1.1 * before or not survived)


def _home(folder: str) -> dict[str, str]:
    """A cache and settings of its own."""
    return {name: f"{folder}/.{name}" for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")}


if __name__ == "__main__":
    sys.exit(main())
