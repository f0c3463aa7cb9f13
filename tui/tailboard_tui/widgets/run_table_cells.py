"""What stands in one line of the run table, as pairs of text and style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.style import Style

from tailboard_tui.store.alerts import deserves_attention
from tailboard_tui.widgets.cells import fit, fit_middle, width_of
from tailboard_tui.widgets.run_table_columns import NAME, STATUS_GLYPHS, RunColumn
from tailboard_tui.widgets.run_table_layout import GAP_CELLS, LEAD_CELLS, short_title
from tailboard_tui.widgets.run_table_order import SortColumn

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow

Face = tuple[str, bool, bool, bool, bool]
"""Status, star, problems, something that deserves attention, hidden."""

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
