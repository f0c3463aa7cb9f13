"""Where a log session is asked to go: to a match, an error, a time, a row; as soon as that is known."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from tailboard_tui.store.loghits import Hits
from tailboard_tui.store.logreading import LogReading
from tailboard_tui.store.logstate import Jump, Published
from tailboard_tui.store.logtime import parse_moment

MOST_JUMPS = 100
"""Presses of `n` that wait for a search."""


class LogJumps(ABC):
    """The part of a session's thread that looks for places. A jump is tried until it gives True."""

    def __init__(self, reading: LogReading, send: Callable[[Published], None]) -> None:
        """Go nowhere yet.

        Args:
            reading: The log on show.
            send: Takes the answers.
        """
        self._reading = reading
        self._send = send
        self._generation = 0
        self._jump: Callable[[], bool] | None = None
        self._jumps_after: deque[Callable[[], bool]] = deque(maxlen=MOST_JUMPS)
        self._found = 0

    @abstractmethod
    def _begin_view(self) -> None:
        """Positions sent before mean other rows now."""

    @abstractmethod
    def _publish(self, *, at_once: bool) -> None:
        """Send the state, when it is another."""

    def _try_jump(self) -> None:
        """Go on with the jump that is asked for, if there is one."""
        if self._jump is not None and self._jump():
            self._jump = self._jumps_after.popleft() if self._jumps_after else None

    def _filter(self, filters: tuple[str, ...], is_folded: bool, stay_at: int | None) -> None:
        reading = self._reading
        row = reading.row_at(stay_at) if stay_at is not None else None
        reading.set_filters(filters, is_folded=is_folded)
        self._begin_view()
        self._begin_jump((lambda: self._try_row(row)) if row is not None else None)

    def _go_to_end(self, is_first: bool) -> None:
        self._begin_jump(None)
        self._publish(at_once=True)
        first, end = self._reading.view_range()
        self._send(Jump(self._generation, first if is_first else max(end - 1, first)))

    def _try_row(self, row: int) -> bool:
        """Jump to the row when the view has come to it."""
        reading = self._reading
        first, end = reading.view_range()
        index = reading.log.index
        if index is None or first >= end or (reading.row_at(first) > row and reading.step()):
            return index is None
        self._publish(at_once=True)
        self._send(Jump(self._generation, reading.position_of(row)))
        return True

    def _find(
        self, hits: Callable[[], Hits | None], position: int, forward: bool, what: str, again: bool
    ) -> None:
        def jump() -> bool:
            return self._try_find(hits(), forward, what)

        if again and self._jump is not None:  # keys come faster than answers: each of them counts
            self._jumps_after.append(jump)
            return
        if not again:
            self._found = self._reading.row_at(position)
        self._begin_jump(jump)

    def _begin_jump(self, jump: Callable[[], bool] | None) -> None:
        self._jump = jump
        self._jumps_after.clear()

    def _try_find(self, hits: Hits | None, forward: bool, what: str) -> bool:
        """Send where the next hit is; False while the search has not come far enough."""
        if hits is None or self._reading.log.index is None:
            self._send(Jump(self._generation, None))
            return True
        row = self._found
        is_known, found = self._reading.next_hit(hits, row, forward=forward)
        if found is not None:
            self._found = found
            self._publish(at_once=True)
            self._send(Jump(self._generation, self._reading.position_of(found)))
        elif is_known:
            self._send(Jump(self._generation, None, f"no {what} {'below' if forward else 'above'}"))
        return is_known

    def _go_to_time(self, moment: float) -> None:
        self._reading.times.refresh()
        self._begin_jump(lambda: self._try_time(moment))

    def _try_time(self, moment: float) -> bool:
        """Send where the moment is; False while the index has not come far enough."""
        reading = self._reading
        if not reading.times.is_ready(moment):
            return bool(reading.log.error)
        row = reading.times.row_at(moment)
        self._publish(at_once=True)
        if row is None:
            self._send(Jump(self._generation, None, "this log has no times"))
        else:
            self._send(Jump(self._generation, reading.position_of(row)))
        return True

    def _go_to_typed_time(self, typed: str) -> None:
        index, times = self._reading.log.index, self._reading.times
        times.refresh()
        near = (
            times.time_of(index.end_row - 1)
            if index is not None and index.end_row > index.first_row
            else None
        )
        moment = parse_moment(typed, near if near is not None else time.time())
        if moment is None:
            self._send(Jump(self._generation, None, "write a time as 14:05, 2026-11-23 14:05 or 10m ago"))
        else:
            self._go_to_time(moment)
