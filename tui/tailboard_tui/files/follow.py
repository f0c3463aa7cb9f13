"""Following one growing file: what was appended since the last look, and whether it is still that file.

A file that only grows is read once, front to back. Anything else makes it a new file that is read
from its start, as a fresh reader would see it: another device or inode, a size below what was read,
other bytes at the head or just before the offset (a file truncated and grown again), or other bytes
anywhere when it was written to without growing (checked by CRC, so a mere `touch` costs no re-parse).
What the file system says is data, never an exception: `problem` holds it.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from tailboard_tui.files.opening import NotRegularError, open_regular

ENDS_BYTES = 1024
"""Kept of the head and of what stands before the offset: JSON lines differ within it by their times."""

VERIFY_BYTES = 8 * 1024 * 1024
"""Checked of a file in doubt per look, about 5 ms."""

LINE_LIMIT_BYTES = 1024 * 1024
"""A longer line is skipped to its newline and reported: nobody logs it, and memory stays bounded."""

MISSING = "not found"
NOT_REGULAR = "not a regular file"

State = Mapping[str, int | str | bool]
"""Where a follower stands, in JSON's types."""


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Follower:
    """One growing file, read forward: `check`, then `read` as often as wanted, `take` what was used up.

    Bytes that were read and not taken are read again next time, so a reader takes whole records and
    needs no buffer for the unfinished last one.

    Attributes:
        path: The file, which need not exist yet.
        offset: Bytes taken.
        size: Bytes in the file at the last check.
        problem: Why nothing can be read, for the user, or None.
    """

    def __init__(self, path: str, *, keep_open: bool = True) -> None:
        self.path = path
        self.problem: str | None = None
        self.size = 0
        self._keep_open = keep_open
        self._fd: int | None = None
        self._identity: tuple[int, int] | None = None
        self.rewind()

    def rewind(self) -> None:
        """Start over at the first byte."""
        self.offset = 0
        self._head = self._tail = b""
        self._crc = 0
        self._doubt: tuple[int, int] | None = None
        self._stamp = (-1, -1)
        self._is_settled = False

    @property
    def is_in_doubt(self) -> bool:
        """Whether taken bytes are being compared with the file: until then nothing more is read."""
        return self._doubt is not None and self.problem is None

    def check(self) -> bool:
        """Look at the file's state; True when what was taken is void and reading starts over."""
        try:
            return self._check()
        except (FileNotFoundError, NotADirectoryError):
            return self._lose(MISSING)
        except NotRegularError:
            return self._lose(NOT_REGULAR)
        except OSError as error:  # it may come back: permission, stale NFS handle, no descriptors left
            self.problem = error.strerror or str(error)
            self._release()
            return False

    def read(self, limit_bytes: int) -> bytes:
        """The bytes at `offset`, at most `limit_bytes`; empty when there are none or in case of doubt."""
        if self._fd is None or self._doubt is not None:
            return b""
        try:
            return os.pread(self._fd, limit_bytes, self.offset)
        except OSError as error:
            self.problem = error.strerror or str(error)
            return b""

    def take(self, data: bytes) -> None:
        """Advance over `data`, a prefix of what `read` gave."""
        if not data:
            return
        if len(self._head) < ENDS_BYTES:
            self._head += data[: ENDS_BYTES - len(self._head)]
        self._tail = data[-ENDS_BYTES:] if len(data) >= ENDS_BYTES else (self._tail + data)[-ENDS_BYTES:]
        self._crc = zlib.crc32(data, self._crc)
        self.offset += len(data)

    def rest(self) -> None:
        """Give back the descriptor after a look, unless it is to be kept."""
        if not self._keep_open:
            self._release()

    def close(self) -> None:
        """Close the descriptor; the next check opens the file again."""
        self._release()

    def state(self) -> State:
        """Where reading stands, to go on from in another process."""
        device, inode = self._identity or (0, 0)
        return {
            "device": device,
            "inode": inode,
            "offset": self.offset,
            "size": self._stamp[0],
            "modified_ns": self._stamp[1],
            "crc": self._crc,
            "head": _digest(self._head),
            "tail": _digest(self._tail),
        }

    def restore(self, state: State) -> bool:
        """Go on from `state`; False, standing at the first byte, when the file is no longer that one."""
        self.rewind()
        try:
            offset, identity = int(state["offset"]), (int(state["device"]), int(state["inode"]))
            fd = self._open()
            found = os.fstat(fd)
            head = os.pread(fd, min(ENDS_BYTES, offset), 0)
            tail_start = max(offset - ENDS_BYTES, 0)
            tail = os.pread(fd, offset - tail_start, tail_start)
            is_same = (
                identity == (found.st_dev, found.st_ino)
                and found.st_size >= offset
                and (_digest(head), _digest(tail)) == (state["head"], state["tail"])
            )
            stamp, crc = (int(state["size"]), int(state["modified_ns"])), int(state["crc"])
        except (OSError, KeyError, ValueError):
            return False
        if not is_same:
            return False
        self.offset, self.size, self._stamp, self._crc = offset, found.st_size, stamp, crc
        self._head, self._tail = head, tail
        return True

    def _check(self) -> bool:
        found = os.stat(self.path, follow_symlinks=False)
        if self._fd is None or (found.st_dev, found.st_ino) != self._identity:
            before = self._identity
            found = os.fstat(self._open())
            if self.offset and before != self._identity:
                return self._start_over(found)
        self.problem = None
        stamp = (found.st_size, found.st_mtime_ns)
        if stamp == self._stamp and self._is_settled:
            return self._go_on_verifying()
        # A write within the clock tick of the last look leaves the same stamp: look twice at the ends.
        self._is_settled = stamp == self._stamp
        if self.offset and (found.st_size < self.offset or not self._has_same_ends()):
            return self._start_over(found)
        if self.offset and stamp != self._stamp and found.st_size <= self._stamp[0]:
            self._doubt = (0, 0)
        self.size, self._stamp = found.st_size, stamp
        return self._go_on_verifying()

    def _has_same_ends(self) -> bool:
        assert self._fd is not None
        head = os.pread(self._fd, len(self._head), 0)
        return head == self._head and (
            os.pread(self._fd, len(self._tail), self.offset - len(self._tail)) == self._tail
        )

    def _go_on_verifying(self) -> bool:
        """Compare the next piece of a file in doubt; True when it turned out to be another."""
        if self._doubt is None:
            return False
        assert self._fd is not None
        position, crc = self._doubt
        data = os.pread(self._fd, min(VERIFY_BYTES, self.offset - position), position)
        position, crc = position + len(data), zlib.crc32(data, crc)
        if data and position < self.offset:
            self._doubt = (position, crc)
            return False
        if position == self.offset and crc == self._crc:
            self._doubt = None
            return False
        return self._start_over(os.fstat(self._fd))

    def _start_over(self, found: os.stat_result) -> bool:
        self.rewind()
        self.problem = None
        self.size, self._stamp = found.st_size, (found.st_size, found.st_mtime_ns)
        return True

    def _lose(self, problem: str) -> bool:
        had_some = self.offset > 0
        self._release()
        self.rewind()
        self.problem, self.size, self._identity = problem, 0, None
        return had_some

    def _open(self) -> int:
        self._release()
        fd = self._fd = open_regular(self.path)
        found = os.fstat(fd)
        self._identity = (found.st_dev, found.st_ino)
        return fd

    def _release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, one after another."""

    data: bytes
    """Empty, or lines that each end in a newline. NULs, which a crash leaves behind, are removed."""
    first_line: int
    """1-based number of the first of them."""
    lines: int
    """How many there are."""
    end: int
    """Offset in the file behind the last of them."""
    too_long: tuple[int, ...] = ()
    """Numbers of lines over the limit, which are skipped."""
    reset: bool = False
    """The file is another than before: all blocks given so far are void."""
    more: bool = False
    """Whether a further poll may give something at once."""


class LineFollower:
    """The whole lines of one growing file; an unfinished last line waits for its newline.

    Any sequence of polls with any limits gives the same lines as one read of the file as it is.
    """

    def __init__(self, path: str, *, keep_open: bool = True) -> None:
        self.file = Follower(path, keep_open=keep_open)
        self.lines = 0
        self._is_skipping = False

    def poll(self, limit_bytes: int) -> Block:
        """The next lines, about `limit_bytes` of them: one that is longer comes whole."""
        reset = self.file.check()
        if reset:
            self._begin()
        block = self._next(min(max(limit_bytes, 1), LINE_LIMIT_BYTES), reset)
        self.file.rest()
        return block

    def rewind(self) -> None:
        """Start over at the first line."""
        self.file.rewind()
        self._begin()

    def close(self) -> None:
        """Close the descriptor; the next poll opens the file again."""
        self.file.close()

    def state(self) -> State:
        """Where reading stands, to go on from in another process."""
        return {**self.file.state(), "lines": self.lines, "is_skipping": self._is_skipping}

    def restore(self, state: State) -> bool:
        """Go on from `state`; False, standing at the first line, when the file is no longer that one."""
        self._begin()
        if not self.file.restore(state):
            return False
        self.lines, self._is_skipping = int(state["lines"]), bool(state["is_skipping"])
        return True

    def _begin(self) -> None:
        self.lines = 0
        self._is_skipping = False

    def _next(self, limit_bytes: int, reset: bool) -> Block:
        file, before = self.file, self.file.offset
        data = file.read(limit_bytes)
        may_have_more = len(data) == limit_bytes
        too_long: tuple[int, ...] = ()
        if self._is_skipping:
            newline = data.find(b"\n") + 1
            file.take(data[:newline] if newline else data)
            self._is_skipping = not newline
            self.lines += bool(newline)
            data = data[newline:] if newline else b""
        end = data.rfind(b"\n") + 1
        if data and not end and may_have_more:  # a line longer than asked for
            data = file.read(LINE_LIMIT_BYTES + 1)
            end = data.rfind(b"\n") + 1
            if not end and len(data) > LINE_LIMIT_BYTES:
                file.take(data)
                self._is_skipping = True
                too_long = (self.lines + 1,)
        whole = data[:end]
        file.take(whole)
        first_line, lines = self.lines + 1, whole.count(b"\n")
        self.lines += lines
        if b"\0" in whole:
            whole = whole.replace(b"\0", b"")
        more = file.is_in_doubt or (may_have_more and file.offset > before)
        return Block(whole, first_line, lines, file.offset, too_long, reset, more)
