"""The line at the top: where we look, how many runs there are, and how the chosen one is doing."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tailboard_tui.widgets.cells import width_of


class Header(Widget):
    """One line: the roots and counts on the left, the run under the cursor on the right."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._left = Content("")
        self._right = Content("")

    def show(self, left: Content, right: Content) -> None:
        """Show these texts; nothing is drawn when they are the same as before."""
        if not (left.is_same(self._left) and right.is_same(self._right)):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> Content:
        """The line, the run's side kept whole when there is not room for both."""
        width = self.size.width
        right = self._right.truncate(width, ellipsis=True)
        room = width - width_of(right.plain)
        left = self._left.truncate(max(room - 2, 0), ellipsis=True) if room > 6 else Content("")
        gap = width - width_of(left.plain) - width_of(right.plain)
        return Content.assemble(left, " " * max(gap, 0), right)
