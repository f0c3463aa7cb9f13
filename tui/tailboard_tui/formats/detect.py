"""Which reader opens this directory or file, and which runs stand below a root.

A run is a directory or a file that one row of `FORMATS` claims. `look` says what one directory holds,
`find` walks a tree with it, breadth first, giving runs as it meets them. That costs one `scandir` a
directory, and for our own format one small read. Symlinks are followed only to a run inside the root,
never into a tree.
"""

from __future__ import annotations

import importlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tailboard.layout import EVENTS, RUN
from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats import signs
from tailboard_tui.formats.base import Reader
from tailboard_tui.formats.registry import (
    ENTRY_POINTS,
    FORMATS,
    NATIVE,
    PLAIN_LOG,
    PLUG_IN_PROBLEMS,
    Format,
    formats,
    split_run,
)

__all__ = [
    "ENTRY_POINTS",
    "FORMATS",
    "NATIVE",
    "PLUG_IN_PROBLEMS",
    "Format",
    "Found",
    "Listing",
    "find",
    "format_of",
    "formats",
    "is_inside",
    "look",
    "open_reader",
    "reader_of",
]

MAX_DEPTH = 6
"""Levels below a root that are searched: `mlruns/<experiment>/<run>` and Hydra's multirun need 4."""

MAX_ENTRIES = 200_000
"""Entries of one directory that are looked at: a wrong root (`/`, a mail spool) must come to an end."""

MAX_LOOKS = 64
"""Files of one directory that are looked into for metrics: more of a kind are data, not runs."""

_CANDIDATES = (
    ".csv",
    ".tsv",
    ".jsonl",
    ".ndjson",
    ".log",
    ".txt",
    ".out",
    ".wandb",
    ".swanlab",
    ".db",
    ".sqlite",
    ".sqlite3",
)
"""Endings of files that may be runs by themselves, beside event files and what plug-ins know."""

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True)
class Found:
    """A run that was recognised, not opened yet."""

    path: str
    """Absolute real path of its directory or file; of one run of several in a file, `#` and its id follow."""
    format: Format


def _is_native(path: str) -> bool:
    """Whether run.json in this directory is ours: Sacred's has the same name, but tells no format.

    Our logger begins a run with both files, and to ask for two names costs a quarter of reading one file:
    that is what a list of 10,000 runs waits for.
    """
    if not os.access(f"{path}/{RUN}", os.F_OK):
        return False
    if os.access(f"{path}/{EVENTS}", os.F_OK):
        return True
    try:
        return b'"format"' in read_slice(f"{path}/{RUN}", 0, 4096)
    except (OSError, ValueError):
        return False


def format_of(path: str) -> Format | None:
    """The format of the run at `path`, a directory, a file, or one of several in a file; None: no run."""
    if _is_native(path):
        return NATIVE
    try:
        names = frozenset(entry.name for entry in _entries(path))
    except NotADirectoryError:
        return _format_of_file(path) or (PLAIN_LOG if signs.is_plain_log(path) else None)
    except FileNotFoundError:
        return _format_in_file(path)
    except OSError:
        return None
    return _format_of_directory(path, names)


def _format_of_directory(path: str, names: frozenset[str]) -> Format | None:
    for known in formats():
        if known.has_directory(path, names):
            return known
    return None


def _format_of_file(path: str) -> Format | None:
    for known in formats():
        if known.has_file(path):
            return known
    return None


def _format_in_file(path: str) -> Format | None:
    """The format of `<file>#<id>`."""
    file, run_id = split_run(path)
    if not run_id or not os.path.isfile(file):
        return None
    known = _format_of_file(file)
    return known if known is not None and known.runs_in_file is not None else None


def _runs_of(path: str, known: Format) -> tuple[Found, ...]:
    """The runs in a file of a known format."""
    if known.runs_in_file is None:
        return (Found(path, known),)
    return tuple(Found(f"{path}#{run_id}", known) for run_id in known.runs_in_file(path) if run_id)


def open_reader(path: str) -> Reader | None:
    """A reader of the run at `path`; None when no format claims it."""
    known = format_of(path)
    return None if known is None else reader_of(Found(os.path.realpath(path), known))


def reader_of(found: Found) -> Reader:
    """A reader of a run that `find` gave."""
    module, _, name = found.format.reader.partition(":")
    reader: Reader = getattr(importlib.import_module(module), name)(found.path)
    return reader


