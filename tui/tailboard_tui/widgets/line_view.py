"""A list of lines that draws only what is seen: the base of Config, Info, help and the lists of problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tailboard_tui.actions import bindings
from tailboard_tui.widgets.cells import width_of

SCROLL_STEP = 8
"""Cells that one key scrolls sideways."""

Part = tuple[str, str]
"""Clean text, and the style's name: one of `ROLES`, or `#rrggbb`, or empty."""

ROLES = (
    "heading",
    "key",
    "number",
    "text",
    "dim",
    "added",
    "removed",
    "hunk",
    "error",
    "warning",
    "good",
    "different",
)


@dataclass(frozen=True, slots=True)
class ViewLine:
    """One line."""

    parts: tuple[Part, ...]
    key: str = ""
    """What the line is about: the cursor stays with it, and folds are kept by it."""
    folds: bool | None = None
    """True: open, False: folded, None: nothing to fold."""

    @property
    def text(self) -> str:
        """The line without its styles."""
        return "".join(text for text, _ in self.parts)


class LineView(ScrollView, can_focus=True):
    """Lines with a cursor, scrolling in both directions."""

    DEFAULT_CSS = """
    LineView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("lines")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-view--cursor",
        "line-view--bar",
        *(f"line-view--{role}" for role in ROLES),
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[ViewLine] = ()
        self._cursor = 0
        self._left = 0
        self._longest = 0

    @property
    def lines(self) -> Sequence[ViewLine]:
        """What is shown."""
        return self._lines

    @property
    def cursor_line(self) -> ViewLine | None:
        """The line under the cursor."""
        return self._lines[self._cursor] if self._cursor < len(self._lines) else None

    def set_lines(self, lines: Sequence[ViewLine]) -> None:
        """Show these lines. Only those that differ are drawn anew; the cursor stays on what it stands on."""
        old, self._lines = self._lines, lines
        current = old[self._cursor].key if self._cursor < len(old) else ""
        top = round(self.scroll_offset.y)
        if current and not (self._cursor < len(lines) and lines[self._cursor].key == current):
            found = next((place for place, line in enumerate(lines) if line.key == current), None)
            if found is not None:
                self._cursor = found
        self._cursor = max(min(self._cursor, len(lines) - 1), 0)
        self._longest = max((width_of(line.text) for line in lines), default=0)
        if len(old) != len(lines):
            self.virtual_size = Size(self.size.width, len(lines))
            self._scroll_to_cursor()
            self.refresh()
            return
        for y in range(self.size.height):
            place = top + y
            if place < len(lines) and lines[place] != old[place]:
                self._refresh_line(y)

    def on_resize(self) -> None:
        """Follow the window."""
        self.virtual_size = Size(self.size.width, len(self._lines))
        self._scroll_to_cursor()

    # Moving

    def action_line_down(self) -> None:
        """One line down."""
        self._move_to(self._cursor + 1)

    def action_line_up(self) -> None:
        """One line up."""
        self._move_to(self._cursor - 1)

    def action_lines_page_down(self) -> None:
        """One page down."""
        self._move_to(self._cursor + max(self.size.height - 1, 1))

    def action_lines_page_up(self) -> None:
        """One page up."""
        self._move_to(self._cursor - max(self.size.height - 1, 1))

    def action_line_first(self) -> None:
        """First line."""
        self._move_to(0)

    def action_line_last(self) -> None:
        """Last line."""
        self._move_to(len(self._lines) - 1)

    def action_lines_left(self) -> None:
        """Scroll to the left."""
        self._scroll_sideways(-SCROLL_STEP)

    def action_lines_right(self) -> None:
        """Scroll to the right."""
        self._scroll_sideways(SCROLL_STEP)

    def action_toggle_line(self) -> None:
        """Fold or unfold; lines without parts do nothing."""

    def _scroll_sideways(self, by: int) -> None:
        left = max(min(self._left + by, self._longest - self.size.width // 2), 0)
        if left != self._left:
            self._left = left
            self.refresh()

    def _move_to(self, place: int) -> None:
        place = max(min(place, len(self._lines) - 1), 0)
        if place == self._cursor:
            return
        old, self._cursor = self._cursor, place
        top = round(self.scroll_offset.y)
        self._scroll_to_cursor()
        if round(self.scroll_offset.y) == top:
            self._refresh_line(old - top)
            self._refresh_line(place - top)

    def _scroll_to_cursor(self) -> None:
        top, room = round(self.scroll_offset.y), max(self.size.height, 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True)
        elif self._cursor >= top + room:
            self.scroll_to(y=self._cursor - room + 1, animate=False, immediate=True)

    def _refresh_line(self, y: int) -> None:
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_click(self, event: events.Click) -> None:
        """Go to the line that was clicked; fold it."""
        place = round(self.scroll_offset.y) + event.y
        if place < len(self._lines):
            self._move_to(place)
            if self._lines[place].folds is not None:
                self.action_toggle_line()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Line `y` of the window."""
        width, base = self.size.width, self.rich_style
        place = round(self.scroll_offset.y) + y
        if place >= len(self._lines):
            return Strip.blank(width, base)
        is_cursor = place == self._cursor
        if is_cursor:
            base += self.get_component_rich_style("line-view--cursor", partial=True)
        bar = Segment(
            "▌" if is_cursor else " ", base + self.get_component_rich_style("line-view--bar", partial=True)
        )
        strip = Strip([Segment(text, base + self._style(role)) for text, role in self._lines[place].parts])
        strip = strip.crop(self._left, self._left + width - 1).adjust_cell_length(max(width - 1, 0), base)
        return Strip([bar, *strip], width)

    def _style(self, role: str) -> Style:
        if role.startswith("#"):
            return Style(color=role)
        return self.get_component_rich_style(f"line-view--{role}", partial=True) if role else Style()
