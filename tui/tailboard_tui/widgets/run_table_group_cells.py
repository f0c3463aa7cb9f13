"""What stands in the row of a group: how many runs, how they do, their best, mean ± standard deviation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style

from tailboard_tui.text import units
from tailboard_tui.widgets.cells import fit, width_of
from tailboard_tui.widgets.run_table_columns import STATUS_GLYPHS, STATUS_ORDER, RunColumn
from tailboard_tui.widgets.run_table_groups import GroupLine

if TYPE_CHECKING:
    from tailboard_tui.store.groups import Spread
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.widgets.run_table_cells import Cell, Styles

GROUP_OPEN, GROUP_CLOSED = "▾", "▸"
MARKED = "•"
"""Before a group of which some runs are marked."""

SHARED = frozenset({"group", "project", "source", "host", "tags"})
"""Columns that say what all runs of the group have in common, as parameters do."""

_PLAIN = Style()


def group_cells(
    line: GroupLine,
    rows: Sequence[RunRow],
    name_width: int,
    columns: Sequence[tuple[RunColumn, int]],
    now: float,
    styles: Styles,
    *,
    mark_color: str = "",
) -> list[Cell]:
    """The cells of a group, after the cursor bar.

    Args:
        line: The group.
        rows: Its runs.
        name_width: Cells of the name.
        columns: Columns with their width in cells.
        now: Unix seconds.
        styles: Component styles.
        mark_color: Of the first of its runs that is marked, `#rrggbb`.
    """
    style = styles("group")
    sign = GROUP_OPEN if line.is_open else GROUP_CLOSED
    count = count_text(line)
    room = max(name_width - 2 * line.depth - len(count), 0)
    title = fit(line.title, min(width_of(line.title), room))
    cells: list[Cell] = [
        (MARKED if mark_color else " ", Style(color=mark_color, bold=True) if mark_color else _PLAIN),
        (f" {sign} " + "  " * line.depth, style),
        (title, style),
        (count, styles("dim")),
        (" " * max(room - width_of(title), 0), _PLAIN),
    ]
    for column, width in columns:
        text = fit(group_text(column, rows, now, width), width, right=column.is_number)
        cells += [("  ", _PLAIN), (text, style)]
    return cells


def count_text(line: GroupLine) -> str:
    """How many runs stand below; of how many, where the filter leaves some out."""
    listed = f" ×{len(line.runs)}"
    return f"{listed} of {line.total}" if line.total > len(line.runs) else listed


def group_text(column: RunColumn, rows: Sequence[RunRow], now: float, width: int) -> str:
    """What a group says in a column of `width` cells."""
    if column.id == "status":
        return status_text(rows)
    if column.id.startswith("metric:"):
        return _metric_text(column, rows, now, width)
    if column.id.startswith("config:") or column.id in SHARED:
        shared = {column.text(row, now) for row in rows}
        return shared.pop() if len(shared) == 1 else "·"
    if column.id == "progress":
        return _progress_text(rows)
    if column.id in _ONE_OF:
        keys = [(key, row) for row in rows if (key := column.key(row, now)) is not None]
        return column.text(_ONE_OF[column.id](keys, key=lambda pair: pair[0])[1], now) if keys else ""
    return ""


_ONE_OF = {"age": min, "eta": max, "step": max, "created": max}
"""Columns in which one run speaks for all: the one that wrote last, that ends last, that is furthest."""


def status_text(rows: Sequence[RunRow]) -> str:
    """How many runs are in each state: `1● 9✓ 2✗`."""
    counts = Counter(row.status for row in rows)
    found: Counter[str] = Counter()
    for status in STATUS_ORDER:
        found[STATUS_GLYPHS[status]] += counts[status]
    return " ".join(f"{count}{glyph}" for glyph, count in found.items() if count)


def _progress_text(rows: Sequence[RunRow]) -> str:
    """How far the group is on the whole, as long as a run of it goes on."""
    if all(row.ended is not None or row.progress is None for row in rows):
        return ""
    done = [1.0 if row.ended is not None else min(max(row.progress or 0.0, 0.0), 1.0) for row in rows]
    return f"{sum(done) / len(done) * 100:.0f}%"


def _metric_text(column: RunColumn, rows: Sequence[RunRow], now: float, width: int) -> str:
    from tailboard_tui.store.groups import spread

    found = spread([float(key[1]) for row in rows if (key := column.key(row, now)) is not None])
    if found.n == 0:
        return ""
    mean = units.number(found.mean, 4)
    if not column.is_number:
        mean = f"{mean:>7}"
    if found.n == 1:
        return mean
    side = {"↑": "max", "↓": "min"}.get(column.title[-1:], "") if column.role == "best" else ""
    return next((text for text in _spread_texts(found, mean, side) if len(text) <= width), mean)


def _spread_texts(found: Spread, mean: str, side: str) -> list[str]:
    """Mean ± standard deviation with the best or, where none is, the extremes, or alone; longest first."""
    std = units.number(found.std, 2)
    low, high = units.number(found.min, 3), units.number(found.max, 3)
    more = {"min": f"best {low}", "max": f"best {high}"}.get(side, f"{low} … {high}")
    short = units.number(found.mean, 3)
    return [f"{mean} ±{std}  {more}", f"{short} ±{std} {more}", f"{mean} ±{std}", f"{short}±{std}"]
