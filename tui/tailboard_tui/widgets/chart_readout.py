"""The table below the charts while values are read off: each run's real point nearest to the cursor."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tailboard_tui.plot.cells import fit
from tailboard_tui.plot.spec import Look
from tailboard_tui.text import units
from tailboard_tui.widgets.cells import fit as column
from tailboard_tui.widgets.chart_content import ReadoutRow

MOST_ROWS = 8
"""Runs in the table; more would take the charts' place."""


class ChartReadout(Widget):
    """A heading and one line per run."""

    DEFAULT_CSS = "ChartReadout { height: auto; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self._rows: tuple[ReadoutRow, ...] = ()
        self._look = Look()

    def show(self, title: str, rows: Sequence[ReadoutRow], look: Look) -> None:
        """Show these rows; `title` is the metric's name."""
        shown = tuple(rows[:MOST_ROWS])
        if (title, shown, look) == (self._title, self._rows, self._look) and self.display:
            return
        is_other_height = len(shown) != len(self._rows) or not self.display
        self._title, self._rows, self._look = title, shown, look
        self.display = True
        self.refresh(layout=is_other_height)

    def hide(self) -> None:
        """Take no room."""
        self.display = False

    def render(self) -> Content:
        """The table: name, x, value and, where they exist, smoothed value and difference, then the time."""
        has_smooth = any(row.smoothed is not None for row in self._rows)
        has_difference = any(row.difference is not None for row in self._rows)
        width = self.size.width
        heads = [("x", 12), ("value", 11)]
        heads += [("smoothed", 11)] if has_smooth else []
        heads += [("to baseline", 12)] if has_difference else []
        heads += [("time", 20)] if width >= 90 else []
        name_width = max(width - 4 - sum(cells for _, cells in heads), 8)
        head = " " + column(fit(self._title, name_width + 1), name_width + 2)
        head += "".join(column(text, cells, right=True) for text, cells in heads)
        lines = [Content.styled(head, self._look.muted)]
        lines += [
            self._line(row, [text for text, _ in heads], [c for _, c in heads], name_width)
            for row in self._rows
        ]
        return Content("\n").join(lines)

    @staticmethod
    def _line(row: ReadoutRow, heads: list[str], cells: list[int], name_width: int) -> Content:
        texts = {
            "x": row.x,
            "value": units.number(row.value, 6),
            "smoothed": units.number(row.smoothed, 6) if row.smoothed is not None else "",
            "to baseline": "baseline" if row.is_baseline else difference_text(row.difference),
            "time": units.moment(row.time),
        }
        values = "".join(
            column(texts[head], width, right=True) for head, width in zip(heads, cells, strict=True)
        )
        name = column(fit(row.name, name_width), name_width)
        return Content.assemble((f" {row.letter} ", f"bold {row.color}"), name, values)


def difference_text(difference: float | None) -> str:
    """`+0.012`, `-3.4`, `0`; nothing where there is none."""
    if difference is None or math.isnan(difference):
        return ""
    return ("+" if difference > 0 else "") + units.number(difference)
