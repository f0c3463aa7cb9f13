"""What wakes the worker early: file events, where the file system delivers them.

Polling by `stat` is the base and loses nothing; an event only brings the next look forward. Watches
are never recursive: on the roots and on the directories of shown runs. One whose directory grows
without an event (NFS, Lustre, sshfs, some overlays) is given up, and so is one that fires all the time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tailboard_tui.files.mounts import mount_of

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

MAX_WATCHES = 32
"""Each costs a thread in watchdog; more runs than that are not looked at closely at once."""

BUSY_EVENTS = 100
"""An event costs about 0.15 ms: a directory with this many of them in `BUSY_SPAN_S` is polled instead."""

BUSY_SPAN_S = 1.0

STRIKES = 2
"""Polls in a row that saw growth before any event: one may merely have overtaken its event."""


@dataclass(slots=True)
class _Watched:
    """One directory and how well its events arrive."""

    path: str
    changed: Callable[[str], None]
    handle: ObservedWatch | None = None
    strikes: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=BUSY_EVENTS))
    is_busy: bool = False

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take one event. watchdog calls this in its own thread."""
        now = time.monotonic()
        self.strikes = 0
        self.recent.append(now)
        self.is_busy = len(self.recent) == BUSY_EVENTS and now - self.recent[0] < BUSY_SPAN_S
        self.changed(self.path)


class Watch:
    """Waits for changes in some directories, or for the next poll's time.

    `wake` may be called from any thread, everything else belongs to the worker.
    """

    def __init__(self, *, poll_only: bool = False) -> None:
        self.trouble = ""
        """Why no events are used although they could be, for the status line; empty if all is well."""
        self._poll_only = poll_only
        self._observer: BaseObserver | None = None
        self._watched: dict[str, _Watched] = {}
        self._given_up: dict[str, str] = {}
        self._awake = threading.Event()
        self._changed: set[str] = set()
        self._lock = threading.Lock()

    def wake(self) -> None:
        """End the present or the next `wait` at once."""
        self._awake.set()

    def wait(self, timeout_s: float) -> None:
        """Sleep until something changes, `wake` is called, or the time is over."""
        self._awake.wait(max(timeout_s, 0.0))
        self._awake.clear()

    def changed(self) -> set[str]:
        """The directories with events since the last call."""
        with self._lock:
            changed, self._changed = self._changed, set()
        return changed

    def follow(self, directories: Iterable[str]) -> None:
        """Watch exactly these directories, as far as that is possible; the first ones come first."""
        if self._poll_only:
            return
        wanted = list(dict.fromkeys(directories))[:MAX_WATCHES]
        for path in self._watched.keys() - set(wanted):
            self._drop(path)
        for path in wanted:
            if path not in self._watched and path not in self._given_up and not self.trouble:
                self._add(path)
        for path in [path for path, watched in self._watched.items() if watched.is_busy]:
            self._give_up(path, "polled, since it changes all the time")

    def delivers(self, directory: str) -> bool:
        """Whether events of this directory are being waited for."""
        return directory in self._watched

    def saw_growth(self, directory: str) -> None:
        """Tell that a poll found a change in this directory that no event had announced."""
        watched = self._watched.get(directory)
        if watched is None:
            return
        watched.strikes += 1
        if watched.strikes > STRIKES:
            self._give_up(directory, "polled, since events do not arrive")

    def describe(self, directory: str) -> str:
        """How changes in this directory are noticed, for the status line: `ext4: events`."""
        mount = mount_of(directory)
        kind = mount.kind if mount else "unknown file system"
        if directory in self._watched:
            return f"{kind}: events"
        reason = self._given_up.get(directory) or self.trouble
        return f"{kind}: polled" if not reason else f"{kind}: {reason}"

    def close(self) -> None:
        """Stop waiting for events; polling goes on. Safe to call twice."""
        observer, self._observer = self._observer, None
        self._watched.clear()
        self._poll_only = True
        if observer is not None:
            observer.stop()
            observer.join()

    def _note(self, path: str) -> None:
        with self._lock:
            self._changed.add(path)
        self._awake.set()

    def _add(self, path: str) -> None:
        mount = mount_of(path)
        if mount is not None and mount.is_remote:
            self._given_up[path] = "polled, since other machines may write there"
            return
        watched = _Watched(path, self._note)
        try:
            watched.handle = self._schedule(watched)
        except FileNotFoundError:
            return  # Gone, or not there yet: the next `follow` tries again.
        except OSError as error:
            # ENOSPC: fs.inotify.max_user_watches; EMFILE: max_user_instances. Both are shared by all
            # programs of the user, so asking again for every run would not help.
            self.trouble = f"polled, since watching failed ({error.strerror})"
            return
        self._watched[path] = watched

    def _schedule(self, watched: _Watched) -> ObservedWatch:
        from watchdog import events
        from watchdog.observers import Observer

        if self._observer is None:
            observer = Observer()
            observer.start()
            self._observer = observer
        # Without opens and closes: our own reading would wake us.
        kinds: list[type[FileSystemEvent]] = [
            events.FileModifiedEvent,
            events.FileCreatedEvent,
            events.FileDeletedEvent,
            events.FileMovedEvent,
            events.DirCreatedEvent,
            events.DirDeletedEvent,
            events.DirMovedEvent,
        ]

        class Handler(events.FileSystemEventHandler):
            def dispatch(self, event: FileSystemEvent) -> None:
                watched.dispatch(event)

        return self._observer.schedule(Handler(), watched.path, recursive=False, event_filter=kinds)

    def _give_up(self, path: str, reason: str) -> None:
        self._given_up[path] = reason
        self._drop(path)

    def _drop(self, path: str) -> None:
        watched = self._watched.pop(path)
        if self._observer is not None and watched.handle is not None:
            self._observer.unschedule(watched.handle)


def describe(path: str) -> str:
    """How changes below `path` can be noticed, in one line for `tailboard doctor`."""
    mount = mount_of(path)
    if mount is None:
        return "file system unknown: polling, and events where they arrive"
    how = "polling (other machines may write there)" if mount.is_remote else "events, with polling behind"
    return f"{mount.kind} on {mount.point}: {how}"


def failure(directory: str) -> str:
    """Why no events can be had of this directory now, by asking for them; empty where they can."""
    watch = Watch()
    watch.follow([directory])
    reason = watch.trouble
    watch.close()
    return reason


def limits() -> dict[str, int]:
    """The kernel's limits on events of this user, by name; empty where there is no inotify."""
    found = {}
    for name in ("max_user_watches", "max_user_instances", "max_queued_events"):
        try:
            with open(f"/proc/sys/fs/inotify/{name}", encoding="ascii") as file:
                found[name] = int(file.read())
        except (OSError, ValueError):
            continue
    return found
