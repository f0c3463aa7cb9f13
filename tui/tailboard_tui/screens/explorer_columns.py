"""What the explorer does with the columns of the run list: choosing them, and the picker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.screen import Screen

from tailboard_tui.screens.run_source import RunSource
from tailboard_tui.view_state import ViewState
from tailboard_tui.widgets.run_table import RunTable
from tailboard_tui.widgets.run_table_columns import FIXED_COLUMNS, NAME, RunColumn
from tailboard_tui.widgets.run_table_layout import MIN_NAME_CELLS
from tailboard_tui.widgets.run_table_measures import METRIC_ASPECTS, make_column

if TYPE_CHECKING:
    from tailboard_tui.screens.pick import Choice
    from tailboard_tui.store.model import RunRow

COLUMNS_EVERY_S = 2.0
"""Automatic columns are chosen again at most this often while runs come in: a table that jumps is no help."""

FEW_RUNS = 100
"""Choosing among so few costs nothing."""

SAMPLED_RUNS = 1000
"""Runs that automatic columns are chosen from."""

NAME_STEP = 4
MAX_NAME_CELLS = 200

MAX_CONFIG_COLUMNS = 8
"""Chosen automatically; the picker offers the rest."""


class ColumnActions(Screen[None]):
    """The part of the explorer that works on columns. Mixed into `Explorer`, which holds the state."""

    source: RunSource
    table: RunTable
    view: ViewState
    baseline: str | None
    _columns_at = float("-inf")

    def save_view(self) -> None:
        """Keep the view for the next time."""
        raise NotImplementedError

    def save_view_soon(self) -> None:
        """The same, once nothing has changed for a moment."""
        raise NotImplementedError

    def apply_order(self) -> None:
        """Sort and group as the view says."""
        raise NotImplementedError

    def column(self, column_id: str) -> RunColumn | None:
        """The column of that id as the user wants it, or None where there is no such column."""
        found = make_column(column_id, self._better, self._baseline_row)
        width = self.view.widths.get(column_id)
        return replace(found, width=width, is_set=True) if found and width else found

    def _baseline_row(self) -> RunRow | None:
        return self.source.row(self.baseline) if self.baseline else None

    def _better(self, metric: str) -> str:
        from tailboard_tui.store.goal import direction

        said = self.view.goals.get(metric)
        if said is not None:
            return said
        key = self.table.cursor_key
        row = self.source.row(key) if key else None
        found = direction(metric, row.facts.metric_defs if row else ())
        return {"minimize": "min", "maximize": "max", None: ""}[found]

    def choose_columns_again(self, *, is_scanning: bool) -> None:
        """Choose the columns, unless the user has, and not too often while runs come in."""
        if self.view.columns:
            self._show_columns(self.view.columns)
            return
        now = time.monotonic()
        rows = self.source.rows()[:SAMPLED_RUNS]
        if (is_scanning or len(rows) > FEW_RUNS) and now - self._columns_at < COLUMNS_EVERY_S:
            return
        self._columns_at = now
        if rows:
            self._show_columns(automatic_columns(rows, has_baseline=self.baseline is not None))

    def _show_columns(self, ids: Sequence[str]) -> None:
        self.table.set_name_width(self.view.widths.get(NAME.id, 0))
        self.table.set_columns([column for id in ids if (column := self.column(id))])

    def show_columns_now(self) -> None:
        """The view's columns are others: show them."""
        self._columns_at = float("-inf")
        self.choose_columns_again(is_scanning=False)

    def action_narrow_name(self) -> None:
        """Make the name column narrower."""
        self._change_name_width(-NAME_STEP)

    def action_widen_name(self) -> None:
        """Make the name column wider."""
        self._change_name_width(NAME_STEP)

    def _change_name_width(self, by: int) -> None:
        width = max(MIN_NAME_CELLS, min(self.table.name_width + by, MAX_NAME_CELLS))
        self.view.widths[NAME.id] = width
        self.table.set_name_width(width)
        self.save_view_soon()

    def all_columns(self) -> list[Choice]:
        """Every column that these runs can have."""
        from tailboard_tui.screens.pick import Choice

        rows = self.source.rows()[:SAMPLED_RUNS]
        choices = [Choice(column.id, column.title) for column in FIXED_COLUMNS.values() if column is not NAME]
        metrics = dict.fromkeys(name for row in rows for name in row.metrics)
        choices += [
            Choice(f"metric:{aspect}:{name}", name, aspect) for name in metrics for aspect in METRIC_ASPECTS
        ]
        config = dict.fromkeys(name for row in rows for name in row.facts.config)
        return choices + [Choice(f"config:{name}", name, "config") for name in config]

    def action_choose_columns(self) -> None:
        """Pick and order the columns, their width and what they show; none chosen means automatic ones."""
        from tailboard_tui.screens.pick_columns import PickColumns

        shown = [column.id for column in self.table.columns]
        picker = PickColumns(self.all_columns(), shown, self.view.widths, self.view.goals, self._better)

        def take(chosen: list[str] | None) -> None:
            if chosen is None:
                return
            if chosen != shown:
                self.view.columns = chosen
            self.view.widths, self.view.goals = picker.widths, picker.goals
            self.show_columns_now()
            self.apply_order()
            self.save_view()

        self.app.push_screen(picker, take)


def automatic_columns(rows: Sequence[RunRow], *, has_baseline: bool = False) -> list[str]:
    """Ids of the columns that tell these runs apart.

    Status, the metric that most runs are judged by (best, difference to the baseline's, and last), where the
    run stands, then the parameters that differ, then what else some run has.
    """
    from tailboard_tui.store.differences import differing_config
    from tailboard_tui.store.goal import key_metric

    columns = ["status"]
    judged = Counter(
        name for row in rows if row.metrics and (name := key_metric(row.metrics, row.facts.metric_defs))
    )
    metrics = [name for name, _ in judged.most_common(1)]
    for name in metrics:
        columns += [f"metric:best:{name}", *([f"metric:delta:{name}"] if has_baseline else [])]
    if any(row.sparkline for row in rows):
        columns.append("trend")
    columns += [f"metric:last:{name}" for name in metrics]
    columns.append("step")
    if any(row.progress is not None and row.ended is None for row in rows):
        columns += ["progress", "eta"]
    columns.append("age")
    columns += [f"config:{name}" for name in differing_config(rows)[:MAX_CONFIG_COLUMNS]]
    columns.append("duration")
    if len({row.facts.group for row in rows}) > 1:
        columns.append("group")
    if any(row.facts.tags for row in rows):
        columns.append("tags")
    if len({row.facts.source for row in rows}) > 1:
        columns.append("source")
    return columns
