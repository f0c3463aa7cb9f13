"""Rewriting a run's small files: soon after they change, not at every change, again where it fails."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 1.0
"""A file is rewritten at most this often."""


class SmallFiles:
    """Which small files have changed, and when each was written last. Never raises OSError."""

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self._warn = warn
        self._changed: dict[str, Callable[[], None]] = {}
        self._saved_at: dict[str, float] = {}

    def changed(self, name: str, write: Callable[[], None], *, at_once: bool = False) -> None:
        """File `name` has changed; `write` rewrites it, now if that was not done a moment ago.

        Args:
            at_once: Now in any case.
        """
        self._changed[name] = write
        if at_once:
            self._saved_at.pop(name, None)
        self.save(time.monotonic())

    def save(self, clock: float, *, everything: bool = False) -> None:
        """Write what has changed and is due.

        Args:
            clock: `time.monotonic()`, seconds.
            everything: Whether it is due or not.
        """
        for name in list(self._changed):
            if not everything and clock < self._saved_at.get(name, clock - EVERY_S) + EVERY_S:
                continue
            write = self._changed.pop(name, None)
            if write is None:  # another thread has it
                continue
            self._saved_at[name] = clock
            try:
                write()
            except OSError as error:
                self._changed.setdefault(name, write)
                self._warn(
                    f"write {error.errno}", f"cannot write {name}: {error.strerror or error}; trying again"
                )
