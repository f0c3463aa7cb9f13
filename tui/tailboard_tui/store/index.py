"""What was told of ended runs, kept for the next open: 10,000 runs are then listed, not read.

One file for each set of roots. An entry counts only while the run's signature (names, devices, inodes,
sizes and times of its files) is the one that it was told under. The file is written aside and renamed, so
that two viewers never see half of one; whatever may be wrong with it costs reading the runs, nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import msgspec

from tailboard import __version__
from tailboard_tui.files.changes import Signature, glance
from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.settings import cache_dir
from tailboard_tui.store.model import MetricStats
from tailboard_tui.store.rowmaker import Digest

LIMIT_BYTES = 256 * 1024 * 1024
"""A larger file is neither written nor read whole: 100,000 runs of 2.5 KB each."""

FILES_KEPT = 32
"""Sets of roots; the file that was written longest ago goes first."""

STALE_S = 3600.0
"""Age of an unfinished file that its writer has left behind."""

_MAGIC = b"tailfact"
_SUFFIX, _UNFINISHED = ".facts", ".part"


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One run that has ended and was read to its end."""

    format: str
    """Name of the format that claimed it."""
    files: tuple[str, ...]
    """What it depends on: paths, those inside the run relative to it."""
    stamps: tuple[int, ...]
    """Of these, as `files.changes.glance` gives them."""
    signature: Signature
    facts: RunFacts
    digest: Digest
    bytes_read: int
    bytes_total: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode
_decode_all = msgspec.msgpack.Decoder(dict[str, bytes]).decode


@cache
def _version() -> int:
    """Stands for what an entry means: another tailboard may read the same files otherwise."""
    fields = [kind.__struct_fields__ for kind in (Entry, RunFacts, MetricStats)]
    return zlib.crc32(repr((__version__, fields)).encode())


def inside(run: str, files: Iterable[str]) -> list[str]:
    """The paths of an entry's `files`."""
    return [f"{run}/{name}" if name and name[0] != "/" else name or run for name in files]


class RunIndex:
    """The entries of one set of roots. Never raises. For one thread."""

    def __init__(self, roots: Sequence[str], directory: Path | None = None) -> None:
        """Read nothing yet.

        Args:
            directory: Where the file stands; by default in the user's XDG cache directory.
        """
        name = "\0".join(sorted({os.path.realpath(root) for root in roots}))
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        self._path = (directory or cache_dir() / "runs") / (digest + _SUFFIX)
        self._entries: dict[str, bytes] | None = None

    def __contains__(self, run: str) -> bool:
        if self._entries is None:
            self._entries = self._load()
        return run in self._entries

    def get(self, run: str, format_name: str) -> Entry | None:
        """What was told of a run of this format, if its files are still the same."""
        if run not in self or self._entries is None:
            return None
        try:
            entry = _decode(self._entries[run])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        is_same = entry.format == format_name and glance(inside(run, entry.files)) == entry.stamps
        return entry if is_same else None

    def forget(self) -> None:
        """Give the memory back; what is asked for next is read again."""
        self._entries = None

    def save(self, entries: Iterable[tuple[str, Entry]]) -> bool:
        """Write these entries in place of all that were there. Whether that was possible."""
        packed: dict[str, bytes] = {}
        for run, entry in entries:
            with contextlib.suppress(ValueError, OverflowError, TypeError):  # no UTF-8, no 64-bit integer
                run.encode()
                packed[run] = _encode(entry)
        data = _encode(packed)
        head = _MAGIC + _version().to_bytes(4, "little") + zlib.crc32(data).to_bytes(4, "little")
        unfinished = self._path.with_suffix(f".{os.getpid()}{_UNFINISHED}")
        if len(head) + len(data) > LIMIT_BYTES:
            return False
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    file.write(head)
                    file.write(data)
                unfinished.replace(self._path)
            finally:
                unfinished.unlink(missing_ok=True)
            self._make_room()
        except OSError:
            return False
        return True

    def _load(self) -> dict[str, bytes]:
        try:
            data = read_slice(str(self._path), 0, LIMIT_BYTES)
        except OSError:
            return {}
        start = len(_MAGIC)
        version, crc = (int.from_bytes(data[at : at + 4], "little") for at in (start, start + 4))
        body = data[start + 8 :]
        if (data[:start], version, crc) != (_MAGIC, _version(), zlib.crc32(body)):
            return {}
        try:
            return _decode_all(body)
        except (msgspec.MsgspecError, ValueError):
            return {}

    def _make_room(self) -> None:
        """Remove the oldest files beyond `FILES_KEPT`, and what a killed viewer left unfinished."""
        age = {path: path.stat().st_mtime for path in self._path.parent.iterdir()}
        files = sorted((path for path in age if path.suffix == _SUFFIX), key=age.__getitem__)
        newest = max(age.values())
        stale = [path for path in age if path.suffix == _UNFINISHED and age[path] < newest - STALE_S]
        for path in (*files[:-FILES_KEPT], *stale):
            path.unlink(missing_ok=True)
