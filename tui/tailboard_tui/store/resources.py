"""What a run cost: GPU hours, peak memory and energy, from its resource samples where it has any."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.store.model import Points, RunRow, Series

MAX_GAP_S = 300.0
"""Longer silence between two power samples is a pause of the run (resumed later), not consumption."""

JOULES_PER_KWH = 3.6e6

_GPU = re.compile(r"gpu/(\d+)/")


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run used; None where its samples do not tell."""

    duration_s: float | None
    gpu_count: int
    """GPUs with samples."""
    gpu_hours: float | None
    """`gpu_count` times the duration: what was occupied, busy or not. None without a GPU."""
    peak_memory_bytes: float | None
    """Of the process."""
    peak_gpu_memory_bytes: float | None
    """Of the fullest GPU."""
    mean_gpu_percent: float | None
    """Utilisation, averaged over samples and GPUs."""
    energy_kwh: float | None
    """Of the GPUs."""


def resources(row: RunRow, points: Points | None, now: float) -> Resources:
    """The cost of a run.

    Args:
        points: Its points, resource samples among them; None when they are not read.
        now: Unix seconds, for a run that has not ended.
    """
    names = points.system_metrics if points is not None else ()
    series = {name: found for name in names if points and (found := points.series(name, everything=True))}
    gpus = {match.group(1) for name in names if (match := _GPU.match(name))}
    duration_s = row.duration_s(now)
    utilisation = [found.values for name, found in series.items() if _is_gpu(name, "util_percent")]
    energy = [energy_joules(found) for name, found in series.items() if _is_gpu(name, "power_watts")]
    return Resources(
        duration_s=duration_s,
        gpu_count=len(gpus),
        gpu_hours=len(gpus) * duration_s / 3600 if gpus and duration_s is not None else None,
        peak_memory_bytes=_peak([found for name, found in series.items() if name == "process/rss_bytes"]),
        peak_gpu_memory_bytes=_peak(
            [found for name, found in series.items() if _is_gpu(name, "memory_used_bytes")]
        ),
        mean_gpu_percent=_mean(utilisation),
        energy_kwh=sum(energy) / JOULES_PER_KWH if energy else None,
    )


def energy_joules(power: Series) -> float:
    """The integral of power samples in watts over time, by trapezoids.

    Samples that are not finite or have no time are left out; gaps over `MAX_GAP_S` count nothing.
    """
    is_sound = np.isfinite(power.times) & np.isfinite(power.values)
    times, watts = power.times[is_sound], power.values[is_sound]
    order = np.argsort(times, kind="stable")
    gaps = np.diff(times[order])
    means = (watts[order][1:] + watts[order][:-1]) / 2
    return float(np.sum((gaps * means)[gaps <= MAX_GAP_S]))


def _is_gpu(name: str, what: str) -> bool:
    return _GPU.match(name) is not None and name.endswith("/" + what)


def _peak(found: list[Series]) -> float | None:
    values = _finite([series.values for series in found])
    return float(values.max()) if values.size else None


def _mean(found: list[FloatArray]) -> float | None:
    values = _finite(found)
    return float(values.mean()) if values.size else None


def _finite(found: list[FloatArray]) -> FloatArray:
    values = np.concatenate(found) if found else np.empty(0)
    return values[np.isfinite(values)]
