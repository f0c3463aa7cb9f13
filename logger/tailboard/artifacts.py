"""Data pins: what a run read or made, by size and digest, so that it can be recognised later.

Nothing is copied. Digests are made in a thread beside the training and remembered by device, inode,
size and time of change, so that a data set is read once, not once a run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time

from tailboard import layout
from tailboard.encoding import encode_line, text_of
from tailboard.redact import redact_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tailboard.noted import Noted

INPUT, OUTPUT = "input", "output"

_BLOCK_BYTES = 1024 * 1024

_SETTLED_S = 2.0
"""A file changed so recently may change again within the same time stamp: its digest is not remembered."""

_MEMORY_LIMIT_BYTES = 8 * 1024 * 1024

_POINTER_LIMIT_BYTES = 1024
"""A git-lfs pointer is smaller. Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md"""

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DVC_ENTRY = re.compile(r"^\s*(?:- )?(md5|size|path|hash|nfiles):\s*(\S.*?)\s*$", re.MULTILINE)


class Artifact:
    """wandb's way to say which files belong together: `Artifact("data", type="dataset")`, then `add_file`."""

    def __init__(
        self,
        name: str,
        type: str = "",
        description: str | None = None,
        metadata: object = None,
        **ignored: object,
    ) -> None:
        self.name = name
        self.type = type
        self.description = description
        self.metadata = metadata
        self.paths: list[str] = []

    def add_file(self, local_path: str, name: str | None = None, **ignored: object) -> None:
        """A file belongs to it."""
        self.paths.append(os.fspath(local_path))

    def add_dir(self, local_path: str, name: str | None = None, **ignored: object) -> None:
        """A directory belongs to it."""
        self.paths.append(os.fspath(local_path))

    def add_reference(self, uri: str, name: str | None = None, **ignored: object) -> None:
        """Something elsewhere belongs to it."""
        self.paths.append(uri)


def pin(
    run: Noted,
    what: object,
    role: str,
    name: str | None,
    version: str | None,
    aliases: Sequence[str] | None,
    kind: str | None,
) -> None:
    """Record `what` (a path, URI or `Artifact`) in artifacts.jsonl once its digest is known."""
    if isinstance(what, Artifact):
        for path in what.paths:
            several = (
                f"{what.name}/{os.path.basename(path.rstrip('/'))}" if len(what.paths) > 1 else what.name
            )
            pin(run, path, role, name or several, version, aliases, kind or what.type)
        return
    uri = os.fspath(what) if isinstance(what, str | os.PathLike) else text_of(what)
    shown = redact_text(str(uri))
    record: dict[str, object] = {
        "time": round(time.time(), 3),
        "name": name or os.path.basename(shown.rstrip("/")) or shown,
        "role": role,
        "uri": shown,
    }
    extra = {"type": kind or None, "version": version, "aliases": list(aliases or ()) or None}
    record.update({key: value for key, value in extra.items() if value is not None})
    if is_remote(str(uri)):
        run.append(layout.ARTIFACTS, record)
        return
    path = os.path.abspath(str(uri))
    unknown = {"problem": "the run ended before the digest was known"}
    run.later(
        lambda: run.append(layout.ARTIFACTS, {**record, **measure(path)}),
        otherwise=lambda: run.append(layout.ARTIFACTS, {**record, **unknown}),
    )


def is_remote(uri: str) -> bool:
    """Whether `uri` names something that is no local path: s3://, hf://, https:// ..."""
    return _REMOTE.match(uri) is not None and not uri.startswith("file://")


def measure(path: str, digests: Digests | None = None) -> dict[str, object]:
    """Size and digest of a file or directory; what DVC and git-lfs say of it.

    Args:
        path: Absolute.
        digests: Remembered digests; the user's by default.

    Returns:
        `size_bytes`, `sha256`, for a directory `files`; `dvc_md5`, `lfs_pointer` where they apply;
        `problem` where it cannot be read. Never raises OSError.
    """
    digests = digests or Digests(default_memory())
    found: dict[str, object] = {}
    try:
        if path.endswith(".dvc") and os.path.isfile(path):
            return _dvc_facts(path)
        if os.path.isfile(path + ".dvc"):
            found = _dvc_facts(path + ".dvc")
            if not os.path.exists(path):
                return found
        if os.path.isdir(path):
            return {**found, **_directory(path, digests)}
        pointer = _lfs_pointer(path)
        if pointer is not None:
            return {**found, **pointer}
        size, digest = digests.of_file(path)
        return {**found, "size_bytes": size, "sha256": digest}
    except OSError as error:
        return {**found, "problem": f"cannot be read: {error.strerror or error}"}
    finally:
        digests.save()


