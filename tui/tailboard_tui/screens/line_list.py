"""A dialog of lines to look through; enter goes to what a line is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tailboard_tui.widgets.line_view import LineView, ViewLine


class LineList(ModalScreen[str | None]):
    """Gives the key of the line on which enter was pressed, or None."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "close", show=False),
        Binding("enter", "choose", "go to", show=False, priority=True),
    ]

    def __init__(self, title: str, lines: Sequence[ViewLine], empty: str) -> None:
        """Args: empty: What stands there when there is no line."""
        super().__init__()
        self._title = title
        self._lines = list(lines) or [ViewLine(((empty, "dim"),))]

    def compose(self) -> ComposeResult:
        """The list in a frame."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._title)
            dialog.border_subtitle = Content("Enter go to the run · Esc close")
            yield LineView()

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(LineView).set_lines(self._lines)

    def action_choose(self) -> None:
        """Go to the run of this line."""
        line = self.query_one(LineView).cursor_line
        self.dismiss(line.key if line and line.key else None)

    def action_close(self) -> None:
        """Back to where we were."""
        self.dismiss(None)
