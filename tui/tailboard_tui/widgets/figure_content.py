"""Figures over the shown runs: best values as bars, and against a hyperparameter. No widget: pure text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tailboard_tui.plot import static
from tailboard_tui.store.goal import direction
from tailboard_tui.store.model import RunRow
from tailboard_tui.text.safe import clean

LOG_FROM = 30.0
"""A hyperparameter whose largest value is so many times its smallest was varied by factors."""


class Figure(NamedTuple):
    """What is drawn of a metric's best values."""

    by: str | None = None
    """The config key on the x axis of a scatter; None: bars."""


def figures(rows: Sequence[RunRow]) -> list[Figure]:
    """Bars, then one scatter for each hyperparameter in which the runs differ by number."""
    keys = dict.fromkeys(key for row in rows for key in row.facts.config)
    varied = [key for key in keys if len({number_of(row.facts.config.get(key)) for row in rows} - {None}) > 1]
    return [Figure(), *(Figure(key) for key in varied)]


def bars(rows: Sequence[RunRow], metric: str, width: int, height: int) -> str:
    """One bar per run, the best on top, as plain text."""
    side = direction(metric, rows[0].facts.metric_defs)
    found = [(row, best_of(row, metric, side)) for row in rows]
    sign = -1.0 if side == "maximize" else 1.0
    found.sort(key=lambda item: (math.isnan(item[1]), sign * item[1]))
    named = [(row.facts.name or row.facts.id, value) for row, value in found]
    return static.bars(named, _title(metric, side), width, height)


def scatter(
    rows: Sequence[RunRow],
    letters: Mapping[str, str],
    metric: str,
    by: str,
    width: int,
    height: int,
    *,
    is_log_x: bool | None = None,
    is_log_y: bool = False,
) -> str:
    """One letter per run at its hyperparameter `by` and its best value, as plain text.

    Args:
        letters: Of each run, by its key.
        is_log_x: None: where the values span more than a factor of 30.
    """
    side = direction(metric, rows[0].facts.metric_defs)
    xs = {row.key: number_of(row.facts.config.get(by)) for row in rows}
    if is_log_x is None:
        known = [x for x in xs.values() if x is not None]
        is_log_x = bool(known) and 0 < min(known) * LOG_FROM <= max(known) and math.isfinite(max(known))
    dots = [
        static.Dot(
            math.nan if (x := xs[row.key]) is None else x, best_of(row, metric, side), letters[row.key]
        )
        for row in rows
    ]
    title = f"{_title(metric, side)} by {clean(by)}"
    return static.scatter(dots, title, clean(by), width, height, is_log_x=is_log_x, is_log_y=is_log_y)


def _title(metric: str, side: str | None) -> str:
    word = {"minimize": "lowest", "maximize": "highest"}.get(side or "", "last")
    return f"{word} {clean(metric)}"


def best_of(row: RunRow, metric: str, side: str | None) -> float:
    """The best value of a run's metric; the last where it is not known which way is better; else NaN."""
    stats = row.metrics.get(metric)
    if stats is None:
        return math.nan
    return {"minimize": stats.min, "maximize": stats.max}.get(side or "", stats.last)


def number_of(value: object) -> float | None:
    """A config value as a number: as it is, or as text that spells one (`1e-3`); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
