"""Peers beside tailboard in the same run: W&B LEET and terminalboard, on the same values.

Each is opened, typed at, left alone and fed by a live run, in the way of `ptys.py`. LEET's live run is
written by wandb itself, which keeps up to 15 s back, and once with every step on disk at once.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from data import NAMES, write_large_run
from foreign import WandbFile, values_of
from ptys import (
    CHART,
    ROOT,
    SIZE,
    effect_times,
    key_times,
    percentile,
    private,
    rss_mib,
    usage,
    wait,
    wait_loaded,
)

from tailboard_tui.formats.tensorboard_write import event_file_name, write_event_file
from terminal import TAILBOARD, Terminal

STEPS = 100_000
STARTED = 1.7e9
BEFORE_LIVE = 200
"""Steps logged before a live run is opened; from 1,000 on a step is shown as `1k`."""

LINES = "[⠁-⣿]{3}"
"""The same where lines are thin."""

Figures = dict[str, float]
Rows = dict[str, tuple[float, float]]
"""Ours and the peer's by what was measured."""

LOGGER = """
import json, os, sys, wandb
sys.path[:0] = [sys.argv[1]]
import tailboard
theirs = wandb.init(mode="offline", project="bench")
ours = tailboard.init(dir="ours", id="live", capture=False, git=False, system=False)
for line in sys.stdin:
    name, step, values = json.loads(line)
    if name in ("both", "theirs"):
        theirs.log(values)
    if name in ("both", "ours"):
        ours.log(values, step=step)
    print("logged", flush=True)
"""
"""Logs what it is told to, by both libraries: one process, the same values. wandb counts its steps itself:
told of one, it would hold it back until the next."""


@dataclass(frozen=True)
class Viewer:
    """How a program is opened and typed at."""

    command: tuple[str, ...]
    env: dict[str, str]
    keys: str
    """Two keys that move a mark there and back."""
    first_keys: str = ""
    """What is to be typed before, once."""
    step: str = r"step {}\b"
    """A pattern of the step shown, to be formatted with it."""
    mark: Callable[[Terminal], object] | None = field(default=None)
    """What of the screen only the keys change; None where keys do nothing while it loads."""

    def open(self, path: Path) -> Terminal:
        """Start it on a run, with nothing kept from an earlier opening."""
        if "XDG_CACHE_HOME" in self.env:
            shutil.rmtree(self.env["XDG_CACHE_HOME"], ignore_errors=True)
        return Terminal(*self.command, str(path), env=self.env, **SIZE)


def _our_mark(terminal: Terminal) -> object:
    """Where the bar of the chosen chart stands."""
    return [(y, x) for y, line in enumerate(terminal.screen.display) for x in (0, 40) if line[x] == "▌"]


def _leet_mark(terminal: Terminal) -> object:
    """Which line of its left column is lit."""
    return [(y, terminal.screen.buffer[y][1].bg) for y in range(SIZE["rows"])]


def tailboard(work: Path) -> Viewer:
    """The explorer."""
    return Viewer(TAILBOARD, private(work, fresh=True), "jk", mark=_our_mark)


def leet(wandb: str, work: Path) -> Viewer:
    """W&B LEET in its view of a single run."""
    env = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false", "WANDB_CONFIG_DIR": str(work / "leet")}
    return Viewer((wandb, "leet"), env, "sw", "\t", r"_step +{}\b", _leet_mark)


def terminalboard(command: str, work: Path) -> Viewer:
    """terminalboard, which turns pages of charts; it needs plotext 5."""
    return Viewer((command,), private(work, fresh=True), "np")


def opened(viewer: Viewer, path: Path, rounds: int) -> Figures:
    """Opening a run: medians; the last one is typed at and left alone."""
    firsts, completes = [], []
    found: Figures = {}
    for number in range(rounds):
        start = time.perf_counter()
        with viewer.open(path) as terminal:
            wait(terminal, CHART, 120)
            firsts.append(time.perf_counter() - start)
            completes.append(wait_loaded(terminal, 2.0) - start)
            if number == rounds - 1:
                terminal.send(viewer.first_keys)
                times, size = key_times(terminal, viewer.keys * 10)
                share, sent = usage(terminal, 10)
                found = {
                    "key to repaint, loaded: median ms": statistics.median(times),
                    "key to repaint, loaded: p99 ms": percentile(times, 0.99),
                    "bytes of a repaint": size,
                    "idle: CPU share": share,
                    "idle: bytes/s": sent,
                    "resident, MiB": rss_mib(terminal.pid),
                }
    return {
        "first chart, s": statistics.median(firsts),
        "complete, s": statistics.median(completes),
        **found,
    }


def warmed(viewer: Viewer, path: Path) -> Viewer:
    """The same, once opened: its modules are compiled, as after `pip install`."""
    with viewer.open(path) as terminal:
        wait(terminal, CHART, 120)
    return viewer


def typed_while_loading(viewer: Viewer, path: Path) -> Figures:
    """Keys from the first chart on, each until its effect is seen."""
    assert viewer.mark is not None
    with viewer.open(path) as terminal:
        wait(terminal, CHART, 120)
        terminal.send(viewer.first_keys)
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            terminal.read(0.02)
        times = effect_times(terminal, viewer.keys * 10, viewer.mark)
    return {
        "key to its effect while loading: median ms": statistics.median(times),
        "key to its effect while loading: p99 ms": percentile(times, 0.99),
    }


