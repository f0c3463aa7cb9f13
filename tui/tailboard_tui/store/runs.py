"""The runs below some roots: read and watched by one worker thread, handed out as frozen snapshots."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tailboard_tui.settings import Settings
from tailboard_tui.store.catalog import Place
from tailboard_tui.store.collecting import few_collections, no_collections
from tailboard_tui.store.model import Points, RunRow, StoreChange
from tailboard_tui.store.status import this_host
from tailboard_tui.store.worker import Worker

if TYPE_CHECKING:
    from tailboard_tui.store.lookup import RunNotFound, find_run, load_points, load_rows

__all__ = ["RunNotFound", "RunStore", "find_run", "load_points", "load_rows"]

PUBLISH_S = 0.05
"""Changes of runs on screen, and new runs, are published at most this often while much comes in."""

PUBLISH_SHARE = 0.02
"""Share of the worker's time for that: each snapshot holds all rows."""

PUBLISH_OTHERS_S = 0.5
"""Changes of other runs only: each costs the screen a look at its whole list."""


def __getattr__(name: str) -> object:
    """What commands ask for; the explorer does not, and its first paint need not wait for it."""
    if name not in __all__:
        raise AttributeError(name)
    from tailboard_tui.store import lookup

    return getattr(lookup, name)


class RunStore:
    """The runs below `roots`.

    Any thread may call any method but `work`, which is the worker's own. Snapshots take no lock: the
    worker replaces them whole.
    """

    def __init__(
        self,
        roots: Sequence[str],
        *,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open nothing yet.

        Args:
            clock: Unix time in seconds.
        """
        self._clock = clock
        self._worker = Worker(roots, settings or Settings(), this_host())
        self._requests: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._rows: tuple[RunRow, ...] = ()
        self._places = self._worker.places()
        self._was_scanning = True
        self._published_at = self._publishing_s = 0.0
        self._is_closed = False

    def rows(self) -> tuple[RunRow, ...]:
        """All runs as of the last change that was published, in the order in which they were found."""
        return self._rows

    def row(self, key: str) -> RunRow | None:
        """One run, or None when it is not there (any more)."""
        run = self._worker.runs.get(key)
        return None if run is None else run.row

    def points(self, key: str) -> Points | None:
        """What is read of one run's points; None before that and when they were let go."""
        run = self._worker.runs.get(key)
        return None if run is None else run.points

    def places(self) -> tuple[Place, ...]:
        """The roots as of the last change that was published, each with what is wrong with it."""
        return self._places

    def describe_watch(self, path: str) -> str:
        """How changes in this root or run directory are noticed, in a few words for the status line."""
        return self._worker.watch.describe(path)

    def show(self, keys: Iterable[str]) -> None:
        """These runs are on screen: read them first and fully, and follow them closely."""
        wanted = tuple(keys)
        self._request(lambda: self._worker.show(wanted))

    def refresh(self, keys: Iterable[str] | None = None) -> None:
        """Look at all directories and files again now, or only at these runs' files."""
        wanted = None if keys is None else tuple(keys)
        self._request(lambda: self._worker.refresh(wanted))

    def close(self) -> None:
        """Let `work` come to its end, which closes all files."""
        self._is_closed = True
        self._worker.watch.wake()

    def work(self, publish: Callable[[StoreChange], None], stop: threading.Event) -> None:
        """Read and watch until `stop` is set or `close` is called.

        Args:
            publish: Called in this thread with every change.
            stop: Looked at once a second at least; `close` is heard at once.
        """
        try:
            with no_collections():
                while self._worker.is_scanning and not self._is_over(stop):
                    self.turn(publish)
            with few_collections():
                while self._worker.is_surveying and not self._is_over(stop):
                    self._turn_and_wait(publish)
            gc.freeze()
            while not self._is_over(stop):
                self._turn_and_wait(publish)
        finally:
            self._worker.close()

    def _turn_and_wait(self, publish: Callable[[StoreChange], None]) -> None:
        delay_s = self.turn(publish)
        if delay_s > 0:
            self._worker.watch.wait(min(delay_s, 1.0))

    def _is_over(self, stop: threading.Event) -> bool:
        return self._is_closed or stop.is_set()

    def turn(self, publish: Callable[[StoreChange], None]) -> float:
        """One turn of the worker's loop; seconds until there is more to do, 0 for at once."""
        while not self._requests.empty():
            self._requests.get()()
        delay_s = self._worker.turn(self._clock())
        return min(delay_s, self._publish(publish))

    def _request(self, request: Callable[[], None]) -> None:
        self._requests.put(request)
        self._worker.watch.wake()

    def _publish(self, publish: Callable[[StoreChange], None]) -> float:
        """Publish what changed unless it was done just now; seconds until that may be done again."""
        worker = self._worker
        places = worker.places()
        is_same = worker.is_scanning == self._was_scanning and places == self._places
        if is_same and not worker.dirty and not worker.removed:
            return float("inf")
        pause_s = PUBLISH_S if worker.is_urgent or not is_same else PUBLISH_OTHERS_S
        if worker.is_scanning:
            pause_s = max(pause_s, self._publishing_s / PUBLISH_SHARE)
        wait_s = self._published_at + pause_s - time.monotonic()
        if wait_s > 0:
            return wait_s
        worker.tell(self._clock())
        change = StoreChange(
            frozenset(worker.dirty), frozenset(worker.removed), len(worker.runs), worker.is_scanning
        )
        worker.dirty.clear()
        worker.removed.clear()
        self._was_scanning = worker.is_scanning
        self._places = places
        begun = time.monotonic()
        self._rows = tuple([run.row for run in worker.runs.values()])
        self._published_at = time.monotonic()
        self._publishing_s = self._published_at - begun
        publish(change)
        return float("inf")
