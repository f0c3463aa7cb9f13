"""A real terminal for tests: a program in a pty, its screen read by pyte, its raw bytes kept."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

ROOT = Path(__file__).resolve().parents[1]
TAILBOARD = (sys.executable, "-m", "tailboard_tui")


class Terminal:
    """A program running in a pty of a given size, as a user would have it before him."""

    def __init__(
        self,
        *command: str,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start `command`.

        Args:
            env: Set over the defaults; None takes a variable away.
        """
        self.raw = bytearray()
        """Everything that the program sent."""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._held = b""
        self.returncode: int | None = None
        merged: dict[str, str | None] = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}",
            "TEXTUAL_ANIMATIONS": "none",
            "COLUMNS": None,  # a test runner's size is not this terminal's
            "LINES": None,
            **(env or {}),
        }
        environment = {key: value for key, value in merged.items() if value is not None}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                if cwd is not None:
                    os.chdir(cwd)
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)
        self.resize(columns, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the program and what it started, if it still runs, and give the pty back."""
        if self.returncode is None and not self._reap():
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.returncode = -signal.SIGKILL
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def resize(self, columns: int, rows: int) -> None:
        """Change the window size, which sends SIGWINCH."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str | bytes) -> None:
        """Type."""
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def read(self, seconds: float = 0.05) -> int:
        """Take in output for `seconds`; gives the number of bytes."""
        end = time.monotonic() + seconds
        taken = 0
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                chunk = os.read(self.fd, 65536)
            except OSError:
                break
            if not chunk:
                break
            taken += len(chunk)
            self.raw += chunk
            self._stream.feed(self._for_pyte(chunk))
        return taken

    @property
    def text(self) -> str:
        """What the screen shows, one line a row."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, pattern: str, timeout_s: float = 20.0) -> str:
        """Read until the screen matches the regular expression `pattern`; gives the screen.

        Raises:
            AssertionError: It does not within `timeout_s`, or the program ended before.
        """
        end = time.monotonic() + timeout_s
        while True:
            taken = self.read(0.1)
            if re.search(pattern, self.text):
                return self.text
            if time.monotonic() > end or (not taken and self._reap()):
                raise AssertionError(f"{pattern!r} is not on the screen:\n{self.text}")

    def settle(self, quiet_s: float = 0.4, timeout_s: float = 20.0) -> None:
        """Read until nothing comes for `quiet_s`."""
        end = time.monotonic() + timeout_s
        while self.read(quiet_s) and time.monotonic() < end:
            pass

    def wait_end(self, timeout_s: float = 20.0) -> int:
        """Wait until the program ends; gives its exit status (negative: the signal).

        Raises:
            AssertionError: It still runs after `timeout_s`.
        """
        end = time.monotonic() + timeout_s
        while not self._reap():
            self.read(0.05)
            if time.monotonic() > end:
                raise AssertionError(f"still running:\n{self.text}")
        self.settle(0.05)
        assert self.returncode is not None
        return self.returncode

    @property
    def is_alive(self) -> bool:
        """Whether the program still runs."""
        return not self._reap()

    def _reap(self) -> bool:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode is not None

    @property
    def is_restored(self) -> bool:
        """Whether the terminal was given back: main screen, cursor shown, mouse and paste modes off."""
        modes: dict[str, bool] = {}
        for names, switch in re.findall(rb"\x1b\[\?([\d;]+)([hl])", bytes(self.raw)):
            for name in names.split(b";"):
                modes[name.decode()] = switch == b"h"
        wanted_off = ("1049", "1000", "1002", "1003", "1006", "1015", "2004", "1004")
        return not any(modes.get(name) for name in wanted_off) and modes.get("25", True)

    def _for_pyte(self, chunk: bytes) -> bytes:
        """The next output without what pyte would print as text; an unfinished sequence waits for its end."""
        data = self._held + chunk
        begun = _BEGUN.search(data)
        at = len(data) if begun is None else begun.start()
        self._held = data[at:]
        return _NOT_FOR_PYTE.sub(b"", data[:at])


_STRING = rb"\x1b[P_](?:\x1b\x1b|[^\x1b])*"
"""A device control string or an application command, as images are sent; inside tmux's, ESC stands twice."""

_NOT_FOR_PYTE = re.compile(rb"\x1b\[[><=][0-9;]*[a-zA-Z]|" + _STRING + rb"\x1b\\")
_BEGUN = re.compile(rb"(?:" + _STRING + rb"\x1b?|\x1b)\Z")
