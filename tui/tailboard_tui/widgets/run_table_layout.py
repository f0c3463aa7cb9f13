"""How wide the columns of the run table are, and which of them fit into the window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tailboard_tui.store.alerts import deserves_attention
from tailboard_tui.widgets.cells import width_of
from tailboard_tui.widgets.run_table_columns import NAME, RunColumn
from tailboard_tui.widgets.run_table_group_cells import count_text, status_text
from tailboard_tui.widgets.run_table_lines import GroupLine, Line, RunLines

LEAD_CELLS = 5
"""Before the name: cursor bar, mark, space, status glyph, space."""

GAP_CELLS = 2
"""Between two columns."""

MIN_NAME_CELLS = 12
NAME_SHARE = 0.45
"""Of the window that a long name takes while other columns want room."""

BADGE_CELLS = 2
"""One badge beside the name: star, baseline, problem or alert."""

MIN_CUT_CELLS = 8
"""A column of words at the right edge is cut down to this, or left out."""

MEASURED_LINES = 200
"""Lines that widths are measured on, around the top of the window: the cost is the same for any list."""

GROUPED_CELLS = 15
"""` 0.9703 ±0.0072` of a metric in a list with groups."""

RANGED_CELLS = 28
"""` 0.9703 ±0.0072  best 0.981`, ` 0.9703 ±0.0072  0.95 … 0.99`: where room is left."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands where."""

    name: int
    """Cells of the name."""
    columns: tuple[tuple[RunColumn, int], ...]
    """Those that are seen, with their cells."""
    is_more: bool
    """Whether there are columns further right."""

    def span(self, first: int, last: int) -> tuple[int, int]:
        """First cell and width of the columns `first` to `last`; 0 is the name."""
        starts = [0]
        end = LEAD_CELLS + self.name
        ends = [end]
        for _, width in self.columns:
            starts.append(end)
            end += GAP_CELLS + width
            ends.append(end)
        return starts[first], ends[last] - starts[first]

    def column_at(self, x: int) -> RunColumn | None:
        """The column at cell `x` of the window."""
        end = LEAD_CELLS + self.name
        if x < end:
            return NAME
        for column, width in self.columns:
            end += GAP_CELLS + width
            if x < end:
                return column
        return None


def lay_out(
    columns: Sequence[RunColumn], lines: RunLines, window: int, top: int, now: float, *, name_width: int = 0
) -> Layout:
    """Give every column its cells, as many as fit whole: half a number would be another number.

    The last one may be cut when it holds words, or have its title cut. What is left over goes to the name.

    Args:
        columns: Beside the name, from the first that is scrolled to.
        lines: What is listed.
        window: Cells.
        top: The first line in the window.
        now: Unix seconds.
        name_width: Cells of the name, where the user has set them.
    """
    start = max(top - MEASURED_LINES // 2, 0)
    measured = lines.lines[start : start + MEASURED_LINES]
    sorted_by = {part.column.id for part in lines.sort}
    if name_width:
        name = full_name = min(name_width, max(window - LEAD_CELLS - MIN_NAME_CELLS, MIN_NAME_CELLS))
    else:
        full_name = max(max((_name_cells(line, lines, now) for line in measured), default=0), MIN_NAME_CELLS)
        full_name = min(full_name, NAME.width)
        name = min(full_name, max(int(window * NAME_SHARE) - LEAD_CELLS, MIN_NAME_CELLS))
    room = window - LEAD_CELLS - name - 1
    chosen: list[tuple[RunColumn, int]] = []
    for column in columns:
        width = _cells(column, lines, measured, column.id in sorted_by, now)
        least = MIN_CUT_CELLS
        if column.role not in ("tags", "dim"):
            least = max(least, _content_cells(column, lines, measured, now))
        if lines.grouping.around and not column.is_set:
            if column.id.startswith("metric:"):
                width = max(width, GROUPED_CELLS)
            elif column.id == "status":
                width = max([width, *map(width_of, _statuses(lines, measured))])
        if width + GAP_CELLS > room:
            if column.fits_content and not column.is_set and room - GAP_CELLS >= least:
                chosen.append((column, room - GAP_CELLS))
                room = 0
            break
        room -= width + GAP_CELLS
        chosen.append((column, width))
    if lines.grouping.around:
        room -= _widen(chosen, room - max(full_name - name, 0))
    return Layout(min(name + room, full_name), tuple(chosen), len(chosen) < len(columns))


def _widen(chosen: list[tuple[RunColumn, int]], room: int) -> int:
    """Give metrics what groups want to say of them, of what the names leave over; how much was taken."""
    before = room
    for place, (column, width) in enumerate(chosen):
        more = max(min(RANGED_CELLS - width, room), 0)
        if column.id.startswith("metric:") and not column.is_set:
            chosen[place] = column, width + more
            room -= more
    return before - room


def short_title(column: RunColumn) -> str:
    """The last part of a metric's or parameter's name: `val/accuracy` -> `accuracy`."""
    return column.title.rpartition("/")[2].rpartition(".")[2] or column.title


def _cells(column: RunColumn, lines: RunLines, measured: Sequence[Line], is_sorted: bool, now: float) -> int:
    if column.is_set:
        return column.width
    title = width_of(short_title(column)) + (BADGE_CELLS if is_sorted else 0)
    if not column.fits_content:
        return max(column.width, title)
    return max(_content_cells(column, lines, measured, now), min(title, column.width))


def _content_cells(column: RunColumn, lines: RunLines, measured: Sequence[Line], now: float) -> int:
    rows = lines.rows
    texts = (column.text(rows[line.key], now) for line in measured if not isinstance(line, GroupLine))
    return min(max(map(width_of, texts), default=0), column.width)


def _statuses(lines: RunLines, measured: Sequence[Line]) -> Iterator[str]:
    for line in measured:
        if isinstance(line, GroupLine):
            yield status_text([lines.rows[key] for key in line.runs])


def _name_cells(line: Line, lines: RunLines, now: float) -> int:
    if isinstance(line, GroupLine):
        return width_of(line.title) + 2 * line.depth + len(count_text(line))
    row = lines.rows[line.key]
    badges = BADGE_CELLS * (row.star + bool(row.problems) + deserves_attention(row))
    return width_of(NAME.text(row, now)) + 2 * line.depth + badges
