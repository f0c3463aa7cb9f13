"""A plain log as a run: what a program printed is all there is of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

from tailboard_tui.files.follow import Block
from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.base import LogFile, Problem, RunFacts
from tailboard_tui.formats.patterns import LogLines, Pattern, looks_like_log_of_metrics, user_patterns
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.sources import LineSource, Source
from tailboard_tui.formats.surroundings import title

LOOK_BYTES = 4096


@cache
def configured() -> tuple[tuple[Pattern, ...], tuple[str, ...]]:
    """The user's own patterns, and what is wrong with them."""
    from tailboard_tui.settings import load_settings

    patterns, problems = user_patterns(load_settings().patterns)
    return tuple(patterns), tuple(problems)


def log_source(path: str) -> Source:
    """The metrics in the log at `path`."""
    return LineSource(path, lambda: LogLines(configured()[0]))


def holds_metrics(path: str) -> bool:
    """Whether the end of a log has lines with metrics."""
    return looks_like_log_of_metrics(_tail(path), configured()[0])


def peek_at_log(path: str) -> Peek:
    """What the last lines of a log tell."""
    lines = LogLines(configured()[0])
    data = _tail(path)
    start = 0 if len(data) < LOOK_BYTES else data.find(b"\n") + 1
    whole = data[start : data.rfind(b"\n") + 1]
    lines.feed(Block(whole, 1, whole.count(b"\n"), len(whole)))
    values: dict[str, float] = {}
    step = time = None
    for rows in lines.take()[0]:
        values.update({name: float(column.values[-1]) for name, column in rows.columns.items()})
        step = max(step or 0.0, float(rows.steps[-1])) if rows.steps[-1] == rows.steps[-1] else step
        time = float(rows.times[-1]) if rows.times[-1] == rows.times[-1] else time
    return Peek(None, time, step, values)


def _tail(path: str) -> bytes:
    try:
        size = os.stat(path, follow_symlinks=False).st_size
        return read_slice(path, max(size - LOOK_BYTES, 0), LOOK_BYTES)
    except OSError:
        return b""


class LogReader(RunReader):
    """One log file."""

    source = "log"

    def sources(self) -> Iterable[Source]:
        """The log itself."""
        return [self.known(self.path) or log_source(self.path)]

    def describe(self) -> RunFacts:
        """Facts from the last lines."""
        peek = peek_at_log(self.path)
        return RunFacts(
            id=os.path.basename(self.path),
            name=title(self.path),
            source=self.source,
            path=self.path,
            log_files=(LogFile(self.path, os.path.basename(self.path)),),
            last_step=peek.last_step,
            last_time=peek.last_time,
            last_values=peek.last_values,
            problems=tuple(Problem("config.toml", None, problem) for problem in configured()[1]),
        )


class PlainLogReader(LogReader):
    """A log without metrics at its end, asked for by its name: output to look at, until it holds more."""

    def sources(self) -> Iterable[Source]:
        """The log once it holds metrics."""
        return super().sources() if self._sources or holds_metrics(self.path) else []

    def watched(self) -> Iterable[str]:
        """The log itself, also while it is no source."""
        return [] if self._sources else [self.path]
