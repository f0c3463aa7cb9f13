"""The keys that move through a log, by lines and by time."""

from __future__ import annotations

from tailboard_tui.widgets.log_base import LogBase
from tailboard_tui.widgets.log_view import SIDE_CELLS


class LogMoving(LogBase):
    """Moves the rows of its `LogView`."""

    def action_log_down(self) -> None:
        """One line down."""
        self.view.move(1)

    def action_log_up(self) -> None:
        """One line up."""
        self.view.move(-1)

    def action_log_left(self) -> None:
        """Scroll to the left."""
        self.view.scroll_sideways(-SIDE_CELLS)

    def action_log_right(self) -> None:
        """Scroll to the right."""
        self.view.scroll_sideways(SIDE_CELLS)

    def action_log_page_down(self) -> None:
        """One page down."""
        self.view.page(1)

    def action_log_page_up(self) -> None:
        """One page up."""
        self.view.page(-1)

    def action_log_first(self) -> None:
        """To the first line."""
        self.view.go_to(self._state.first)
        self._go_on(is_first=True)

    def action_log_last(self) -> None:
        """To the last line, and follow."""
        self.view.follow(True)
        self._go_on(is_first=False)

    def _go_on(self, *, is_first: bool) -> None:
        """Go there once more when rows that were asked for before have come with a place of their own."""
        if self._session is not None and self._awaits_view != "no":
            self._session.go_to_end(is_first=is_first)

    def action_follow_log(self) -> None:
        """Follow the end, or stay here."""
        self.view.follow(not self.view.is_following)

    def action_wrap_log(self) -> None:
        """Wrap long lines, or cut them."""
        self.view.wrap(not self.view.is_wrapped)

    def go_to_time(self, unix_s: float) -> None:
        """Show what was printed at that moment."""
        if self._session is not None:
            self._session.go_to_time(unix_s)

    def action_goto_time(self) -> None:
        """Type a time to go to."""
        self._ask("a time: 14:05, 2026-11-23 14:05:30, 10m ago", "", self._go_to_typed_time)

    def _go_to_typed_time(self, typed: str) -> None:
        if self._session is not None and typed.strip():
            self._session.go_to_typed_time(typed)

    def action_show_in_charts(self) -> None:
        """Ask for the time of the cursor's line; the charts are asked when it is known."""
        if self._session is not None:
            self._session.ask_time(self.view.cursor)
