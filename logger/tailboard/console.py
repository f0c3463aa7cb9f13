"""Copying what the program prints into output.log, while the terminal gets it first and unchanged.

The `write` of the stream objects that exist is wrapped, the objects stay: `isatty`, handlers that hold
the stream and the traceback of a crash work as before. What does not pass through these objects (C
code, subprocesses) is recorded by `tailboard run`.
"""

from __future__ import annotations

import os
import sys
import time

from tailboard.encoding import encode_line
from tailboard.writer import LineWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

INDEX_EVERY_S = 0.5
"""Output of one stream gets at most one entry of the index in this time."""


class OutputFile:
    """output.log with its index. Any thread may write."""

    def __init__(self, path: str, index_path: str, warn: Callable[[str, str], None]) -> None:
        self._output = LineWriter(path, warn)
        self._index = LineWriter(index_path, warn)
        self._stream = ""
        self._index_at = 0.0

    def write(self, stream: str, content: bytes | memoryview) -> None:
        """Append what was printed.

        Args:
            stream: `stdout` or `stderr`.
            content: As the terminal got it.
        """
        now = time.time()
        if now >= self._index_at or stream != self._stream:
            self._index_at = now + INDEX_EVERY_S
            self._stream = stream
            entry = {"time": round(now, 3), "offset": self._output.size(), "stream": stream}
            self._index.append(encode_line(entry))
        self._output.append(content)

    def check(self, now: float) -> None:
        """As `LineWriter.check`."""
        self._output.check(now)
        self._index.check(now)

    def close(self) -> int:
        """Close both files; gives how many pieces were lost."""
        return self._output.close() + self._index.close()


class Console:
    """Wraps the `write` of the present sys.stdout and sys.stderr between `attach` and `detach`."""

    def __init__(self, output: OutputFile) -> None:
        self._output = output
        self._wrapped: list[tuple[TextIO, Callable[[str], int]]] = []
        self._is_attached = False

    def attach(self) -> None:
        """Begin to record."""
        self._is_attached = True
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and all(stream is not other for other, _ in self._wrapped):
                self._wrap(name, stream)

    def _wrap(self, name: str, stream: TextIO) -> None:
        if not hasattr(stream, "write"):  # an object of the user's that knows other methods
            return
        to_terminal = stream.write
        record = self._output.write

        def write(text: str) -> int:
            try:
                return to_terminal(text)
            finally:
                if self._is_attached and isinstance(text, str):
                    record(name, _as_bytes(text))

        try:
            stream.write = write  # type: ignore[method-assign]  # the object stays, its write is ours
        except AttributeError:
            return
        self._wrapped.append((stream, write))

    def detach(self) -> None:
        """Stop recording. A wrapper that others have wrapped since stays, and only passes through."""
        self._is_attached = False
        for stream, write in self._wrapped:
            if getattr(stream, "__dict__", {}).get("write") is write:
                del stream.write
        self._wrapped = []


def _as_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def complain(message: str) -> None:
    """One line on the program's stderr, wherever that leads; silent where there is none."""
    line = f"tailboard: {message}\n"
    try:
        if sys.stderr is not None:
            sys.stderr.write(line)
            sys.stderr.flush()
        else:
            os.write(2, line.encode("utf-8", "backslashreplace"))
    except Exception:  # noqa: BLE001  sys.stderr may be anybody's object; there is no other place to say it
        return
