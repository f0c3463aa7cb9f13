"""What deserves a person's attention when a run moves on: a pure function of the row before and after."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice

from tailboard_tui.formats.base import Alert
from tailboard_tui.store.goal import Direction, direction
from tailboard_tui.store.model import MetricStats, RunRow
from tailboard_tui.text.units import number

LEAST_POINTS = 20
"""Before that many points a metric has no course from which it could part."""

LOST_GAINS = 2.0
"""A metric diverges when it is worse than its first value by this many times what it had gained."""

LOOKED_AT = 64
"""Metrics of a run that decide on its mark in the table, which is asked for whenever a line is drawn."""

_LIVE = ("running", "stalled", "unknown")
_BAD_ENDS = ("failed", "crashed", "killed")


def alerts(before: RunRow | None, after: RunRow, now: float) -> list[Alert]:
    """The alerts of one step from `before` to `after`. A run seen for the first time raises none.

    Texts hold names from the run: clean them where they are shown.

    Args:
        now: Unix seconds, the time of the alerts that tailboard itself raises.
    """
    if before is None:
        return []
    return [*_told(before, after), *_status(before, after, now), *_metrics(before, after, now)]


def deserves_attention(row: RunRow) -> bool:
    """Whether there is something about the run by itself, whenever it came about.

    That is: an alert of its own beyond `info`, a metric that is not finite, or one that has diverged.
    """
    if any(alert.level != "info" for alert in row.facts.alerts):
        return True
    definitions = row.facts.metric_defs
    return any(
        stats.nan_count > 0 or has_diverged(stats, direction(name, definitions))
        for name, stats in islice(row.metrics.items(), LOOKED_AT)
    )


def listed(raised: Iterable[tuple[RunRow, Alert]], rows: Iterable[RunRow]) -> list[tuple[RunRow, Alert]]:
    """Every alert once, the newest first: those raised since we look, and what the runs said before."""
    found = {(row.key, alert): (row, alert) for row in rows for alert in row.facts.alerts}
    found |= {(row.key, alert): (row, alert) for row, alert in raised}
    return sorted(found.values(), key=lambda pair: -pair[1].time)


def _told(before: RunRow, after: RunRow) -> Iterator[Alert]:
    """What the run itself said by `run.alert` since then."""
    known, told = before.facts.alerts, after.facts.alerts
    yield from told[len(known) :] if told[: len(known)] == known else told


def _status(before: RunRow, after: RunRow, now: float) -> Iterator[Alert]:
    if before.status == after.status or before.status not in _LIVE:
        return
    if after.status in _BAD_ENDS:
        yield Alert(now, after.status, after.status_reason, "error")
    elif after.status == "stalled":
        yield Alert(now, "stalled", after.status_reason, "warning")
    elif after.status == "finished":
        yield Alert(now, "finished", after.status_reason, "info")


def _metrics(before: RunRow, after: RunRow, now: float) -> Iterator[Alert]:
    """NaN, infinity and divergence that came with new points, not with the first reading of old ones."""
    if not before.is_read or before.status not in _LIVE:
        return
    for name, stats in after.metrics.items():
        old = before.metrics.get(name)
        if old is not None and old.count >= stats.count:
            continue
        if stats.nan_count and not (old and old.nan_count):
            where = "" if stats.first_bad_step is None else f" at step {stats.first_bad_step:.15g}"
            yield Alert(now, f"{name} is not finite", f"first NaN or infinity{where}", "error")
        towards = direction(name, after.facts.metric_defs)
        if has_diverged(stats, towards) and not (old and has_diverged(old, towards)):
            text = f"{number(stats.last)}, after {number(stats.first)} at first"
            yield Alert(now, f"{name} diverges", text, "warning")


def has_diverged(stats: MetricStats, towards: Direction | None) -> bool:
    """Whether the last value is worse than the first by `LOST_GAINS` times what had been gained.

    False without a direction, for short series and for one that never improved: noise around the
    first value is no divergence, and NaN has its own alert.
    """
    if towards is None or stats.count < LEAST_POINTS:
        return False
    peak = stats.min if towards == "minimize" else stats.max
    sign = 1.0 if towards == "minimize" else -1.0
    gained, lost = sign * (stats.first - peak), sign * (stats.last - stats.first)
    return math.isfinite(lost) and gained > 0 and lost > LOST_GAINS * gained
