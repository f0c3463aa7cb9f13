"""Figures over the shown runs: best values as bars, and against a hyperparameter. No widget: cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tailboard_tui.plot import static
from tailboard_tui.plot.canvas import Canvas
from tailboard_tui.plot.cells import SPACE, Cells, CellStyle, fit
from tailboard_tui.plot.spec import Look
from tailboard_tui.store.goal import direction
from tailboard_tui.store.model import RunRow
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.selection import ShownRun

LOG_FROM = 30.0
"""A hyperparameter whose largest value is so many times its smallest was varied by factors."""


LEGEND_WIDTH = 38
"""Cells beside a scatter, where it keeps at least as many again."""

_FRAME = frozenset("─│┌┐└┘┤┬├┴┼")


class Figure(NamedTuple):
    """What is drawn of a metric's best values."""

    by: str | None = None
    """The config key on the x axis of a scatter; None: bars."""


def figures(rows: Sequence[RunRow]) -> list[Figure]:
    """Bars, then one scatter for each hyperparameter in which the runs differ by number."""
    keys = dict.fromkeys(key for row in rows for key in row.facts.config)
    varied = [key for key in keys if len({number_of(row.facts.config.get(key)) for row in rows} - {None}) > 1]
    return [Figure(), *(Figure(key) for key in varied)]


def bars(runs: Sequence[ShownRun], metric: str, width: int, height: int, look: Look) -> Cells:
    """One bar per run in its colour, the best on top."""
    side = direction(metric, runs[0].row.facts.metric_defs)
    found = _ranked(runs, metric, side)
    named = [(f"{run.letter} {_name(run)}", value) for run, value in found]
    lines = static.bars(named, _title(metric, side), width, height).split("\n")
    canvas = _written(lines, width, len(lines), look)
    area = _area(canvas)
    if area is not None:
        ticks = np.flatnonzero(canvas.chars[:, area[1].start - 1] == ord("┤"))
        for row, (run, value) in zip(ticks.tolist(), found, strict=False):
            if static.usable(value):
                bar = (slice(row, row + 1), area[1])
                _color(canvas, bar, lambda _, run=run: _style(look, run.color))  # type: ignore[misc]  # bound now
                canvas.write(row, 0, run.letter, _style(look, run.color, is_bold=True))
    return canvas.cells()


def scatter(
    runs: Sequence[ShownRun],
    metric: str,
    by: str,
    width: int,
    height: int,
    look: Look,
    *,
    is_log_x: bool | None = None,
    is_log_y: bool = False,
) -> Cells:
    """One letter per run at its hyperparameter `by` and its best value, with a legend, the best on top.

    Args:
        is_log_x: None: where the values span more than a factor of 30.
    """
    side = direction(metric, runs[0].row.facts.metric_defs)
    xs = {run.row.key: number_of(run.row.facts.config.get(by)) for run in runs}
    if is_log_x is None:
        known = [x for x in xs.values() if x is not None]
        is_log_x = bool(known) and 0 < min(known) * LOG_FROM <= max(known) and math.isfinite(max(known))
    ranked = _ranked(runs, metric, side)
    dots = [
        static.Dot(math.nan if (x := xs[run.row.key]) is None else x, value, run.letter)
        for run, value in ranked
    ]
    is_beside = width >= 2 * LEGEND_WIDTH + 8
    plot_width = width - LEGEND_WIDTH if is_beside else width
    plot_height = height if is_beside else max(height - len(runs) - 1, min(height, 12))
    title = f"{_title(metric, side)} by {clean(by)}"
    text = static.scatter(
        dots, title, clean(by), plot_width, plot_height, is_log_x=is_log_x, is_log_y=is_log_y
    )
    lines = text.split("\n")
    canvas = _written(lines, width, height, look)
    area, colors = _area(canvas), {run.letter: run.color for run in runs}
    if area is not None:
        _color(canvas, area, lambda char: _style(look, colors.get(char, look.text), is_bold=True))
    corner = (2, plot_width + 1) if is_beside else (len(lines) + 1, 1)
    shown = [(run, x, value) for run, value in ranked if (x := xs[run.row.key]) is not None]
    _legend(canvas, corner, [item for item in shown if static.usable(item[2])], look)
    return canvas.cells()


def _ranked(runs: Sequence[ShownRun], metric: str, side: str | None) -> list[tuple[ShownRun, float]]:
    """Runs with their best values, the best first, those without one last."""
    found = [(run, best_of(run.row, metric, side)) for run in runs]
    sign = -1.0 if side == "maximize" else 1.0
    return sorted(found, key=lambda item: (math.isnan(item[1]), sign * item[1]))


def _name(run: ShownRun) -> str:
    return run.row.facts.name or run.row.facts.id


def _style(look: Look, color: str, *, is_bold: bool = False) -> CellStyle:
    return CellStyle(color if look.has_color else None, is_bold=is_bold)


def _written(lines: Sequence[str], width: int, height: int, look: Look) -> Canvas:
    """plotext's lines, their frame in the colour of axes."""
    canvas = Canvas(max(width, 1), max(height, 1), is_ascii=look.is_ascii)
    for row, line in enumerate(lines[:height]):
        canvas.write(row, 0, line, _style(look, look.text, is_bold=row == 0))
    area = _area(canvas)
    if area is not None:
        top, left = area[0].start - 1, area[1].start - 1
        for char in _FRAME:
            rows, columns = np.nonzero(canvas.chars[top:, left : area[1].stop + 1] == ord(char))
            canvas.mark(rows + top, columns + left, char, _style(look, look.axis))
    return canvas


def _area(canvas: Canvas) -> tuple[slice, slice] | None:
    """Rows and columns within plotext's frame; None where it drew none."""
    corners = [np.argwhere(canvas.chars == ord(char)) for char in "┌┘"]
    if not all(found.size for found in corners):
        return None
    (top, left), (bottom, right) = corners[0][0].tolist(), corners[1][-1].tolist()
    return slice(top + 1, bottom), slice(left + 1, right)


def _color(canvas: Canvas, area: tuple[slice, slice], style_of: Callable[[str], CellStyle]) -> None:
    """Give every sign in `area` its style."""
    for code in np.unique(canvas.chars[area]).tolist():
        if code != SPACE:
            rows, columns = np.nonzero(canvas.chars[area] == code)
            canvas.mark(rows + area[0].start, columns + area[1].start, chr(code), style_of(chr(code)))


def _legend(
    canvas: Canvas, corner: tuple[int, int], shown: Sequence[tuple[ShownRun, float, float]], look: Look
) -> None:
    """Letter, name, hyperparameter and value of each run, as many as there is room for."""
    top, left = corner
    room = canvas.height - top
    if room < 1 or not shown:
        return
    xs = [units.number(x) for _, x, _ in shown]
    values = [units.number(value) for *_, value in shown]
    numbers = max(map(len, xs)) + max(map(len, values)) + 4
    name_width = max(min(canvas.width - left, LEGEND_WIDTH + 20) - numbers - 3, 4)
    kept = len(shown) if len(shown) <= room else room - 1
    for row, (run, _, _) in enumerate(shown[:kept]):
        canvas.write(top + row, left, run.letter, _style(look, run.color, is_bold=True))
        canvas.write(top + row, left + 3, fit(_name(run), name_width), _style(look, look.text))
        text = f"  {xs[row]:>{max(map(len, xs))}}  {values[row]:>{max(map(len, values))}}"
        canvas.write(top + row, left + 3 + name_width, text, _style(look, look.muted))
    if kept < len(shown):
        canvas.write(top + kept, left + 3, f"+{len(shown) - kept} more", _style(look, look.muted))


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
