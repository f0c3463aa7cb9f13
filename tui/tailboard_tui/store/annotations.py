"""What the viewer's user says of a run afterwards: name, tags, notes, star, hidden.

In our own format it is appended to the run's annotations.jsonl; the reader takes name, tags and notes from
there. For runs of other formats or machines, and where the run cannot be written to, it is appended to one
file in the XDG state directory and laid over the facts by `Notebook`. Later lines win, entry by entry.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import structs

from tailboard.layout import ANNOTATIONS
from tailboard_tui.files.opening import NotRegularError, read_slice
from tailboard_tui.files.remote import is_copy
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.settings import state_dir

LIMIT_BYTES = 16 * 1024 * 1024
"""Of annotations that are read: written by hand, ten thousand runs make one."""

_KEYS = ("name", "tags", "notes", "star", "hidden")


@dataclass(frozen=True, slots=True)
class Annotation:
    """Changes to what is said of a run; None leaves an entry as it is."""

    name: str | None = None
    """Empty: the name that the run gave itself."""
    tags: tuple[str, ...] | None = None
    notes: str | None = None
    star: bool | None = None
    hidden: bool | None = None

    def merged(self, newer: Annotation) -> Annotation:
        """These with the entries of `newer` over them."""
        changes = {key: value for key in _KEYS if (value := getattr(newer, key)) is not None}
        return replace(self, **changes)


def parse(entry: Mapping[str, object]) -> Annotation:
    """The annotation of one line; entries of a wrong type are left out."""
    name, notes, tags = entry.get("name"), entry.get("notes"), entry.get("tags")
    star, hidden = entry.get("star"), entry.get("hidden")
    return Annotation(
        name=name if isinstance(name, str) else None,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else None,
        notes=notes if isinstance(notes, str) else None,
        star=star if isinstance(star, bool) else None,
        hidden=hidden if isinstance(hidden, bool) else None,
    )


def annotate(facts: RunFacts, changes: Annotation, now: float) -> str:
    """Write `changes` down for a run.

    Args:
        now: Unix seconds.

    Returns:
        The file that was appended to.

    Raises:
        OSError: Neither the run nor the state directory can be written to.
    """
    entry: dict[str, object] = {"time": now}
    entry |= {key: value for key in _KEYS if (value := getattr(changes, key)) is not None}
    if facts.source == "tailboard" and not is_copy(facts.path):
        try:
            return _append(f"{facts.path}/{ANNOTATIONS}", entry)
        except OSError:
            pass  # Somebody else's run: the notebook takes it.
    path = notebook_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    return _append(str(path), {**entry, "path": facts.path})


def notebook_path() -> Path:
    """Where annotations stand of runs that we do not write to."""
    return state_dir() / ANNOTATIONS


def _append(path: str, entry: Mapping[str, object]) -> str:
    """One whole line with one write, after a newline where the last one is torn."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(path, flags, 0o666)
    try:
        state = os.fstat(fd)
        if not stat.S_ISREG(state.st_mode):
            raise NotRegularError(0, "not a regular file", path)
        is_torn = state.st_size > 0 and os.pread(fd, 1, state.st_size - 1) != b"\n"
        os.write(fd, b"\n" * is_torn + json.dumps(entry).encode() + b"\n")
    finally:
        os.close(fd)
    return path


class Notebook:
    """The annotations in the state directory, read again when the file changed. For one thread."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = str(path or notebook_path())
        self._stamp: tuple[int, int, int] | None = None
        self._said: dict[str, Annotation] = {}

    def refresh(self) -> frozenset[str]:
        """Look at the file; the paths of runs of which something else is said than before."""
        stamp = self._look()
        if stamp == self._stamp:
            return frozenset()
        self._stamp, before = stamp, self._said
        self._said = {} if stamp is None else self._read()
        return frozenset(
            path for path in before.keys() | self._said.keys() if before.get(path) != self._said.get(path)
        )

    def apply(self, facts: RunFacts) -> RunFacts:
        """`facts` with what the user said over them."""
        said = self._said.get(facts.path)
        if said is None:
            return facts
        return structs.replace(
            facts,
            name=said.name or facts.name,
            tags=facts.tags if said.tags is None else said.tags,
            notes=facts.notes if said.notes is None else said.notes,
            star=facts.star if said.star is None else said.star,
            is_hidden=facts.is_hidden if said.hidden is None else said.hidden,
        )

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self) -> dict[str, Annotation]:
        try:
            lines = read_slice(self._path, 0, LIMIT_BYTES).splitlines()
        except OSError:
            return {}
        said: dict[str, Annotation] = {}
        for line in lines:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue  # Torn: whole lines around it count.
            if isinstance(entry, dict) and isinstance(path := entry.get("path"), str):
                said[path] = said.get(path, Annotation()).merged(parse(entry))
        return said
