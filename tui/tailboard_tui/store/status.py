"""What state a run is in. Never stored, always derived from what is on disk and in /proc now.

A finish event wins; then whether the process that wrote the run is alive; then how old its newest
write is, measured against the run's own rhythm. No process is ever signalled.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tailboard_tui.formats.base import RunFacts
from tailboard_tui.store.model import Status
from tailboard_tui.text.safe import clean
from tailboard_tui.text.units import count, duration

TELLS_END = frozenset({"tailboard", "wandb", "swanlab", "guild", "mlflow", "sacred"})
"""Formats that write down how a run ended: one that falls silent without that has crashed."""

DEFAULT_LIMIT_S = 120.0
"""Silence that is still normal when nothing is known of the run's rhythm."""

LEAST_LIMIT_S = 60.0
"""Silence that is always normal: a checkpoint, an evaluation, a data loader that starts again."""

CRASHED_AFTER = 5.0
"""How many limits of silence, of a run whose process cannot be seen, are taken for its death."""

SETTLE_S = 3.0
"""A process that is gone is believed gone when nothing was written for this long: a run inside a
container can share our host name and boot, yet not our process numbers."""

_EPOCH_FROM = 1e8
"""Process start times above this are Unix seconds, below it seconds since boot."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a run writes, from the gaps between its recent records."""

    usual_s: float
    """Median gap in seconds."""
    longest_s: float

    @property
    def limit_s(self) -> float:
        """Silence beyond this is out of the ordinary for the run."""
        return max(10.0 * self.usual_s, 3.0 * self.longest_s, LEAST_LIMIT_S)


@dataclass(frozen=True, slots=True)
class Host:
    """What a machine can tell of the processes on it."""

    name: str
    boot_id: str | None
    boot_time: float | None
    """Unix seconds."""
    started: Callable[[int], float | None]
    """Start of a living process in seconds since boot, or None when there is none that we see."""
    sees_all: bool
    """Whether a process that we do not see is gone (no /proc on macOS; `hidepid` hides others')."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a run's activity, beside its facts. Times are Unix seconds."""

    last_write: float | None
    """Newest sign of life: a record, a resource sample, a line of output."""
    last_record: float | None
    """Newest metric."""
    rhythm: Rhythm | None = None
    step: float | None = None
    total_steps: float | None = None


def status(facts: RunFacts, signs: Signs, now: float, host: Host) -> tuple[Status, str]:
    """The state of a run and, for a person, why.

    Args:
        now: Unix time in seconds.
        host: The machine on which this is asked.
    """
    if facts.finish is not None:
        return facts.finish.status, _ending(facts)
    alive = _is_alive(facts, host)
    if alive is None:
        return _by_age(facts, signs, now)
    if alive:
        return _alive(facts, signs, now)
    silence = _age(signs.last_write, now)
    if silence is not None and silence < SETTLE_S:
        return "running", f"wrote {duration(silence)} ago"
    if facts.boot_id != host.boot_id:
        return "crashed", "the machine was restarted since, no finish event"
    return "crashed", f"process {facts.pid} is gone, no finish event"


def _ending(facts: RunFacts) -> str:
    assert facts.finish is not None
    code = facts.finish.exit_code
    return "finish event" if code is None else f"finish event, exit code {code}"


def _is_alive(facts: RunFacts, host: Host) -> bool | None:
    """Whether the process that wrote the run lives; None when that cannot be known here."""
    pid = facts.pid
    if pid is None or pid <= 1 or facts.host != host.name or not facts.boot_id or not host.boot_id:
        return None
    if facts.boot_id != host.boot_id:
        return False
    started = host.started(pid)
    if started is None:
        return False if host.sees_all else None
    return _is_same_start(facts.process_start, started, host)


def _is_same_start(recorded: float | None, started: float, host: Host) -> bool | None:
    """Whether a living process is the recorded one and not a later one of the same number."""
    if recorded is None:
        return None
    if recorded < _EPOCH_FROM:
        return abs(recorded - started) < 0.1
    return None if host.boot_time is None else abs(recorded - host.boot_time - started) < 2.0


def _alive(facts: RunFacts, signs: Signs, now: float) -> tuple[Status, str]:
    silence = _age(signs.last_record, now)
    limit = signs.rhythm.limit_s if signs.rhythm else DEFAULT_LIMIT_S
    if silence is not None and silence > limit:
        return "stalled", f"process {facts.pid} is alive, but {_silence(silence, signs.rhythm)}"
    return "running", f"process {facts.pid} is alive"


def _by_age(facts: RunFacts, signs: Signs, now: float) -> tuple[Status, str]:
    silence = _age(signs.last_write, now)
    if silence is None:
        return "unknown", "nothing written yet"
    limit = signs.rhythm.limit_s if signs.rhythm else DEFAULT_LIMIT_S
    if silence <= limit:
        idle = _age(signs.last_record, now)
        if signs.rhythm is not None and idle is not None and idle > limit:
            return "stalled", _silence(idle, signs.rhythm)
        return "running", f"wrote {duration(silence)} ago"
    if silence <= CRASHED_AFTER * limit:
        return "stalled", _silence(silence, signs.rhythm)
    return _fallen_silent(facts, signs, silence)


def _fallen_silent(facts: RunFacts, signs: Signs, silence: float) -> tuple[Status, str]:
    if (facts.converted_from or facts.source) in TELLS_END:
        where = f" on {clean(facts.host, 40)}" if facts.host else ""
        return "crashed", f"silent for {duration(silence)}{where}, no finish event"
    if signs.step is not None and signs.total_steps and signs.step + 1 >= signs.total_steps:
        return "finished", f"reached step {count(signs.step)} of {count(signs.total_steps)}"
    return "unknown", f"silent for {duration(silence)}; this format does not say how a run ended"


def _silence(silence: float, rhythm: Rhythm | None) -> str:
    gap = "" if rhythm is None else duration(rhythm.usual_s) if rhythm.usual_s >= 0.1 else "under 0.1s"
    usual = f" (usual gap {gap})" if gap else ""
    return f"nothing logged for {duration(silence)}{usual}"


def _age(when: float | None, now: float) -> float | None:
    """Seconds since `when`; a time in the future counts as now."""
    return None if when is None else max(now - when, 0.0)


def this_host() -> Host:
    """The machine that we run on."""
    return Host(
        name=socket.gethostname(),
        boot_id=_first_line("/proc/sys/kernel/random/boot_id") or None,
        boot_time=_boot_time(),
        started=process_start,
        sees_all=os.path.exists("/proc/1/stat"),
    )


def process_start(pid: int) -> float | None:
    """When the living process `pid` began, in seconds since boot; None for none and for a zombie.

    Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime), counted behind the last `)`: the
    command name before it may hold anything.
    """
    fields = _first_line(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZX":
        return None
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _boot_time() -> float | None:
    """Unix time at which this machine started. Source: proc_stat(5), `btime`."""
    try:
        with open("/proc/stat", "rb") as file:
            found = next((line for line in file if line.startswith(b"btime ")), None)
    except OSError:
        return None
    return float(found.split()[1]) if found else None


def _first_line(path: str) -> str:
    """The first line of a file of /proc, empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.readline(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""
