"""What the explorer does with the list of runs: marks, filter, order, columns, groups."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.screen import Screen

from tailboard_tui.screens.run_source import RunSource
from tailboard_tui.settings import Settings
from tailboard_tui.view_state import ViewState, load_view, save_view
from tailboard_tui.widgets.run_filter import RunFilter
from tailboard_tui.widgets.run_table import RunTable
from tailboard_tui.widgets.run_table_columns import (
    FIXED_COLUMNS,
    MAX_CONFIG_COLUMNS,
    METRIC_ASPECTS,
    NAME,
    RunColumn,
    differing_config,
    make_column,
)
from tailboard_tui.widgets.run_table_lines import GroupLine, SortColumn

if TYPE_CHECKING:
    from textual.timer import Timer

    from tailboard_tui.screens.pick import Choice
    from tailboard_tui.store.model import RunRow

COLUMNS_EVERY_S = 2.0
"""Automatic columns are chosen again at most this often while runs come in: a table that jumps is no help."""

SAVE_AFTER_S = 1.0
FEW_RUNS = 100
"""Choosing among so few costs nothing."""

SAMPLED_RUNS = 1000
"""Runs that automatic columns are chosen from."""


class ListActions(Screen[None]):
    """The part of the explorer that works on the table. Mixed into `Explorer`, which holds the state."""

    roots: tuple[str, ...]
    settings: Settings
    clock: Callable[[], float]
    source: RunSource
    table: RunTable
    marks: list[str]
    baseline: str | None

    def init_list(self) -> None:
        """The state of the list, before anything is known."""
        self.view = ViewState()
        self._columns_at = float("-inf")
        self._save_timer: Timer | None = None

    def selection_changed(self) -> None:
        """Cursor, marks or baseline are others: show it."""
        raise NotImplementedError

    def show_header(self) -> None:
        """Show the header as things are now."""
        raise NotImplementedError

    # View state

    def load_view(self) -> None:
        """Take up the view as it was left the last time."""
        self.view = load_view(self.roots)
        self.query_one(RunFilter).history = list(self.view.history)
        if self.view.query:
            self.query_one(RunFilter).set_query(self.view.query)
        self._apply_order()

    def save_view(self) -> None:
        """Keep the view for the next time."""
        filter_line = self.query_one(RunFilter)
        self.view.query = filter_line.query_text
        self.view.history = list(filter_line.history)
        save_view(self.roots, self.view)

    def save_view_soon(self) -> None:
        """The same, once nothing has changed for a moment: a smoothing key may be held down."""
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_AFTER_S, self.save_view)

    def _apply_order(self) -> None:
        self.table.set_groups([column for id in self.view.groups if (column := self._column(id))])
        self.table.set_sort(
            [SortColumn(column, down) for id, down in self.view.sort if (column := self._column(id))]
        )

    # Columns

    def _column(self, column_id: str) -> RunColumn | None:
        return make_column(column_id, self._better)

    def _better(self, metric: str) -> str:
        from tailboard_tui.store.goal import direction

        key = self.table.cursor_key
        row = self.source.row(key) if key else None
        found = direction(metric, row.facts.metric_defs if row else ())
        return {"minimize": "min", "maximize": "max", None: ""}[found]

    def choose_columns_again(self, *, is_scanning: bool) -> None:
        """Choose the columns, unless the user has, and not too often while runs come in."""
        if self.view.columns:
            self.table.set_columns([column for id in self.view.columns if (column := self._column(id))])
            return
        now = time.monotonic()
        rows = self.source.rows()[:SAMPLED_RUNS]
        if (is_scanning or len(rows) > FEW_RUNS) and now - self._columns_at < COLUMNS_EVERY_S:
            return
        self._columns_at = now
        if rows:
            ids = automatic_columns(rows)
            self.table.set_columns([column for id in ids if (column := self._column(id))])

    def _all_columns(self) -> list[Choice]:
        from tailboard_tui.screens.pick import Choice

        rows = self.source.rows()
        choices = [Choice(column.id, column.title) for column in FIXED_COLUMNS.values() if column is not NAME]
        metrics = dict.fromkeys(name for row in rows[:SAMPLED_RUNS] for name in row.metrics)
        choices += [
            Choice(f"metric:{aspect}:{name}", name, aspect) for name in metrics for aspect in METRIC_ASPECTS
        ]
        config = dict.fromkeys(name for row in rows[:SAMPLED_RUNS] for name in row.facts.config)
        return choices + [Choice(f"config:{name}", name, "config") for name in config]

    def action_choose_columns(self) -> None:
        """Pick and order the columns; none chosen means automatic ones."""
        from tailboard_tui.screens.pick import Pick

        def take(chosen: list[str] | None) -> None:
            if chosen is not None:
                self.view.columns = chosen
                self._columns_at = float("-inf")
                self.choose_columns_again(is_scanning=False)
                self.save_view()

        shown = [column.id for column in self.table.columns]
        self.app.push_screen(Pick("Columns", self._all_columns(), chosen=shown, several=True), take)

    # Order and groups

    def action_sort_runs(self) -> None:
        """Pick the column to sort by."""
        from tailboard_tui.screens.pick import Choice, Pick

        choices = [Choice("", "newest first")]
        seen = {""}
        for column in (NAME, *self.table.columns):
            seen.add(column.id)
            note = column.id.split(":")[1] if column.id.startswith("metric:") else ""
            choices.append(Choice(column.id, column.title, note))
        choices += [choice for choice in self._all_columns() if choice.id not in seen]

        def take(chosen: list[str] | None) -> None:
            if chosen:
                self._sort_by(chosen[0])

        self.app.push_screen(Pick("Sort by", choices), take)

    @on(RunTable.SortRequested)
    def _sort_clicked(self, message: RunTable.SortRequested) -> None:
        self._sort_by(message.column.id)

    def _sort_by(self, column_id: str) -> None:
        """Sort by a column; by the same again: the other way round. What decided before decides ties."""
        column = self._column(column_id)
        if column is None:
            self.view.sort = []
        else:
            before = dict(self.view.sort)
            down = (
                not before[column_id]
                if self.view.sort[:1] == [(column_id, before.get(column_id))]
                else column.largest_first
            )
            rest = [part for part in self.view.sort if part[0] != column_id]
            self.view.sort = [(column_id, down), *rest][:3]
        self._apply_order()
        self.save_view()

    def action_reverse_sort(self) -> None:
        """Turn the order round."""
        if self.view.sort:
            (first, down), *rest = self.view.sort
            self.view.sort = [(first, not down), *rest]
            self._apply_order()

    def action_group_runs(self) -> None:
        """Pick what to group by."""
        from tailboard_tui.screens.pick import Choice, Pick

        choices = [Choice("group", "group"), Choice("project", "project"), Choice("status", "status")]
        rows = self.source.rows()[:SAMPLED_RUNS]
        choices += [Choice(f"config:{name}", name, "config") for name in differing_config(rows, 200)]

        def take(chosen: list[str] | None) -> None:
            if chosen is not None:
                self.view.groups = chosen
                self._apply_order()
                self.save_view()

        self.app.push_screen(Pick("Group by", choices, chosen=self.view.groups, several=True), take)

    def clear_groups(self) -> None:
        """Ungroup."""
        if self.view.groups:
            self.view.groups = []
            self._apply_order()
            self.save_view()

    # Filter

    def action_filter_runs(self) -> None:
        """Type a query."""
        self.query_one(RunFilter).open()

    @on(RunFilter.FilterChanged)
    def _filter(self, message: RunFilter.FilterChanged) -> None:
        self.table.set_filter(message.predicate)
        self.query_one(RunFilter).show_count(self.table.model.listed, len(self.table.model.rows))
        self.show_header()

    @on(RunFilter.FilterLeft)
    def _leave_filter(self) -> None:
        self.set_focus(self.table)
        self.save_view()

    # Marks

    def action_toggle_mark(self) -> None:
        """Mark the run, or all runs of a group, and go on to the next line."""
        line = self.table.cursor_line
        if isinstance(line, GroupLine):
            self._toggle(line.runs)
        elif line is not None:
            self._toggle((line.key,))
            self.table.action_cursor_down()
        self.selection_changed()

    def _toggle(self, keys: Sequence[str]) -> None:
        if all(key in self.marks for key in keys):
            self.marks = [key for key in self.marks if key not in keys]
        else:
            self.marks += [key for key in keys if key not in self.marks]

    def action_clear_marks(self) -> None:
        """Take all marks away."""
        self.marks = []
        self.selection_changed()

    def action_set_baseline(self) -> None:
        """Make the run the baseline, or take that back."""
        key = self.table.cursor_key
        self.baseline = None if key == self.baseline else key
        self.selection_changed()


def automatic_columns(rows: Sequence[RunRow]) -> list[str]:
    """Ids of the columns that tell these runs apart.

    Status, the metric that most runs are judged by (best and last), where the run stands, then the
    parameters that differ, then what else some run has.
    """
    from tailboard_tui.store.goal import key_metric

    columns = ["status"]
    judged = Counter(
        name for row in rows if row.metrics and (name := key_metric(row.metrics, row.facts.metric_defs))
    )
    metrics = [name for name, _ in judged.most_common(1)]
    for name in metrics:
        columns.append(f"metric:best:{name}")
    if any(row.sparkline for row in rows):
        columns.append("trend")
    columns += [f"metric:last:{name}" for name in metrics]
    columns.append("step")
    if any(row.progress is not None and row.ended is None for row in rows):
        columns += ["progress", "eta"]
    columns.append("age")
    columns += [f"config:{name}" for name in differing_config(rows, MAX_CONFIG_COLUMNS)]
    columns.append("duration")
    if len({row.facts.group for row in rows}) > 1:
        columns.append("group")
    if any(row.facts.tags for row in rows):
        columns.append("tags")
    if len({row.facts.source for row in rows}) > 1:
        columns.append("source")
    return columns
