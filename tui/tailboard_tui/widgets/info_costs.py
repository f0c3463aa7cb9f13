"""What a run used and how far its ranks have come, as texts. No Textual in here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tailboard_tui.text import units

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.store.resources import Resources

_RANKED = re.compile(r"rank(\d{1,6})/(.+)", re.DOTALL)


def cost_texts(used: Resources) -> dict[str, str]:
    """What the resource samples tell, by name; empty for a run without samples."""
    found = {
        "GPUs": str(used.gpu_count) if used.gpu_count else "",
        "GPU hours": "" if used.gpu_hours is None else units.number(used.gpu_hours, 3),
        "GPU busy": "" if used.mean_gpu_percent is None else f"{used.mean_gpu_percent:.0f}% on average",
        "peak GPU memory": _size(used.peak_gpu_memory_bytes),
        "peak memory": _size(used.peak_memory_bytes),
        "GPU energy": "" if used.energy_kwh is None else f"{units.number(used.energy_kwh, 3)} kWh",
    }
    return {name: text for name, text in found.items() if text}


def _size(size_bytes: float | None) -> str:
    return "" if size_bytes is None else units.size(size_bytes)


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


def rank_texts(row: RunRow) -> dict[str, str]:
    """The ranks by name, each with its last step and how far behind the first it is."""
    steps = rank_steps(row)
    lead = max(steps.values(), default=0.0)
    texts = {}
    for rank, step in steps.items():
        behind = f"  {units.count(lead - step)} behind" if step < lead else ""
        texts[f"rank {rank}"] = f"step {step:.15g}{behind}"
    return texts
