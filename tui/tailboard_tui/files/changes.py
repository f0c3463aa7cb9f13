"""Whether anything was written to a run since the last look, told by `stat` alone."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from tailboard.layout import ANNOTATIONS
from tailboard_tui.files.opening import open_regular

MAX_ENTRIES = 1000
"""Files of a run directory that are looked at; none that we know has 50 beside its media folder."""

HOT_FILES = 2
"""Newest files of a run that `glance` asks for beside its directory: a run that goes on writes to one."""

_State = tuple[int, str, int]
"""Time of the newest write, path and stamp of a file."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The state of a run's files: equal signatures, nothing written. The same in any process."""

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
    states: list[_State] = []
    annotations = 0
    if stat.S_ISDIR(top.st_mode):
        annotations = _collect(path, depth, revalidate, states)
    states.sort(reverse=True)
    hot = [(path, _stamp(top)), *((name, stamp) for _, name, stamp in states[:HOT_FILES])]
    return _signed(states, hot, annotations) if states else _signed([(0, *hot[0])], hot, annotations)


def signature_of(paths: Iterable[str], *, revalidate: bool = False) -> Signature:
    """The state of a run that stands in these files and directories; any may be missing."""
    states: list[_State] = []
    for path in paths:
        try:
            state = os.stat(path, follow_symlinks=False)
            if revalidate and stat.S_ISREG(state.st_mode):
                state = _fresh(path)
            states.append((state.st_mtime_ns, path, _stamp(state)))
        except OSError:
            states.append((0, path, 0))
    states.sort(reverse=True)
    return _signed(states, [(path, stamp) for _, path, stamp in states[: HOT_FILES + 1]])


def glance(hot: Iterable[str]) -> tuple[int, ...]:
    """The stamps of these files and directories, 0 for one that is not there."""
    found = []
    for path in hot:
        try:
            found.append(_stamp(os.stat(path, follow_symlinks=False)))
        except OSError:
            found.append(0)
    return tuple(found)


def _signed(states: list[_State], hot: list[tuple[str, int]], annotations: int = 0) -> Signature:
    paths, stamps = zip(*hot, strict=True) if hot else ((), ())
    named = tuple((time, zlib.crc32(os.fsencode(path)), stamp) for time, path, stamp in states)
    return Signature(
        hash(named), annotations, tuple(stamps), tuple(paths)
    )  # only str hashes differ by process


def _collect(path: str, depth: int, revalidate: bool, states: list[_State]) -> int:
    """Add the states of all files below `path`; gives the stamp of our annotations."""
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


def _stamp(state: os.stat_result) -> int:
    return hash((state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))


def _fresh(path: str) -> os.stat_result:
    """The state of a file as the server of a network file system knows it now."""
    fd = open_regular(path)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)
