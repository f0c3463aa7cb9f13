"""Our own run directory: facts from its small files, points from its metrics and system lines.

Source: docs/format.md, `tailboard.layout`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from tailboard import layout
from tailboard_tui.files.follow import Block, LineFollower
from tailboard_tui.files.opening import open_regular
from tailboard_tui.formats.base import POLL_BYTES, Chunk, Problem, Rows, RunFacts
from tailboard_tui.formats.native_facts import NativeFacts, clock_of
from tailboard_tui.formats.native_tail import sample

if TYPE_CHECKING:  # numpy comes with the first points: a list of runs does not wait for it
    from tailboard_tui.formats.jsonlines import JsonLines

PREVIEW_LEAST_BYTES = 1024 * 1024
"""A smaller file is read whole in the time that a sample takes."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One file of points."""

    name: str
    follower: LineFollower
    parser: JsonLines

    def rewind(self) -> None:
        self.follower.rewind()
        self.parser.restart()


class NativeReader:
    """Reads one run directory that `tailboard` wrote."""

    __slots__ = ("_directory_stamp", "_small", "_sources", "path")

    source: ClassVar[str] = "tailboard"

    def __init__(self, path: str) -> None:
        self.path = path
        self._sources: dict[str, _Source] = {}
        self._directory_stamp: tuple[int, int] | None = None
        self._small: NativeFacts | None = None

    def facts(self) -> RunFacts:
        """The facts now; only files that changed are read."""
        if self._small is None:
            self._small = NativeFacts(self.path)
        texts: dict[str, str] = {}
        problems: list[Problem] = []
        for source in self._sources.values():
            texts = {**source.parser.texts, **texts}
            if unnamed := source.parser.unnamed_bad_lines:
                problems.append(Problem(source.name, None, f"{unnamed:,} more lines could not be read"))
        return self._small.facts(texts, problems)

    def poll(self, limit_bytes: int = POLL_BYTES) -> Chunk:
        """The next points: the run's own metrics, then other ranks' in order, then resource samples."""
        self._find_sources()
        rows: list[Rows] = []
        problems: list[Problem] = []
        left, more = limit_bytes, False
        for source in self._sources.values():
            if left <= 0:
                more = True
                break
            block = source.follower.poll(left)
            if block.reset:
                return self._start_over()
            found, wrong = source.parser.parse(block)
            rows += [found] if found is not None else []
            problems += wrong
            left -= len(block.data)
            if block.more:
                more = True
                break
        return self._chunk(tuple(rows), tuple(problems), more=more)

    def preview(self, lines: int = 800) -> Chunk:
        """One whole line at each of `lines` offsets spread over metrics.jsonl, exactly as it stands."""
        try:
            fd = open_regular(f"{self.path}/{layout.METRICS}")
        except OSError:
            return Chunk()
        try:
            size = os.fstat(fd).st_size
            if size < PREVIEW_LEAST_BYTES:
                return Chunk()
            found = sample(fd, size, lines)
        except OSError:
            return Chunk()
        finally:
            os.close(fd)
        import numpy as np

        from tailboard_tui.formats.jsonlines import JsonLines

        text = b"\n".join([*found.values(), b""])
        rows, _ = JsonLines(layout.METRICS).parse(Block(text, 2, len(found), 0))
        if rows is None:
            return Chunk()
        offsets = np.fromiter(found, np.int64, len(found))
        return Chunk((replace(rows, offsets=offsets),), bytes_total=size, more=True)

    def close(self) -> None:
        """Close open descriptors. The reader can be polled again afterwards."""
        for source in self._sources.values():
            source.follower.close()

    def state(self) -> Mapping[str, Any]:
        """Where reading stands, in JSON's types: for `restore` in another process."""
        return {
            name: {"file": source.follower.state(), "parser": source.parser.state()}
            for name, source in self._sources.items()
            if source.follower.file.offset
        }

    def restore(self, state: Mapping[str, Any]) -> bool:
        """Go on where `state` was taken. False, standing at the start, when a file is another now."""
        self._forget_sources()
        for name, saved in state.items():
            clock = clock_of(name)
            source = self._add_source(name, clock) if clock is not None else None
            if source is None or not source.follower.restore(saved["file"]):
                self._forget_sources()
                return False
            source.parser.restore(saved["parser"])
        return True

    def _forget_sources(self) -> None:
        self.close()
        self._sources = {}
        self._directory_stamp = None

    def _start_over(self) -> Chunk:
        for source in self._sources.values():
            source.rewind()
        return replace(self._chunk((), (), more=True), reset=True)

    def _chunk(self, rows: tuple[Rows, ...], problems: tuple[Problem, ...], *, more: bool) -> Chunk:
        files = [source.follower.file for source in self._sources.values()]
        return Chunk(
            rows,
            problems,
            bytes_read=sum(file.offset for file in files),
            bytes_total=sum(file.size for file in files),
            more=more,
        )

    def _find_sources(self) -> None:
        """Notice files of points that came; one that went says so itself when it is polled."""
        names = {layout.METRICS, layout.SYSTEM} | self._listed_when_changed()
        if self._small is not None:
            names |= self._small.point_files()
        for name in names - self._sources.keys():
            clock = clock_of(name)
            if clock is not None:
                self._add_source(name, clock)
                self._sources = dict(sorted(self._sources.items(), key=lambda item: _order(item[0])))

    def _listed_when_changed(self) -> set[str]:
        """Names in the directory if its time moved since the last look.

        Within one tick of the file system's clock a new file may be overlooked: `facts` lists anyway.
        """
        try:
            found = os.stat(self.path)
            stamp = (found.st_ino, found.st_mtime_ns)
            if stamp == self._directory_stamp:
                return set()
            names = set(os.listdir(self.path))
        except OSError:
            return set()
        self._directory_stamp = stamp
        return names

    def _add_source(self, name: str, clock: str) -> _Source:
        from tailboard_tui.formats.jsonlines import JsonLines

        path = f"{self.path}/{name}"
        parser = JsonLines(name, clock, "system" if name == layout.SYSTEM else "metrics")
        source = self._sources[name] = _Source(name, LineFollower(path), parser)
        try:
            source.follower.file.size = os.stat(path, follow_symlinks=False).st_size
        except OSError:
            source.follower.file.size = 0
        return source


def _order(name: str) -> tuple[bool, int, str]:
    """The run's own metrics first, then other ranks' by number, resource samples last."""
    return name == layout.SYSTEM, len(name), name
