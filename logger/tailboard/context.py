"""Where and from what a run started: process, machine, packages. The code is told of by `repository`."""

from __future__ import annotations

import os
import sys

from tailboard.redact import redact_command

ENVIRONMENT = frozenset(
    {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"}
)
ENVIRONMENT |= {
    "NODE_RANK",
    "OMP_NUM_THREADS",
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE",
    "CONDA_DEFAULT_ENV",
}
"""The only environment variables that are recorded, beside those of `_SLURM`: none of them is a secret."""

_SLURM = frozenset(
    {
        "JOB_ID",
        "JOB_NAME",
        "JOB_PARTITION",
        "JOB_NODELIST",
        "JOB_NUM_NODES",
        "PROCID",
        "LOCALID",
        "NODEID",
        "NTASKS",
    }
    | {
        "ARRAY_JOB_ID",
        "ARRAY_TASK_ID",
        "CPUS_PER_TASK",
        "CPUS_ON_NODE",
        "MEM_PER_NODE",
        "GPUS_ON_NODE",
        "RESTART_COUNT",
    }
)

_ARGUMENT_LIMIT = 2000
"""Characters kept of one argument: `python -c` may carry a whole program."""


def identity(arguments: list[str] | None = None) -> dict[str, object]:
    """Who runs what on which machine, now.

    Args:
        arguments: The program and its arguments; None: this Python process.
    """
    system = os.uname()
    return {
        "command": command(sys.orig_argv if arguments is None else arguments),
        "cwd": _directory(),
        "host": system.nodename,
        "user": _user(),
        "pid": os.getpid(),
        "boot_id": first_line("/proc/sys/kernel/random/boot_id") or None,
        "process_start": process_start(os.getpid()),
        "python": python_version() if arguments is None else None,
        "platform": f"{system.sysname}-{system.release}-{system.machine}",
        "env": environment(),
    }


def python_version() -> str:
    """As in `3.13.1`."""
    return sys.version.partition(" ")[0]


def command(arguments: list[str]) -> str:
    """The command line as a shell would take it, secrets hidden."""
    import shlex

    return shlex.join(argument[:_ARGUMENT_LIMIT] for argument in redact_command(arguments))


def environment() -> dict[str, str]:
    """The allowed environment variables that are set."""
    found = {}
    for name, value in os.environ.items():
        if name in ENVIRONMENT or (name.startswith("SLURM_") and name[6:] in _SLURM):
            found[name] = value
    return found


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _user() -> str | None:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return os.environ.get("USER")


def first_line(path: str) -> str:
    """The first line of a small file, stripped; empty when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def process_start(pid: int) -> float | None:
    """When process `pid` started, in seconds since boot, or None where /proc does not tell.

    Source: proc_pid_stat(5), field 22, counted behind the command name's closing bracket.
    """
    fields = first_line(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK") if len(fields) > 19 else None


def hardware() -> dict[str, object]:
    """CPUs that this process may use, their model, memory in bytes."""
    found: dict[str, object] = {"cpu_count": os.cpu_count()}
    if hasattr(os, "sched_getaffinity"):
        found["cpu_usable"] = len(os.sched_getaffinity(0))
    model = _entry("/proc/cpuinfo", "model name")
    if model:
        found["cpu_model"] = model
    memory = _entry("/proc/meminfo", "MemTotal").split()
    if memory:
        found["memory_bytes"] = int(memory[0]) * 1024
    return found


def _entry(path: str, name: str) -> str:
    """The value of the first `name: value` line in a file of /proc."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key.strip() == name:
                    return value.strip()
    except OSError:
        return ""
    return ""


def packages() -> list[str]:
    """Installed distributions as `name==version`, sorted, names normalised.

    Read from the names of metadata directories: a hundredth of what importlib.metadata costs.

    Source: PEP 376 and PEP 503, https://peps.python.org/pep-0503/#normalized-names
    """
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            entries = os.listdir(place or ".")
        except OSError:
            continue
        for entry in entries:
            stem, ending = os.path.splitext(entry)
            if ending not in (".dist-info", ".egg-info"):
                continue
            name, _, version = stem.partition("-")
            if ending == ".egg-info":
                version = version.partition("-")[0] or _entry(
                    os.path.join(place, entry, "PKG-INFO"), "Version"
                )
            found.setdefault(name.lower().replace("_", "-").replace(".", "-"), version)
    return sorted(f"{name}=={version}" for name, version in found.items() if name)
