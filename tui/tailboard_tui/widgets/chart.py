"""One chart on screen: draws when what it shows has changed, and then only the cells that did."""

from __future__ import annotations

import numpy as np
from textual import events
from textual.geometry import Region
from textual.message import Message

from tailboard_tui.plot import chart
from tailboard_tui.plot.cells import Cells
from tailboard_tui.plot.layout import Layout, layout
from tailboard_tui.plot.spec import ChartSpec, Look
from tailboard_tui.widgets.drawing import Drawing


class Chart(Drawing):
    """A chart. What it shows is set with `show`."""

    class Picked(Message):
        """The chart was clicked."""

        def __init__(self, metric: str, is_double: bool) -> None:
            super().__init__()
            self.metric = metric
            self.is_double = is_double

    class Dragged(Message):
        """A part of the chart was marked with the mouse."""

        def __init__(self, metric: str, x: tuple[float, float], y: tuple[float, float] | None) -> None:
            super().__init__()
            self.metric = metric
            self.x = x
            self.y = y
            """None where the mark runs over one or two rows only: x is meant."""

    class Wheeled(Message):
        """The wheel was turned over the chart with Ctrl held, or in a zoomed chart."""

        def __init__(self, x: float, *, is_closer: bool) -> None:
            super().__init__()
            self.x = x
            self.is_closer = is_closer

    def __init__(self) -> None:
        super().__init__()
        self.metric = ""
        self.spec: ChartSpec | None = None
        self.wheel_zooms = False
        self._look = Look()
        self._drag: tuple[int, int] | None = None

    def show(self, metric: str, spec: ChartSpec, look: Look) -> None:
        """Show `spec`; costs nothing when it is what is shown already."""
        if spec == self.spec and look == self._look and self.cells is not None:
            return
        self.metric, self.spec, self._look = metric, spec, look
        self._draw()

    def _draw(self) -> None:
        if self.spec is None or not self.size:
            return
        cells = chart.draw(self.spec, self.size.width, self.size.height, self._look)
        old, self.cells = self.cells, cells
        for region in changed_regions(old, cells):
            self.refresh(region)

    def on_resize(self) -> None:
        """Draw at the new size."""
        self._draw()

    @property
    def place(self) -> Layout | None:
        """Where the parts of the chart stand now, and its scales."""
        return layout(self.spec, self.size.width, self.size.height) if self.spec else None

    def on_click(self, event: events.Click) -> None:
        """Pick the chart; twice opens it."""
        self.post_message(self.Picked(self.metric, event.chain == 2))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to mark a part."""
        self._drag = (event.x, event.y)
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The part from where the button went down is marked."""
        self.release_mouse()
        begin, self._drag = self._drag, None
        place = self.place
        if begin is None or place is None or abs(event.x - begin[0]) < 2:
            return
        left, right = sorted((begin[0], event.x))
        top, bottom = sorted((begin[1], event.y))
        y = (place.y_at(bottom), place.y_at(top)) if bottom - top > 2 else None
        self.post_message(self.Dragged(self.metric, (place.x_at(left), place.x_at(right)), y))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        self._wheel(event, is_closer=True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        self._wheel(event, is_closer=False)

    def _wheel(self, event: events.MouseEvent, *, is_closer: bool) -> None:
        place = self.place
        if place is not None and (event.ctrl or self.wheel_zooms):
            event.stop()
            self.post_message(self.Wheeled(place.x_at(event.x), is_closer=is_closer))


def changed_regions(old: Cells | None, new: Cells) -> list[Region]:
    """The parts in which two drawings differ: stretches of rows, from their first to their last change."""
    if old is None or old.chars.shape != new.chars.shape:
        return [Region(0, 0, new.width, new.height)]
    if old.table == new.table:
        same = (old.chars == new.chars) & (old.styles == new.styles)
    else:
        numbers = {style: index for index, style in enumerate(dict.fromkeys((*old.table, *new.table)))}
        before, after = (
            np.array([numbers[style] for style in cells.table])[cells.styles] for cells in (old, new)
        )
        same = (old.chars == new.chars) & (before == after)
    regions = []
    for row in np.flatnonzero(~same.all(axis=1)).tolist():
        columns = np.flatnonzero(~same[row])
        regions.append(Region(int(columns[0]), row, int(columns[-1]) - int(columns[0]) + 1, 1))
    return regions
