"""The one screen: runs on the left, the chosen runs on the right. It owns cursor, marks and the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tailboard_tui.actions import bindings
from tailboard_tui.screens.explorer_list import ListActions
from tailboard_tui.screens.explorer_panes import PaneActions, as_pane
from tailboard_tui.screens.explorer_runs import RunActions
from tailboard_tui.screens.panes import PANES
from tailboard_tui.screens.run_source import NoRuns, RunSource
from tailboard_tui.screens.selecting import Mark, select
from tailboard_tui.settings import Settings
from tailboard_tui.widgets.empty_hint import empty_hint
from tailboard_tui.widgets.header import Header
from tailboard_tui.widgets.header_text import left_texts, right_text
from tailboard_tui.widgets.key_bar import KeyBar
from tailboard_tui.widgets.line import TextLine
from tailboard_tui.widgets.pace import Pace
from tailboard_tui.widgets.room import Room
from tailboard_tui.widgets.run_filter import RunFilter
from tailboard_tui.widgets.run_table import RunTable
from tailboard_tui.widgets.run_table_lines import GroupLine
from tailboard_tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow, StoreChange

WIDE_CELLS = 100
"""From here on the runs and what is known of them stand side by side."""

TABLE_INTERVAL_S = 0.25
"""The table takes in changes at most this often: numbers that change faster cannot be read."""

SCAN_INTERVAL_S = 0.5
"""The same during the first scan: drawing takes its time from reading, which is what one waits for."""

TICK_S = 5.0
"""How often ages are looked at; they are told in steps of ten seconds at least."""

GROUP_RUNS = 24
"""Runs of a group that are shown together when the cursor stands on it."""

WRITTEN_S = 0.01
"""From a paint to its last byte: Textual's writer is a thread, which is to have its turn first."""

SELECTION_INTERVAL_S = 0.05
"""A held-down arrow key moves the cursor faster than charts need to follow."""


