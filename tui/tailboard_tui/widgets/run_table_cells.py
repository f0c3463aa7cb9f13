"""What stands in one line of the run table, as pairs of text and style."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.style import Style

from tailboard_tui.store.alerts import deserves_attention
from tailboard_tui.text import units
from tailboard_tui.widgets.cells import fit, fit_middle, width_of
from tailboard_tui.widgets.run_table_columns import NAME, STATUS_GLYPHS, STATUS_ORDER, RunColumn
from tailboard_tui.widgets.run_table_layout import GAP_CELLS, LEAD_CELLS, short_title
from tailboard_tui.widgets.run_table_lines import GroupLine
from tailboard_tui.widgets.run_table_order import SortColumn

if TYPE_CHECKING:
    from tailboard_tui.store.groups import Spread
    from tailboard_tui.store.model import RunRow

Face = tuple[str, bool, bool, bool, bool]
"""Status, star, problems, something that deserves attention, hidden."""

GROUP_OPEN, GROUP_CLOSED = "▾", "▸"

Cell = tuple[str, Style]
Styles = Callable[[str], Style]
"""From the name of a component class to its style."""

_PLAIN = Style()


def face_of(row: RunRow) -> Face:
    """What a line shows beside the texts of its cells."""
    return row.status, row.star, bool(row.problems), deserves_attention(row), row.is_hidden


def header_cells(
    name_width: int,
    columns: Sequence[tuple[RunColumn, int]],
    sort: Sequence[SortColumn],
    styles: Styles,
    *,
    is_scrolled: bool,
) -> list[Cell]:
    """The titles; an arrow where the list is sorted by a column, with its place among several."""
    order = {part.column.id: (place, part.descending) for place, part in enumerate(sort, 1)}

    def cell(column: RunColumn, room: int) -> Cell:
        arrow, style = "", _PLAIN
        if column.id in order:
            place, descending = order[column.id]
            arrow = (" ▾" if descending else " ▴") + (str(place) if len(order) > 1 else "")
            style = styles("sorted")
        space = max(room - len(arrow), 0)
        title = column.title if width_of(column.title) <= space else short_title(column)
        text = fit(title, min(space, width_of(title))) + arrow
        return fit(text, room, right=column.is_number), style

    lead = "‹".rjust(LEAD_CELLS - 1) + " " if is_scrolled else " " * LEAD_CELLS
    cells: list[Cell] = [(lead, _PLAIN), cell(NAME, name_width)]
    for column, room in columns:
        cells += [(" " * GAP_CELLS, _PLAIN), cell(column, room)]
    return cells


def run_cells(
    row: RunRow,
    texts: Sequence[str],
    name_width: int,
    columns: Sequence[tuple[RunColumn, int]],
    styles: Styles,
    *,
    depth: int,
    mark: tuple[str, str] | None,
    is_baseline: bool,
) -> list[Cell]:
    """The cells of a run, after the cursor bar.

    Args:
        row: The run.
        texts: Clean texts of the name and of `columns`.
        name_width: Cells of the name.
        columns: Columns with their width in cells.
        styles: Component styles.
        depth: Groups that it stands in.
        mark: Letter and colour, where the panes show the run.
        is_baseline: Whether comparisons are made with it.
    """
    letter, color = mark or (" ", "")
    cells: list[Cell] = [
        (letter, Style(color=color, bold=True) if color else _PLAIN),
        (" ", _PLAIN),
        (STATUS_GLYPHS[row.status], styles(row.status)),
        (" " + "  " * depth, _PLAIN),
    ]
    room = max(name_width - 2 * depth, 0)
    badges: list[Cell] = []
    if row.star:
        badges.append((" ★", styles("star")))
    if is_baseline:
        badges.append((" ◆", styles("star")))
    if row.problems:
        badges.append((" !", styles("problem")))
    if deserves_attention(row):
        badges.append((" ▲", styles("problem")))
    for text, _ in badges:
        room -= len(text)
    name_style = Style(color=color) if color else _PLAIN
    if row.is_hidden:
        name_style = styles("dim")
    name = fit_middle(texts[0], max(room, 0))
    cells += [(name, name_style), *badges, (" " * max(room - width_of(name), 0), _PLAIN)]
    for (column, width), text in zip(columns, texts[1:], strict=True):
        style = _PLAIN
        if column.role == "status":
            style = styles(row.status)
        elif column.role:
            style = styles(column.role)
        cells += [("  ", _PLAIN), (fit(text, width, right=column.is_number), style)]
    return cells


def group_cells(
    line: GroupLine,
    rows: Sequence[RunRow],
    name_width: int,
    columns: Sequence[tuple[RunColumn, int]],
    now: float,
    styles: Styles,
) -> list[Cell]:
    """The cells of a group, after the cursor bar: title, number of runs, mean ± deviation, extremes."""
    style = styles("group")
    sign = GROUP_OPEN if line.is_open else GROUP_CLOSED
    count = f" ×{len(rows)}"
    room = max(name_width - 2 * line.depth - len(count), 0)
    title = fit(line.title, min(width_of(line.title), room))
    cells: list[Cell] = [
        ("  " + sign + " " + "  " * line.depth, style),
        (title, style),
        (count, styles("dim")),
        (" " * max(room - width_of(title), 0), _PLAIN),
    ]
    for column, width in columns:
        cells += [
            ("  ", _PLAIN),
            (fit(_group_text(column, rows, now, width), width, right=column.is_number), style),
        ]
    return cells


def _group_text(column: RunColumn, rows: Sequence[RunRow], now: float, width: int) -> str:
    if column.id == "status":
        counts = Counter(row.status for row in rows)
        return " ".join(
            f"{counts[status]}{STATUS_GLYPHS[status]}" for status in STATUS_ORDER if counts[status]
        )
    if column.id.startswith("metric:"):
        from tailboard_tui.store.groups import spread

        values = [float(key[1]) for row in rows if (key := column.key(row, now)) is not None]
        found = spread(values)
        if found.n == 0:
            return ""
        return _spread_text(found, width, pads=not column.is_number)
    if column.id.startswith("config:") or column.id in ("group", "project"):
        shared = {column.text(row, now) for row in rows}
        return shared.pop() if len(shared) == 1 else "·"
    return ""


def _spread_text(found: Spread, width: int, *, pads: bool) -> str:
    """Mean ± standard deviation, and from the least to the greatest where there is room for it."""
    mean = units.number(found.mean, 4)
    if pads:
        mean = f"{mean:>7}"
    if found.n == 1:
        return mean
    text = f"{mean} ±{units.number(found.std, 2)}"
    ranged = f"{text}  {units.number(found.min, 3)} … {units.number(found.max, 3)}"
    return ranged if len(ranged) <= width else text
