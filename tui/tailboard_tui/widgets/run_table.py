"""The list of runs: one line a run, drawn by itself, so that ten thousand cost what fifty cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tailboard_tui.actions import bindings
from tailboard_tui.widgets.cells import fit, width_of
from tailboard_tui.widgets.run_table_cells import group_cells, run_cells
from tailboard_tui.widgets.run_table_columns import FIXED_COLUMNS, NAME, STATUS_GLYPHS, RunColumn
from tailboard_tui.widgets.run_table_layout import (
    GAP_CELLS,
    LEAD_CELLS,
    MEASURED_LINES,
    Layout,
    lay_out,
    short_title,
)
from tailboard_tui.widgets.run_table_lines import GroupLine, Line, Predicate, RunLine, RunLines
from tailboard_tui.widgets.run_table_order import SortColumn

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow

SCREEN_ACTIONS = frozenset(
    {
        "toggle_mark",
        "clear_marks",
        "filter_runs",
        "sort_runs",
        "reverse_sort",
        "choose_columns",
        "choose_view",
        "group_runs",
        "edit_tags",
        "toggle_star",
        "hide_run",
        "set_baseline",
        "compare_runs",
        "archive_run",
        "undo_archive",
        "show_hidden",
    }
)
"""What the keys of the table ask of the explorer: it needs a dialog, or more than the table."""

Face = tuple[str, bool, bool, bool]

Mark = tuple[str, str]
"""Letter and colour (`#rrggbb`) of a run that the panes show."""


class RunTable(ScrollView, can_focus=True):
    """The runs, with a cursor that stays on its run whatever happens to the order."""

    DEFAULT_CSS = """
    RunTable { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS = bindings("runs", on_screen=SCREEN_ACTIONS)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "run-table--header",
        "run-table--sorted",
        "run-table--cursor",
        "run-table--group",
        "run-table--dim",
        "run-table--best",
        "run-table--spark",
        "run-table--tags",
        "run-table--problem",
        "run-table--star",
        "run-table--bar",
        *(f"run-table--{status}" for status in STATUS_GLYPHS),
    }

    class CursorMoved(Message):
        """The cursor stands on another run (or on none)."""

        def __init__(self, key: str | None) -> None:
            super().__init__()
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only the newest place matters."""
            return isinstance(message, RunTable.CursorMoved)

    class OpenRun(Message):
        """The run is to be given the whole screen."""

    class SortRequested(Message):
        """A header was clicked."""

        def __init__(self, column: RunColumn) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, clock: Callable[[], float] = time.time, id: str | None = None) -> None:
        super().__init__(id=id)
        self.model = RunLines()
        self._clock = clock
        self._columns: tuple[RunColumn, ...] = (FIXED_COLUMNS["status"], FIXED_COLUMNS["age"])
        self._known_layout: Layout | None = None
        self._measured_at = 0
        self._drawn_window: tuple[int, tuple[str, ...]] = (0, ())
        self._first_column = 0
        self._cursor_key: str | None = None
        self._cursor_index = 0
        self._has_moved = False
        self._marks: Mapping[str, Mark] = {}
        self._baseline: str | None = None
        self._drawn: dict[str, tuple[Face, tuple[str, ...]]] = {}
        self._styles: dict[str, Style] = {}

    # What the explorer asks and sets

    @property
    def cursor_key(self) -> str | None:
        """The run under the cursor; None on a group or in an empty list."""
        line = self.cursor_line
        return line.key if isinstance(line, RunLine) else None

    @property
    def cursor_line(self) -> Line | None:
        """The line under the cursor."""
        lines = self.model.lines
        return lines[self._cursor_index] if 0 <= self._cursor_index < len(lines) else None

    @property
    def columns(self) -> tuple[RunColumn, ...]:
        """The columns beside the name, from left to right."""
        return self._columns

    def update(self, rows: Iterable[RunRow], removed: Iterable[str] = ()) -> None:
        """Take in changed and removed runs; only the lines that differ are drawn anew."""
        changed, moved = self.model.update(rows, removed, self._clock())
        if not moved or self._lines_changed(is_soft=True):
            self._refresh_rows(changed)

    def set_columns(self, columns: Sequence[RunColumn]) -> None:
        """Show these columns beside the name."""
        if list(map(_look, columns)) == list(map(_look, self._columns)):
            return
        self._columns = tuple(columns)
        self._first_column = min(self._first_column, max(len(columns) - 1, 0))
        self._redraw()

    def set_filter(self, predicate: Predicate | None) -> None:
        """List only the runs for which `predicate` is true."""
        self.model.set_filter(predicate)
        self._lines_changed()

    def set_sort(self, sort: Sequence[SortColumn]) -> None:
        """Order the runs; the cursor stays on its run."""
        self.model.set_sort(sort, self._clock())
        self._lines_changed()

    def set_groups(self, groups: Sequence[RunColumn]) -> None:
        """Group the runs by the values of these columns."""
        self.model.set_groups(groups)
        self._lines_changed()

    def set_shows_hidden(self, shows_hidden: bool) -> None:
        """List hidden runs too, or not."""
        self.model.set_shows_hidden(shows_hidden)
        self._lines_changed()

    def set_marks(self, marks: Mapping[str, Mark], baseline: str | None) -> None:
        """Show which runs the panes show, by letter and colour."""
        changed = {key for key in {*marks, *self._marks} if marks.get(key) != self._marks.get(key)}
        if baseline != self._baseline:
            changed |= {key for key in (baseline, self._baseline) if key}
        self._marks, self._baseline = marks, baseline
        self._refresh_rows(changed)

    def go_to(self, key: str) -> None:
        """Put the cursor on that run or group, if it is listed."""
        index = self.model.index_of(key)
        if index is not None:
            self._move_to(index)

    def tick(self) -> None:
        """Draw the visible lines anew whose ages read differently now."""
        now = self._clock()
        for y in range(1, self.size.height):
            line = self._line_at(y)
            if isinstance(line, RunLine) and line.key in self._drawn:
                texts = self._texts(line, now)
                if texts != self._drawn[line.key][1]:
                    self._refresh_cells(line.key, y)

    # Moving

    def action_cursor_down(self) -> None:
        """One run down."""
        self._move_to(self._cursor_index + 1)

    def action_cursor_up(self) -> None:
        """One run up."""
        self._move_to(self._cursor_index - 1)

    def action_page_down(self) -> None:
        """One page down."""
        self._move_to(self._cursor_index + max(self.size.height - 2, 1))

    def action_page_up(self) -> None:
        """One page up."""
        self._move_to(self._cursor_index - max(self.size.height - 2, 1))

    def action_first(self) -> None:
        """First run."""
        self._move_to(0)

    def action_last(self) -> None:
        """Last run."""
        self._move_to(len(self.model.lines) - 1)

    def action_scroll_columns_right(self) -> None:
        """Columns further right."""
        self._scroll_columns(1)

    def action_scroll_columns_left(self) -> None:
        """Columns further left."""
        self._scroll_columns(-1)

    def action_open_run(self) -> None:
        """Give the run the whole screen; fold or unfold a group."""
        line = self.cursor_line
        if isinstance(line, GroupLine):
            self.model.toggle_fold(line.key)
            self._lines_changed()
        elif line is not None:
            self.post_message(self.OpenRun())

    def _scroll_columns(self, by: int) -> None:
        first = max(0, min(self._first_column + by, len(self._columns) - 1))
        if first < self._first_column or (first > self._first_column and self._layout.is_more):
            self._first_column = first
            self._redraw()

    def _move_to(self, index: int) -> None:
        lines = self.model.lines
        index = max(0, min(index, len(lines) - 1))
        self._has_moved = True
        if not lines or (index == self._cursor_index and self._cursor_key == lines[index].key):
            return
        old, self._cursor_index = self._cursor_index, index
        self._cursor_key = lines[index].key
        top = round(self.scroll_offset.y)
        self._scroll_to_cursor()
        if round(self.scroll_offset.y) == top:
            self._refresh_line(old - top + 1)
            self._refresh_line(index - top + 1)
        self.post_message(self.CursorMoved(self.cursor_key))

    def _scroll_to_cursor(self) -> None:
        top = round(self.scroll_offset.y)
        room = max(self.size.height - 1, 1)
        if self._cursor_index < top:
            self.scroll_to(y=self._cursor_index, animate=False, immediate=True)
        elif self._cursor_index >= top + room:
            self.scroll_to(y=self._cursor_index - room + 1, animate=False, immediate=True)

    # Following what changed

    def _lines_changed(self, *, is_soft: bool = False) -> bool:
        """The lines are others: keep the cursor on its run, else near where it stood.

        Args:
            is_soft: Draw nothing when the window holds the same lines as before.

        Returns:
            Whether nothing was drawn.
        """
        lines = self.model.lines
        before = self._cursor_key
        top = round(self.scroll_offset.y)
        offset = self._cursor_index - top
        found = self.model.index_of(before) if self._has_moved else 0
        self._cursor_index = max(0, min(self._cursor_index if found is None else found, len(lines) - 1))
        self._cursor_key = lines[self._cursor_index].key if lines else None
        self._set_virtual_size()
        if self._has_moved and found is not None and 0 <= offset < self.size.height - 1:
            self.scroll_to(y=max(self._cursor_index - offset, 0), animate=False, immediate=True, force=True)
        self._scroll_to_cursor()
        is_same = is_soft and self._window_keys() == self._drawn_window and self._cursor_key == before
        if not is_same:
            self._redraw()
        if self._cursor_key != before:
            self.post_message(self.CursorMoved(self.cursor_key))
        return is_same

    def _set_virtual_size(self) -> None:
        """Room to scroll in; with none, what there was stays, for a change lays the whole screen out."""
        height = len(self.model.lines) + 1
        if max(height, self.virtual_size.height) > self.size.height:
            self.virtual_size = Size(self.size.width, height)

    def _window_keys(self) -> tuple[int, tuple[str, ...]]:
        """What stands in the window: the place of the cursor in it, and the lines."""
        top = round(self.scroll_offset.y)
        lines = self.model.lines[top : top + self.size.height - 1]
        return self._cursor_index - top, tuple(line.key for line in lines)

    def _redraw(self) -> None:
        self._drawn_window = self._window_keys()
        self._known_layout = None
        self.refresh()

    def _refresh_rows(self, keys: Iterable[str]) -> None:
        top = round(self.scroll_offset.y)
        for key in keys:
            index = self.model.index_of(key)
            if index is not None and 0 <= index - top < self.size.height - 1:
                if self._outgrows(key):
                    self._redraw()
                    return
                self._refresh_cells(key, index - top + 1)
        if self.model.groups:
            self.refresh()

    def _refresh_cells(self, key: str, y: int) -> None:
        """Draw a run's line anew from the first cell that reads differently to the last."""
        line, before = self.model.lines[y - 1 + round(self.scroll_offset.y)], self._drawn.get(key)
        row = self.model.rows[key]
        if not isinstance(line, RunLine) or before is None or before[0] != _face(row):
            self._refresh_line(y)
            return
        pairs = enumerate(zip(before[1], self._texts(line, self._clock()), strict=False))
        places = [place for place, (old, new) in pairs if old != new]
        if places:
            x, width = self._layout.span(places[0], places[-1])
            self.refresh(Region(x, y, width, 1))

    def _outgrows(self, key: str) -> bool:
        """Whether a cell of that run has become wider than its column."""
        row, now = self.model.rows[key], self._clock()
        return any(
            column.fits_content and width < width_of(column.text(row, now)) and width < column.width
            for column, width in self._layout.columns
        )

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Far from where the columns were measured, measure them anew."""
        if abs(new_value - self._measured_at) > MEASURED_LINES // 4:
            self._known_layout = None
        super().watch_scroll_y(old_value, new_value)

    def _refresh_line(self, y: int) -> None:
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self) -> None:
        """Follow the window."""
        self._set_virtual_size()
        self._scroll_to_cursor()
        if self.model.lines:
            self._redraw()

    def notify_style_update(self) -> None:
        """Textual calls this when theme or focus changed."""
        super().notify_style_update()
        self._styles.clear()

    @on(events.Click)
    def _click(self, event: events.Click) -> None:
        y = event.y
        if y == 0:
            column = self._layout.column_at(event.x)
            if column is not None:
                self.post_message(self.SortRequested(column))
        elif (line := self._line_at(y)) is not None:
            index = self.model.index_of(line.key)
            if index is not None:
                self._move_to(index)
            if event.chain == 2 or isinstance(line, GroupLine):
                self.action_open_run()

    def _on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        event.stop()
        self._scroll_columns(1)

    def _on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        event.stop()
        self._scroll_columns(-1)

    # Drawing

    def _line_at(self, y: int) -> Line | None:
        index = round(self.scroll_offset.y) + y - 1
        return self.model.lines[index] if y > 0 and 0 <= index < len(self.model.lines) else None

    @property
    def _layout(self) -> Layout:
        """Cells of the columns, measured when lines, columns or the window have become others."""
        if self._known_layout is None:
            columns = self._columns[self._first_column :]
            top = self._measured_at = round(self.scroll_offset.y)
            self._known_layout = lay_out(columns, self.model, self.size.width, top, self._clock())
        return self._known_layout

    def _texts(self, line: RunLine, now: float) -> tuple[str, ...]:
        row = self.model.rows[line.key]
        return (NAME.text(row, now), *(column.text(row, now) for column, _ in self._layout.columns))

    def style(self, name: str) -> Style:
        """The foreground style of one component class, without background."""
        if name not in self._styles:
            full = self.get_component_rich_style(f"run-table--{name}", partial=True)
            self._styles[name] = full
        return self._styles[name]

    def render_line(self, y: int) -> Strip:
        """Line `y` of the window: the header, a run, a group, or nothing."""
        width = self.size.width
        base = self.rich_style
        if y == 0:
            return self._render_header(width, base + self.style("header"))
        line = self._line_at(y)
        if line is None:
            return Strip.blank(width, base)
        is_cursor = round(self.scroll_offset.y) + y - 1 == self._cursor_index
        if is_cursor:
            base += self.style("cursor")
        now = self._clock()
        room, columns = self._layout.name, self._layout.columns
        if isinstance(line, GroupLine):
            cells = group_cells(
                line, [self.model.rows[key] for key in line.runs], room, columns, now, self.style
            )
        else:
            texts = self._texts(line, now)
            self._drawn[line.key] = (_face(self.model.rows[line.key]), texts)
            cells = run_cells(
                self.model.rows[line.key],
                texts,
                room,
                columns,
                self.style,
                depth=line.depth,
                mark=self._marks.get(line.key),
                is_baseline=line.key == self._baseline,
            )
        bar = Segment("▌" if is_cursor else " ", base + self.style("bar"))
        strip = Strip([bar, *(Segment(text, base + style) for text, style in cells)])
        return strip.adjust_cell_length(width, base).simplify()

    def _render_header(self, width: int, style: Style) -> Strip:
        order = {part.column.id: (place, part.descending) for place, part in enumerate(self.model.sort)}

        def cell(column: RunColumn, room: int) -> Segment:
            title = column.title
            if column.id not in order:
                title = title if width_of(title) <= room else short_title(column)
                return Segment(fit(title, room, right=column.is_number), style)
            place, descending = order[column.id]
            arrow = ("▾" if descending else "▴") + (str(place + 1) if len(order) > 1 else "")
            space = max(room - len(arrow) - 1, 0)
            title = title if width_of(title) <= space else short_title(column)
            return Segment(
                fit(
                    f"{fit(title, min(space, width_of(title)))} {arrow}",
                    room,
                    right=column.is_number,
                ),
                style + self.style("sorted"),
            )

        segments = [Segment(" " * LEAD_CELLS, style), cell(NAME, self._layout.name)]
        for column, room in self._layout.columns:
            segments += [Segment(" " * GAP_CELLS, style), cell(column, room)]
        if self._first_column:
            segments[0] = Segment("   ‹ ", style)
        strip = Strip(segments)
        if self._layout.is_more:
            return Strip([*strip.adjust_cell_length(max(width - 1, 0), style), Segment("›", style)])
        return strip.adjust_cell_length(width, style)


def _look(column: RunColumn) -> tuple[object, ...]:
    """What tells one column from another; its functions are made anew each time."""
    return column.id, column.title, column.width, column.is_set, column.largest_first


def _face(row: RunRow) -> Face:
    """What a line shows beside the texts of its cells."""
    return row.status, row.star, bool(row.problems), row.is_hidden
