"""Doing something often enough, never more: at once when it was long ago, else when its time has come."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.message_pump import MessagePump


class Pace:
    """Calls `act` for any number of requests, at most once per `interval_s`; the last is never lost."""

    def __init__(self, owner: MessagePump, interval_s: float, act: Callable[[], None]) -> None:
        self._owner = owner
        self.interval_s = interval_s
        self._act = act
        self._last = float("-inf")
        self._is_waiting = False

    @property
    def is_waiting(self) -> bool:
        """Whether a request waits for its time."""
        return self._is_waiting

    def request(self) -> None:
        """Act now, or as soon as the interval since the last time is over."""
        if self._is_waiting:
            return
        left_s = self._last + self.interval_s - time.monotonic()
        if left_s <= 0:
            self._run()
        else:
            self._is_waiting = True
            self._owner.set_timer(left_s, self._run)

    def _run(self) -> None:
        self._is_waiting = False
        self._last = time.monotonic()
        self._act()
