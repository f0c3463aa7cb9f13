"""What stands under the cursor of the run list, and how it moves; it stays on its run whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView

from tailboard_tui.widgets.run_table_lines import GroupLine, Line, RunLine, RunLines


class RunCursor(ScrollView, can_focus=True):
    """A list of runs below a header line, with a cursor. `RunTable` draws it."""

    class CursorMoved(Message):
        """The cursor stands on another run (or on none)."""

        def __init__(self, key: str | None) -> None:
            super().__init__()
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only the newest place matters."""
            return isinstance(message, RunCursor.CursorMoved)

    class FoldsChanged(Message):
        """The user has folded or opened a group."""

    class OpenRun(Message):
        """The run is to be given the whole screen."""

    def __init__(self, *, clock: Callable[[], float] = time.time, id: str | None = None) -> None:
        super().__init__(id=id)
        self.model = RunLines()
        self._clock = clock
        self._drawn_window: tuple[int, tuple[str, ...]] = (0, ())
        self._cursor_key: str | None = None
        self._cursor_index = 0
        self._has_moved = False

    def _redraw(self) -> None:
        """Draw everything anew."""
        self._drawn_window = self._window_keys()
        self.refresh()

    @property
    def cursor_key(self) -> str | None:
        """The run under the cursor; None on a group or in an empty list."""
        line = self.cursor_line
        return line.key if isinstance(line, RunLine) else None

    @property
    def cursor_line(self) -> Line | None:
        """The line under the cursor."""
        lines = self.model.lines
        return lines[self._cursor_index] if 0 <= self._cursor_index < len(lines) else None

    def _line_at(self, y: int) -> Line | None:
        index = round(self.scroll_offset.y) + y - 1
        return self.model.lines[index] if y > 0 and 0 <= index < len(self.model.lines) else None

    def go_to(self, key: str) -> None:
        """Put the cursor on that run or group, if it is listed; what hides it opens."""
        if self.model.reveal(key):
            self._lines_changed()
        index = self.model.index_of(key)
        if index is not None:
            self._move_to(index)

    # Moving

    def action_cursor_down(self) -> None:
        """One run down."""
        self._move_to(self._cursor_index + 1)

    def action_cursor_up(self) -> None:
        """One run up."""
        self._move_to(self._cursor_index - 1)

    def action_page_down(self) -> None:
        """One page down."""
        self._move_to(self._cursor_index + max(self.size.height - 2, 1))

    def action_page_up(self) -> None:
        """One page up."""
        self._move_to(self._cursor_index - max(self.size.height - 2, 1))

    def action_first(self) -> None:
        """First run."""
        self._move_to(0)

    def action_last(self) -> None:
        """Last run."""
        self._move_to(len(self.model.lines) - 1)

    def action_open_run(self) -> None:
        """Give the run the whole screen; fold or unfold a group."""
        line = self.cursor_line
        if isinstance(line, GroupLine):
            self._fold(line.key, not line.is_open)
        elif line is not None:
            self.post_message(self.OpenRun())

    def action_fold_runs(self) -> None:
        """Fold or open the group under the cursor; on a run, fold the group that it stands in."""
        line = self.cursor_line
        if isinstance(line, GroupLine):
            self._fold(line.key, not line.is_open)
        elif line is not None and (groups := self.model.grouping.around.get(line.key)):
            self.go_to(groups[-1])
            self._fold(groups[-1], is_open=False)

    def _fold(self, group_key: str, is_open: bool) -> None:
        self.model.set_open(group_key, is_open)
        self._lines_changed()
        self.post_message(self.FoldsChanged())

    def _move_to(self, index: int) -> None:
        lines = self.model.lines
        index = max(0, min(index, len(lines) - 1))
        self._has_moved = True
        if not lines or (index == self._cursor_index and self._cursor_key == lines[index].key):
            return
        old, self._cursor_index = self._cursor_index, index
        self._cursor_key = lines[index].key
        top = round(self.scroll_offset.y)
        self._scroll_to_cursor()
        if round(self.scroll_offset.y) == top:
            self._refresh_line(old - top + 1)
            self._refresh_line(index - top + 1)
        self.post_message(self.CursorMoved(self.cursor_key))

    def _scroll_to_cursor(self) -> None:
        top = round(self.scroll_offset.y)
        room = max(self.size.height - 1, 1)
        if self._cursor_index < top:
            self.scroll_to(y=self._cursor_index, animate=False, immediate=True)
        elif self._cursor_index >= top + room:
            self.scroll_to(y=self._cursor_index - room + 1, animate=False, immediate=True)

    # Following what changed

    def _lines_changed(self, *, is_soft: bool = False) -> bool:
        """The lines are others: keep the cursor on its run, else near where it stood.

        Args:
            is_soft: Draw nothing when the window holds the same lines as before.

        Returns:
            Whether nothing was drawn.
        """
        before = self._cursor_key
        if self._has_moved and before is not None:
            self.model.reveal(before)
        lines = self.model.lines
        top = round(self.scroll_offset.y)
        offset = self._cursor_index - top
        found = self.model.index_of(before) if self._has_moved else 0
        self._cursor_index = max(0, min(self._cursor_index if found is None else found, len(lines) - 1))
        self._cursor_key = lines[self._cursor_index].key if lines else None
        self._set_virtual_size()
        if self._has_moved and found is not None and 0 <= offset < self.size.height - 1:
            self.scroll_to(y=max(self._cursor_index - offset, 0), animate=False, immediate=True, force=True)
        self._scroll_to_cursor()
        is_same = is_soft and self._window_keys() == self._drawn_window and self._cursor_key == before
        if not is_same:
            self._redraw()
        if self._cursor_key != before:
            self.post_message(self.CursorMoved(self.cursor_key))
        return is_same

    def _set_virtual_size(self) -> None:
        """Room to scroll in; with none, what there was stays, for a change lays the whole screen out."""
        height = len(self.model.lines) + 1
        if max(height, self.virtual_size.height) > self.size.height:
            self.virtual_size = Size(self.size.width, height)

    def _window_keys(self) -> tuple[int, tuple[str, ...]]:
        """What stands in the window: the place of the cursor in it, and the lines."""
        top = round(self.scroll_offset.y)
        lines = self.model.lines[top : top + self.size.height - 1]
        return self._cursor_index - top, tuple(line.key for line in lines)

    def _refresh_line(self, y: int) -> None:
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))
