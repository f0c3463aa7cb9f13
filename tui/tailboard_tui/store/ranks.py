"""How far the processes of one distributed training have come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow

_RANKED = re.compile(r"rank(\d{1,6})/(.+)", re.DOTALL)


def rank_steps(row: RunRow) -> dict[int, float]:
    """The last step of every rank of a run that logged from several; empty for one that did not.

    Rank 0 is compared by the metrics that other ranks have too.
    """
    steps: dict[int, float] = {}
    shared: set[str] = set()
    for name, stats in row.metrics.items():
        found = _RANKED.fullmatch(name)
        if found:
            rank = int(found[1])
            steps[rank] = max(stats.last_step, steps.get(rank, stats.last_step))
            shared.add(found[2])
    first = [row.metrics[name].last_step for name in shared if name in row.metrics]
    if steps and first:
        steps[0] = max(first)
    return dict(sorted(steps.items()))


def rank_skew(steps: dict[int, float]) -> float:
    """Steps between the first rank and the last; 0 for less than two ranks."""
    return max(steps.values()) - min(steps.values()) if steps else 0.0
