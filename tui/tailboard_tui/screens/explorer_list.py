"""What the explorer does with the lines of the run list: order, groups, filter, marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on

from tailboard_tui.screens.explorer_columns import SAMPLED_RUNS
from tailboard_tui.screens.explorer_views import ViewActions
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.run_filter import RunFilter
from tailboard_tui.widgets.run_table import RunTable
from tailboard_tui.widgets.run_table_columns import NAME
from tailboard_tui.widgets.run_table_groups import SWEEP, SWEEP_RUNS
from tailboard_tui.widgets.run_table_lines import GroupLine

NOTHING = "nothing"
"""What to group by for a plain list."""

FOLDS_KEPT = 500
"""The newest choices of what is open and what is folded."""

MARKED_AT_ONCE = 100
"""Of a group: nobody tells more curves apart, and each is read."""


class ListActions(ViewActions):
    """The part of the explorer that works on the lines of the table. Mixed into `Explorer`."""

    clock: Callable[[], float]
    marks: list[str]

    def selection_changed(self) -> None:
        """Cursor, marks or baseline are others: show it."""
        raise NotImplementedError

    def show_header(self) -> None:
        """Show the header as things are now."""
        raise NotImplementedError

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
        choices += [choice for choice in self.all_columns() if choice.id not in seen]

        def take(chosen: list[str] | None) -> None:
            if chosen:
                self._sort_by(chosen[0])

        self.app.push_screen(Pick("Sort by", choices), take)

    @on(RunTable.SortRequested)
    def _sort_clicked(self, message: RunTable.SortRequested) -> None:
        self._sort_by(message.column.id)

    def _sort_by(self, column_id: str) -> None:
        """Sort by a column; by the same again: the other way round. What decided before decides ties."""
        column = self.column(column_id)
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
        self.apply_order()
        self.save_view()

    def action_reverse_sort(self) -> None:
        """Turn the order round."""
        if self.view.sort:
            (first, down), *rest = self.view.sort
            self.view.sort = [(first, not down), *rest]
            self.apply_order()
            self.save_view()

    def action_group_runs(self) -> None:
        """Pick what to group by."""
        from tailboard_tui.screens.pick import Choice, Pick
        from tailboard_tui.store.differences import differing_config

        choices = [Choice("group", "group"), Choice("project", "project"), Choice("status", "status")]
        choices.append(
            Choice(SWEEP.id, SWEEP.title, f"{SWEEP_RUNS} runs or more of one group: as from the first")
        )
        choices.append(Choice(NOTHING, NOTHING, "a line a run"))
        rows = self.source.rows()[:SAMPLED_RUNS]
        choices += [Choice(f"config:{name}", name, "config") for name in differing_config(rows)]

        def take(chosen: list[str] | None) -> None:
            if chosen is not None:
                self.view.groups = [] if NOTHING in chosen else chosen or [SWEEP.id]
                self.apply_order()
                self.save_view()

        now = [] if self.view.groups == [SWEEP.id] else self.view.groups or [NOTHING]
        self.app.push_screen(Pick("Group by", choices, chosen=now, several=True), take)

    def clear_groups(self) -> None:
        """Only sweeps stand together, as from the first."""
        if self.view.groups and self.view.groups != [SWEEP.id]:
            self.view.groups = [SWEEP.id]
            self.apply_order()
            self.save_view()

    @on(RunTable.FoldsChanged)
    def _keep_folds(self) -> None:
        folds = self.table.model.grouping.folds
        self.view.folds = dict(list(folds.items())[-FOLDS_KEPT:])
        self.save_view_soon()

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
        marked = set(self.marks)
        if marked.issuperset(keys[:MARKED_AT_ONCE]):
            self.marks = [key for key in self.marks if key not in set(keys)]
            return
        self.marks += [key for key in keys[:MARKED_AT_ONCE] if key not in marked]
        if len(keys) > MARKED_AT_ONCE:
            self.notify(clean(f"The first {MARKED_AT_ONCE} of {len(keys):,} runs are marked."), markup=False)

    def say_choose_run(self) -> None:
        """What was asked for works on one run, and the cursor stands on a group."""
        if self.table.cursor_line is not None:
            self.notify("That is for one run: Enter opens the group.", markup=False)

    def action_clear_marks(self) -> None:
        """Take all marks away."""
        self.marks = []
        self.selection_changed()

    def action_set_baseline(self) -> None:
        """Make the run the baseline, or take that back."""
        key = self.table.cursor_key
        if key is None:
            self.say_choose_run()
            return
        self.baseline = None if key == self.baseline else key
        self.show_columns_now()
        self.apply_order()
        self.selection_changed()
