"""A figure over the shown runs in the place of the charts, drawn in a thread: plotext takes its time."""

from __future__ import annotations

from typing import NamedTuple

from textual.geometry import Region

from tailboard_tui.plot.cells import Cells
from tailboard_tui.plot.spec import Look
from tailboard_tui.widgets import figure_content
from tailboard_tui.widgets.drawing import Drawing
from tailboard_tui.widgets.figure_content import Figure
from tailboard_tui.widgets.selection import ShownRun


class Wanted(NamedTuple):
    """All that decides what a figure looks like."""

    metric: str
    figure: Figure
    runs: tuple[ShownRun, ...]
    width: int
    height: int
    look: Look


class ChartFigure(Drawing):
    """Best values as bars or letters."""

    DEFAULT_CSS = "ChartFigure { height: 1fr; display: none; padding: 1 1 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._wanted: Wanted | None = None
        self._is_drawing = False

    def show(self, metric: str, figure: Figure, runs: tuple[ShownRun, ...], look: Look) -> None:
        """Show that figure of these runs; it appears when the thread has drawn it."""
        wanted = Wanted(metric, figure, runs, max(self.size.width, 20), max(self.size.height, 5), look)
        if wanted != self._wanted:
            self._wanted = wanted
            self._draw_next()

    def _draw_next(self) -> None:
        wanted = self._wanted
        if wanted is not None and not self._is_drawing:
            self._is_drawing = True
            self.run_worker(lambda: self._draw(wanted), thread=True, group="figure")

    def _draw(self, wanted: Wanted) -> None:
        self.app.call_from_thread(self._take, wanted, draw_figure(wanted))

    def _take(self, wanted: Wanted, cells: Cells) -> None:
        self._is_drawing = False
        self.cells = cells
        self.refresh(Region(0, 0, *self.size))
        if wanted != self._wanted:
            self._draw_next()

    def on_resize(self) -> None:
        """Draw at the new size."""
        if self._wanted is not None and self.display:
            self.show(self._wanted.metric, self._wanted.figure, self._wanted.runs, self._wanted.look)


def draw_figure(wanted: Wanted) -> Cells:
    """The figure in cells."""
    size = wanted.width, wanted.height
    if wanted.figure.by is None:
        return figure_content.bars(wanted.runs, wanted.metric, *size, wanted.look)
    return figure_content.scatter(wanted.runs, wanted.metric, wanted.figure.by, *size, wanted.look)
