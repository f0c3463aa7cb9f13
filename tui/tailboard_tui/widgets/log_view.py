"""The rows of a log on the screen. Holds only what is near; asks for the rest."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tailboard_tui.store.logstate import LogState, RowsRead, ViewRow
from tailboard_tui.widgets.log_lines import GUTTER_CELLS, NAMES, row_strip, wrapped

WHEEL_ROWS = 3
SIDE_CELLS = 8
KEPT_PAGES = 3
"""Pages above and below the screen whose rows are held: paging through them shows no gap."""


class LogView(Widget, can_focus=True):
    """Rows of one log from `top` on. Positions are those of `LogState`."""

    DEFAULT_CSS = """
    LogView {
        width: 1fr;
        height: 1fr;
        & > .log-view--cursor { background: $cursor-row; }
        & > .log-view--selected { background: $input-selection-background; }
        & > .log-view--error { color: $error; }
        & > .log-view--warning { color: $warning; }
        & > .log-view--dim { color: $text-dim; }
        & > .log-view--hit { background: $warning 70%; color: $background; }
        & > .log-view--frame { color: $text-dim; }
        & > .log-view--mark { color: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"log-view--{name}" for name in NAMES}

    class RowsWanted(Message):
        """These positions are to be read."""

        def __init__(self, first: int, end: int) -> None:
            super().__init__()
            self.first = first
            self.end = end

        def can_replace(self, message: Message) -> bool:
            """Only the newest place matters."""
            return isinstance(message, LogView.RowsWanted)

    class Moved(Message):
        """Cursor, place or following changed."""

        def can_replace(self, message: Message) -> bool:
            """One is enough."""
            return isinstance(message, LogView.Moved)

    def __init__(self) -> None:
        super().__init__()
        self.state = LogState()
        self.is_following = True
        self.is_wrapped = False
        self.top = 0
        self.cursor = 0
        self.selected_from: int | None = None
        """Other end of the selection, while lines are selected."""
        self._left = 0
        self._rows: dict[int, ViewRow] = {}
        self._wanted = (0, 0)
        self._target: tuple[int, int] | None = None
        self._styles: dict[str, Style] = {}
        self._layout: list[tuple[int, int, int]] | None = None

    # What the pane sets

    def show_state(self, state: LogState) -> None:
        """Take in a new state; the rows follow by themselves."""
        old, self.state = self.state, state
        if state.generation != old.generation or state.path != old.path:
            self._rows.clear()
            self._target = None
            self._layout = None
            self.selected_from = None
            self.is_following = True
            self.refresh()
        if self.is_following:
            self._go(self._last_top(), state.end - 1, keeps_following=True)
        elif state.end < old.end:
            self._place(min(self.top, self._last_top()), min(self.cursor, state.end - 1))
        elif state.end > old.end and self.top + self.size.height >= old.end:
            self._changed_layout()
        self._ask()

    def show_rows(self, read: RowsRead) -> None:
        """Take in rows; only those that differ are drawn."""
        if read.generation != self.state.generation:
            return
        changed = [row for row in read.rows if self._rows.get(row.position) != row]
        for row in changed:
            self._rows[row.position] = row
        if self._target is not None:
            top, cursor = self._target
            if self._is_read(top):
                self._target = None
                self._place(top, cursor)
        if self.is_wrapped:
            self._changed_layout()
            return
        for row in changed:
            y = row.position - self.top
            if 0 <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def clear(self) -> None:
        """Show nothing: another run was chosen."""
        self.show_state(LogState(generation=self.state.generation + 1))

    # Moving

    @property
    def row(self) -> ViewRow | None:
        """The row under the cursor."""
        return self._rows.get(self.cursor)

    @property
    def selection(self) -> range:
        """Positions of the selected rows: those from the anchor to the cursor, or the cursor's."""
        other = self.cursor if self.selected_from is None else self.selected_from
        return range(min(self.cursor, other), max(self.cursor, other) + 1)

    @property
    def visible_rows(self) -> list[ViewRow]:
        """The rows on the screen."""
        positions = dict.fromkeys(position for position, _, _ in self._visible())
        return [self._rows[position] for position in positions if position in self._rows]

    def move(self, rows: int) -> None:
        """Move the cursor; the screen follows it."""
        self.go_to(self._goal[1] + rows)

    def page(self, pages: int) -> None:
        """Move the screen and the cursor by pages."""
        rows = max(len({position for position, _, _ in self._visible()}) - 1, 1) * pages
        top, cursor = self._goal
        self._go(top + rows, cursor + rows)

    def scroll_rows(self, rows: int) -> None:
        """Move the screen; the cursor stays on it."""
        top, cursor = self._goal
        top = self._clamp_top(top + rows)
        self._go(top, min(max(cursor, top), top + self.size.height - 1))

    def scroll_sideways(self, cells: int) -> None:
        """Move the text to the left (positive) or right."""
        longest = max((len(row.row.line.text) for row in self.visible_rows), default=0)
        left = max(min(self._left + cells, longest - SIDE_CELLS), 0)
        if left != self._left and not self.is_wrapped:
            self._left = left
            self.refresh()

    def go_to(self, position: int, *, centre: bool = False) -> None:
        """Put the cursor there, and scroll as little as shows it, or so that it is in the middle."""
        position = max(min(position, self.state.end - 1), self.state.first)
        top, height = self._goal[0], self.size.height
        shown = {place for place, _, _ in self._visible()} if self.is_wrapped else range(top, top + height)
        if position not in shown:
            if centre or abs(position - top) > 2 * height:
                top = position - height // 3
            else:
                top = position if position < top else position - (max(shown, default=top) - top)
        self._go(top, position)

    def follow(self, is_following: bool) -> None:
        """Stay at the end as the log grows, or here."""
        self.is_following = is_following
        if is_following:
            self._go(self._last_top(), self.state.end - 1, keeps_following=True)
        self.refresh()
        self.post_message(self.Moved())

    def wrap(self, is_wrapped: bool) -> None:
        """Show long rows on several lines, or cut."""
        self.is_wrapped = is_wrapped
        self._left = 0
        self._changed_layout()

    def select(self, anchor: int | None) -> None:
        """Begin or end a selection."""
        self.selected_from = anchor
        self.refresh()
        self.post_message(self.Moved())

    @property
    def goal(self) -> int:
        """Where the cursor will be when what is asked for is read."""
        return self._goal[1]

    @property
    def _goal(self) -> tuple[int, int]:
        """Top and cursor, as they will be when what is asked for is read."""
        return self._target or (self.top, self.cursor)

    def _go(self, top: int, cursor: int, *, keeps_following: bool = False) -> None:
        """Go there as soon as the rows are read."""
        cursor = max(min(cursor, self.state.end - 1), self.state.first)
        top = self._clamp_top(top)
        if not keeps_following:
            self.is_following = (
                cursor >= self.state.end - 1 and top >= self._last_top() and self.selected_from is None
            )
        if self._is_read(top):
            self._target = None
            self._place(top, cursor)
        else:
            self._target = (top, cursor)
        self._ask(top)

    def _place(self, top: int, cursor: int) -> None:
        if (top, cursor) == (self.top, self.cursor):
            return
        moved, old_cursor = top != self.top, self.cursor
        self.top, self.cursor = top, max(cursor, self.state.first)
        if moved or self.is_wrapped:
            self._changed_layout()
        elif not self.is_following or self.selected_from is not None:
            for position in range(min(old_cursor, self.cursor), max(old_cursor, self.cursor) + 1):
                self.refresh(Region(0, position - self.top, self.size.width, 1))
        self.post_message(self.Moved())

    def _clamp_top(self, top: int) -> int:
        return max(min(top, self._last_top()), self.state.first)

    def _last_top(self) -> int:
        """The top from which on the end is on the screen."""
        if not self.is_wrapped:
            return max(self.state.end - self.size.height, self.state.first)
        room, position = self.size.height, self.state.end
        while position > self.state.first:
            room -= len(self._parts(position - 1))
            if room < 0:
                break
            position -= 1
        return min(position, max(self.state.end - 1, self.state.first))

    def _is_read(self, top: int) -> bool:
        last = min(top + self.size.height, self.state.end)
        return all(position in self._rows for position in range(top, last))

    def _ask(self, top: int | None = None) -> None:
        """Ask for the rows around the screen."""
        top = self._goal[0] if top is None else top
        height = max(self.size.height, 1)
        if self._wanted[0] <= top - height and top + 2 * height <= self._wanted[1]:
            return
        reach = KEPT_PAGES * height
        first, end = top - reach, top + height + reach
        self._wanted = (first, end)
        for position in [position for position in self._rows if not first - reach <= position < end + reach]:
            del self._rows[position]
        self.post_message(self.RowsWanted(first, end))

    # Drawing

    def _changed_layout(self) -> None:
        self._layout = None
        self.refresh()

    def _parts(self, position: int) -> list[tuple[int, int]]:
        row = self._rows.get(position)
        return wrapped(row.row.line.text, self.size.width - GUTTER_CELLS) if row is not None else [(0, 0)]

    def _visible(self) -> list[tuple[int, int, int]]:
        """For each line of the screen that shows something: position, first and last character."""
        if self._layout is not None and self.is_wrapped:
            return self._layout
        height = self.size.height
        if not self.is_wrapped:
            return [(position, 0, 0) for position in range(self.top, min(self.top + height, self.state.end))]
        lines: list[tuple[int, int, int]] = []
        position = self.top
        while position < self.state.end and len(lines) < height:
            lines += [(position, *part) for part in self._parts(position)]
            position += 1
        if self.is_following and len(lines) > height:
            lines = lines[len(lines) - height :]
        self._layout = lines[:height]
        return self._layout

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        styles = self._styles or self._load_styles()
        width = self.size.width
        lines = self._visible()
        if y >= len(lines):
            return Strip([Segment(" " * width, styles["base"])])
        position, start, end = lines[y]
        row = self._rows.get(position)
        if row is None:
            return Strip([Segment(" " * width, styles["base"])])
        return row_strip(
            row,
            width,
            styles,
            left=self._left,
            part=(start, end) if self.is_wrapped else None,
            is_cursor=position == self.cursor and self.has_focus and not self.is_following,
            is_selected=self.selected_from is not None and position in self.selection,
        )

    def _load_styles(self) -> dict[str, Style]:
        self._styles = {
            name: self.get_component_rich_style(f"log-view--{name}", partial=True) for name in NAMES
        }
        self._styles["base"] = self.rich_style
        return self._styles

    def notify_style_update(self) -> None:
        """The theme or the focus changed."""
        super().notify_style_update()
        self._styles = {}

    def _on_resize(self, event: events.Resize) -> None:
        top, cursor = self._goal  # a jump may still wait for its rows
        self._layout = None
        self._target = None
        self._wanted = (0, 0)
        if self.is_following:
            self._go(self._last_top(), self.state.end - 1, keeps_following=True)
        else:
            self._go(max(top, cursor - self.size.height + 1), cursor)
        self.refresh()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        if event.shift or event.ctrl:
            self.scroll_sideways(SIDE_CELLS)
        else:
            self.scroll_rows(WHEEL_ROWS)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        if event.shift or event.ctrl:
            self.scroll_sideways(-SIDE_CELLS)
        else:
            self.scroll_rows(-WHEEL_ROWS)

    async def _on_click(self, event: events.Click) -> None:
        lines = self._visible()
        if event.y < len(lines):
            self._go(self.top, lines[event.y][0])
