"""The line above the charts: which run is which, and how the charts are looked at."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tailboard_tui.plot.cells import fit
from tailboard_tui.plot.spec import Look
from tailboard_tui.plot.xaxis import NAMES, x_text
from tailboard_tui.widgets.cells import width_of
from tailboard_tui.widgets.chart_view import ChartView
from tailboard_tui.widgets.selection import ShownRun

MOST_NAMES = 12
"""Runs named in the line; the run table names them all."""


class ChartBar(Widget):
    """One line. Drawn anew only when its text changes."""

    DEFAULT_CSS = "ChartBar { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[tuple[str, str, str], ...] = ()
        self._state: tuple[str, ...] = ()
        self._look = Look()

    def show(self, runs: Sequence[ShownRun], view: ChartView, count: str, look: Look) -> None:
        """Show letters and names of the runs, and the state of the view.

        Args:
            count: How many charts there are, or what is wrong with the filter.
        """
        names = tuple((run.letter, run.row.facts.name, run.color) for run in runs) if len(runs) > 1 else ()
        state = (*_words(view), count)
        if (names, state, look) != (self._runs, self._state, self._look):
            self._runs, self._state, self._look = names, state, look
            self.refresh()

    def render(self) -> Content:
        """Names at the left, state at the right."""
        width = self.size.width
        state = " · ".join(word for word in self._state if word)
        state = fit(state, width - 2)
        parts: list[Content] = []
        room = width - width_of(state) - 3
        for letter, name, color in self._runs[:MOST_NAMES]:
            text = fit(name, 24)
            need = width_of(text) + 5
            if need > room:
                parts.append(Content.styled(f"+{len(self._runs) - len(parts)}", self._look.muted))
                room -= 3
                break
            parts.append(Content.assemble((f"{letter} ", f"bold {color}"), (text, color), "   "))
            room -= need
        names = Content("").join(parts)
        gap = max(width - names.cell_length - width_of(state) - 2, 0)
        return Content.assemble(" ", names, " " * gap, (state, self._look.muted))


def _words(view: ChartView) -> list[str]:
    """What differs from the plain view, and always the x axis."""
    words = [NAMES[view.x_kind]]
    if view.is_log_x:
        words[0] += ", log"
    if view.window is not None:
        low, high = (x_text(view.x_kind, float(f"{end:.6g}")) for end in view.window)
        words.append(f"{low} to {high}")
    words.append(view.smoothing.label)
    if view.is_everything:
        words.append("all points")
    if view.has_bands:
        words.append("mean of groups")
    if view.pattern:
        words.append(f"/{view.pattern}")
    return words
