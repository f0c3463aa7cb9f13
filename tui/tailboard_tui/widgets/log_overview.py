"""One column that stands for the whole log: errors, warnings, search hits, and what is on the screen."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tailboard_tui.store.logmarks import ERROR, HIT, WARNING, Marks

NAMES = ("thumb", "error", "warning", "hit")


class LogOverview(Widget):
    """A scroll bar with marks. Clicking or dragging goes there."""

    DEFAULT_CSS = """
    LogOverview {
        width: 1;
        height: 1fr;
        & > .log-overview--thumb { background: $line; }
        & > .log-overview--error { color: $error; }
        & > .log-overview--warning { color: $warning; }
        & > .log-overview--hit { color: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"log-overview--{name}" for name in NAMES}

    class PlaceChosen(Message):
        """A place was clicked."""

        def __init__(self, fraction: float) -> None:
            super().__init__()
            self.fraction = fraction
            """0 at the top, 1 at the bottom."""

    def __init__(self) -> None:
        super().__init__()
        self._marks = Marks()
        self._thumb = (0.0, 1.0)
        self._lines: list[tuple[bool, int]] = []
        self._is_dragging = False

    def show(self, marks: Marks, start: float, end: float) -> None:
        """Show `marks`, and that the part from `start` to `end` (0 to 1) is on the screen."""
        self._marks, self._thumb = marks, (start, end)
        lines = self._make_lines()
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def _make_lines(self) -> list[tuple[bool, int]]:
        height = self.size.height
        start, end = self._thumb
        is_all = start <= 0 and end >= 1
        first = min(int(start * height), height - 1)
        last = max(int(end * height), first + 1)
        return [(not is_all and first <= y < last, self._marks.at(y, height)) for y in range(height)]

    def render_line(self, y: int) -> Strip:
        """One cell."""
        if len(self._lines) != self.size.height:
            self._lines = self._make_lines()
        is_thumb, bits = self._lines[y]
        style: Style = self.rich_style
        if is_thumb:
            style += self.get_component_rich_style("log-overview--thumb", partial=True)
        name = "error" if bits & ERROR else "hit" if bits & HIT else "warning" if bits & WARNING else ""
        if not name:
            return Strip([Segment(" ", style)])
        mark = "◆" if name == "hit" else "▐" if name == "error" else "╺"
        return Strip(
            [Segment(mark, style + self.get_component_rich_style(f"log-overview--{name}", partial=True))]
        )

    def _choose(self, y: int) -> None:
        self.post_message(self.PlaceChosen(min(max(y / max(self.size.height - 1, 1), 0.0), 1.0)))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self._is_dragging = True
        self.capture_mouse()
        self._choose(event.y)

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        if self._is_dragging:
            self._choose(event.y)

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        self._is_dragging = False
        self.release_mouse()
