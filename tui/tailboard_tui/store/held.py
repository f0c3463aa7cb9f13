"""Which runs have their points in memory: within a budget, the longest unused are let go."""

from __future__ import annotations

from collections.abc import Container

from tailboard_tui.store.tracked import TrackedRun

REREAD_SHARE = 0.05
"""Share of time for reading a growing run anew whose points were let go."""


class HeldPoints:
    """The runs whose points are held, the longest unused first."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._runs: dict[str, tuple[TrackedRun, int]] = {}
        self._bytes = 0

    def use(self, run: TrackedRun, shown: Container[str]) -> None:
        """Keep a run's points as the newest used; those of runs that are not shown go beyond the budget."""
        self.forget(run.key)
        self._runs[run.key] = run, run.held_bytes
        self._bytes += run.held_bytes
        for key in [] if self._bytes <= self._budget_bytes else list(self._runs):
            held, _ = self._runs[key]
            if key not in shown and held.has_all_points:
                held.not_before = held.checked_at + held.reading_s / REREAD_SHARE
                self.let_go(held)
                if self._bytes <= self._budget_bytes:
                    return

    def let_go(self, run: TrackedRun) -> None:
        """Give the points of a run back."""
        run.let_go()
        self.forget(run.key)

    def forget(self, key: str) -> None:
        """That run went, or is counted anew."""
        _, held_bytes = self._runs.pop(key, (None, 0))
        self._bytes -= held_bytes
