"""The line at the top: where we look, how many runs there are, and how the chosen one is doing.

Of a run that logs ten times a second only a few characters change: no more than those are sent, and not
more often than one can read.
"""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from tailboard_tui.widgets.cells import width_of
from tailboard_tui.widgets.pace import Pace

SHOW_INTERVAL_S = 0.25


class Header(Widget):
    """One line: the roots and counts on the left, the run under the cursor on the right."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lefts: tuple[Content, ...] = ()
        self._right = Content("")
        self._shown = Content("")
        self._pace = Pace(self, SHOW_INTERVAL_S, self._draw_changes)

    def show(self, lefts: tuple[Content, ...], right: Content) -> None:
        """Show these texts; nothing is drawn when they are the same as before.

        Args:
            lefts: What stands on the left, the fullest first: the first for which there is room.
            right: What stands on the right.
        """
        before = (*self._lefts, self._right)
        if len(lefts) + 1 != len(before) or not all(map(Content.is_same, (*lefts, right), before)):
            self._lefts, self._right = lefts, right
            self._pace.request()

    def _draw_changes(self) -> None:
        old, new = self._shown, self._line()
        if old.cell_length != new.cell_length or old.spans != new.spans:
            self.refresh()
            return
        changed = [i for i, (a, b) in enumerate(zip(old.plain, new.plain, strict=False)) if a != b]
        if changed:
            begin, end = width_of(new.plain[: changed[0]]), width_of(new.plain[: changed[-1] + 1])
            self.refresh(Region(begin, 0, end - begin, 1))

    def render(self) -> Content:
        """What was last shown."""
        self._shown = self._line()
        return self._shown

    def _line(self) -> Content:
        """The line, the run's side kept whole when there is not room for both."""
        width = self.size.width
        right = self._right.truncate(width, ellipsis=True)
        room = width - width_of(right.plain)
        left = next((left for left in self._lefts if left.cell_length + 2 <= room), Content(""))
        return Content.assemble(left, " " * max(room - left.cell_length, 0), right)
