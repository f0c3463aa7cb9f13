"""What stands in a directory, looked at again only when it changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import time_ns

MAX_ENTRIES = 50_000
"""Of one directory that are looked at."""

_TICK_NS = 2_000_000_000
"""A change so soon after another may leave the directory's time as it is (file systems' clock ticks)."""


@dataclass(frozen=True, slots=True)
class Entries:
    """The names in a directory; symlinks are left out."""

    files: tuple[str, ...] = ()
    """Regular files, sorted."""
    directories: tuple[str, ...] = ()
    """Sub-directories, sorted."""


_NOTHING = Entries()


class Listings:
    """Listings of a few directories, kept as long as the directories stay unchanged."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, Entries]] = {}
        self._held: dict[str, Entries] | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Look at each directory only once within this block."""
        before, self._held = self._held, {} if self._held is None else self._held
        try:
            yield
        finally:
            self._held = before

    def known(self) -> tuple[str, ...]:
        """The directories that were asked for."""
        return tuple(self._kept)

    def of(self, path: str) -> Entries:
        """What stands in the directory at `path`; nothing where it cannot be listed."""
        if self._held is None:
            return self._look(path)
        entries = self._held.get(path)
        if entries is None:
            entries = self._held[path] = self._look(path)
        return entries

    def _look(self, path: str) -> Entries:
        try:
            modified_ns = os.stat(path, follow_symlinks=False).st_mtime_ns
        except (OSError, ValueError):  # ValueError: a run in a database may have any id, NUL in it
            self._kept.pop(path, None)
            return _NOTHING
        kept = self._kept.get(path)
        if kept is not None and kept[0] == modified_ns:
            return kept[1]
        entries = entries_of(path)
        is_settled = time_ns() - modified_ns > _TICK_NS
        self._kept[path] = (modified_ns if is_settled else -1, entries)
        return entries


def entries_of(path: str) -> Entries:
    """What stands in the directory at `path` now; nothing where it cannot be listed."""
    files: list[str] = []
    directories: list[str] = []
    try:
        with os.scandir(path) as found:
            for entry in found:
                if len(files) + len(directories) >= MAX_ENTRIES:
                    break
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
    except OSError:
        pass  # What was met before the error is there all the same.
    return Entries(tuple(sorted(files)), tuple(sorted(directories)))
