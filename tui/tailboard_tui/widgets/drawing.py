"""A widget that shows a grid of cells, by the line API."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tailboard_tui.plot.cells import Cells, CellStyle


class Drawing(Widget):
    """Cells from the widget's upper left corner on. Who changes them refreshes what has changed."""

    DEFAULT_CSS = "Drawing { overflow: hidden; }"

    def __init__(self) -> None:
        super().__init__()
        self.cells: Cells | None = None
        self._base = Style.null()
        """The widget's own style, which is slow to find: asked for once a frame."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """As every widget."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Row `y`. Every segment has a style: Textual's filters read it."""
        width, row = self.size.width, self.row_at(y)
        if self.cells is None or row is None or row >= self.cells.height:
            return Strip.blank(width, self._base)
        segments = [Segment(text, on(self._base, style)) for text, style in self.cells.runs(row)]
        return Strip(segments, self.cells.width).adjust_cell_length(width, self._base)

    def row_at(self, y: int) -> int | None:
        """The row of the cells that stands in row `y` of the widget; None for an empty one."""
        return y


@lru_cache(maxsize=4096)
def on(base: Style, style: CellStyle) -> Style:
    """What Rich calls the style of a cell in a widget of style `base`."""
    return base + Style(
        color=style.color,
        bgcolor=style.background,
        bold=style.is_bold or None,
        dim=style.is_dim or None,
    )
