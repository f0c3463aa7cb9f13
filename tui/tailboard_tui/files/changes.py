"""Whether anything was written to a run since the last look, told by `stat` alone."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from tailboard.layout import ANNOTATIONS
from tailboard_tui.files.opening import open_regular

MAX_ENTRIES = 1000
"""Files of a run directory that are looked at; none that we know has 50 beside its media folder."""

HOT_FILES = 2
"""Newest files of a run that `glance` asks for: a run that goes on writes to one of them."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The state of a run's files: equal signatures, nothing written."""

    writes: int
    """Stands for names, sizes and times of all files but our annotations."""
    annotations: int
    """Stands for those of our annotations."""
    glance: tuple[int, ...]
    """What `glance` gives for the same state."""
    hot: tuple[str, ...]
    """The files that `glance` looks at."""


def signature(path: str, *, depth: int = 1, revalidate: bool = False) -> Signature | None:
    """The state of the run at `path`, a directory or a file; None when it is gone.

    Args:
        depth: Levels of directories that are looked at.
        revalidate: Open every file on the way. On NFS that is what makes the client ask the server;
            `stat` may answer from its cache for up to a minute.

    Raises:
        OSError: It is there, but cannot be looked at.
    """
    try:
        top = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(top.st_mode):
        return Signature(_stamp(top), 0, (_stamp(top),), ())
    states: list[tuple[int, str, int]] = []
    annotations = _collect(path, depth, revalidate, states)
    states.sort(reverse=True)
    hot = states[:HOT_FILES]
    seen = (_stamp(top), *(stamp for _, _, stamp in hot))
    return Signature(hash(tuple(states)), annotations, seen, tuple(name for _, name, _ in hot))


def _collect(path: str, depth: int, revalidate: bool, states: list[tuple[int, str, int]]) -> int:
    """Add time, path and stamp of all files below `path`; gives the stamp of our annotations."""
    annotations = 0
    with os.scandir(path) as listing:
        for entry in listing:
            if len(states) >= MAX_ENTRIES:
                break
            try:
                if entry.is_dir(follow_symlinks=False):
                    if depth > 1:
                        _collect(entry.path, depth - 1, revalidate, states)
                    continue
                is_asked = revalidate and entry.is_file(follow_symlinks=False)
                state = _fresh(entry.path) if is_asked else entry.stat(follow_symlinks=False)
            except OSError:
                continue  # Gone, or not ours to read: what cannot be seen does not change.
            if entry.name == ANNOTATIONS:
                annotations = _stamp(state)
            else:
                states.append((state.st_mtime_ns, entry.path, _stamp(state)))
    return annotations


def glance(path: str, hot: tuple[str, ...]) -> tuple[int, ...]:
    """A cheaper sign of change: the stamps of the run's directory and of its hot files, 0 for none."""
    found = []
    for name in (path, *hot):
        try:
            found.append(_stamp(os.stat(name, follow_symlinks=False)))
        except OSError:
            found.append(0)
    return tuple(found)


def _stamp(state: os.stat_result) -> int:
    return hash((state.st_ino, state.st_size, state.st_mtime_ns))


def _fresh(path: str) -> os.stat_result:
    """The state of a file as the server of a network file system knows it now."""
    fd = open_regular(path)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)
