"""Measuring a program in a pty, from outside: arrival times of bytes, CPU and memory of its processes."""

from __future__ import annotations

import os
import re
import select
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "logger"), str(ROOT / "tui")]

from terminal import Terminal  # noqa: E402  # the paths stand above

SIZE = {"columns": 200, "rows": 50}

CHART = "[⣀-⣿]{3}"
"""Braille in a row: a chart is drawn."""


def family(pid: int) -> list[int]:
    """A process and all that it started, which LEET needs: it is a Python launcher with a Go program."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue  # it has just ended
            parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its family, user and system."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Resident memory of a process and its family, MiB."""
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in family(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


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


def wait_loaded(terminal: Terminal, quiet_s: float = 1.0, timeout_s: float = 120.0) -> float:
    """The moment of the last output before `quiet_s` without any: everything is read and drawn."""
    start = last = time.perf_counter()
    while time.perf_counter() - last < quiet_s:
        if terminal.read(0.02):
            last = time.perf_counter()
        if last - start > timeout_s:
            raise TimeoutError("it never comes to rest")
    return last


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


def effect_times(terminal: Terminal, keys: str, mark: Callable[[Terminal], object]) -> list[float]:
    """Milliseconds from each key until `mark` of the screen is another, whatever else is drawn meanwhile.

    Raises:
        TimeoutError: A key has no effect within 10 s.
    """
    times = []
    for key in keys:
        before = mark(terminal)
        start = time.perf_counter()
        terminal.send(key)
        while mark(terminal) == before:
            terminal.read(0.001)
            if time.perf_counter() - start > 10:
                raise TimeoutError(f"no effect of {key!r}")
        times.append((time.perf_counter() - start) * 1000)
        end = time.perf_counter() + 0.05
        while time.perf_counter() < end:
            terminal.read(0.01)
    return times


def usage(terminal: Terminal, seconds: float, each: Callable[[], None] = lambda: None) -> tuple[float, float]:
    """CPU share of a core and bytes per second in the next `seconds`; `each` is called ten times a second."""
    cpu, sent, start = cpu_s(terminal.pid), len(terminal.raw), time.perf_counter()
    count = 0
    while (passed := time.perf_counter() - start) < seconds:
        if passed >= count / 10:
            each()
            count += 1
        terminal.read(0.02)
    spent = time.perf_counter() - start
    return (cpu_s(terminal.pid) - cpu) / spent, (len(terminal.raw) - sent) / spent


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