@dataclass(frozen=True, slots=True)
class Listing:
    """What one directory holds."""

    claimed: Format | None = None
    """The format of which the directory itself is one run."""
    files: tuple[Found, ...] = ()
    """Runs that are single files in it."""
    directories: tuple[str, ...] = ()
    """Where to look next: real paths inside the root, names in descending order."""


def find(
    root: str, *, max_depth: int = MAX_DEPTH, on_error: Callable[[str, OSError], None] | None = None
) -> Iterator[Found]:
    """The runs at and below `root`, as they are met: level by level, names in descending order.

    Run ids begin with their date, so the newest of a directory come first.

    Args:
        root: A directory or a file; it may be a symlink, what is below it may not lead out.
        max_depth: Levels below the root to search.
        on_error: Told of directories that could not be listed; the walk goes on.
    """
    top = os.path.realpath(root)
    if not os.path.isdir(top):
        known = format_of(top)
        if known is not None:
            yield from _runs_of(top, known) if os.path.exists(top) else (Found(top, known),)
        return
    waiting = deque([(top, 0)])
    seen: set[str] = set()
    while waiting:
        path, depth = waiting.popleft()
        if path in seen:
            continue
        seen.add(path)
        try:
            listing = look(path, top)
        except OSError as error:
            if on_error is not None:
                on_error(path, error)
            continue
        if listing.claimed is not None:
            yield Found(path, listing.claimed)
        yield from listing.files
        if depth < max_depth:
            waiting.extend((below, depth + 1) for below in listing.directories)


def look(path: str, top: str) -> Listing:
    """What the directory at the real path `path`, at or below the root `top`, holds.

    Raises:
        OSError: It cannot be listed, or is a file of one run at most.
    """
    if _is_native(path):
        return Listing(NATIVE)
    try:
        entries = _entries(path)
    except NotADirectoryError:
        known = _format_of_file(path)
        if known is None or known.runs_in_file is None:
            raise
        return Listing(files=_runs_of(path, known))
    names = frozenset(entry.name for entry in entries)
    claimed = _format_of_directory(path, names)
    if claimed is not None and not claimed.nests:
        return Listing(claimed)
    parts = claimed.parts(path, names) if claimed is not None and claimed.parts is not None else frozenset()
    files: list[Found] = []
    directories: list[str] = []
    looks = 0
    for entry in sorted(entries, key=lambda entry: entry.name, reverse=True):
        if entry.name.startswith(".") or entry.name in _SKIPPED or entry.name in parts:
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.path)
            elif entry.is_symlink():
                directories.extend(_linked_run(entry.path, top))
            elif claimed is None and looks < MAX_LOOKS and _is_candidate(entry):
                looks += 1
                known = _format_of_file(entry.path)
                if known is not None:
                    files.extend(_runs_of(entry.path, known))
        except OSError:
            continue  # One entry that vanished or cannot be asked costs no other.
    for known in formats():
        if known.hidden and known.hidden.partition("/")[0] in names:
            files.extend(_runs_in_hidden(f"{path}/{known.hidden}", known))
    return Listing(claimed, tuple(files), tuple(directories))


def _runs_in_hidden(path: str, known: Format) -> tuple[Found, ...]:
    """The runs in a file in a hidden directory, which itself may be no symlink."""
    is_own = os.path.realpath(path) == path and known.has_file(path)
    return _runs_of(path, known) if is_own else ()


def _is_candidate(entry: os.DirEntry[str]) -> bool:
    """Whether a file may be a run by itself, as far as its name tells."""
    name = entry.name
    is_named = name.endswith(_CANDIDATES) or signs.is_event_file(name) or len(formats()) > len(FORMATS)
    return is_named and entry.is_file(follow_symlinks=False)


def _linked_run(link: str, top: str) -> tuple[str, ...]:
    """The run directory that a symlink leads to, if it stands inside the root."""
    path = os.path.realpath(link)
    if is_inside(path, top) and os.path.isdir(path) and format_of(path) is not None:
        return (path,)
    return ()


def is_inside(path: str, top: str) -> bool:
    """Whether the real path `path` is `top` or below it."""
    return path == top or path.startswith(top.rstrip("/") + "/")


def _entries(path: str) -> list[os.DirEntry[str]]:
    """The entries of a directory, at most `MAX_ENTRIES`."""
    entries = []
    with os.scandir(path) as listing:
        for entry in listing:
            entries.append(entry)
            if len(entries) >= MAX_ENTRIES:
                break
    return entries
