"""The ways that a recorded command's stdout and stderr take through us: a pty or a pipe each."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import termios
import time

CHUNK_BYTES = 1024 * 1024
"""Read at most at once, and asked of the kernel as the size of a pipe: the command rarely waits for us."""

_TERMINAL_BYTES = 64 * 1024
"""Read of a pty before it is passed on: so much it buffers. Source: TTYB_DEFAULT_MEM_LIMIT, tty_buffer.c"""

_UNKNOWN_PIPE_BYTES = 16 * 1024
"""What a pipe holds at least where the system does not tell: macOS's small ones."""

_GATHER_S = 0.002
"""How long output in full flow may gather: a few large pieces cost a fraction of thousands of small ones."""

_LEAST_GATHER_S = 0.0002
"""A shorter sleep costs as much as it saves."""

_FLOW_S = 0.02
"""Output is in full flow while pieces come closer together than this."""


class Stream:
    """One way of the command's output through us: where it comes from, where it leads."""

    def __init__(self, name: str, target: int) -> None:
        """Make the pty or pipe.

        Args:
            name: `stdout` or `stderr`, for the index.
            target: Our own descriptor that gets what comes.
        """
        self.name = name
        self.target: int | None = target
        self.is_pty = os.isatty(target)
        self.is_open = True
        self._read_at = 0.0
        self._gather_s = 0.0
        self._large_bytes = 0
        self._buffer = memoryview(bytearray(CHUNK_BYTES))
        if self.is_pty:
            self.source, self.inlet = os.openpty()
            _send_bytes_unchanged(self.inlet)
            self.copy_window_size()
        else:
            self.source, self.inlet = os.pipe()
            self._large_bytes = _enlarge(self.source) // 4
        os.set_blocking(self.source, False)

    def copy_window_size(self) -> None:
        """Give the pty the size of our terminal."""
        if self.is_pty and self.target is not None:
            size = fcntl.ioctl(self.target, termios.TIOCGWINSZ, bytes(8))
            fcntl.ioctl(self.source, termios.TIOCSWINSZ, size)

    def waiting_bytes(self) -> int:
        """What can be read now."""
        try:
            found: int = struct.unpack("i", fcntl.ioctl(self.source, termios.FIONREAD, bytes(4)))[0]
        except OSError:
            return 0
        return found

    def read(self) -> memoryview | None:
        """The next piece of output, valid until the next call; empty when there is none now; None at its end.

        One buffer serves all pieces: a new one for each costs more than the copying.
        """
        try:
            size = self._read_terminal() if self.is_pty else self._read_pipe()
        except BlockingIOError:
            return self._buffer[:0]
        return self._buffer[:size] if size else None

    def _read_pipe(self) -> int:
        """Read what the pipe holds, a moment later where more is on its way; 0 at its end.

        Raises:
            BlockingIOError: It holds nothing now.
        """
        if self._gather_s >= _LEAST_GATHER_S and time.monotonic() - self._read_at < _FLOW_S:
            time.sleep(self._gather_s)
        size = os.readv(self.source, [self._buffer])
        self._plan_gathering(size)
        return size

    def _read_terminal(self) -> int:
        """Read all that the pty holds, which the kernel hands out a page at a time; 0 at its end.

        Raises:
            BlockingIOError: It holds nothing now.
        """
        size = 0
        try:
            while size < _TERMINAL_BYTES:
                more = os.readv(self.source, [self._buffer[size:]])
                if not more:  # macOS says so at the end
                    break
                size += more
        except BlockingIOError:
            if not size:
                raise
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: the other side is closed
                raise
        return size

    def _plan_gathering(self, size: int) -> None:
        """Set how long the next piece may gather: as fast as this one came, until the pipe is a quarter full.

        The command wakes us a few hundred times a second at most, and does not have to wait for us.
        """
        now = time.monotonic()
        elapsed_s, self._read_at = now - self._read_at, now
        is_small = 0 < size < self._large_bytes and elapsed_s < _FLOW_S
        self._gather_s = min(_GATHER_S, elapsed_s * self._large_bytes / size) if is_small else 0.0

    def pass_on(self, view: memoryview) -> None:
        """Write to our own stdout or stderr. When its reader is gone the command notices, as without us."""
        while view and self.target is not None:
            try:
                view = view[os.write(self.target, view) :]
            except BlockingIOError:
                select.select([], [self.target], [])
            except BrokenPipeError:
                self.target = None
                self.close()
            except OSError:
                self.target = None  # the terminal is gone; the recording goes on

    def close(self) -> None:
        """Stop reading."""
        if self.is_open:
            self.is_open = False
            os.close(self.source)


def make_streams() -> tuple[Stream, Stream]:
    """The ways for stdout and stderr: a common one where both lead to the same place keeps their order."""
    _open_missing()
    out = Stream("stdout", 1)
    return (out, out) if _is_same(1, 2) else (out, Stream("stderr", 2))


def _send_bytes_unchanged(fd: int) -> None:
    """No newline translation in the pty: the terminal behind us does that."""
    attributes = termios.tcgetattr(fd)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _enlarge(fd: int) -> int:
    """Give a pipe the size that we like, if the system lets us; the bytes that it holds now.

    Linux refuses above /proc/sys/fs/pipe-max-size, and to users who have very many pipes.
    """
    for request, argument in (("F_SETPIPE_SZ", CHUNK_BYTES), ("F_GETPIPE_SZ", 0)):
        try:
            return fcntl.fcntl(fd, getattr(fcntl, request), argument)
        except (AttributeError, OSError):
            continue
    return _UNKNOWN_PIPE_BYTES


def _open_missing() -> None:
    """Give closed standard descriptors a place, so that a pipe of ours does not get their number."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _is_same(one: int, other: int) -> bool:
    first, second = os.fstat(one), os.fstat(other)
    return (first.st_dev, first.st_ino, first.st_rdev) == (second.st_dev, second.st_ino, second.st_rdev)
