"""A figure over the shown runs in the place of the charts, drawn in a thread: plotext takes its time."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from textual.geometry import Region

from tailboard_tui.plot.canvas import Canvas
from tailboard_tui.plot.cells import Cells, CellStyle
from tailboard_tui.plot.spec import Look
from tailboard_tui.widgets import figure_content
from tailboard_tui.widgets.drawing import Drawing
from tailboard_tui.widgets.figure_content import Figure
from tailboard_tui.widgets.selection import ShownRun

ROWS_OF_A_BAR = 2
"""Thicker bars say no more."""

_FRAME = frozenset("─│┌┐└┘┤┬├┴┼")


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
    """The figure in cells: plotext's text with the runs' letters in their colours."""
    rows = [run.row for run in wanted.runs]
    if wanted.figure.by is None:
        height = min(wanted.height, ROWS_OF_A_BAR * len(rows) + 5)
        text = figure_content.bars(rows, wanted.metric, wanted.width, height)
    else:
        letters = {run.row.key: run.letter for run in wanted.runs}
        text = figure_content.scatter(
            rows, letters, wanted.metric, wanted.figure.by, wanted.width, wanted.height
        )
    look = wanted.look
    canvas = Canvas(wanted.width, wanted.height, is_ascii=look.is_ascii)
    plain, frame = (CellStyle(c) if look.has_color else CellStyle() for c in (look.text, look.axis))
    colors = {run.letter: run.color for run in wanted.runs}
    for row, line in enumerate(text.split("\n")[: wanted.height]):
        canvas.write(row, 0, line, plain)
        begin = min((at for at, char in enumerate(line) if char in "│┤"), default=0)
        end = line.rfind("│")
        column = 0
        for at, char in enumerate(line):
            if char in _FRAME:
                canvas.write(row, column, char, frame)
            elif look.has_color and begin < at < end and not char.isspace():
                color = look.accent if wanted.figure.by is None else colors.get(char, look.text)
                canvas.write(row, column, char, CellStyle(color, is_bold=wanted.figure.by is not None))
            column += cell_len(char)
    return canvas.cells()
