"""The list of runs: one line a run, drawn by itself, so that ten thousand cost what fifty cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tailboard_tui.actions import bindings
from tailboard_tui.widgets.cells import changed_part, fit, width_of
from tailboard_tui.widgets.run_table_cells import Cell, Face, face_of, header_cells, run_cells
from tailboard_tui.widgets.run_table_columns import FIXED_COLUMNS, NAME, STATUS_GLYPHS, RunColumn
from tailboard_tui.widgets.run_table_cursor import RunCursor
from tailboard_tui.widgets.run_table_group_cells import group_cells
from tailboard_tui.widgets.run_table_layout import MEASURED_LINES, Layout, lay_out
from tailboard_tui.widgets.run_table_lines import GroupLine, Predicate, RunLine
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
        "narrow_name",
        "widen_name",
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

Mark = tuple[str, str]
"""Letter and colour (`#rrggbb`) of a run that the panes show."""


class RunTable(RunCursor):
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

    class SortRequested(Message):
        """A header was clicked."""

        def __init__(self, column: RunColumn) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, clock: Callable[[], float] = time.time, id: str | None = None) -> None:
        super().__init__(clock=clock, id=id)
        self._columns: tuple[RunColumn, ...] = (FIXED_COLUMNS["status"], FIXED_COLUMNS["age"])
        self._known_layout: Layout | None = None
        self._measured_at = 0
        self._first_column = 0
        self._name_width = 0
        self._marks: Mapping[str, Mark] = {}
        self._baseline: str | None = None
        self._drawn: dict[str, tuple[Face, tuple[str, ...]]] = {}
        self._groups_drawn: dict[str, tuple[GroupLine, list[Cell]]] = {}
        self._styles: dict[str, Style] = {}

    # What the explorer asks and sets

    @property
    def columns(self) -> tuple[RunColumn, ...]:
        """The columns beside the name, from left to right."""
        return self._columns

    def update(self, rows: Iterable[RunRow], removed: Iterable[str] = ()) -> None:
        """Take in changed and removed runs; only the lines that differ are drawn anew."""
        changed, moved = self.model.update(rows, removed, self._clock())
        if self._baseline in changed:
            self._redraw()  # differences to it stand in all lines
        if not moved or self._lines_changed(is_soft=True):
            self._refresh_rows(changed)

    def set_columns(self, columns: Sequence[RunColumn]) -> None:
        """Show these columns beside the name."""
        if [column.look for column in columns] == [column.look for column in self._columns]:
            return
        self._columns = tuple(columns)
        self._first_column = min(self._first_column, max(len(columns) - 1, 0))
        self._redraw()

    @property
    def name_width(self) -> int:
        """Cells of the name."""
        return self._layout.name

    def set_name_width(self, width: int) -> None:
        """Give the name this many cells; 0: as many as it needs and can have."""
        if width != self._name_width:
            self._name_width = width
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

    def set_folds(self, folds: Mapping[str, bool]) -> None:
        """Which groups are open, where the user has said so."""
        self.model.set_folds(folds)
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
        for key in changed:
            self._drawn.pop(key, None)  # no text of the line differs, its letter and colour do
        self._refresh_rows(changed)

    def tick(self) -> None:
        """Draw the visible lines anew whose ages read differently now."""
        now = self._clock()
        for y in range(1, self.size.height):
            line = self._line_at(y)
            if isinstance(line, RunLine) and line.key in self._drawn:
                texts = self._texts(line, now)
                if texts != self._drawn[line.key][1]:
                    self._refresh_cells(line.key, y)
        self._refresh_groups(list(self._groups_drawn))

    def action_scroll_columns_right(self) -> None:
        """Columns further right."""
        self._scroll_columns(1)

    def action_scroll_columns_left(self) -> None:
        """Columns further left."""
        self._scroll_columns(-1)

    def _scroll_columns(self, by: int) -> None:
        first = max(0, min(self._first_column + by, len(self._columns) - 1))
        if first < self._first_column or (first > self._first_column and self._layout.is_more):
            self._first_column = first
            self._redraw()

    def _redraw(self) -> None:
        self._known_layout = None
        self._groups_drawn.clear()
        super()._redraw()

    def _refresh_rows(self, keys: Iterable[str]) -> None:
        top = round(self.scroll_offset.y)
        for key in keys:
            index = self.model.index_of(key)
            if index is not None and 0 <= index - top < self.size.height - 1:
                if self._outgrows(key):
                    self._redraw()
                    return
                self._refresh_cells(key, index - top + 1)
        around = self.model.grouping.around
        self._refresh_groups({group for key in keys for group in around.get(key, ())})

    def _refresh_groups(self, stale: Iterable[str]) -> None:
        """Draw the groups anew that read differently: of `stale` ones the runs have changed."""
        before = {key: self._groups_drawn.pop(key) for key in stale if key in self._groups_drawn}
        for y in range(1, self.size.height):
            line = self._line_at(y)
            if isinstance(line, GroupLine):
                drawn = before.get(line.key) or self._groups_drawn.get(line.key)
                if drawn is not None and drawn[1] != self._group_cells(line):
                    self._refresh_line(y)

    def _refresh_cells(self, key: str, y: int) -> None:
        """Draw anew what reads differently in the cells of a run's line."""
        line, before = self.model.lines[y - 1 + round(self.scroll_offset.y)], self._drawn.get(key)
        row = self.model.rows[key]
        if not isinstance(line, RunLine) or before is None or before[0] != face_of(row):
            self._refresh_line(y)
            return
        pairs = enumerate(zip(before[1], self._texts(line, self._clock()), strict=False))
        for place, texts in [(place, texts) for place, texts in pairs if texts[0] != texts[1]]:
            x, width = self._layout.span(place, place)
            if place:
                column, cells = self._layout.columns[place - 1]
                x += width - cells
                first, width = changed_part(*(fit(text, cells, right=column.is_number) for text in texts))
                x += first
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
            self._groups_drawn.clear()
        super().watch_scroll_y(old_value, new_value)

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
        self._groups_drawn.clear()

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

    @property
    def _layout(self) -> Layout:
        """Cells of the columns, measured when lines, columns or the window have become others."""
        if self._known_layout is None:
            columns = self._columns[self._first_column :]
            top = self._measured_at = round(self.scroll_offset.y)
            self._known_layout = lay_out(
                columns, self.model, self.size.width, top, self._clock(), name_width=self._name_width
            )
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
        cells = self._group_cells(line) if isinstance(line, GroupLine) else self._run_cells(line)
        bar = Segment("▌" if is_cursor else " ", base + self.style("bar"))
        strip = Strip([bar, *(Segment(text, base + style) for text, style in cells)])
        return strip.adjust_cell_length(width, base).simplify()

    def _run_cells(self, line: RunLine) -> list[Cell]:
        row, texts = self.model.rows[line.key], self._texts(line, self._clock())
        self._drawn[line.key] = (face_of(row), texts)
        return run_cells(
            row,
            texts,
            self._layout.name,
            self._layout.columns,
            self.style,
            depth=line.depth,
            mark=self._marks.get(line.key),
            is_baseline=line.key == self._baseline,
        )

    def _group_cells(self, line: GroupLine) -> list[Cell]:
        """The cells of a group; they are kept, since means over thousands of runs take their time."""
        drawn = self._groups_drawn.get(line.key)
        if drawn is not None and drawn[0] == line:
            return drawn[1]
        around = self.model.grouping.around
        marked = (mark for key, mark in self._marks.items() if line.key in around.get(key, ()))
        cells = group_cells(
            line,
            [self.model.rows[key] for key in line.runs],
            self._layout.name,
            self._layout.columns,
            self._clock(),
            self.style,
            mark_color=next((color for _, color in marked), ""),
        )
        self._groups_drawn[line.key] = line, cells
        return cells

    def _render_header(self, width: int, style: Style) -> Strip:
        layout = self._layout
        cells = header_cells(
            layout.name, layout.columns, self.model.sort, self.style, is_scrolled=self._first_column > 0
        )
        strip = Strip([Segment(text, style + own) for text, own in cells])
        if layout.is_more:
            return Strip([*strip.adjust_cell_length(max(width - 1, 0), style), Segment("›", style)])
        return strip.adjust_cell_length(width, style)