def live(viewer: Viewer, path: Path, log: Callable[[int], None], first: int, count: int) -> Figures:
    """Seconds from a logged step to the screen, one a second; then what 10 Hz costs."""
    delays = []
    with viewer.open(path) as terminal:
        wait(terminal, LINES, 120)
        terminal.settle(1.0, 10)
        step = first
        for _ in range(count):
            log(step := step + 1)
            delays.append(wait(terminal, viewer.step.format(step), 40))
            end = time.perf_counter() + 1.0
            while time.perf_counter() < end:
                terminal.read(0.02)

        def log_next() -> None:
            nonlocal step
            log(step := step + 1)

        usage(terminal, 5, log_next)  # until it has found its rhythm
        share, sent = usage(terminal, 10, log_next)
    return {
        "live delay: median s": statistics.median(delays),
        "live delay: max s": max(delays),
        "live at 10 Hz: CPU share": share,
        "live at 10 Hz: bytes/s": sent,
    }


@contextmanager
def logging(python: str, place: Path) -> Iterator[Callable[[str, int], None]]:
    """A process that logs by both libraries what it is told to: `log(name, step)` returns when it has."""
    place.mkdir()
    env = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true"}
    with subprocess.Popen(
        [python, "-c", LOGGER, str(ROOT / "logger")],
        cwd=place,
        env={**private(place), **env, "PATH": "/usr/bin:/bin", "HOME": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines, answers = process.stdin, process.stdout

        def log(name: str, step: int) -> None:
            lines.write(json.dumps([name, step, values_of(step)]) + "\n")
            lines.flush()
            while answers.readline() != "logged\n":
                if process.poll() is not None:
                    raise OSError("the logging process has ended")

        yield log
        lines.close()


def write_ours(path: Path, steps: int) -> Path:
    """A finished run of our own format."""
    path.mkdir(parents=True)
    (path / "run.json").write_text(
        json.dumps({"format": 1, "id": path.name, "name": path.name, "created": STARTED})
    )
    finish = {"time": STARTED + steps, "event": "finish", "status": "finished", "exit_code": 0}
    (path / "events.jsonl").write_text(json.dumps(finish) + "\n")
    with (path / "metrics.jsonl").open("w") as file:
        for step in range(steps):
            record = {"_step": step, "_timestamp": STARTED + step, **values_of(step)}
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
    return path


def beside_leet(wandb: str, work: Path, rounds: int) -> Rows:
    """LEET on 100,000 x 10 and on a live run, ours on the same values."""
    native = write_ours(work / "ours" / "run-large", STEPS)
    large = write_large_run(work / "ours-large", STEPS * 10)
    ours, theirs = warmed(tailboard(work), native), leet(wandb, work)
    run = work / "offline-run-20231114_221320-large"
    run.mkdir()
    with WandbFile(run / "run-large.wandb", "large", STARTED) as file:
        for step in range(STEPS):
            file.log(step, STARTED + step, values_of(step))
        file.finish(STEPS)
    found = pairs(opened(ours, native, rounds), opened(theirs, run, rounds))
    same = opened(tailboard(work), run, 1)["complete, s"]
    found["complete, both from the .wandb file, s"] = same, found["complete, s"][1]
    # Ours would be done before the first key: it is given ten times as much to read.
    found |= pairs(typed_while_loading(tailboard(work), large), typed_while_loading(theirs, run))

    with logging(str(Path(wandb).with_name("python")), work / "live") as log:
        for step in range(BEFORE_LIVE):
            log("both", step)
        place = work / "live"
        of_ours = live(ours, place / "ours" / "live", lambda step: log("ours", step), BEFORE_LIVE - 1, 10)
        (written,) = (place / "wandb").glob("offline-run-*")
        of_theirs = live(theirs, written, lambda step: log("theirs", step), BEFORE_LIVE - 1, 3)
    found |= pairs(of_ours, of_theirs)

    flushed = work / "offline-run-20231114_221320-flushed"
    flushed.mkdir()
    with WandbFile(flushed / "run-flushed.wandb", "flushed", time.time()) as file:
        for step in range(BEFORE_LIVE):
            file.log(step, time.time(), values_of(step))
        each = live(
            theirs, flushed, lambda step: file.log(step, time.time(), values_of(step)), BEFORE_LIVE - 1, 5
        )
    found |= pairs(of_ours, {f"{name}, each step on disk": value for name, value in each.items()})
    return found


def beside_terminalboard(command: str, work: Path, rounds: int) -> Rows:
    """terminalboard on an event file of 100,000 x 10, ours on the same file."""
    root = work / "events" / "run-large"
    root.mkdir(parents=True)
    scalars = (
        (name, step, STARTED + step, value)
        for step in range(STEPS)
        for name, value in zip(NAMES, values_of(step).values(), strict=True)
    )
    write_event_file(str(root / event_file_name(STARTED)), scalars, {}, STARTED)
    ours, theirs = warmed(tailboard(work), root), terminalboard(command, work)
    return pairs(opened(ours, root, rounds), opened(theirs, root.parent, rounds))


def pairs(ours: Figures, theirs: Figures) -> Rows:
    """Ours beside the peer's; what a peer's figure adds after a comma belongs to the same of ours."""
    return {name: (ours[name if name in ours else name.rpartition(", ")[0]], theirs[name]) for name in theirs}


def table(peer: str, rows: Rows) -> list[str]:
    """One line a figure: what, tailboard, the peer, their ratio."""
    lines = [f"| beside {peer:50} | {'tailboard':>10} | {peer:>13} | {'ratio':>7} |"]
    for name, (ours, theirs) in rows.items():
        ratio = f"{ours / theirs:7.3g}" if theirs else "      -"
        lines.append(f"| {f'{peer}: {name}':57} | {ours:10.4g} | {theirs:13.4g} | {ratio} |")
    return lines
