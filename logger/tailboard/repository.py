"""The code that a run started from: commit, branch and remote at once, the diff beside the training."""

from __future__ import annotations

import os

from tailboard import layout
from tailboard.context import first_line
from tailboard.redact import redact_diff, redact_text
from tailboard.writer import write_whole

_GIT_TIMEOUT_S = 30.0


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
        diff = redact_diff(diff)
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
