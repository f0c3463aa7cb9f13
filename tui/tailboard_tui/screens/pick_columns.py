"""Choosing the columns of the run list: which, in what order, how wide, and what a metric column shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tailboard_tui.screens.pick import Choice, Pick
from tailboard_tui.widgets.run_table_measures import METRIC_ASPECTS, make_column

WIDTH_STEP = 2
MIN_WIDTH, MAX_WIDTH = 2, 120

_WAYS = {"min": "lower is better", "max": "higher is better", "": ""}


class PickColumns(Pick):
    """Gives the ids of the columns; `widths` and `goals` are what the user made of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+right", "aspect(1)", "aspect", show=False, priority=True),
        Binding("shift+left", "aspect(-1)", "aspect", show=False, priority=True),
        Binding("ctrl+right", "width(1)", "wider", show=False, priority=True),
        Binding("ctrl+left", "width(-1)", "narrower", show=False, priority=True),
        Binding("ctrl+o", "turn", "better", show=False, priority=True),
    ]

    def __init__(
        self,
        choices: Sequence[Choice],
        chosen: Sequence[str],
        widths: Mapping[str, int],
        goals: Mapping[str, str],
        better: Callable[[str], str],
    ) -> None:
        """Prepare the dialog.

        Args:
            choices: All columns.
            chosen: Ids of those shown now.
            widths: Cells that the user gave to columns, by id.
            goals: `min` or `max` by metric, where the user has said which is better.
            better: What is better where the user has not said it: `min`, `max` or an empty text.
        """
        super().__init__(
            "Columns",
            choices,
            chosen=chosen,
            several=True,
            hint="Tab choose · Shift+↑↓ order · Enter done",
            footnote="Shift+←→ last, best, min, max, delta · Ctrl+←→ width · Ctrl+O better",
        )
        self.widths = dict(widths)
        self.goals = dict(goals)
        self._better = better

    def note_of(self, choice: Choice) -> str:
        """What the column shows, which way is better, and its width where it was changed."""
        parts = [choice.note]
        _, aspect, name = _parts(choice.id)
        if aspect == "best":
            parts.append(_WAYS[self.goals.get(name) or self._better(name)])
        if choice.id in self.widths:
            parts.append(f"{self.widths[choice.id]} cells")
        return " · ".join(part for part in parts if part)

    def action_aspect(self, by: int) -> None:
        """Show another aspect of the metric in the highlighted column that is not shown yet."""
        found = self.highlighted
        if found is None:
            return
        kind, aspect, name = _parts(found.id)
        if kind != "metric" or found.id not in self.chosen:
            return
        place = METRIC_ASPECTS.index(aspect)
        ids = [
            f"metric:{METRIC_ASPECTS[(place + by * step) % len(METRIC_ASPECTS)]}:{name}"
            for step in range(1, len(METRIC_ASPECTS))
        ]
        wanted = next((id for id in ids if id not in self.chosen), None)
        if wanted is not None:
            self.chosen[self.chosen.index(found.id)] = wanted
            self.list_again(wanted)

    def action_width(self, by: int) -> None:
        """Make the highlighted column wider or narrower."""
        found = self.highlighted
        column = make_column(found.id, self._better) if found is not None else None
        if column is not None:
            width = self.widths.get(column.id, column.width) + by * WIDTH_STEP
            self.widths[column.id] = max(MIN_WIDTH, min(width, MAX_WIDTH))
            self.list_again(column.id)

    def action_turn(self) -> None:
        """Say that lower values of the highlighted metric are better, or higher ones."""
        found = self.highlighted
        kind, _, name = _parts(found.id) if found is not None else ("", "", "")
        if found is not None and kind == "metric":
            now = self.goals.get(name) or self._better(name)
            self.goals[name] = "min" if now == "max" else "max"
            self.list_again(found.id)


def _parts(column_id: str) -> tuple[str, str, str]:
    """Kind, aspect and name of a metric's column; empty texts for another."""
    kind, _, rest = column_id.partition(":")
    aspect, _, name = rest.partition(":")
    return ("metric", aspect, name) if kind == "metric" else ("", "", "")
