"""What the explorer keeps of the run list: as it was left, and under names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailboard_tui.screens.explorer_columns import ColumnActions
from tailboard_tui.text.safe import clean
from tailboard_tui.view_state import ViewState, apply_named_view, load_view, named_view, save_view
from tailboard_tui.widgets.run_filter import RunFilter
from tailboard_tui.widgets.run_table_order import SortColumn

if TYPE_CHECKING:
    from textual.timer import Timer

SAVE_AFTER_S = 1.0


class ViewActions(ColumnActions):
    """The part of the explorer that keeps views. Mixed into `Explorer`, which holds the state."""

    roots: tuple[str, ...]

    def init_view(self) -> None:
        """Nothing is kept yet."""
        self.view = ViewState()
        self._save_timer: Timer | None = None

    def load_view(self) -> None:
        """Take up the view as it was left the last time."""
        self.view = load_view(self.roots)
        self.query_one(RunFilter).history = list(self.view.history)
        if self.view.query:
            self.query_one(RunFilter).set_query(self.view.query)
        self.apply_order()

    def _note_query(self) -> None:
        line = self.query_one(RunFilter)
        self.view.query, self.view.history = line.query_text, list(line.history)

    def save_view(self) -> None:
        """Keep the view for the next time."""
        self._save_timer = None
        self._note_query()
        save_view(self.roots, self.view)

    def save_view_soon(self) -> None:
        """The same, once nothing has changed for a moment: a smoothing key may be held down."""
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_AFTER_S, self.save_view)

    def on_unmount(self) -> None:
        """Leaving does not wait for that moment."""
        if self._save_timer is not None:
            save_view(self.roots, self.view)

    def apply_order(self) -> None:
        """Sort, group and fold as the view says."""
        self.table.set_folds(self.view.folds)
        self.table.set_groups([column for id in self.view.groups if (column := self.column(id))])
        self.table.set_sort(
            [SortColumn(column, down) for id, down in self.view.sort if (column := self.column(id))]
        )

    def action_choose_view(self) -> None:
        """Choose, save or delete a view."""
        from tailboard_tui.screens.pick_view import PickView

        self._note_query()
        self.app.push_screen(PickView(list(self.view.views)), self._take_view)

    def _take_view(self, chosen: list[str] | None) -> None:
        """Args: chosen: `open:NAME`, `save:NAME` or `delete:NAME`; `open:` is the list as it comes."""
        if not chosen:
            return
        what, _, name = chosen[0].partition(":")
        if what == "save":
            self.view.views[name] = named_view(self.view)
            self.notify(clean(f"This view is saved as {name}", 300), markup=False)
        elif what == "delete":
            self.view.views.pop(name, None)
            self.notify(clean(f"The view {name} is deleted", 300), markup=False)
        else:
            apply_named_view(self.view, self.view.views.get(name, {}))
            self.query_one(RunFilter).set_query(self.view.query)
            self.show_columns_now()
            self.apply_order()
        # The line of the filter takes up the query only later.
        save_view(self.roots, self.view)
