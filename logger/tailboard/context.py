"""Where and from what a run started: process, machine, code, packages.

What costs a few microseconds is read at once (`identity`, `read_git`); what starts a process or walks
directories (`write_slow_facts`) runs in a thread beside the training.
"""

from __future__ import annotations

import os
import sys

from tailboard import layout
from tailboard.redact import redact_command, redact_text
from tailboard.writer import write_whole

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

_GIT_TIMEOUT_S = 30.0


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


def read_git(start: str | None) -> dict[str, object]:
    """Commit, branch and remote of the work tree around `start`, read from `.git` without starting git.

    Source: gitrepository-layout(5): HEAD, refs, packed-refs, commondir, a `.git` file in work trees.
    """
    git_dir = _git_dir(start)
    if git_dir is None:
        return {}
    common = os.path.normpath(os.path.join(git_dir, first_line(os.path.join(git_dir, "commondir")) or "."))
    found: dict[str, object] = {}
    head = first_line(os.path.join(git_dir, "HEAD"))
    if head.startswith("ref: "):
        ref = head[5:]
        found["branch"] = ref.removeprefix("refs/heads/")
        found["commit"] = (
            first_line(os.path.join(git_dir, ref))
            or first_line(os.path.join(common, ref))
            or _packed(common, ref)
        )
    else:
        found["commit"] = head or None
    remote = _remote(os.path.join(common, "config"))
    if remote:
        found["remote"] = redact_text(remote)
    return found


def _git_dir(start: str | None) -> str | None:
    """The git directory of the work tree that holds `start`."""
    if start is None:
        return None
    place = os.path.abspath(start)
    while True:
        git = os.path.join(place, ".git")
        if os.path.isdir(git):
            return git
        if os.path.isfile(git):
            pointer = first_line(git)
            return os.path.join(place, pointer[8:]) if pointer.startswith("gitdir: ") else None
        parent = os.path.dirname(place)
        if parent == place:
            return None
        place = parent


def _packed(common: str, ref: str) -> str | None:
    try:
        with open(os.path.join(common, "packed-refs"), encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.rstrip("\n").endswith(" " + ref):
                    return line.partition(" ")[0]
    except OSError:
        return None
    return None


def _remote(path: str) -> str | None:
    """The URL of `origin`, else of the first remote."""
    urls: dict[str, str] = {}
    section = ""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                line = line.strip()
                if line.startswith("["):
                    section = line
                elif section.startswith("[remote ") and line.partition("=")[0].strip() == "url":
                    urls.setdefault(
                        section.split('"')[1] if '"' in section else "", line.partition("=")[2].strip()
                    )
    except OSError:
        return None
    return urls.get("origin") or next(iter(urls.values()), None)


def write_diff(directory: str, work_tree: str) -> bool | None:
    """Write the uncommitted changes of `work_tree` to git.diff in the run's directory.

    Returns:
        Whether there are any; None when git cannot tell.

    Raises:
        OSError: git.diff cannot be written.
    """
    diff = _git_diff(work_tree)
    if diff is None:
        return None
    if diff:
        if len(diff) > layout.GIT_DIFF_LIMIT_BYTES:
            diff = diff[: diff.rfind(b"\n", 0, layout.GIT_DIFF_LIMIT_BYTES) + 1]
            diff += b"# cut by tailboard: the changes are longer than 1 MiB\n"
        write_whole(os.path.join(directory, layout.GIT_DIFF), diff)
    return bool(diff)


def _git_diff(work_tree: str) -> bytes | None:
    """The output of `git diff HEAD`, a little more than the limit at most; None when git fails."""
    import subprocess
    import threading

    arguments = [
        "git",
        "-C",
        work_tree,
        "--no-optional-locks",
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "HEAD",
    ]
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_git_environment(),
        )
    except OSError:
        return None
    timer = threading.Timer(_GIT_TIMEOUT_S, process.kill)
    timer.daemon = True
    timer.start()
    with process:
        assert process.stdout is not None
        diff = process.stdout.read(layout.GIT_DIFF_LIMIT_BYTES + 1)
        is_cut = len(diff) > layout.GIT_DIFF_LIMIT_BYTES
        if is_cut:
            process.kill()
    timer.cancel()
    return diff if is_cut or process.returncode == 0 else None


def _git_environment() -> dict[str, str]:
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


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
