"""The sampler: what the machine, the run's processes and the GPUs use, a line every few seconds.

On Linux everything comes from /proc and the process's cgroup; elsewhere from psutil where that is
installed. Percentages are of what the run may use: its CPUs, its container's memory.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from _thread import allocate_lock

from tailboard import layout
from tailboard.background import start_thread
from tailboard.cgroup import Cgroup, read_lines, read_text
from tailboard.encoding import encode_line
from tailboard.gpus import Gpus
from tailboard.writer import LineWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Sample = dict[str, float]

EVERY_S = 10.0
"""Default time between samples: a sample takes under a millisecond, a GPU's a few."""

FIRST_S = 1.0
"""The first sample comes early, so that short runs have one too."""

_SECTOR_BYTES = 512
"""Unit of /proc/diskstats whatever the device. Source: Documentation/block/stat.rst"""

_TASKS_LIMIT = 64
"""Threads of one process that are asked for their children."""


class Sampler:
    """Writes resource samples into system.jsonl from a daemon thread."""

    def __init__(
        self, path: str, warn: Callable[[str, str], None], pid: int, every_s: float = EVERY_S
    ) -> None:
        """Nothing is read yet.

        Args:
            path: The file.
            warn: Told of problems with it.
            pid: The process whose tree is followed.
            every_s: Time between samples in seconds.
        """
        self._file = LineWriter(path, warn)
        self._warn = warn
        self._every_s = every_s
        self._machine = Machine(pid) if os.path.exists("/proc/stat") else _Portable(pid)
        self._gpus = Gpus()
        self._stop = allocate_lock()
        self._thread = threading.Thread(target=self._work, name="tailboard-resources", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._stop.acquire()
        if not start_thread(self._thread):
            self._warn("sampler", "resources are not sampled: the system gives no more threads")

    def stop(self, timeout_s: float) -> None:
        """Take a last sample and end; harmless in a forked child."""
        if self._stop.locked():
            self._stop.release()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _work(self) -> None:
        with contextlib.suppress(ValueError, IndexError, KeyError):  # said when the first sample is taken
            self._machine.sample()  # rates need an earlier reading
        wait_s = min(FIRST_S, self._every_s)
        while True:
            is_last = self._stop.acquire(timeout=wait_s)
            wait_s = self._every_s
            self._sample()
            self._file.check(time.monotonic())
            if is_last:
                self._file.close()
                return

    def _sample(self) -> None:
        try:
            sample = {
                layout.TIMESTAMP: round(time.time(), 3),
                **self._machine.sample(),
                **self._gpus.sample(),
            }
            self._file.append(encode_line(sample))
        except Exception as error:  # noqa: BLE001  a kernel or driver with other files must not end the sampling
            self._warn("resources", f"resources cannot be sampled: {type(error).__name__}: {error}")


class Machine:
    """Readings from /proc and the cgroup, as differences to the reading before where they are rates."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._cpus = os.sched_getaffinity(0)
        self._cgroup = Cgroup()
        self._before: dict[str, float] = {}
        self._begin: dict[str, float] = {}

    def sample(self) -> Sample:
        """The values now. Rates and shares are since the call before; byte counters since the first."""
        now = time.monotonic()
        elapsed_s = now - self._before.get("now", now)
        self._before["now"] = now
        found: Sample = {}
        found.update(self._cpu(elapsed_s))
        found.update(self._memory())
        found.update(self._processes(elapsed_s))
        found.update(self._counters())
        return found

    def _since(self, name: str, value: float) -> float | None:
        """The growth of a counter since the reading before, None at the first."""
        before = self._before.get(name)
        self._before[name] = value
        return None if before is None else max(value - before, 0.0)

    def _cpu(self, elapsed_s: float) -> Sample:
        """How busy the CPUs are that this process may use, in percent of them all."""
        quota = self._cgroup.cpu_quota()
        if quota is not None and quota < len(self._cpus):
            used = self._since("quota", self._cgroup.cpu_used_s())
            return (
                {} if used is None or elapsed_s <= 0 else {"cpu/percent": _percent(used, elapsed_s * quota)}
            )
        busy = total = 0.0
        for line in read_lines("/proc/stat"):
            name, _, values = line.partition(" ")
            if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in self._cpus:
                ticks = [int(value) for value in values.split()[:8]]
                total += sum(ticks)
                busy += sum(ticks) - ticks[3] - ticks[4]  # idle and waiting for disks
        more_busy, more_total = self._since("busy", busy), self._since("total", total)
        return {} if more_busy is None or not more_total else {"cpu/percent": _percent(more_busy, more_total)}

    def _memory(self) -> Sample:
        sizes = {}
        for line in read_lines("/proc/meminfo"):
            name, _, value = line.partition(":")
            if name in ("MemTotal", "MemAvailable"):
                sizes[name] = int(value.split()[0]) * 1024
        total = sizes.get("MemTotal", 0)
        used = total - sizes.get("MemAvailable", total)
        limit = self._cgroup.memory_limit_bytes()
        if limit is not None and limit < total:
            total, used = limit, self._cgroup.memory_used_bytes()
        return {"memory/used_bytes": used, "memory/total_bytes": total}

    def _processes(self, elapsed_s: float) -> Sample:
        """The run's process and its descendants: CPU (100 is one core), resident memory."""
        ticks = pages = threads = count = 0
        for pid in process_tree(self._pid):
            fields = read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
            if len(fields) > 21:
                count += 1
                ticks += sum(
                    int(value) for value in fields[11:15]
                )  # own and of children that were waited for
                threads += int(fields[17])
                pages += int(fields[21])
        found: Sample = {
            "process/rss_bytes": pages * self._page_bytes,
            "process/threads": threads,
            "process/count": count,
        }
        used = self._since("process", ticks / self._ticks_per_s)
        if used is not None and elapsed_s > 0:
            found["process/cpu_percent"] = round(100 * used / elapsed_s, 1)
        return found

    def _counters(self) -> Sample:
        """Bytes that the machine has moved since the first reading."""
        found = {}
        for name, value in {
            **_disk_bytes(read_lines("/proc/diskstats")),
            **_net_bytes(read_lines("/proc/net/dev")),
        }.items():
            found[name] = max(value - self._begin.setdefault(name, value), 0)
        return found


def process_tree(pid: int) -> list[int]:
    """`pid` and its living descendants. Source: proc_pid_children(5)."""
    found = [pid]
    for parent in found:
        try:
            tasks = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue
        for task in tasks[:_TASKS_LIMIT]:
            found += [int(child) for child in read_text(f"/proc/{parent}/task/{task}/children").split()]
    return found


def _disk_bytes(lines: Iterable[str]) -> Sample:
    """Sums over whole disks: partitions and mapped devices would count the same bytes again."""
    read = written = 0
    for line in lines:
        fields = line.split()
        if (
            len(fields) > 9
            and os.path.isdir(f"/sys/block/{fields[2]}")
            and not fields[2].startswith(("loop", "ram", "dm-", "md"))
        ):
            read += int(fields[5])
            written += int(fields[9])
    return {"disk/read_bytes": read * _SECTOR_BYTES, "disk/written_bytes": written * _SECTOR_BYTES}


def _net_bytes(lines: Iterable[str]) -> Sample:
    """Sums over interfaces but the loopback."""
    sent = received = 0
    for line in lines:
        name, colon, values = line.partition(":")
        fields = values.split()
        if colon and name.strip() != "lo" and len(fields) > 8:
            received += int(fields[0])
            sent += int(fields[8])
    return {"net/sent_bytes": sent, "net/received_bytes": received}


class _Portable:
    """Readings by psutil, for systems without /proc; empty where it is not installed."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        try:
            import psutil
        except ImportError:
            self._psutil = None
        else:
            self._psutil = psutil

    def sample(self) -> Sample:
        """The values now."""
        psutil = self._psutil
        if psutil is None:
            return {}
        try:
            process = psutil.Process(self._pid)
            tree = [process, *process.children(recursive=True)]
            memory = psutil.virtual_memory()
            return {
                "cpu/percent": psutil.cpu_percent(None),
                "memory/used_bytes": memory.total - memory.available,
                "memory/total_bytes": memory.total,
                "process/rss_bytes": sum(item.memory_info().rss for item in tree),
                "process/count": len(tree),
            }
        except psutil.Error:
            return {}


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1)
