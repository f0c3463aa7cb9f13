"""Appending whole lines to a file, each with one `os.write`, and replacing small files by rename.

There is no buffer, no thread and no lock that could block: a line is in the kernel when `append`
returns, so SIGKILL loses nothing, a fork duplicates nothing and a signal handler may append too.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from _thread import allocate_lock
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Warn = Callable[[str, str], None]
    """Called as warn(kind, message); says each kind once."""

BACKLOG_BYTES = 64 * 1024 * 1024
"""What is kept in memory while the file cannot be written: about 200,000 lines of ten metrics."""

RETRY_S = 1.0
"""Time between attempts while the file cannot be written, and between looks at a file that can."""

_HIGH_FD = 512
"""Our descriptors lie here or higher: clean-up code that closes 3..255 misses them, and a number
that somebody does close is not handed to the next file that the program opens."""


class LineWriter:
    """Appends lines to one file. Never raises OSError, never blocks on a lock.

    While the disk is full, the directory gone or the descriptor closed, lines wait in a bounded
    queue; every `RETRY_S` the next `append` tries again. A file whose last line is torn, by a short
    write or by an earlier process's death, gets a newline first, so that one line at most is lost.
    """

    __slots__ = (
        "_backlog",
        "_backlog_bytes",
        "_check_at",
        "_dropped",
        "_fd",
        "_flushing",
        "_identity",
        "_pid",
        "_retry_at",
        "_torn",
        "_troubled",
        "_warn",
        "is_closed",
        "path",
    )

    def __init__(self, path: str, warn: Warn) -> None:
        self.path = path
        self.is_closed = False
        self._warn = warn
        self._fd = -1
        self._identity = (0, 0)
        self._torn = False
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._dropped = 0
        self._flushing = allocate_lock()
        self._pid = os.getpid()
        self._retry_at = 0.0
        self._check_at = time.monotonic() + RETRY_S
        self._troubled = True
        self._open()

    @property
    def waiting(self) -> int:
        """Lines that wait in memory for the file to become writable."""
        return len(self._backlog)

    def size(self) -> int:
        """Bytes in the file now, 0 where that cannot be known."""
        try:
            return os.fstat(self._fd).st_size
        except OSError:
            return 0

    def append(self, line: bytes | memoryview) -> None:
        """Write `line`, which ends in a newline, in one piece; keep a copy in memory where that fails."""
        if self._troubled:
            self._append_later(line)
            return
        try:
            if os.write(self._fd, line) == len(line):
                return
        except OSError as error:
            self._keep(line, error)
            return
        self._torn = True
        self._keep(line, OSError(errno.ENOSPC, "short write"))

    def check(self, now: float) -> None:
        """See that the open file is still the one at `path`, and retry what waits.

        An unlinked file takes writes without an error, so it has to be looked for.

        Args:
            now: `time.monotonic()`, seconds.
        """
        if now < self._check_at or self.is_closed:
            return
        self._check_at = now + RETRY_S
        if self._troubled or self._backlog:
            self._append_later(b"")
        elif self._links() < 1:
            self._fail(OSError(errno.ENOENT, "deleted while the run writes to it"))

    def close(self) -> int:
        """Write what waits, if that is possible now, and close the descriptor.

        Returns:
            How many lines were lost.
        """
        if self.is_closed:
            return 0
        if self._backlog:
            self._retry_at = 0.0
            self._append_later(b"")
        self.is_closed = True
        self._troubled = True
        self._release()
        return len(self._backlog) + self._dropped

    def sync(self) -> None:
        """Ask the kernel to put the file on the disk, as a run's end is worth one wait."""
        if not self._troubled:
            try:
                os.fsync(self._fd)
            except OSError as error:
                self._warn(f"write {error.errno}", f"cannot sync {self.path}: {error}")

    def _open(self) -> bool:
        fd = -1
        try:
            fd = _open_high(self.path)
            found = os.fstat(fd)
            last = (
                os.pread(fd, 1, found.st_size - 1) if stat.S_ISREG(found.st_mode) and found.st_size else b"\n"
            )
        except OSError as error:
            if fd >= 0:
                self._close(fd)
            self._fail(error)
            return False
        self._identity = (found.st_dev, found.st_ino)
        self._fd = fd
        self._troubled = self._torn = last != b"\n"
        return True

    def _links(self) -> int:
        """Names that our open file has, 0 once deleted; -1 where the descriptor is no longer ours."""
        try:
            found = os.fstat(self._fd)
        except OSError:
            return -1
        return found.st_nlink if (found.st_dev, found.st_ino) == self._identity else -1

    def _release(self) -> None:
        """Close the descriptor, unless the number meanwhile belongs to somebody else's file."""
        if self._fd >= 0 and self._links() >= 0:
            self._close(self._fd)
        self._fd = -1

    def _close(self, fd: int) -> None:
        try:
            os.close(fd)
        except OSError as error:  # a network file system may say only now that an earlier write failed
            self._warn(f"write {error.errno}", f"cannot write {self.path}: {error.strerror or error}")

    def _fail(self, error: OSError) -> None:
        self._troubled = True
        self._retry_at = time.monotonic() + RETRY_S
        self._warn(
            f"write {error.errno}",  # once for all files: they share the disk
            f"cannot write {self.path}: {error.strerror or error}; what is logged waits in memory",
        )

    def _keep(self, line: bytes | memoryview, error: OSError) -> None:
        self._fail(error)
        self._enqueue(line)

    def _enqueue(self, line: bytes | memoryview) -> None:
        if self._backlog_bytes + len(line) > BACKLOG_BYTES:
            self._dropped += 1
            self._warn(
                "drop " + self.path, f"lines for {self.path} are being dropped: the memory queue is full"
            )
            return
        self._backlog_bytes += len(line)
        self._backlog.append(bytes(line))

    def _append_later(self, line: bytes | memoryview) -> None:
        """The path of trouble: queue the line, and when it is time, write all that waits in order."""
        if self.is_closed:
            return
        if os.getpid() != self._pid:
            self._begin_in_child()
        if line:
            self._enqueue(line)
        if time.monotonic() < self._retry_at or not self._flushing.acquire(blocking=False):
            return
        try:
            self._flush()
        finally:
            self._flushing.release()

    def _begin_in_child(self) -> None:
        """What waits belongs to the parent process, which will write it; so may the try-lock."""
        self._pid = os.getpid()
        self._backlog = deque()
        self._backlog_bytes = 0
        self._dropped = 0
        self._flushing = allocate_lock()

    def _flush(self) -> None:
        if self._links() < 1:
            self._release()
            if not self._open():
                return
        while self._backlog:
            line = self._backlog[0]
            piece = b"\n" + line if self._torn else line
            try:
                written = os.write(self._fd, piece)
            except OSError as error:
                self._fail(error)
                return
            if written != len(piece):
                self._torn = self._torn or written > 0
                self._fail(OSError(errno.ENOSPC, "short write"))
                return
            self._torn = False
            self._backlog.popleft()
            self._backlog_bytes -= len(line)
        self._troubled = self._torn


def _open_high(path: str) -> int:
    """Open for appending, under a high number where the process's limit allows it.

    Raises:
        OSError: It cannot be opened.
    """
    import fcntl

    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
    except OSError:
        return fd
    os.close(fd)
    return high


def write_whole(path: str, content: bytes) -> None:
    """Replace the file at `path` so that a reader sees the old content or the new, never a part.

    Raises:
        OSError: It cannot be written; the old content is untouched.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(fd, view) :]
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