def _directory(path: str, digests: Digests) -> dict[str, object]:
    """Size, number of files and digest of a directory.

    The digest is that of the lines `<sha256>  <relative path>`, sorted by path as bytes, which is what
    `find . -type f | LC_ALL=C sort | xargs sha256sum` prints, with the leading `./` left out.
    """
    size = count = 0
    whole = hashlib.sha256()
    for relative in sorted(_files_below(path), key=os.fsencode):
        bytes_here, digest = digests.of_file(os.path.join(path, relative))
        size += bytes_here
        count += 1
        whole.update(digest.encode() + b"  " + os.fsencode(relative) + b"\n")
    return {"size_bytes": size, "files": count, "sha256": whole.hexdigest()}


def _files_below(path: str) -> Iterator[str]:
    """Relative paths of regular files, symbolic links to such included, in no order."""
    for directory, _, names in os.walk(path):
        for name in names:
            full = os.path.join(directory, name)
            if os.path.isfile(full):
                yield os.path.relpath(full, path)


def _lfs_pointer(path: str) -> dict[str, object] | None:
    """The facts in a git-lfs pointer that stands where the file should be; None for anything else."""
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_size > _POINTER_LIMIT_BYTES:
        return None
    with open(path, "rb") as file:
        content = file.read(_POINTER_LIMIT_BYTES)
    if not content.startswith(b"version https://git-lfs.github.com/spec/v1\n"):
        return None
    entries = dict(
        line.split(" ", 1) for line in content.decode("utf-8", "replace").splitlines() if " " in line
    )
    size = entries.get("size", "")
    digest = entries.get("oid", "").removeprefix("sha256:")
    return {"size_bytes": _size(size), "sha256": digest, "lfs_pointer": True}


def _size(text: str) -> int | None:
    """A number of bytes as a pointer states it; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _dvc_facts(path: str) -> dict[str, object]:
    """Digest and size that a .dvc file states. Source: https://dvc.org/doc/user-guide/project-structure/dvc-files"""
    with open(path, encoding="utf-8", errors="replace") as file:
        entries = dict(_DVC_ENTRY.findall(file.read(64 * 1024)))
    size = _size(entries.get("size", ""))
    found: dict[str, object] = {"dvc_md5": entries.get("md5", "")}
    if size is not None:
        found["size_bytes"] = size
    return found


def default_memory() -> str:
    """Where digests are remembered between runs: below the XDG cache directory."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "tailboard", "digests.jsonl")


class Digests:
    """sha256 digests of files, remembered by device, inode, size and time of change."""

    def __init__(self, memory: str) -> None:
        """Remember in the file `memory`; one that cannot be read or written is done without."""
        self._memory = memory
        self._known: dict[str, str] = {}
        self._new: list[bytes] = []
        try:
            with open(memory, "rb") as file:
                lines = file.read(_MEMORY_LIMIT_BYTES).splitlines()
        except OSError:
            return
        for line in lines:
            try:
                key, digest = json.loads(line)
            except (ValueError, TypeError):
                continue
            self._known[str(key)] = str(digest)

    def of_file(self, path: str) -> tuple[int, str]:
        """Size in bytes and sha256 of a regular file.

        Raises:
            OSError: It cannot be read, or is no regular file.
        """
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                raise OSError(0, "not a regular file")
            key = f"{before.st_dev}:{before.st_ino}:{before.st_size}:{before.st_mtime_ns}"
            known = self._known.get(key)
            if known is not None:
                return before.st_size, known
            whole = hashlib.sha256()
            while block := os.read(fd, _BLOCK_BYTES):
                whole.update(block)
            digest = whole.hexdigest()
            after = os.fstat(fd)
        finally:
            os.close(fd)
        is_settled = time.time() - after.st_mtime > _SETTLED_S
        if is_settled and (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
            self._known[key] = digest
            self._new.append(encode_line([key, digest]))
        return after.st_size, digest

    def save(self) -> None:
        """Append what is new to the memory; anew once that has grown too large."""
        if not self._new:
            return
        content, self._new = b"".join(self._new), []
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            os.makedirs(os.path.dirname(self._memory), exist_ok=True)
            if os.path.exists(self._memory) and os.path.getsize(self._memory) > _MEMORY_LIMIT_BYTES:
                flags |= os.O_TRUNC
            fd = os.open(self._memory, flags, 0o600)
            try:
                os.write(fd, content)
            finally:
                os.close(fd)
        except OSError:
            return  # only a later run's time is lost
