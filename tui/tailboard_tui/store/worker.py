"""What is looked at when: the loop's work, cut into turns that take a few hundredths of a second.

What matters most comes first: runs on screen, new runs, runs that are being written, then a glance at
the quiet ones, then reading all others once for their statistics.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Sequence

from tailboard_tui.files.mounts import mount_of
from tailboard_tui.settings import Settings
from tailboard_tui.store.annotations import Notebook
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.catalog import Catalog, Place
from tailboard_tui.store.held import HeldPoints
from tailboard_tui.store.index import RunIndex
from tailboard_tui.store.rhythm import (
    ACTIVE_S,
    LEAST_GAP_S,
    ROOTS_S,
    SETTLE_S,
    glances_a_second,
    interval_s,
    is_active,
)
from tailboard_tui.store.rowmaker import Surroundings
from tailboard_tui.store.status import Host
from tailboard_tui.store.tracked import TrackedRun
from tailboard_tui.store.watch import Watch

NEW_A_TURN = 64
READ_FOR_S = 0.03
"""How long shown runs are read in a turn before the others get theirs."""

CHECK_FOR_S = 0.05
QUICKLY_READ_BYTES = 1024 * 1024
"""The points of a run up to this size are read again in 10 ms: no need to hold them."""

BACKGROUND_PAUSE_S = 0.001
"""Between two pieces read in the background: the screen's thread gets the interpreter at once."""