class Explorer(ListActions, RunActions, PaneActions):
    """Runs, and what is known of the chosen ones."""

    BINDINGS = bindings("explorer")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE_CELLS, "-wide")]  # noqa: RUF012  # as in Screen
    AUTO_FOCUS = "RunTable"

    class RunsPainted(Message):
        """The first runs are on the screen, and the store knows which of them is looked at."""

    def __init__(
        self,
        roots: Sequence[str],
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        width: int = 0,
    ) -> None:
        """Nothing is shown yet.

        Args:
            roots: Where we look for runs.
            settings: The user's settings.
            clock: The time now, Unix seconds.
            width: Cells of the terminal, so that it is not laid out twice; 0 where that is not known.
        """
        super().__init__(classes="-wide" if width >= WIDE_CELLS else "-narrow" if width else "")
        self.roots = tuple(roots)
        self.settings = settings
        self.clock = clock
        self.source: RunSource = NoRuns()
        self.marks: list[str] = []
        self.baseline: str | None = None
        self._shown_marks: dict[str, Mark] = {}
        self._changed: set[str] = set()
        self._removed: set[str] = set()
        self._is_scanning = True
        self._has_painted_runs = False
        self._table_pace = Pace(self, TABLE_INTERVAL_S, self._apply_changes)
        self._selection_pace = Pace(self, SELECTION_INTERVAL_S, self._show_selection)
        self.init_view()
        self.init_runs()
        self.init_panes()

    def compose(self) -> ComposeResult:
        """Header, runs beside panes, keys. Panes come when their tab is first opened."""
        yield Header()
        with Room(id="body"):
            with Room(id="left"):
                yield RunFilter(clock=self.clock, rows=self._rows)
                yield RunTable(clock=self.clock)
                yield TextLine(id="hint")
            with Room(id="right"):
                yield TabBar([(pane.id, pane.title) for pane in PANES])
                yield Room(id="panes")
        yield KeyBar()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing of the screen itself is seen: one blank line will do for all."""
        return [Strip.blank(crop.width, self.rich_style)] * crop.height

    def on_mount(self) -> None:
        """Say that we are looking; ages tick, and only those that read differently are drawn."""
        self.table = self.query_one(RunTable)
        self.show_header()
        self.set_interval(TICK_S, self._tick)

    def _rows(self) -> tuple[RunRow, ...]:
        return self.source.rows()

    # Facts coming in

    def open_source(self, source: RunSource) -> None:
        """The store is there."""
        self.source = source
        self.load_view()
        self._selection_pace.request()

    def take_in(self, change: StoreChange) -> None:
        """Something changed; the table shows it soon, however many changes come."""
        self._changed |= change.runs
        self._removed = (self._removed | change.removed) - change.runs
        self._is_scanning = change.is_scanning
        is_long_scan = change.is_scanning and len(self.table.model.lines) > self.size.height
        self._table_pace.interval_s = SCAN_INTERVAL_S if is_long_scan else TABLE_INTERVAL_S
        self._table_pace.request()
        if change.runs & {*self.marks, self.table.cursor_key}:
            self._selection_pace.request()

    def _apply_changes(self) -> None:
        changed, self._changed = self._changed, set()
        removed, self._removed = self._removed, set()
        rows = [row for key in changed if (row := self.source.row(key)) is not None]
        self.watch_over(rows)
        self.table.update(rows, removed)
        self.set_class(not self.source.rows(), "-no-runs")
        if self.has_class("-no-runs"):
            self.query_one("#hint", TextLine).show(empty_hint(self._places(), is_scanning=self._is_scanning))
        self.choose_columns_again(is_scanning=self._is_scanning)
        self.query_one(RunFilter).show_count(self.table.model.listed, len(self.table.model.rows))
        self.show_header()
        shown = {*self.marks, self.table.cursor_key}
        if removed & shown:
            self.marks = [key for key in self.marks if key not in removed]
            self._selection_pace.request()

    def _places(self) -> list[tuple[str, str]]:
        """The roots, each with what is wrong with it."""
        return [(place.path, place.problem) for place in self.source.places()] or [
            (root, "") for root in self.roots
        ]

    def _tick(self) -> None:
        self.table.tick()
        self.show_header()

    def show_header(self) -> None:
        """Say where we look, how many runs there are, and how the chosen one is doing."""
        key = self.table.cursor_key
        row = self.source.row(key) if key else None
        self.query_one(Header).show(
            left_texts(
                self.roots,
                self.table.model.counts,
                self.table.model.listed,
                problem=next((problem for _, problem in self._places() if problem), ""),
                is_scanning=self._is_scanning,
                query=self.query_one(RunFilter).query_text,
            ),
            right_text(row, self.clock(), with_name=self.has_class("-narrow", "-open")),
        )

    # Selection

    @on(RunTable.CursorMoved)
    def _follow_cursor(self) -> None:
        if self._has_painted_runs:
            self._selection_pace.request()
        else:
            self.call_after_refresh(lambda: self.set_timer(WRITTEN_S, self._begin_to_select))

    def _begin_to_select(self) -> None:
        """The list is on the screen: now points may be read, and numpy imported for them."""
        self._has_painted_runs = True
        self._show_selection()
        self.post_message(self.RunsPainted())

    def selection_changed(self) -> None:
        """Cursor, marks or baseline are others: show it."""
        self._selection_pace.request()

    def _show_selection(self) -> None:
        if not self._has_painted_runs:
            return
        cursor, marks = self.table.cursor_key, self.marks
        line = self.table.cursor_line
        if isinstance(line, GroupLine):
            cursor, marks = line.runs[0], [*line.runs[:GROUP_RUNS], *marks]
        self.source.show([key for key in (cursor, *marks) if key])
        selection, self._shown_marks = select(
            self.source,
            cursor,
            marks,
            self.baseline,
            dark=self.app.current_theme.dark,
            kept=self._shown_marks,
        )
        marked = {key: mark for key, mark in self._shown_marks.items() if key in marks}
        self.table.set_marks(marked, self.baseline)
        self.show_header()
        self.show_in_pane(selection)

    # Going about

    @on(RunTable.OpenRun)
    def _open_run(self) -> None:
        """Give the run the whole screen."""
        self.add_class("-open")
        self._open_tab(self._tab, take_focus=True)

    def action_next_pane(self) -> None:
        """To the pane on the right, and back to the list."""
        if self.table.has_focus and not self._focuses_pane:
            self._open_tab(self._tab, take_focus=True)
        else:
            self._to_table()

    def action_previous_pane(self) -> None:
        """There are two panes: the same as forward."""
        self.action_next_pane()

    def action_back(self) -> None:
        """One step back: inner state of the pane, the pane, the filter."""
        pane = self._panes.get(self._tab)
        if pane is not None and pane.has_focus_within and as_pane(pane).go_back():
            return
        if self.has_class("-open") or not self.table.has_focus:
            self._to_table()
        elif not self.query_one(RunFilter).clear():
            self.clear_groups()

    def _to_table(self) -> None:
        self._focuses_pane = False
        self.remove_class("-open")
        self.set_focus(self.table)
        self.show_header()

    def on_descendant_focus(self) -> None:
        """A click may have gone to the list while a pane was about to get the focus."""
        if self.table.has_focus:
            self._focuses_pane = False

    @property
    def is_settled(self) -> bool:
        """Whether everything that is known is shown."""
        is_beginning = bool(self.table.model.lines) and not self._has_painted_runs
        is_pacing = self._table_pace.is_waiting or self._selection_pace.is_waiting
        return not (is_beginning or is_pacing or self._is_bringing_pane)

    def action_refresh(self) -> None:
        """Look at all files again now."""
        self.source.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """The right side may have come into view."""
        self._selection_pace.request()
