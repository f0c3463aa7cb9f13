"""Moving runs of our own format out of the way and back: nothing is deleted but by `empty`.

`<folder of the run>/.tailboard-trash/<archived|removed>/<milliseconds>-<name of the run directory>`:
on the same file system as the run, so that a move is one rename, and hidden, so that no search for
runs enters it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tailboard_tui.files.remote import is_copy
from tailboard_tui.formats.detect import is_inside
from tailboard_tui.store.model import RunRow

FOLDER = ".tailboard-trash"

Kind = Literal["archived", "removed"]
KINDS: tuple[Kind, ...] = ("archived", "removed")

_ENTRY = re.compile(r"(\d{1,16})-(.+)\Z", re.DOTALL)
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TrashError(Exception):
    """The run is not moved; the message says why."""


@dataclass(frozen=True, slots=True)
class Trashed:
    """A run in the trash."""

    folder: str
    """Where it stood: the directory that holds the trash folder."""
    kind: Kind
    name: str
    """Of its directory, there."""
    time: float
    """When it was moved, Unix seconds."""

    @property
    def entry(self) -> str:
        """Name of its directory in the trash."""
        return f"{round(self.time * 1000)}-{self.name}"

    @property
    def path(self) -> str:
        """Where it lies now."""
        return f"{self.folder}/{FOLDER}/{self.kind}/{self.entry}"


def discard(row: RunRow, roots: Sequence[str], kind: Kind, now: float) -> Trashed:
    """Move a run to the trash folder beside it.

    Args:
        roots: The run must stand below one of them.
        now: Unix seconds.

    Raises:
        TrashError: It is of another format or machine, runs, is not below the roots, or cannot be moved.
    """
    path = row.key
    if is_copy(path):
        raise TrashError("it stands on another machine: only runs of this one are moved")
    if row.facts.source != "tailboard":
        raise TrashError(f"it is a run of {row.facts.source}: only runs of tailboard's own format are moved")
    if row.status in ("running", "stalled"):
        raise TrashError(f"it is {row.status} ({row.status_reason})")
    if os.path.realpath(path) != path:
        raise TrashError("it is reached through a symlink")
    tops = [os.path.realpath(root) for root in roots]
    if path in tops or not any(is_inside(path, top) for top in tops):
        raise TrashError("it does not stand in a folder that was named; name the folder with --root")
    folder, _, name = path.rpartition("/")
    moved = Trashed(folder, kind, name, round(now * 1000) / 1000)
    try:
        source = os.open(folder, _OPEN_FOLDER)
        try:
            target = _open_trash(source, kind)
            try:
                os.rename(name, moved.entry, src_dir_fd=source, dst_dir_fd=target)
            finally:
                os.close(target)
        finally:
            os.close(source)
    except OSError as error:
        raise TrashError(f"it cannot be moved: {error.strerror or error}") from None
    return moved


def _open_trash(folder: int, kind: Kind) -> int:
    """The trash folder of `kind` below the open directory `folder`, made if need be; no link is followed."""
    fd = os.dup(folder)
    for name in (FOLDER, kind):
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=fd)
            below = os.open(name, _OPEN_FOLDER, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd


def restore(item: Trashed) -> str:
    """Move a run back to where it stood.

    Returns:
        Its path.

    Raises:
        TrashError: Something else stands there now, or it cannot be moved.
    """
    home = f"{item.folder}/{item.name}"
    if os.path.lexists(home):
        raise TrashError(f"{home} exists")
    try:
        os.rename(item.path, home)
    except OSError as error:
        raise TrashError(f"it cannot be moved: {error.strerror or error}") from None
    return home


def listing(roots: Sequence[str]) -> list[Trashed]:
    """What lies in the trash below `roots`, the latest first."""
    found = {item.path: item for root in roots for item in _below(os.path.realpath(root))}
    return sorted(found.values(), key=lambda item: -item.time)


def _below(top: str) -> Iterator[Trashed]:
    for folder, names, _ in os.walk(top):
        if FOLDER in names:
            yield from _entries(folder)
        names[:] = [name for name in names if not name.startswith(".")]


def _entries(folder: str) -> Iterator[Trashed]:
    for kind in KINDS:
        place = f"{folder}/{FOLDER}/{kind}"
        if os.path.realpath(place) != place:
            continue  # A planted link.
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            continue  # Nothing of this kind.
        for entry in entries:
            match = _ENTRY.match(entry.name)
            if match and entry.is_dir(follow_symlinks=False):
                yield Trashed(folder, kind, match[2], int(match[1]) / 1000)


def empty(items: Sequence[Trashed]) -> None:
    """Delete runs for good. Symlinks in them are deleted, not followed.

    Raises:
        TrashError: One could not be deleted; those before it are.
    """
    for item in items:
        try:
            shutil.rmtree(item.path)
        except OSError as error:
            raise TrashError(f"{item.path} cannot be deleted: {error.strerror or error}") from None
