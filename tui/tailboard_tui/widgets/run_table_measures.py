"""Columns of the run table that come from the runs: parameters, and aspects of metrics."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.run_table_columns import (
    FIXED_COLUMNS,
    NAME_LIMIT,
    RunColumn,
    number_key,
    value_key,
    value_text,
)
from tailboard_tui.widgets.run_table_groups import SWEEP

if TYPE_CHECKING:
    from tailboard_tui.store.model import MetricStats, RunRow

METRIC_ASPECTS = ("last", "best", "min", "max", "delta")
"""What a metric column shows; `best` follows the direction of the metric, `delta` is its difference to the
baseline's best (last, where neither direction is better)."""

Baseline = Callable[[], "RunRow | None"]
"""The run that others are compared with now."""


def no_baseline() -> None:
    """There is none."""


def config_column(name: str) -> RunColumn:
    """The column of one config key."""
    return RunColumn(
        f"config:{name}",
        clean(name[:NAME_LIMIT]),
        lambda row, now: value_text(row.facts.config[name]) if name in row.facts.config else "",
        lambda row, now: value_key(row.facts.config.get(name)),
        18,
        fits_content=True,
    )


def metric_column(
    name: str, aspect: str, better: Callable[[str], str], baseline: Baseline = no_baseline
) -> RunColumn:
    """The column of one aspect of one metric.

    Args:
        name: The metric.
        aspect: One of `METRIC_ASPECTS`.
        better: From a metric's name to `min`, `max` or an empty string where neither is better.
        baseline: For the aspect `delta`.
    """

    side = better(name)
    if aspect == "delta":
        return _delta_column(name, side, baseline)

    def value(row: RunRow) -> float | None:
        stats = row.metrics.get(name)
        return None if stats is None else aspect_of(stats, aspect, side)[0]

    def text(row: RunRow, now: float) -> str:
        stats = row.metrics.get(name)
        if stats is None:
            return ""
        shown, step = aspect_of(stats, aspect, side)
        if math.isnan(shown) and aspect != "last":
            return ""
        number = units.number(shown, 4)
        return number if step is None else f"{number:>7} @{units.count(step)}"

    arrow = {"min": "↓", "max": "↑"}
    sense = side if aspect == "best" else aspect
    title = clean(name[:NAME_LIMIT]) + (f" {arrow[sense]}" if sense in arrow else "")
    return RunColumn(
        f"metric:{aspect}:{name}",
        title,
        text,
        lambda row, now: number_key(value(row)),
        20,
        is_number=aspect == "last",
        fits_content=True,
        largest_first=sense == "max" or (aspect == "last" and side == "max"),
        role="" if aspect == "last" else "best",
    )


def _delta_column(name: str, side: str, baseline: Baseline) -> RunColumn:
    """The column of how a metric's best parts from the baseline's."""

    def value(row: RunRow) -> float | None:
        base = baseline()
        stats, theirs = row.metrics.get(name), base.metrics.get(name) if base is not None else None
        if stats is None or theirs is None:
            return None
        return aspect_of(stats, "best", side)[0] - aspect_of(theirs, "best", side)[0]

    def text(row: RunRow, now: float) -> str:
        delta = value(row)
        if delta is None or math.isnan(delta):
            return ""
        return ("+" if delta > 0 else "") + units.number(delta, 3)

    return RunColumn(
        f"metric:delta:{name}",
        f"{clean(name[:NAME_LIMIT])} Δ",
        text,
        lambda row, now: number_key(value(row)),
        10,
        is_number=True,
        fits_content=True,
        largest_first=side == "max",
        role="dim",
    )


def aspect_of(stats: MetricStats, aspect: str, better: str) -> tuple[float, float | None]:
    """The value of one aspect of a metric, and the step at which it stands (None for the last).

    Before the points are read (`count` 0) there is only the last value: the rest is NaN.
    """
    if aspect == "best":
        aspect = better or "last"
    if aspect == "last":
        return stats.last, None
    if stats.count == 0:
        return math.nan, None
    return (stats.min, stats.min_step) if aspect == "min" else (stats.max, stats.max_step)


def make_column(
    column_id: str, better: Callable[[str], str], baseline: Baseline = no_baseline
) -> RunColumn | None:
    """The column of that id, or None where there is no such column."""
    if column_id.startswith("config:"):
        return config_column(column_id.removeprefix("config:"))
    if column_id.startswith("metric:"):
        aspect, _, name = column_id.removeprefix("metric:").partition(":")
        return metric_column(name, aspect, better, baseline) if name and aspect in METRIC_ASPECTS else None
    return SWEEP if column_id == SWEEP.id else FIXED_COLUMNS.get(column_id)