class Worker:
    """The runs below some roots and the order in which they are read. Belongs to one thread.

    Attributes:
        runs: All runs by key, in the order in which they were found.
        dirty: Keys of runs of which something changed since the caller last cleared it.
        removed: Keys of runs that went, likewise.
        is_scanning: Whether the first look at all directories is under way.
        is_surveying: Whether all runs are being read for the first time.
    """

    def __init__(self, roots: Sequence[str], settings: Settings, host: Host) -> None:
        self.runs: dict[str, TrackedRun] = {}
        self.dirty: set[str] = set()
        self.removed: set[str] = set()
        self.is_scanning = self.is_surveying = True
        self.watch = Watch(poll_only=settings.watch == "poll")
        self._around = Surroundings(host, Notebook())
        self._cache = ColumnCache(limit_mib=settings.cache_mib)
        self._catalog = Catalog(roots)
        self._index = RunIndex(roots)
        self._is_index_old = False
        self._shown: dict[str, None] = {}
        self._active: dict[str, TrackedRun] = {}
        self._held = HeldPoints(settings.memory_mib * 1024 * 1024)
        self._unread: deque[str] = deque()
        self._unkept: dict[str, TrackedRun] = {}
        self._round: deque[str] = deque()
        self._is_urgent_round = False
        self._next_glances = self._next_roots = 0.0
        self._is_remote: dict[str, bool] = {}
        self._is_following = False

    def places(self) -> tuple[Place, ...]:
        """The roots, each with what is wrong with it."""
        return self._catalog.places()

    @property
    def is_urgent(self) -> bool:
        """Whether the user waits for what changed: the list, or runs on screen."""
        return self.is_scanning or bool(self.removed) or not self.dirty.isdisjoint(self._shown)

    def show(self, keys: Iterable[str]) -> None:
        """Follow these runs closely, beginning with a sample of each that is not read."""
        before, self._shown = self._shown, dict.fromkeys(keys)
        for key in before.keys() - self._shown.keys():
            run = self.runs.get(key)
            if run is not None:
                run.close()
                self._settle(run)
        for key in self._shown.keys() - before.keys():
            run = self.runs.get(key)
            if run is not None:
                self._bring_up(run)
        self._is_following = False

    def refresh(self, keys: Iterable[str] | None = None) -> None:
        """Look at these runs again as if all their files had changed, or at everything."""
        self._read_notebook()
        if keys is None:
            self._catalog.relist()
            self._round, self._is_urgent_round, self._next_glances = deque(self.runs), True, 0.0
        for key in self._shown if keys is None else keys:
            run = self.runs.get(key)
            if run is not None:
                run.forget_signature()
                run.next_check = 0.0
                self._active[key] = run

    def turn(self, now: float) -> float:
        """Do a bounded piece of the work.

        Args:
            now: Unix time in seconds.

        Returns:
            Seconds until there is more to do, 0 for at once.
        """
        self._take_events(now)
        is_more = self._read_shown(now)
        is_more |= self._look_for_runs(now)
        is_more |= self._check_active(now)
        is_more |= self._glance_at_some(now)
        if is_more:
            return 0.0
        if not self._is_following:  # importing watchdog takes 20 ms: what the user waits for comes first
            self._follow()
        if self._keep_one() or self._read_in_background(now):
            return BACKGROUND_PAUSE_S
        self._end_survey()
        return self._until_next(now)

    def tell(self, now: float) -> None:
        """Make the rows of all dirty runs anew."""
        for key in self.dirty:
            run = self.runs[key]
            if run.is_stale:
                run.tell(now, self._around)

    def close(self) -> None:
        """Close all files and stop waiting for events."""
        self._end_survey()
        self.watch.close()
        for run in self.runs.values():
            run.close()

    def _take_events(self, now: float) -> None:
        for path in self.watch.changed():
            is_run = False
            for key in self._shown:
                run = self.runs.get(key)
                if run is not None and run.directory == path:
                    run.is_announced = is_run = True
                    run.next_check = min(run.next_check, run.checked_at + LEAST_GAP_S)
            if not is_run:
                self._next_roots = min(self._next_roots, now + SETTLE_S)

    # Runs on screen

    def _bring_up(self, run: TrackedRun) -> None:
        """Get a run ready that has just come on screen."""
        run.preview()
        run.next_check = 0.0
        self.dirty.add(run.key)

    def _read_shown(self, now: float) -> bool:
        """Bring the runs on screen up to date; whether more can be read at once."""
        end = time.monotonic() + READ_FOR_S
        for key in self._shown:
            run = self.runs.get(key)
            if run is None:
                continue
            if now >= run.next_check:
                self._check(run, now)
            while not run.has_all_points:
                run.read_some()
                self.dirty.add(key)
                self._held.use(run, self._shown)
                if run.has_all_points:
                    self._unkept[key] = run
                if time.monotonic() > end:
                    return True
        return False

    def _check(self, run: TrackedRun, now: float) -> None:
        """Look whether anything was written to a run, and at its status, which time alone may change."""
        run.checked_at = now
        if run.has_changed(now, revalidate=self._needs_revalidation(run)):
            if run.last_change == now and not run.is_announced:
                self.watch.saw_growth(run.directory)
            run.read_facts()
            run.is_read = False
            self.dirty.add(run.key)
            if run.key not in self._shown:
                self._unread.appendleft(run.key)
                run.close()
        elif run.is_live:
            before = run.row.status
            if run.tell(now, self._around).status != before:
                self.dirty.add(run.key)
        run.is_announced = False
        has_events = self.watch.delivers(run.directory)
        run.next_check = now + interval_s(run, now, is_shown=run.key in self._shown, has_events=has_events)
        self._settle(run)

    def _needs_revalidation(self, run: TrackedRun) -> bool:
        """Whether the file system may answer `stat` from a stale cache."""
        above = os.path.dirname(run.key)
        if above not in self._is_remote:
            mount = mount_of(above)
            self._is_remote[above] = mount is not None and mount.is_remote
        return self._is_remote[above] and run.key in self._shown

    def _follow(self) -> None:
        """Wait for events in the roots and around the shown runs."""
        self._is_following = True
        shown = [self.runs[key].directory for key in self._shown if key in self.runs]
        roots = [place.path for place in self._catalog.places()]
        self.watch.follow([*roots, *shown, *self._catalog.directories()])

    # Runs that come and go

    def _look_for_runs(self, now: float) -> bool:
        if now >= self._next_roots:
            self._catalog.check(now)
            self._next_roots = now + ROOTS_S
            self._read_notebook()
            self._is_following = False
        if self._catalog.is_busy:
            change = self._catalog.step(now, NEW_A_TURN)
            for key in change.removed:
                self._remove(key)
            for found in change.found:
                self._add(TrackedRun(found, self._cache), now)
        was_scanning, self.is_scanning = self.is_scanning, self.is_scanning and self._catalog.is_busy
        if was_scanning and not self.is_scanning:
            self._next_roots = 0.0
        return self._catalog.is_busy or was_scanning  # the list is published before points are read

    def _add(self, run: TrackedRun, now: float) -> None:
        if not (self.is_surveying and run.recall(self._index)):
            run.read_facts()
            self._is_index_old = True
        run.tell(now, self._around)
        self.runs[run.key] = run
        self.removed.discard(run.key)
        self.dirty.add(run.key)
        if run.key in self._shown:
            self._bring_up(run)
        else:
            run.close()
            run.next_check = now + ACTIVE_S[0]
            if not run.is_read:
                self._unread.append(run.key)
            self._settle(run)

    def _remove(self, key: str) -> None:
        run = self.runs.pop(key, None)
        if run is None:
            return
        run.close()
        self._active.pop(key, None)
        self._held.forget(key)
        self._unkept.pop(key, None)
        self.dirty.discard(key)
        self.removed.add(key)

    def _read_notebook(self) -> None:
        """Tell those runs anew of which the user said something else, here or in another viewer."""
        for key in self._around.notebook.refresh():
            run = self.runs.get(key)
            if run is not None:
                run.is_stale = True
                self.dirty.add(key)

    # Runs that are not on screen

    def _settle(self, run: TrackedRun) -> None:
        """Look at a run at the pace of those that are being written, or only glance at it now and then."""
        if is_active(run):
            self._active[run.key] = run
        else:
            self._active.pop(run.key, None)

    def _check_active(self, now: float) -> bool:
        end = time.monotonic() + CHECK_FOR_S
        for run in list(self._active.values()):
            if now >= run.next_check and run.key not in self._shown:
                self._check(run, now)
                if time.monotonic() > end:
                    return True
        return False

    def _glance_at_some(self, now: float) -> bool:
        """Look for signs of life in some of the quiet runs; whether the rest is wanted at once."""
        if now < self._next_glances or self.is_scanning:
            return False
        if not self._round:
            self._is_urgent_round = False
            self._round.extend(key for key in self.runs if key not in self._active)
        count = 200 if self._is_urgent_round else glances_a_second(len(self.runs))
        for _ in range(min(len(self._round), count)):
            run = self.runs.get(self._round.popleft())
            if run is not None and run.key not in self._shown and run.seems_changed():
                self._check(run, now)
        is_more = self._is_urgent_round and bool(self._round)
        self._next_glances = now if is_more else now + 1.0
        return is_more

    def _read_in_background(self, now: float) -> bool:
        """Read a piece of one run that is not on screen; whether there was any to read."""
        for _ in range(len(self._unread)):
            key = self._unread[0]
            run = self.runs.get(key)
            if run is None or run.is_read or key in self._shown:
                self._unread.popleft()
            elif now < run.not_before:
                self._unread.rotate(-1)
            else:
                self._read_piece(run, now)
                return True
        return False

    def _end_survey(self) -> None:
        """Leave what was told of ended runs for the next open, once all are read or there is no more time."""
        if not self.is_surveying or self.is_scanning:
            return
        self.is_surveying = False
        self._index.forget()
        if self._is_index_old:
            entries = ((key, run.entry()) for key, run in self.runs.items())
            self._index.save((key, entry) for key, entry in entries if entry is not None)

    def _keep_one(self) -> bool:
        """Leave the points of a run that was read to its end to the cache; whether there was one."""
        if not self._unkept:
            return False
        _, run = self._unkept.popitem()
        run.keep()
        return True

    def _read_piece(self, run: TrackedRun, now: float) -> None:
        if run.checked_at == 0.0:
            self._check(run, now)
        begun = time.monotonic()
        is_more = run.read_some()
        run.reading_s += time.monotonic() - begun
        self._held.use(run, self._shown)
        if not is_more:
            self.dirty.add(run.key)
            run.keep()
            run.close()
            if not run.is_live and run.row.bytes_total <= QUICKLY_READ_BYTES:
                self._held.let_go(run)

    def _until_next(self, now: float) -> float:
        """Seconds to the next thing that is due."""
        due = [self._next_roots, self._next_glances]
        due += [run.next_check for run in self._active.values()]
        due += [self.runs[key].next_check for key in self._shown if key in self.runs]
        return max(min(due) - now, 0.0)
