"""One run's logs on show: a thread's loop that reads, indexes, searches and follows one of them for a pane.

The pane calls the public methods; each returns at once and is carried out by the thread in `work`.
What was read comes back as the frozen values of `store.logstate`. The thread does everything in
slices of a few milliseconds, what is on screen first.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable

from tailboard_tui.formats.base import LogFile
from tailboard_tui.store.logjumps import LogJumps
from tailboard_tui.store.logmerge import MergedReading
from tailboard_tui.store.logreading import LogReading
from tailboard_tui.store.logstate import Answer, LogState, Published, Question, RowsRead, ViewRow

SLICE_S = 0.004
"""How long the thread works before it looks at what the pane wants; Python threads switch every 5 ms."""

POLL_S = 0.1
"""How often the file is looked at, so also how often a live bar is drawn again."""

IDLE_POLL_S = 0.4
IDLE_AFTER_S = 30.0
"""A log without news for so long is looked at less often."""

FIRST_ROWS_S = 0.3
"""A log just opened is not read on before its last rows are asked for and sent, or so long."""

PUBLISH_S = 0.15
"""The state is published at most this often while it changes all the time."""

COPY_LIMIT_CHARS = 1_000_000
"""Terminals take no more than this, or less, into the clipboard."""


class LogSession(LogJumps):
    """Reads one file of `files` at a time. Public methods may be called from any thread."""

    def __init__(self, files: tuple[LogFile, ...], publish: Callable[[Published], None]) -> None:
        """Nothing is opened before `work`.

        Args:
            files: At least one.
            publish: Called from the thread with all that is read.
        """
        super().__init__(LogReading(files[0]), publish)
        self.files = files
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._stopped = False
        self._wanted = (0, 0)
        self._is_elsewhere = False
        # From here on only the thread.
        self._number = 0
        self._state = LogState()
        self._sent: dict[int, ViewRow] = {}
        self._served: tuple[int, int] | None = None
        self._has_changed = False
        self._opened_at = self._published_at = self._news_at = float("-inf")

    # What the pane asks for

    def want(self, first: int, end: int) -> None:
        """Send the rows at positions from `first` to `end`, exclusive, now and when they change."""
        self._wanted = (first, end)
        self._is_elsewhere = True
        self._wake.set()

    def open(self, number: int) -> None:
        """Show the file of that number, or all of them by time: the number after the last."""
        self._order(lambda: self._open(number, every_update=self._reading.log.every_update))

    def show_every_update(self, every_update: bool) -> None:
        """Every update of a progress bar on its own row, or as a terminal shows it."""
        self._order(lambda: self._open(self._number, every_update=every_update))

    def search(self, typed: str) -> None:
        """Look for a text or `~regex` in the whole file; empty ends the search."""
        self._order(lambda: self._reading.set_search(typed))

    def filter(self, filters: tuple[str, ...], *, is_folded: bool, stay_at: int | None) -> None:
        """Show only rows that match one of `filters`, and none that matches one that begins with `!`.

        Args:
            filters: As typed.
            is_folded: Leave out the frames of tracebacks.
            stay_at: The position whose row is to stay in sight, or None.
        """
        self._order(lambda: self._filter(filters, is_folded, stay_at))

    def go_to_end(self, *, is_first: bool) -> None:
        """Jump to the first or the last row of what was asked for before."""
        self._order(lambda: self._go_to_end(is_first))

    def find(self, position: int, *, forward: bool, again: bool = False) -> None:
        """Jump to the next match after, or the last before, `position`.

        Args:
            position: Where the cursor stands.
            forward: Whether downwards.
            again: From where the find before leads to, whose answer the pane does not have yet.
        """
        self._order(lambda: self._find(lambda: self._reading.search, position, forward, "match", again))

    def find_error(self, position: int, *, forward: bool, again: bool = False) -> None:
        """Jump to the next error after, or the last before, `position`; as `find`."""
        self._order(lambda: self._find(lambda: self._reading.errors, position, forward, "error", again))

    def go_to_time(self, moment: float) -> None:
        """Jump to what was printed at `moment`, Unix seconds."""
        self._order(lambda: self._go_to_time(moment))

    def go_to_typed_time(self, typed: str) -> None:
        """Jump to a time as a user writes it."""
        self._order(lambda: self._go_to_typed_time(typed))

    def ask_time(self, position: int, question: Question = "time") -> None:
        """Answer when a row was printed. To "when", which nobody typed, no time is an answer too."""
        self._order(lambda: self._answer_time(position, question))

    def copy(self, positions: range) -> None:
        """Answer with the text of rows."""
        self._order(lambda: self._send(Answer("copy", self._reading.text(positions)[:COPY_LIMIT_CHARS])))

    def save(self, positions: range, path: str) -> None:
        """Write the text of rows to a new file."""
        self._order(lambda: self._save(positions, path))

    def ask_whole(self, position: int, width: int) -> None:
        """Answer with a whole row, in lines of `width` characters, or with every state of a bar."""
        self._order(lambda: self._send(Answer("whole", lines=self._reading.whole(position, width))))

    def close(self) -> None:
        """End `work`."""
        self._stopped = True
        self._wake.set()

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.put(order)
        self._wake.set()

    # The thread

    def work(self) -> None:
        """Read until `close`. Runs in a thread of its own."""
        try:
            next_poll = 0.0
            while not self._stopped:
                self._wake.clear()
                self._take_orders()
                now = time.monotonic()
                if now >= next_poll:
                    self._poll(now)
                    is_idle = now - self._news_at > IDLE_AFTER_S
                    next_poll = now + (IDLE_POLL_S if is_idle else POLL_S)
                self._serve()
                is_busy = (bool(self._sent) or now > self._opened_at + FIRST_ROWS_S) and self._read_on()
                self._publish(at_once=not is_busy)
                if not is_busy:
                    self._wake.wait(max(next_poll - time.monotonic(), 0))
        finally:
            self._reading.close()

    def _take_orders(self) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return
            order()
            self._has_changed, self._served = True, None

    def _poll(self, now: float) -> None:
        change = self._reading.poll()
        if change == "same":
            return
        self._has_changed, self._served, self._news_at = True, None, now
        if change == "new":
            self._begin_view()

    def _begin_view(self) -> None:
        """Positions sent before mean other rows now."""
        self._generation += 1
        self._sent.clear()
        self._served = None
        self._published_at = float("-inf")

    def _open(self, number: int, *, every_update: bool) -> None:
        old, self._number = self._reading, number
        if number < len(self.files):
            self._reading = LogReading(self.files[number], every_update=every_update)
        else:
            self._reading = MergedReading(self.files, every_update=every_update)
        self._reading.take_over(old)
        old.close()
        self._begin_jump(None)
        self._begin_view()
        self._opened_at = time.monotonic()
        self._poll(self._opened_at)

    def _read_on(self) -> bool:
        """A slice of what is left to do; whether there is more."""
        end = time.monotonic() + SLICE_S
        while True:
            self._try_jump()
            if time.monotonic() >= end:
                return True
            if not self._reading.step():
                return False
            self._has_changed = True

    # Answers

    def _answer_time(self, position: int, question: Question) -> None:
        reading = self._reading
        first, end = reading.view_range()
        when = None
        if first <= position < end:
            reading.times.refresh()
            when = reading.times.time_of(reading.row_at(position))
        problem = "this line has no time" if when is None and question != "when" else ""
        self._send(Answer(question, time=when, position=position, problem=problem))

    def _save(self, positions: range, path: str) -> None:
        try:
            with open(os.path.expanduser(path), "x", encoding="utf-8") as file:
                file.write(self._reading.text(positions))
        except OSError as error:
            self._send(Answer("save", problem=f"not saved: {error.strerror or error}"))
        else:
            self._send(Answer("save", text=path))

    # Sending

    def _serve(self) -> None:
        """Send what is wanted and was not sent, or has changed since."""
        if self._is_elsewhere:  # the pane may have let go of rows that were sent
            self._is_elsewhere = False
            self._sent.clear()
            self._served = None
        first, end = self._reading.view_range()
        first, end = max(self._wanted[0], first), min(self._wanted[1], end)
        if first >= end or (first, end) == self._served:
            return
        self._served = (first, end)
        rows = self._reading.rows(first, end)
        new = tuple(row for row in rows if self._sent.get(row.position) != row)
        self._sent = {row.position: row for row in rows}
        if new:
            self._publish(at_once=True)
            self._send(RowsRead(self._generation, new))

    def _publish(self, *, at_once: bool) -> None:
        """Send the state, when it is another."""
        now = time.monotonic()
        if not self._has_changed or (not at_once and now - self._published_at < PUBLISH_S):
            return
        self._published_at, self._has_changed = now, False
        state = self._reading.state(self._generation)
        if state != self._state:
            self._state = state
            self._send(state)
