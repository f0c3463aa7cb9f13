"""One run as the worker keeps it: its reader, its points while they are held, its row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from tailboard_tui.files import remote
from tailboard_tui.files.changes import MAX_ENTRIES, Signature, glance, signature, signature_of
from tailboard_tui.files.opening import NotRegularError
from tailboard_tui.formats.base import POLL_BYTES, Chunk, Problem, Reader, RunFacts
from tailboard_tui.formats.detect import NATIVE, Found, reader_of
from tailboard_tui.formats.registry import split_run
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.index import Entry, RunIndex
from tailboard_tui.store.model import Points, RunRow
from tailboard_tui.store.progress import Plan, plan
from tailboard_tui.store.rowmaker import Digest, Reading, Surroundings, is_live, make_row

if TYPE_CHECKING:  # numpy comes with the first points: the first rows do not wait for it
    from tailboard_tui.store.columns import RunColumns

MAX_PROBLEMS = 1000
"""Problems kept of one run; what is beyond is counted."""

FOREIGN_DEPTH = 3
"""Levels of a foreign run's directory in which files that change are looked for, where its reader does
not name them. Ours has all its files in one."""

SETTLED_S = 2.0
"""A file written less than this before a look may change again within the tick of its time (2 s on FAT)."""

_Got = TypeVar("_Got")


class TrackedRun:
    """Reads one run for the worker. Times are Unix seconds and come in as `now`.

    Whatever its reader raises becomes a problem of this run: a reader meets hostile files, and one bad
    run must not cost the others.

    Attributes:
        key: The run's path.
        columns: Its points, while they are held.
        points: What screens get: a frozen view of `columns` as of the last `tell`.
        row: As of the last `tell`.
        is_read: Whether all that the files hold, as far as we know, has been read at some time.
        is_stale: Whether something changed since the last `tell`.
        next_check: When the worker looks at it again.
        checked_at: When the worker last looked; 0 for never.
        last_change: When it was last seen to grow; 0 for never.
        is_announced: Whether an event told of a change since the last look.
        reading_s: What reading its points took so far, seconds.
        not_before: Its points are not to be read anew before this time.
    """

    def __init__(self, found: Found, cache: ColumnCache) -> None:
        """A run of which nothing is read yet.

        Args:
            cache: Where the points of large runs are kept for the next open.
        """
        self.key = found.path
        self.columns: RunColumns | None = None
        self.points: Points | None = None
        self.row: RunRow
        self.is_read = False
        self.is_stale = True
        self.next_check = self.checked_at = self.last_change = 0.0
        self.is_announced = False
        self.reading_s = self.not_before = 0.0
        self._found = found
        self._cache = cache
        self._file = found.path if found.format.runs_in_file is None else split_run(found.path)[0]
        self._depth = 1 if found.format is NATIVE else FOREIGN_DEPTH
        self._reader: Reader | None = None
        self._facts: RunFacts | None = None
        self._plan = Plan()
        self._signature: Signature | None = None
        self._failure: Problem | None = None
        self._digest: Digest | None = None
        self._bytes = (0, 0)
        self._entry: Entry | None = None

    # Looking

    @property
    def directory(self) -> str:
        """Where events of its files are to be had: the run itself, or what holds it."""
        return self._file if os.path.isdir(self._file) else os.path.dirname(self._file)

    @property
    def is_live(self) -> bool:
        """Whether its status may change by time alone."""
        return is_live(self.row.status)

    @property
    def usual_gap_s(self) -> float:
        """Median time between its recent records, 0 when unknown."""
        rhythm = None if self._digest is None else self._digest.pace.rhythm
        return 0.0 if rhythm is None else rhythm.usual_s

    def has_changed(self, now: float, *, revalidate: bool = False) -> bool:
        """Whether anything was written since the last look, by all its files. The first look says yes."""
        known, self._signature = self._signature, self._sign(revalidate)
        self._failure = None
        if known == self._signature:
            return False
        if known is not None and self._signature is not None and known.writes != self._signature.writes:
            self.last_change = now
        return True

    def seems_changed(self) -> bool:
        """The same more cheaply, for runs that are long quiet: by the newest of its files only."""
        known = self._signature
        return known is None or glance(known.hot) != known.glance

    def forget_signature(self) -> None:
        """Take the next look for the first."""
        self._signature = None

    def _sign(self, revalidate: bool) -> Signature | None:
        paths = self._ask(_watch_paths, None)
        if paths is not None:
            return signature_of(paths, revalidate=revalidate)
        try:
            return signature(self._file, depth=self._depth, revalidate=revalidate)
        except OSError:
            return None  # Unreadable for now: the reader says so among the problems.

    # The index

    def recall(self, index: RunIndex) -> bool:
        """Take what the index tells of the run, if its files are still the same. Whether they are."""
        entry = index.get(self.key, self._found.format.name)
        if entry is None:
            return False
        self._facts, self._plan, self._digest = entry.facts, plan(entry.facts), entry.digest
        self._bytes, self._signature = (entry.bytes_read, entry.bytes_total), entry.signature
        self._entry = entry
        self.is_read = self.is_stale = True
        return True

    def entry(self) -> Entry | None:
        """For the index, if the run has ended, is read, and its files were left alone for a while."""
        facts, digest, signature, kept = self._facts, self._digest, self._signature, self._entry
        if kept is not None and facts is kept.facts and digest is kept.digest and signature is kept.signature:
            return kept
        if not self.is_read or self.is_live or self._failure is not None:
            return None
        if facts is None or digest is None or signature is None:
            return None
        paths = self._depends_on()
        if paths is None or not _are_settled(paths, self.checked_at):
            return None
        stamps = glance(paths)  # taken before it is made sure that they are those of what was read
        if self._sign(revalidate=False) != signature:
            return None
        inside = f"{self.key}/"
        files = tuple("" if path == self.key else path.removeprefix(inside) for path in paths)
        return Entry(self._found.format.name, files, stamps, signature, facts, digest, *self._bytes)

    def _depends_on(self) -> list[str] | None:
        """The files and directories whose changes are all that can change the run; None: not known."""
        if self._found.format is not NATIVE:
            paths = self._ask(_watch_paths, None)
            return None if paths is None else [*paths]
        try:
            names = os.listdir(self.key)
        except OSError:
            return None
        return [self.key, *(f"{self.key}/{name}" for name in names)] if len(names) < MAX_ENTRIES else None

    # Reading

    def read_facts(self) -> None:
        """Read the small files again, as far as they changed."""
        facts = self._ask(lambda reader: reader.facts(), self._facts)
        if facts is None:
            name = os.path.basename(self.key)
            facts = RunFacts(name, name, self._found.format.name, self.key)
        if facts is not self._facts:
            self._facts, self._plan, self.is_stale = facts, plan(facts), True

    def preview(self) -> None:
        """Read a true but coarse sample of the points that are not read yet."""
        columns = self._hold_columns()
        if not columns.is_complete:
            columns.apply_preview(self._ask(lambda reader: reader.preview(), Chunk()))
        self.is_stale = True

    def read_some(self, limit_bytes: int = POLL_BYTES) -> bool:
        """Read the next points; whether there are more at once."""
        columns = self._hold_columns()
        chunk = self._ask(lambda reader: reader.poll(limit_bytes), Chunk())
        columns.apply(chunk)
        self._bytes = (chunk.bytes_read, chunk.bytes_total)
        self.is_read = not chunk.more or (self.is_read and not chunk.reset)
        self.is_stale = True
        if not chunk.more:
            self.read_facts()  # Text logged among the points belongs to them.
        return chunk.more

    def read_all(self) -> None:
        """Read all points there are."""
        while self.read_some():
            pass

    def keep(self) -> None:
        """Leave the points to the cache, where it wants them."""
        columns = self.columns
        if columns is not None and self.has_all_points:
            self._ask(lambda reader: self._cache.save(reader, columns), False)

    def _hold_columns(self) -> RunColumns:
        """The columns that new points go to: those at hand, from the cache, or empty ones."""
        if self.columns is None:
            from tailboard_tui.store.columns import RunColumns

            self.columns = self._ask(self._cache.load, None) or RunColumns()
        return self.columns

    @property
    def has_all_points(self) -> bool:
        """Whether all points that the files hold, as far as we know, are here."""
        return self.is_read and self.columns is not None and self.columns.is_complete

    @property
    def held_bytes(self) -> int:
        """Memory that its points take."""
        return 0 if self.columns is None else self.columns.nbytes

    def let_go(self) -> None:
        """Give the points back, keeping what they told. Reading begins anew at the first byte."""
        self.summarise()
        self.close()
        self._reader = self.columns = self.points = None

    def close(self) -> None:
        """Close open files; reading goes on where it stood when asked to."""
        if self._reader is not None:
            try:
                self._reader.close()
            except Exception as error:  # noqa: BLE001  # shown as the run's problem, see the class
                self._fail(error)

    def _ask(self, question: Callable[[Reader], _Got], otherwise: _Got) -> _Got:
        """What the reader answers; `otherwise` when it fails."""
        try:
            if self._reader is None:
                self._reader = reader_of(self._found)
            if os.path.islink(self._file):  # its path was a real one: what it now leads to is another's
                self._reader.close()
                raise NotRegularError(0, "a link stands in its place", self._file)
            return question(self._reader)
        except Exception as error:  # noqa: BLE001  # shown as the run's problem, see the class
            self._fail(error)
            return otherwise

    def _fail(self, error: Exception) -> None:
        self._failure = Problem("", None, f"cannot be read: {type(error).__name__}: {error}")
        self.is_stale = True

    # Telling

    def summarise(self) -> None:
        """Take from the held points what screens see and, once all are read, what stays when they go."""
        if self.columns is None or not self.is_stale:
            return
        self.points = self.columns.points()
        if self.has_all_points:
            from tailboard_tui.store.digest import digest

            self._digest = digest(self.columns, () if self._facts is None else self._facts.metric_defs)

    def tell(self, now: float, around: Surroundings) -> RunRow:
        """Make the row anew from all that is known."""
        self.summarise()
        if self._facts is None:
            self.read_facts()
        assert self._facts is not None
        reading = Reading(self.is_read, *self._bytes)
        self.row = make_row(
            self.key,
            self._facts,
            self._plan,
            self._digest,
            reading,
            self._problems(self._facts),
            0.0 if remote.is_copied(self.key) else self.last_change,  # a copy grows when it is fetched
            now,
            around,
        )
        self.is_stale = False
        return self.row

    def _problems(self, facts: RunFacts) -> tuple[Problem, ...]:
        if self.columns is not None:
            found = facts.problems + self.columns.problems
        else:
            found = facts.problems + (() if self._digest is None else self._digest.problems)
        if self._failure is not None:
            found = (self._failure, *found)
        if len(found) > MAX_PROBLEMS:
            more = Problem("", None, f"{len(found) - MAX_PROBLEMS} more problems")
            found = (*found[:MAX_PROBLEMS], more)
        return found


def _watch_paths(reader: Reader) -> tuple[str, ...] | None:
    """The files to look at, where the reader names them (`formats.reading`); of others all are looked at."""
    named: Callable[[], tuple[str, ...]] | None = getattr(reader, "watch_paths", None)
    return None if named is None else named()


def _are_settled(paths: Iterable[str], looked_at: float) -> bool:
    """Whether none of these was written to within `SETTLED_S` before a look, 0 for one just now."""
    try:
        newest = max((os.stat(path, follow_symlinks=False).st_mtime for path in paths), default=0.0)
    except OSError:
        return False
    return not looked_at or newest <= looked_at - SETTLED_S
