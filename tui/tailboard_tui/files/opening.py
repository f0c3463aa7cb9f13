"""Opening untrusted files: regular files only, never blocking, never through a symlink, bounded."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

SMALL_FILE_LIMIT_BYTES = 4 * 1024 * 1024
"""run.json, config.json and their like: what is longer is cut and reported."""

_FIRST_READ_BYTES = 64 * 1024
"""Asked for first: a buffer of megabytes is mapped and unmapped by the kernel for every small file, 10 us."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC

_NOT_REGULAR = frozenset({errno.ELOOP, errno.ENXIO, errno.EISDIR})
"""ELOOP: O_NOFOLLOW met a symlink. ENXIO: a socket, or a device without a driver."""


class NotRegularError(OSError):
    """The path names a FIFO, a device, a directory, a socket or a symlink: nothing that we read."""


class Identity(NamedTuple):
    """What tells one version of a file from another, as far as `stat` can tell."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int


def open_regular(path: str, *, dir_fd: int | None = None) -> int:
    """A read-only descriptor of the regular file at `path`.

    Raises:
        NotRegularError: It is something else, or its last component is a symlink.
        OSError: It cannot be opened.
    """
    return _open(path, dir_fd)[0]


def _open(path: str, dir_fd: int | None = None) -> tuple[int, os.stat_result]:
    """A descriptor as `open_regular` gives it, and the state of its file."""
    try:
        fd = os.open(path, _FLAGS, dir_fd=dir_fd)
    except OSError as error:
        if error.errno in _NOT_REGULAR:
            raise NotRegularError(error.errno, "not a regular file", path) from None
        raise
    try:
        state = os.fstat(fd)
        if not stat.S_ISREG(state.st_mode):
            raise NotRegularError(0, "not a regular file", path)
    except BaseException:
        os.close(fd)
        raise
    return fd, state


def identity(fd: int) -> Identity:
    """The identity of the open file `fd` now."""
    found = os.fstat(fd)
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def read_slice(path: str, offset: int, length: int) -> bytes:
    """At most `length` bytes of the file from byte `offset` on.

    Raises:
        NotRegularError: As `open_regular`.
        OSError: It cannot be opened or read.
    """
    fd = open_regular(path)
    try:
        data = os.pread(fd, min(length, _FIRST_READ_BYTES), offset)
        if len(data) == _FIRST_READ_BYTES < length:
            data += os.pread(fd, length - _FIRST_READ_BYTES, offset + _FIRST_READ_BYTES)
        return data
    finally:
        os.close(fd)


def read_ends(path: str, head_bytes: int, tail_bytes: int) -> tuple[bytes, bytes, int]:
    """The first and the last bytes of a file, and its size; of a small file both are cut from one read.

    Raises:
        NotRegularError: As `open_regular`.
        OSError: It cannot be opened or read.
    """
    fd, state = _open(path)
    try:
        size = state.st_size
        head = os.pread(fd, min(head_bytes, size), 0)
        if size <= len(head):
            return head, head[-tail_bytes:], size
        return head, os.pread(fd, tail_bytes, max(size - tail_bytes, 0)), size
    finally:
        os.close(fd)


def read_small(path: str, limit_bytes: int = SMALL_FILE_LIMIT_BYTES) -> bytes:
    """The file's content up to `limit_bytes`; errors as in `read_slice`."""
    return read_slice(path, 0, limit_bytes)


def read_with_state(path: str, most_bytes: int, *, is_end: bool = False) -> tuple[bytes, os.stat_result]:
    """A small file's content and its state in four system calls: ten thousand runs have fifty thousand files.

    Args:
        most_bytes: Nothing is read of a larger file.
        is_end: Read the last `most_bytes` of it instead.

    Raises:
        NotRegularError: As `open_regular`.
        OSError: It cannot be opened or read.
    """
    fd, state = _open(path)
    try:
        size = state.st_size
        if size <= most_bytes:
            return os.pread(fd, size, 0), state
        return (os.pread(fd, most_bytes, size - most_bytes) if is_end else b""), state
    finally:
        os.close(fd)
