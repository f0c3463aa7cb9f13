"""The files that a foreign run's points come from, each read forward or, where it is rewritten, as a whole.

A source is a file with a decoder. The decoder is pure: bytes in, in any pieces, rows and complaints out.
No file stays open between two looks: a run may have hundreds, and thousands of runs are watched.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from tailboard_tui.files.follow import MISSING, Block, Follower, LineFollower
from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.base import Rows
from tailboard_tui.formats.decoding import (
    ByteDecoder,
    Complaint,
    LineDecoder,
    Piece,
    Resumable,
    Sampled,
    Source,
    State,
)
from tailboard_tui.formats.growth import growth

__all__ = [
    "ByteSource",
    "Complaint",
    "LineDecoder",
    "LineSource",
    "Piece",
    "Resumable",
    "Sampled",
    "Source",
    "State",
    "WholeSource",
]

QUIET_S = 5.0
"""A last line without a newline is taken as it is when the file has rested so long: nobody writes it."""

TAIL_LIMIT_BYTES = 64 * 1024
"""Of a last line that is taken without its newline."""

WHOLE_LIMIT_BYTES = 32 * 1024 * 1024
"""Of a file that can only be parsed as a whole: some 0.3 s of one core."""


class _File:
    """What all sources share: the path, and each reason not to read it told once."""

    def __init__(self, path: str, prefix: str) -> None:
        self.path = path
        self.prefix = prefix
        self._told: str | None = None

    def _news_of(self, problem: str | None) -> list[Complaint]:
        is_new = problem != self._told
        self._told = problem
        return [Complaint(None, problem)] if is_new and problem is not None else []


class ByteSource(_File):
    """A file of records that only grows."""

    def __init__(
        self,
        path: str,
        make: Callable[[], ByteDecoder],
        prefix: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(path, prefix)
        self._make = make
        self._decoder = make()
        self._file = Follower(path, keep_open=False)
        self._now = now
        self._is_told_unfinished = False

    def poll(self, limit_bytes: int) -> Piece:
        """The next points; never raises."""
        is_other = self._file.check()
        data = self._file.read(limit_bytes)
        self._file.rest()
        if is_other:
            self.rewind()
            return Piece(reset=True, more=True)
        complaints = self._news_of(self._file.problem)
        if not data:
            complaints += self._tell_unfinished()
            return Piece(complaints=complaints, more=self._file.is_in_doubt)
        self._is_told_unfinished = False
        self._file.take(data)
        self._decoder.feed(data)
        rows, found = self._decoder.take()
        more = len(data) == limit_bytes
        if not more:
            found += self._tell_unfinished()
        return Piece(rows, complaints + found, False, len(data), more)

    def _tell_unfinished(self) -> list[Complaint]:
        """Say once that a file that rests ends within a record."""
        count = self._decoder.pending_bytes
        if not count or self._is_told_unfinished or not _is_quiet(self.path, self._now()):
            return []
        self._is_told_unfinished = True
        return [Complaint(None, f"ends within a record: its last {count} bytes are not read")]

    def state(self) -> State | None:
        """Where reading stands; None where the decoder cannot tell, or within a large record."""
        decoder = self._decoder
        state = decoder.state() if isinstance(decoder, Resumable) else None
        if state is None or decoder.pending_bytes > TAIL_LIMIT_BYTES:
            return None
        return {"file": self._file.state(), "decoder": state, "told": [self._told, self._is_told_unfinished]}

    def restore(self, state: State) -> bool:
        """Go on there; False, standing at the start, when the file is another now."""
        self.rewind()
        decoder = self._decoder
        if not isinstance(decoder, Resumable) or not self._file.restore(state["file"]):
            return False
        self._file.rest()
        self._told, self._is_told_unfinished = state["told"]
        decoder.restore(state["decoder"])
        return True

    def rewind(self) -> None:
        """Start over."""
        self._file.rewind()
        self._decoder = self._make()

    def close(self) -> None:
        """Close the descriptor."""
        self._file.close()

    def progress(self) -> tuple[int, int]:
        """Bytes read and bytes in the file, at the last look."""
        return self._file.offset, self._file.size


class LineSource(_File):
    """A file of lines that only grows. A last line without newline is taken once the file rests."""

    def __init__(
        self,
        path: str,
        make: Callable[[], LineDecoder],
        prefix: str = "",
        now: Callable[[], float] = time.time,
        *,
        has_rows: bool = False,
    ) -> None:
        """A source.

        Args:
            path: The file.
            make: Makes a fresh decoder.
            prefix: Of its metrics.
            now: The time, Unix seconds.
            has_rows: Every line is a record that means the same without those before it: it may be sampled.
        """
        super().__init__(path, prefix)
        self._make = make
        self._has_rows = has_rows
        self.decoder = make()
        self._lines = LineFollower(path, keep_open=False)
        self._now = now
        self._tail: bytes | None = None
        """The unfinished last line that was taken as it stood."""

    def poll(self, limit_bytes: int) -> Piece:
        """The next points; never raises."""
        block = self._lines.poll(limit_bytes)
        if block.reset or self._is_other_tail(block.data):
            self.rewind()
            return Piece(reset=True, more=True)
        complaints = self._news_of(self._lines.file.problem)
        complaints += [Complaint(line, "longer than 1 MiB, left out") for line in block.too_long]
        used = len(block.data)
        if block.data and self._tail is not None:  # Only the newline of a line that is already taken.
            data = block.data[len(self._tail) + 1 :]
            block, self._tail = replace(block, data=data, first_line=block.first_line + 1), None
        if block.data:
            self.decoder.feed(block)
        elif not block.more and self._tail is None:
            self._take_rest(block)
        rows, found = self.decoder.take()
        return Piece(rows, complaints + found, False, used, block.more)

    def sample(self, count: int, share: float) -> Sequence[Rows]:
        """Rows from all over the file, where each line is one; see `Sampled`."""
        if not self._has_rows:
            return []
        from tailboard_tui.formats.sampling import sample_lines

        return sample_lines(self.path, round(count * share), self._make())

    def _is_other_tail(self, data: bytes) -> bool:
        """Whether the last line that was taken without its newline went on."""
        return bool(data) and self._tail is not None and not data.startswith(self._tail + b"\n")

    def _take_rest(self, block: Block) -> None:
        file = self._lines.file
        rest = file.size - file.offset
        if not 0 < rest <= TAIL_LIMIT_BYTES:
            return
        if not _is_quiet(self.path, self._now()):
            return
        try:
            data = read_slice(self.path, file.offset, rest)
        except OSError:
            return
        if b"\n" not in data and b"\0" not in data:
            self._tail = data
            self.decoder.feed(replace(block, data=data + b"\n", lines=1, end=file.size))

    def state(self) -> State | None:
        """Where reading stands; None where the decoder cannot tell."""
        state = self.decoder.state() if isinstance(self.decoder, Resumable) else None
        if state is None:
            return None
        tail = None if self._tail is None else self._tail.decode("latin-1")
        return {"file": self._lines.state(), "decoder": state, "told": self._told, "tail": tail}

    def restore(self, state: State) -> bool:
        """Go on there; False, standing at the start, when the file is another now."""
        self.rewind()
        if not isinstance(self.decoder, Resumable) or not self._lines.restore(state["file"]):
            return False
        self._lines.file.rest()
        self._told = state["told"]
        self._tail = None if state["tail"] is None else state["tail"].encode("latin-1")
        self.decoder.restore(state["decoder"])
        return True

    def rewind(self) -> None:
        """Start over."""
        self._lines.rewind()
        self.decoder = self._make()
        self._tail = None

    def close(self) -> None:
        """Close the descriptor."""
        self._lines.close()

    def progress(self) -> tuple[int, int]:
        """Bytes read and bytes in the file, at the last look."""
        offset, size = self._lines.file.offset, self._lines.file.size
        return (size if self._tail is not None else offset), size


class WholeSource(_File):
    """A file that its writer replaces or rewrites: parsed as a whole whenever it is another.

    Points that only grew at their end are given as such, so a chart of a run that rewrites its file
    every ten seconds grows like any other.
    """

    def __init__(
        self, path: str, parse: Callable[[bytes], tuple[list[Rows], list[Complaint]]], prefix: str = ""
    ) -> None:
        super().__init__(path, prefix)
        self._parse = parse
        self.rewind()

    def rewind(self) -> None:
        """Start over."""
        self._stamp: tuple[int, ...] | None = None
        self._failed_stamp: tuple[int, ...] | None = None
        self._given: dict[str, Rows] = {}
        self._size = 0

    def poll(self, limit_bytes: int) -> Piece:
        """The next points; never raises."""
        try:
            found = os.stat(self.path, follow_symlinks=False)
            stamp = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            if stamp == self._stamp:
                return Piece()
            data = read_slice(self.path, 0, WHOLE_LIMIT_BYTES + 1)
        except OSError as error:
            return self._fail(
                MISSING if isinstance(error, FileNotFoundError) else error.strerror or str(error)
            )
        if len(data) > WHOLE_LIMIT_BYTES:
            self._stamp = stamp
            return Piece(complaints=self._news_of(f"larger than {WHOLE_LIMIT_BYTES >> 20} MiB, not read"))
        rows, complaints = self._parse(data)
        if complaints and not rows and self._given and stamp != self._failed_stamp:
            self._failed_stamp = stamp  # Perhaps caught in the middle of a rewrite: look once more.
            return Piece()
        self._stamp, self._size, self._told = stamp, len(data), None
        now = {item.clock: item for item in rows}
        news = growth(self._given, now) if rows or not complaints else []
        if news is None:
            self.rewind()
            return Piece(reset=True, more=True)
        if rows:
            self._given = now
        return Piece(news, complaints, False, len(data))

    def _fail(self, problem: str) -> Piece:
        if self._given and problem == MISSING:
            self.rewind()
            return Piece(reset=True)
        return Piece(complaints=self._news_of(problem))

    def close(self) -> None:
        """Nothing stays open."""

    def progress(self) -> tuple[int, int]:
        """Bytes read and bytes in the file, at the last look."""
        return self._size, self._size


def _is_quiet(path: str, now: float) -> bool:
    try:
        return now - os.stat(path).st_mtime > QUIET_S
    except OSError:
        return False
