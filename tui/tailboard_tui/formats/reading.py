"""`RunReader`: what all readers of foreign formats share. A format says which files and which facts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from msgspec import structs

from tailboard_tui.formats.base import POLL_BYTES, Chunk, Problem, Rows, RunFacts, Value
from tailboard_tui.formats.listing import Listings
from tailboard_tui.formats.media import MediaRecord
from tailboard_tui.formats.sources import Complaint, Resumable, Sampled, Source, State
from tailboard_tui.formats.surroundings import surroundings, title

MAX_PROBLEMS = 200
"""Told one by one; a file of nothing but damage stays readable."""


LEAST_BYTES_SAMPLED = 1024 * 1024
"""Less is read whole in the time that a sample takes."""


@dataclass(frozen=True, slots=True)
class Peek:
    """What the ends of a run's files tell before they are parsed."""

    first_time: float | None = None
    last_time: float | None = None
    last_step: float | None = None
    last_values: Mapping[str, float] = field(default_factory=dict)


class RunReader:
    """Reads one run whose points come from files of any number.

    A format derives from it and gives `sources` and `describe`; `rename` and `peek` where it needs them.
    Nothing here writes, locks or waits.
    """

    source: ClassVar[str]

    def __init__(self, path: str) -> None:
        self.path = path
        self.listings = Listings()
        self._sources: list[Source] = []
        self._stamp: tuple[object, ...] | None = None
        self._facts: RunFacts | None = None
        self._told = 0
        self.keeps_media = False
        self.media: list[MediaRecord] = []
        """Found by the sources since `take_media`, where `keeps_media`."""
        self._is_void = False
        """A file that had given points is gone."""

    # What a format gives

    def sources(self) -> Iterable[Source]:
        """The files that give points, as they are now, in the order in which they are read.

        Called at every poll: it makes a new source only for a path that `known` does not have.
        """
        raise NotImplementedError

    def describe(self) -> RunFacts:
        """The facts as the small files and `peek` tell them; called when one of `watched` changed."""
        raise NotImplementedError

    def told_beside(
        self, peek: Peek, summary: Mapping[str, Value] | None = None, total_steps: float | None = None
    ) -> RunFacts:
        """Facts as the configuration and the logs beside the metrics, and the ends of the files, tell them.

        Args:
            peek: What the ends of the files tell.
            summary: What else the format tells.
            total_steps: The planned number of steps, where the format itself tells it.
        """
        beside = surroundings(self.path, self.listings.of(self.path))
        name = title(self.path)
        return RunFacts(
            id=name,
            name=name,
            source=self.source,
            path=self.path,
            created=peek.first_time,
            config=beside.config,
            summary=summary or {},
            total_steps=total_steps,
            log_files=beside.log_files,
            last_step=peek.last_step,
            last_time=peek.last_time,
            last_values=peek.last_values,
            problems=beside.problems,
        )

    def watched(self) -> Iterable[str]:
        """Further files on which `describe` depends, beside the sources."""
        return ()

    # What the store calls

    def main_file(self, names: Sequence[str], holds: Callable[[str], bool]) -> list[str]:
        """The file of points: the run itself where it is one file, else the first of `names` there.

        Args:
            holds: Whether a file is of the format, asked only where several of the names are there.
        """
        files = self.listings.of(self.path).files
        if not files and not os.path.isdir(self.path):
            return [self.path]
        paths = [f"{self.path}/{name}" for name in names if name in files]
        return paths[:1] if len(paths) < 2 else [path for path in paths if holds(path)][:1]

    def known(self, path: str) -> Source | None:
        """The source of this path, if there is one already."""
        return next((source for source in self._sources if source.path == path), None)

    def facts(self) -> RunFacts:
        """The facts now; described anew only when a file changed."""
        with self.listings.held():
            return self._facts_now()

    def _facts_now(self) -> RunFacts:
        self._look()
        sizes, newest = 0, 0.0
        stamp: list[object] = []
        for path, counts in self._files():
            try:
                found = os.stat(path, follow_symlinks=False)
            except OSError:
                stamp.append((path, None))
                continue
            stamp.append((path, found.st_ino, found.st_size, found.st_mtime_ns))
            newest = max(newest, found.st_mtime)
            sizes += found.st_size if counts else 0
        now = (*stamp, *self.extra_stamp())
        if self._facts is None or now != self._stamp:
            self._stamp = now
            facts = self.describe()
            if ".hydra" in self.listings.of(self.path).directories:
                from tailboard_tui.formats.hydra import decorated

                facts = decorated(facts, self.path)
            self._facts = structs.replace(
                facts, size_bytes=sizes, modified=newest or None, problems=facts.problems[:MAX_PROBLEMS]
            )
        return self._facts

    def watch_paths(self) -> tuple[str, ...]:
        """Files and directories of which a change of size, time or inode says that there is something new."""
        if self._facts is None:
            self.facts()  # Which directories matter is known once all have been looked at.
        self._look()
        files = [path for path, _ in self._files()]
        return (*self.listings.known(), *files)

    def extra_stamp(self) -> tuple[object, ...]:
        """What else `describe` depends on, for example what parsing found; compared by equality."""
        return ()

    def _files(self) -> Iterator[tuple[str, bool]]:
        for source in self._sources:
            yield source.path, True
        for path in self.watched():
            yield path, False

    def poll(self, limit_bytes: int = POLL_BYTES) -> Chunk:
        """The next points of the files, one file after the other."""
        rows: list[Rows] = []
        problems: list[Problem] = []
        used, before, more = 0, 0, False
        self._look()
        if self._is_void:
            return self._start_over()
        for source in self._sources:
            if used >= limit_bytes:
                more = True
                break
            piece = source.poll(limit_bytes - used)
            if piece.reset:
                return self._start_over()
            end = before + source.progress()[0]
            rows.extend(_placed(item, source.prefix, end) for item in piece.rows)
            problems.extend(self._problems(source.path, piece.complaints))
            used += piece.bytes_used
            more = more or piece.more
            before += source.progress()[1]
            if piece.more:
                break  # One file is read to its end before the next, so that any limits give one order.
        read = total = 0
        for source in self._sources:
            one, of = source.progress()
            read, total = read + one, total + of
        return Chunk(tuple(self.finish_rows(rows)), tuple(problems), False, read, total, more)

    def state(self) -> State | None:
        """Where reading stands, for `restore` in another process; None where a source cannot tell."""
        kept: dict[str, State] = {}
        for source in self._sources:
            state = source.state() if isinstance(source, Resumable) else None
            if state is None:
                return None
            kept[os.path.relpath(source.path, self.path)] = state
        return {"sources": kept, "extra": self.extra_state(), "told": self._told} if kept else None

    def restore(self, state: State) -> bool:
        """Go on where `state` was taken. False, standing at the start, when a file is another now."""
        self._look()
        self._start_over()
        if not state:
            return False
        kept = dict(state["sources"])
        for source in self._sources:
            saved = kept.pop(os.path.relpath(source.path, self.path), None)
            if saved is not None and not (isinstance(source, Resumable) and source.restore(saved)):
                break
        else:
            if not kept:
                self._told = int(state["told"])
                self.restore_extra(state["extra"])
                return True
        self._start_over()
        return False

    def extra_state(self) -> State:
        """What a format keeps beside its sources, for `restore_extra`, in JSON's types."""
        return {}

    def restore_extra(self, state: State) -> None:
        """Go on there."""

    def finish_rows(self, rows: list[Rows]) -> Sequence[Rows]:
        """The last word on new rows; as they are unless a format knows better."""
        return rows

    def begin(self) -> None:
        """All points are void: forget what earlier ones told."""

    def _start_over(self) -> Chunk:
        for source in self._sources:
            source.rewind()
        self._told = 0
        self._is_void = False
        self.media = []
        self.begin()
        total = sum(source.progress()[1] for source in self._sources)
        return Chunk(reset=True, bytes_total=total, more=bool(self._sources))

    def look(self) -> Sequence[Source]:
        """The sources as they are now."""
        self._look()
        return self._sources

    def _look(self) -> None:
        """Bring the sources up to date."""
        now = list(self.sources())
        for source in self._sources:
            if source not in now:
                source.close()
                self._is_void = self._is_void or source.progress()[0] > 0
        self._sources = now

    def _problems(self, path: str, complaints: Sequence[Complaint]) -> Iterator[Problem]:
        name = os.path.relpath(path, self.path) if path != self.path else os.path.basename(path)
        for complaint in complaints:
            self._told += 1
            if self._told <= MAX_PROBLEMS:
                yield Problem(name, complaint.line, complaint.message)
            elif self._told == MAX_PROBLEMS + 1:
                yield Problem(name, None, "more of the kind is not listed")

    def keep_media(self) -> None:
        """Gather images, histograms, texts and tables, too; called before the first poll."""
        self.keeps_media = True

    def take_media(self) -> list[MediaRecord]:
        """What was gathered since the last call; a chunk with `reset` voids all before it."""
        found, self.media = self.media, []
        return found

    def preview(self, lines: int = 800) -> Chunk:
        """A sample of the files, if they are large and their sources can give one."""
        self._look()
        sizes = [_size_of(source.path) for source in self._sources]
        total, before = sum(sizes), 0
        if total < LEAST_BYTES_SAMPLED:
            return Chunk()
        rows: list[Rows] = []
        for source, size in zip(self._sources, sizes, strict=True):
            if isinstance(source, Sampled) and size:
                with contextlib.suppress(OSError):  # `poll` says why it cannot be read
                    for item in source.sample(lines, size / total):
                        offsets = None if item.offsets is None else item.offsets + before
                        rows.append(replace(_placed(item, source.prefix, 0), offsets=offsets))
            before += size
        return Chunk(tuple(rows), bytes_total=total, more=True) if rows else Chunk()

    def close(self) -> None:
        """Close open descriptors. The reader can be polled again afterwards."""
        for source in self._sources:
            source.close()


def _size_of(path: str) -> int:
    try:
        return os.stat(path, follow_symlinks=False).st_size
    except OSError:
        return 0


def _placed(rows: Rows, prefix: str, end: int) -> Rows:
    """The rows under their prefix, with the place up to which the run's files were read for them."""
    if not prefix:
        return replace(rows, end=end)
    columns = {prefix + name: column for name, column in rows.columns.items()}
    return replace(rows, clock=prefix + rows.clock, columns=columns, end=end)
