"""How often what is looked at, in seconds."""

from __future__ import annotations

from tailboard_tui.store.tracked import TrackedRun

ROOTS_S = 1.0
"""How often directories are asked for new runs."""

SETTLE_S = 0.1
"""From an event in a root to looking there: a new run needs that long to write its first file."""

SHOWN_S = 0.25
"""How often a shown run is looked at when no events arrive for it."""

SHOWN_WITH_EVENTS_S = 0.5
SHOWN_QUIET_S = 1.0
"""The same for a run that has ended."""

LEAST_GAP_S = 0.05
"""Least time between two looks at a run, however many events there are."""

ACTIVE_S = (2.0, 10.0)
"""Shortest and longest time between looks at a run that is not shown but being written."""

ACTIVE_FOR_S = 600.0
"""A run counts as being written for so long after it last grew."""

GLANCE_COST_S = 25e-6
"""What a glance at a quiet run costs, CPU seconds."""

GLANCE_SHARE = 0.003
"""Share of a core for that: 10,000 quiet runs come round in 80 s."""

ROUND_LEAST_S = 20.0


def is_active(run: TrackedRun) -> bool:
    """Whether a run is looked at as one that is being written, not only glanced at now and then."""
    return run.is_live or run.last_change > max(run.checked_at - ACTIVE_FOR_S, 0.0)


def interval_s(run: TrackedRun, now: float, *, is_shown: bool, has_events: bool) -> float:
    """From one look at a run to the next.

    Args:
        now: Unix seconds.
        has_events: Whether events tell of changes in its directory.
    """
    if not is_shown:
        return min(max(ACTIVE_S[0], 2 * run.usual_gap_s), ACTIVE_S[1])
    if not run.is_live and now - run.last_change > ACTIVE_FOR_S:
        return SHOWN_QUIET_S
    return SHOWN_WITH_EVENTS_S if has_events else SHOWN_S


def glances_a_second(runs: int) -> int:
    """How many quiet runs are glanced at in a second, so that all come round without being felt."""
    return 1 + int(runs / max(ROUND_LEAST_S, runs * GLANCE_COST_S / GLANCE_SHARE))
