"""What a run used and how far its ranks have come, as texts. No Textual in here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailboard_tui.store.ranks import rank_steps
from tailboard_tui.text import units

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.store.resources import Resources


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


def rank_texts(row: RunRow) -> dict[str, str]:
    """The ranks by name, each with its last step and how far behind the first it is."""
    steps = rank_steps(row)
    lead = max(steps.values(), default=0.0)
    texts = {}
    for rank, step in steps.items():
        behind = f"  {units.count(lead - step)} behind" if step < lead else ""
        texts[f"rank {rank}"] = f"step {step:.15g}{behind}"
    return texts
