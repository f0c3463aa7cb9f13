"""Matching a user's regular expression in a process of its own, which can be stopped.

Python's `re` holds the interpreter for as long as a match takes, and a pattern such as `(a+)+b` takes
for ever on the wrong line. So the pattern never runs in our process: blocks of lines go to a child
through a pipe, line numbers come back, and a child that is too slow is killed.

This file is both sides. Run as a script it is the child and imports the standard library only.
Messages to the child: kind (1 byte), length (4 bytes), payload. Answers: length, payload of 4-byte
unsigned numbers. `p` sets the pattern (first byte: `i` ignores case), `m` asks which lines match,
`s` asks for (line, start, end) of every match.
"""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import time
from array import array

HEADER = struct.Struct("<cI")
LENGTH = struct.Struct("<I")
MOST_SPANS = 10_000

_NEEDS_LINES = re.compile(r"\(\?[^:P]|\\[AZB]|[*+?}]\+")
"""Looking ahead or back, flags, ends of the text, possessive repeats."""

START_S = 2.0
"""The child may take so much longer the first time: a busy machine starts a Python slowly."""


class RegexTimeoutError(Exception):
    """A match took too long; the child is gone."""


class RegexProcess:
    """A child that matches one pattern. Started when first needed."""

    def __init__(self, pattern: str, *, ignores_case: bool) -> None:
        """Remember the pattern, which compiles."""
        self._setup = (b"i" if ignores_case else b"-") + pattern.encode("utf-8", "surrogatepass")
        self._child: subprocess.Popen[bytes] | None = None

    def matching_lines(self, lines: bytes, timeout_s: float) -> array[int]:
        """Numbers, from 0, of the lines (ended by newlines, UTF-8) that match.

        Raises:
            RegexTimeoutError: It took longer than `timeout_s`.
        """
        return self._ask(b"m", lines, timeout_s)

    def spans(self, lines: list[str], timeout_s: float) -> list[list[tuple[int, int]]]:
        """For each line, which holds no newline, where the pattern matches; errors as `matching_lines`."""
        numbers = self._ask(b"s", "\n".join(lines).encode("utf-8", "replace"), timeout_s)
        found: list[list[tuple[int, int]]] = [[] for _ in lines]
        for at in range(0, len(numbers), 3):
            found[numbers[at]].append((numbers[at + 1], numbers[at + 2]))
        return found

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()

    def _ask(self, kind: bytes, payload: bytes, timeout_s: float) -> array[int]:
        end = time.monotonic() + timeout_s
        if self._child is None:
            self._child = _start()
            end += START_S
            self._write(HEADER.pack(b"p", len(self._setup)) + self._setup, end)
        self._write(HEADER.pack(kind, len(payload)) + payload, end)
        (length,) = LENGTH.unpack(self._read(LENGTH.size, end))
        numbers = array("I")
        numbers.frombytes(self._read(length, end))
        return numbers

    def _write(self, data: bytes, end: float) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        fd, view = self._child.stdin.fileno(), memoryview(data)
        while view:
            self._wait([], [fd], end)
            try:
                view = view[os.write(fd, view[:65536]) :]
            except BrokenPipeError:
                self._fail("the pattern cannot be matched")

    def _read(self, length: int, end: float) -> bytes:
        assert self._child is not None
        assert self._child.stdout is not None
        fd, data = self._child.stdout.fileno(), b""
        while len(data) < length:
            self._wait([fd], [], end)
            part = os.read(fd, length - len(data))
            if not part:
                self._fail("the pattern cannot be matched")
            data += part
        return data

    def _wait(self, reading: list[int], writing: list[int], end: float) -> None:
        ready = select.select(reading, writing, [], max(end - time.monotonic(), 0))
        if not ready[0] and not ready[1]:
            self._fail("the pattern takes too long; stopped")

    def _fail(self, why: str) -> None:
        self.close()
        raise RegexTimeoutError(why)


def _start() -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", os.path.abspath(__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )
    assert child.stdin is not None
    os.set_blocking(child.stdin.fileno(), False)
    return child


def _serve() -> None:
    """The child: answer until the pipe is closed."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    pattern = re.compile("")
    while header := source.read(HEADER.size):
        kind, length = HEADER.unpack(header)
        payload = source.read(length)
        if kind == b"p":
            flags = re.IGNORECASE if payload[:1] == b"i" else 0
            pattern = re.compile(payload[1:].decode("utf-8", "surrogatepass"), flags)
            continue
        text = payload.decode("utf-8", "replace")
        numbers = matching(pattern, text) if kind == b"m" else _spans(pattern, text.split("\n"))
        answer = numbers.tobytes()
        sink.write(LENGTH.pack(len(answer)) + answer)
        sink.flush()


def matching(pattern: re.Pattern[str], text: str) -> array[int]:
    """Numbers of the lines that match.

    The pattern runs over all lines at once, several times faster than over each alone, and takes the rest
    of its line with it. The leftmost place at which it matches is that of a line's own match, unless it
    reaches into the next line. Then, and for patterns that look beyond what they match or tell a line's
    end from the text's, each line stands alone.
    """
    if _NEEDS_LINES.search(pattern.pattern):
        return array("I", (at for at, line in enumerate(text.split("\n")) if pattern.search(line)))
    whole = re.compile(rf"(?:{pattern.pattern})()[^\n]*", pattern.flags | re.MULTILINE)
    after = whole.groups
    numbers, line, counted, place = array("I"), 0, 0, 0
    while place <= len(text) and (found := whole.search(text, place)) is not None:
        start, end = found.span()
        line += text.count("\n", counted, start)
        counted = start
        if text.find("\n", start, found.start(after)) < 0:
            numbers.append(line)
        else:
            end = text.find("\n", start)
            if pattern.search(text[text.rfind("\n", 0, start) + 1 : end]):
                numbers.append(line)
        place = end + 1
    return numbers


def _spans(pattern: re.Pattern[str], lines: list[str]) -> array[int]:
    numbers = array("I")
    for at, line in enumerate(lines):
        for found in pattern.finditer(line):
            if found.end() > found.start():
                numbers.extend((at, found.start(), found.end()))
        if len(numbers) > MOST_SPANS:
            break
    return numbers


if __name__ == "__main__":
    _serve()
