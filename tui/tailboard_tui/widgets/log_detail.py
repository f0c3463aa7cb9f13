"""One row of a log in full: a long line in lines of the pane's width, or every state of a bar."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LogDetail(ScrollView, can_focus=True):
    """Hidden until there is something to show; escape and enter close it."""

    DEFAULT_CSS = """
    LogDetail {
        display: none;
        height: auto;
        max-height: 50%;
        padding: 0 1;
        border-top: solid $line;
        background: $surface;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "close", "close", show=False),
        Binding("j", "scroll_down", "down", show=False),
        Binding("k", "scroll_up", "up", show=False),
        Binding("g", "scroll_home", "first", show=False),
        Binding("G", "scroll_end", "last", show=False),
    ]

    class Closed(Message):
        """The user has seen enough."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[str, ...] = ()

    def show(self, lines: tuple[str, ...]) -> None:
        """Show clean lines, the last of them first on the screen, and take the focus."""
        self._lines = lines
        self.virtual_size = Size(max((len(line) for line in lines), default=0), len(lines))
        self.display = True
        self.refresh(layout=True)
        self.focus()

    def action_close(self) -> None:
        """Close."""
        self.post_message(self.Closed())

    def render_line(self, y: int) -> Strip:
        """One line."""
        at = y + self.scroll_offset.y
        text = self._lines[at] if at < len(self._lines) else ""
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(self.size.width, self.rich_style)
