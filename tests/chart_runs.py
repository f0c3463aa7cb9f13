"""Runs made up for tests of charts: the same every time, with every shape that a chart has to cope with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tailboard_tui.formats.base import FloatArray, RunFacts
from tailboard_tui.plot.palette import run_colors, run_letters
from tailboard_tui.store.model import MetricStats, Points, RunRow, Series
from tailboard_tui.widgets.selection import Selection, ShownRun

STARTED = 1_700_000_000.0
SECONDS_PER_STEP = 0.5


@dataclass(frozen=True)
class MadePoints:
    """Points given by hand: `store.model.Points`."""

    found: Mapping[str, Series]
    system: Mapping[str, Series] = field(default_factory=dict)
    is_complete: bool = True

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(self.found)

    @property
    def system_metrics(self) -> tuple[str, ...]:
        return tuple(self.system)

    def series(self, name: str, *, everything: bool = False) -> Series | None:
        return self.found.get(name) or self.system.get(name)


def series(name: str, values: FloatArray, every: int = 1, resumed: tuple[float, ...] = ()) -> Series:
    """Points at every `every`-th step, half a second a step."""
    steps = np.arange(values.size, dtype=np.float64) * every
    return Series(name, steps, STARTED + steps * SECONDS_PER_STEP, values, 0, resumed)


def curves(seed: int, points: int = 600) -> dict[str, Series]:
    """Metrics of one made-up training."""
    rng = np.random.default_rng(seed)
    place = np.linspace(0, 1, points)
    loss = 2.2 * np.exp(-(4 + seed) * place) + 0.25 + 0.05 * rng.standard_normal(points)
    accuracy = 0.97 - 0.85 * np.exp(-(5 + seed) * place) + 0.01 * rng.standard_normal(points)
    diverging = loss.copy()
    diverging[points * 2 // 3 :] = np.nan
    spiky = 0.5 + 0.05 * rng.standard_normal(points)
    spiky[points // 3] = 60.0
    return {
        "train/loss": series("train/loss", loss),
        "train/accuracy": series("train/accuracy", accuracy),
        "train/grad_norm": series("train/grad_norm", spiky),
        "val/loss": series("val/loss", loss[:: points // 10] + 0.05, every=points // 10),
        "val/nan_loss": series("val/nan_loss", diverging),
        "lr": series("lr", 3e-4 * np.minimum(place / 0.05, 1) * 0.5 * (1 + np.cos(np.pi * place))),
    }


def row(key: str, name: str, found: Mapping[str, Series], group: str | None = None) -> RunRow:
    """The row of a run with these points."""
    facts = RunFacts(id=key, name=name, source="tailboard", path=f"/runs/{key}", group=group)
    metrics = {
        metric: MetricStats(points.values.size, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)
        for metric, points in found.items()
    }
    return RunRow(key, facts, "running", "", started=STARTED, metrics=metrics, is_read=True)


def selection(
    runs: Sequence[tuple[str, Mapping[str, Series]]] | int = 1,
    *,
    points: int = 600,
    group: str | None = None,
    baseline: str | None = None,
    system: bool = False,
) -> Selection:
    """Runs by name and points, or so many made-up ones, as the charts are given them."""
    if isinstance(runs, int):
        names = ("baseline", "wide", "dropout 0.3", "größer 漢字")
        runs = [(names[index % 4], curves(index, points)) for index in range(runs)]
    keys = [f"run-{index}" for index in range(len(runs))]
    colors, letters = run_colors(keys), run_letters(keys)
    shown = []
    for key, (name, found) in zip(keys, runs, strict=True):
        made: Points = MadePoints({}, found) if system else MadePoints(found)
        shown.append(ShownRun(row(key, name, found, group), made, colors[key], letters[key], key == keys[0]))
    return Selection(tuple(shown), baseline)
