"""Our own run directory: facts from its small files, points from its metrics and system lines.

Source: docs/format.md, `tailboard.layout`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from tailboard import layout
from tailboard_tui.files.follow import Block, LineFollower
from tailboard_tui.files.opening import open_regular
from tailboard_tui.formats.base import POLL_BYTES, Chunk, Finish, LogFile, Problem, Rows, RunFacts, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.jsonlines import PROBLEM_LIMIT, JsonLines
from tailboard_tui.formats.native_facts import (
    PINS_KEPT,
    Annotations,
    Entry,
    Events,
    Journal,
    JsonFile,
    Stamp,
    git_of,
    with_numbers,
)
from tailboard_tui.formats.native_tail import Last, Tail, sample

PREVIEW_LEAST_BYTES = 1024 * 1024
"""A smaller file is read whole in the time that a sample takes."""

_RANKED = re.compile(r"(metrics|output)\.rank([1-9][0-9]{0,8})\.(jsonl|log)\Z")
_RUN_FILES = frozenset(
    {layout.RUN, layout.CONFIG, layout.METRICS, layout.SYSTEM, layout.OUTPUT, layout.EVENTS, layout.SUMMARY}
)


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

    source: ClassVar[str] = "tailboard"

    def __init__(self, path: str) -> None:
        self.path = path
        self._sources: dict[str, _Source] = {}
        self._directory_stamp: tuple[int, int] | None = None
        self._run = JsonFile(path, layout.RUN)
        self._config = JsonFile(path, layout.CONFIG)
        self._summary = JsonFile(path, layout.SUMMARY)
        self._events = Events()
        self._annotations = Annotations()
        self._pins: list[Mapping[str, Value]] = []
        self._journals = {
            layout.EVENTS: Journal(path, layout.EVENTS, self._events.add, self._events.clear),
            layout.ANNOTATIONS: Journal(
                path, layout.ANNOTATIONS, self._annotations.add, self._annotations.clear
            ),
            layout.ARTIFACTS: Journal(path, layout.ARTIFACTS, self._pin, self._pins.clear),
        }
        self._tails: dict[str, Tail] = {}
        self._facts: RunFacts | None = None
        self._facts_of: object = None

    # Facts

    def facts(self) -> RunFacts:
        """The facts now; only files that changed are read."""
        files, problems = self._list()
        stamps = {
            name: Stamp(found.st_ino, found.st_size, found.st_mtime_ns) for name, found in files.items()
        }
        texts = self._texts()
        state = (stamps, problems, texts, self._bad_lines())
        if self._facts is not None and state == self._facts_of:
            return self._facts
        self._facts_of = state
        for name, file in (
            (layout.RUN, self._run),
            (layout.CONFIG, self._config),
            (layout.SUMMARY, self._summary),
        ):
            file.update(stamps.get(name))
        for name, journal in self._journals.items():
            journal.update(stamps.get(name))
        for name in stamps.keys() | self._tails.keys():
            if _clock_of(name) is not None:
                self._tails.setdefault(name, Tail(self._path(name))).update(stamps.get(name))
        self._facts = self._describe(files, problems, texts)
        return self._facts

    def _list(self) -> tuple[dict[str, os.stat_result], tuple[Problem, ...]]:
        """The regular files of the directory, and what is wrong with those of our names."""
        files: dict[str, os.stat_result] = {}
        problems: list[Problem] = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    name = entry.name
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    if stat.S_ISREG(found.st_mode):
                        files[name] = found
                    elif name in _RUN_FILES:
                        problems.append(Problem(name, None, "not a regular file"))
        except OSError as error:
            problems.append(Problem(".", None, error.strerror or str(error)))
        return files, tuple(problems)

    def _describe(
        self, files: Mapping[str, os.stat_result], problems: tuple[Problem, ...], texts: Mapping[str, str]
    ) -> RunFacts:
        wrong: list[Problem] = [*problems]
        run = Entry(self._run.data, layout.RUN, None, wrong)
        base = os.path.basename(self.path)
        run_id = run.text("id")
        if run_id is not None and not layout.is_run_id(run_id):
            wrong.append(Problem(layout.RUN, None, "id is not a valid run id"))
            run_id = None
        noted, last = self._annotations, self._last_of(layout.METRICS)
        points = [found for name, found in files.items() if _clock_of(name) is not None]
        facts = RunFacts(
            id=run_id or base,
            name=noted.name or run.text("name") or run_id or base,
            source=self.source,
            path=self.path,
            project=run.text("project"),
            group=run.text("group"),
            job_type=run.text("job_type"),
            tags=run.texts("tags") if noted.tags is None else noted.tags,
            notes=run.text("notes") if noted.notes is None else noted.notes,
            created=run.number("created"),
            command=_command(run),
            cwd=run.text("cwd"),
            host=run.text("host"),
            user=run.text("user"),
            pid=run.integer("pid"),
            boot_id=run.text("boot_id"),
            process_start=run.number("process_start"),
            python=run.text("python"),
            platform=run.text("platform"),
            seed=run.integer("seed"),
            git=git_of(run.inner("git")),
            hardware=run.inner("hardware").flat(),
            resumed_from=run.text("resumed_from"),
            config=flatten(self._config.data),
            summary={**texts, **with_numbers(flatten(self._summary.data))},
            metric_defs=tuple(self._events.metric_defs.values()),
            finish=self._finish(),
            alerts=tuple(self._events.alerts),
            log_files=self._log_files(files),
            diff_path=self._path(layout.GIT_DIFF) if layout.GIT_DIFF in files else None,
            packages_path=self._path(layout.PACKAGES) if layout.PACKAGES in files else None,
            artifacts=tuple(self._pins),
            last_step=last.step,
            last_values=last.values,
            last_time=_newest([self._events.last_time, *(tail.last.time for tail in self._tails.values())]),
            size_bytes=sum(found.st_size for found in points),
            modified=max((found.st_mtime for found in files.values()), default=None),
        )
        return replace(facts, problems=(*wrong, *self._problems()))

    def _problems(self) -> tuple[Problem, ...]:
        found = [*self._run.problems, *self._config.problems, *self._summary.problems]
        for journal in self._journals.values():
            found += journal.problems
        found += self._events.warnings
        found += [
            Problem(name, None, tail.last.problem) for name, tail in self._tails.items() if tail.last.problem
        ]
        for name, bad_lines in self._bad_lines():
            if bad_lines > PROBLEM_LIMIT:
                found.append(
                    Problem(name, None, f"{bad_lines - PROBLEM_LIMIT:,} more lines could not be read")
                )
        return tuple(found)

    def _finish(self) -> Finish | None:
        """How the run ended, unless a metrics line is newer than that."""
        finish, last = self._events.finish, self._last_of(layout.METRICS).time
        if finish is None or finish.time is None or last is None:
            return finish
        return None if last > finish.time else finish

    def _last_of(self, name: str) -> Last:
        tail = self._tails.get(name)
        return Last() if tail is None else tail.last

    def _log_files(self, files: Mapping[str, os.stat_result]) -> tuple[LogFile, ...]:
        found: list[tuple[int, LogFile]] = []
        for name in files:
            match = _RANKED.match(name)
            if name == layout.OUTPUT:
                rank = 0
            elif match is not None and match[1] == "output" and match[3] == "log":
                rank = int(match[2])
            else:
                continue
            index = layout.ranked(layout.OUTPUT_INDEX, rank)
            found.append(
                (rank, LogFile(self._path(name), name, self._path(index) if index in files else None))
            )
        return tuple(log for _, log in sorted(found, key=lambda item: item[0]))

    def _pin(self, entry: Entry) -> None:
        if len(self._pins) < PINS_KEPT:
            self._pins.append(entry.flat())

    def _texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in self._sources.values():
            found = {**source.parser.texts, **found}
        return found

    def _bad_lines(self) -> tuple[tuple[str, int], ...]:
        return tuple((source.name, source.parser.bad_lines) for source in self._sources.values())

    def _path(self, name: str) -> str:
        return os.path.join(self.path, name)

    # Points

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
            fd = open_regular(self._path(layout.METRICS))
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
        }

    def restore(self, state: Mapping[str, Any]) -> bool:
        """Go on where `state` was taken. False, standing at the start, when a file is another now."""
        self._forget_sources()
        for name, saved in state.items():
            clock = _clock_of(name)
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
        try:
            found = os.stat(self.path)
            stamp = (found.st_ino, found.st_mtime_ns)
            if stamp == self._directory_stamp:
                return
            names = os.listdir(self.path)
        except OSError:
            return
        self._directory_stamp = stamp
        for name in names:
            clock = _clock_of(name)
            if clock is not None and name not in self._sources:
                self._add_source(name, clock)
        self._sources = dict(sorted(self._sources.items(), key=lambda item: _order(item[0])))

    def _add_source(self, name: str, clock: str) -> _Source:
        path = self._path(name)
        parser = JsonLines(name, clock, "system" if name == layout.SYSTEM else "metrics")
        source = self._sources[name] = _Source(name, LineFollower(path), parser)
        try:
            source.follower.file.size = os.stat(path, follow_symlinks=False).st_size
        except OSError:
            source.follower.file.size = 0
        return source


def _clock_of(name: str) -> str | None:
    """The clock of a file of points by its name, or None for any other file."""
    if name == layout.METRICS:
        return ""
    if name == layout.SYSTEM:
        return "system"
    match = _RANKED.match(name)
    return f"rank{match[2]}" if match is not None and match[1] == "metrics" and match[3] == "jsonl" else None


def _order(name: str) -> tuple[int, int]:
    """The run's own metrics first, then other ranks' by number, resource samples last."""
    match = _RANKED.match(name)
    return (2, 0) if name == layout.SYSTEM else (1, int(match[2])) if match else (0, 0)


def _command(run: Entry) -> str | None:
    return " ".join(run.texts("command")) or None


def _newest(times: Iterable[float | None]) -> float | None:
    return max((time for time in times if time is not None), default=None)
