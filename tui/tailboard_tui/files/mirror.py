"""A local copy of the logs below a place on another machine, which everything else reads as any folder.

Only what grew is fetched: where a file is longer than its copy, and the bytes before the copy's end are the
same, it is fetched from there on; any other change fetches it whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import posixpath
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from tailboard_tui.files.opening import read_slice
from tailboard_tui.files.remote import RemoteError, connect, copied, copies_folder, problems, reason

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LEAST_PAUSE_S = 1.0
PAUSE_SHARE = 4.0
"""Pause between two looks, in lengths of the last one: a slow link is asked less often."""

BLOCK_BYTES = 4 * 1024 * 1024
PROOF_BYTES = 4096
"""Bytes before the end of a copy that must be the same there for it to be continued."""

MOST_FILES = 100_000
MOST_NAMELESS_BYTES = 16 * 1024 * 1024
"""Of a file whose name has no ending."""

MOST_BYTES = 1024**3
"""Of one file: what is larger is left out, and said."""

SUFFIXES = {
    *(".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".log", ".txt", ".out", ".err"),
    *(".md", ".diff", ".patch", ".wandb", ".db", ".db-wal", ".sqlite", ".sqlite3"),
    *(".png", ".jpg", ".jpeg", ".gif", ".webp"),
}
"""Endings of what runs and logs are made of. Checkpoints and data stay where they are."""

SKIPPED = {".git", ".venv", "__pycache__", "node_modules"}

_PART = ".tailboard-part"

_mirrors: dict[str, Mirror] = {}
"""By place. Commands ask more than once for theirs."""


class Mirror:
    """The copy of one place.

    Attributes:
        folder: Where the copy lies: a folder, or the one file that was named.
    """

    def __init__(self, place: str, files: AbstractFileSystem, path: str) -> None:
        self.folder = os.path.join(copies_folder(), quote(place, safe=":@.~ ")[-200:])
        self._place, self._files, self._path = place, files, path
        self._is_connected = True
        self._first = threading.Event()

    def follow(self) -> None:
        """Look again and again until the process ends. For a thread of its own."""
        while True:
            begun = time.monotonic()
            self.update()
            self._first.set()
            time.sleep(max(LEAST_PAUSE_S, PAUSE_SHARE * (time.monotonic() - begun)))

    def wait(self) -> None:
        """Until the first copy is complete.

        Raises:
            RemoteError: It could not be made.
        """
        self._first.wait()
        if not os.path.lexists(self.folder):
            raise RemoteError(problems[self.folder] or "nothing to read there")

    def update(self) -> None:
        """Fetch what changed, newest first; what goes wrong stands in `remote.problems`."""
        try:
            if not self._is_connected:
                self._files, self._path = connect(self._place)
                self._is_connected = True
            with _sole_writer(self.folder):
                problems[self.folder] = self._update()
        except Exception as error:  # noqa: BLE001  # each protocol's library has errors of its own
            self._is_connected = False
            problems[self.folder] = f"not up to date: {reason(error)}"

    def _update(self) -> str:
        """Fetch what changed; what is left out, for the user."""
        found, unread = self._listing()
        small = [local for local, info in found.items() if info["size"] <= MOST_BYTES]
        newest = sorted(small, key=lambda local: _modified(found[local]), reverse=True)[:MOST_FILES]
        for local in newest:
            try:
                self._fetch(local, found[local])
            except (FileNotFoundError, PermissionError):
                unread += 1
        self._drop_all_but(frozenset(newest))
        said = {
            "over 1 GiB": len(found) - len(small),
            f"over {MOST_FILES:,}": len(small) - len(newest),
            "that cannot be read": unread,
        }
        return ", ".join(f"without {count} files {which}" for which, count in said.items() if count)

    def _listing(self) -> tuple[dict[str, Mapping[str, Any]], int]:
        """The files worth a copy, by where it lies, and the number of folders that cannot be read."""
        found: dict[str, Mapping[str, Any]] = {}
        unread = 0

        def note(error: OSError) -> None:
            nonlocal unread
            if not isinstance(error, (FileNotFoundError, PermissionError)):
                raise error
            unread += 1

        self._files.invalidate_cache()
        top = self._files.info(self._path)
        if top["type"] == "file":
            return {self.folder: top}, 0
        for _, folders, files in self._files.walk(self._path, detail=True, on_error=note):
            for name in SKIPPED & folders.keys():
                del folders[name]
            for info in files.values():
                local = self._local(info["name"])
                if local is not None and info["type"] == "file" and _is_log(local, info["size"]):
                    found[local] = info
        return found, unread

    def _local(self, name: str) -> str | None:
        """Where the copy of a file lies; None where its name would lead elsewhere."""
        parts = posixpath.relpath(name, self._path).split("/")
        is_bad = any(part in ("", "..") or "\0" in part or len(os.fsencode(part)) > 200 for part in parts)
        return None if is_bad else os.path.join(self.folder, *parts)

    def _fetch(self, local: str, info: Mapping[str, Any]) -> None:
        """Bring one copy up to date. Its time becomes that of the original: runs are told alive by it."""
        size, modified = info["size"], _modified(info)
        try:
            state = os.stat(local, follow_symlinks=False)
            have, is_same = state.st_size, int(state.st_mtime) == modified
        except FileNotFoundError:
            have, is_same = -1, False
        if have == size and is_same:
            return
        with self._files.open(info["name"], "rb") as source:
            if 0 < have < size:
                proof = read_slice(local, max(have - PROOF_BYTES, 0), PROOF_BYTES)
                source.seek(have - len(proof))
                if source.read(len(proof)) == proof:
                    with open(local, "ab") as copy:
                        _copy(source, copy, size - have)
                    os.utime(local, (modified, modified))
                    return
                source.seek(0)
            os.makedirs(os.path.dirname(local), exist_ok=True)
            with open(local + _PART, "wb") as copy:
                _copy(source, copy, size)
            os.utime(local + _PART, (modified, modified))
            os.replace(local + _PART, local)

    def _drop_all_but(self, kept: frozenset[str]) -> None:
        """Forget what is gone there."""
        for folder, _, names in os.walk(self.folder, topdown=False):
            for name in names:
                path = os.path.join(folder, name)
                if path not in kept:
                    os.unlink(path)
            if folder != self.folder:
                with contextlib.suppress(OSError):  # not empty
                    os.rmdir(folder)


def mirrored(place: str) -> Mirror:
    """The copy of a place, which a thread keeps up to date from now on.

    Raises:
        RemoteError: The place cannot be reached, or does not exist.
    """
    mirror = _mirrors.get(place)
    if mirror is None:
        files, path = connect(place)
        mirror = _mirrors[place] = Mirror(place, files, path)
        is_folder = files.isdir(path)
        os.makedirs(mirror.folder if is_folder else copies_folder(), mode=0o700, exist_ok=True)
        copied[mirror.folder] = place
        threading.Thread(target=mirror.follow, name="mirror", daemon=True).start()
    return mirror


def _is_log(name: str, size: int) -> bool:
    """Whether a file may be part of a run, as far as its name tells."""
    base = posixpath.basename(name)
    _, suffix = posixpath.splitext(base)
    if not suffix or suffix[1:].isdigit():  # MLflow's metrics have no ending, rotated logs a number
        return size <= MOST_NAMELESS_BYTES or ".log." in base
    return suffix.lower() in SUFFIXES or ".tfevents." in base


def _modified(info: Mapping[str, Any]) -> int:
    """When a file was last written, Unix seconds: SFTP and S3 know no finer. 0 where it is not told."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        time_ = info.get(key)
        if isinstance(time_, datetime):
            return int(time_.timestamp())
        if isinstance(time_, (int, float)):
            return int(time_)
    return 0


def _copy(source: BinaryIO, copy: BinaryIO, length: int) -> None:
    """Copy the next `length` bytes, or as many as there are."""
    while length > 0 and (block := source.read(min(length, BLOCK_BYTES))):
        copy.write(block)
        length -= len(block)


@contextlib.contextmanager
def _sole_writer(folder: str) -> Iterator[None]:
    """No other process writes to this copy within the block."""
    fd = os.open(folder + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
