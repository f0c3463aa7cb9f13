"""The rows at the end of a growing log that are still drawn over: nested progress bars."""

from __future__ import annotations

from collections.abc import Callable

from tailboard_tui.text.ansi import Line
from tailboard_tui.text.terminal_line import MAX_MOVE, PIECE_BYTES, Screen


class LiveRows:
    """A screen on which only what was appended is drawn, not each time the bytes of minutes.

    Attributes:
        start: Where in the file drawing began.
        end: Up to where is drawn.
    """

    def __init__(self, start: int, row: int) -> None:
        """Nothing is drawn yet; the cursor stands in `row`."""
        self.start = self.end = start
        self._screen = self._shown = Screen(row)
        self._settled_end = start

    def take_in(self, read: Callable[[int, int], bytes], end: int) -> None:
        """Draw the bytes up to `end`.

        Args:
            read: Gives `length` bytes from an offset on.
            end: Exclusive.
        """
        if end == self.end:
            return
        data = read(self._settled_end, end - self._settled_end)
        complete = data.rfind(b"\n") + 1  # no sequence reaches over a newline
        if len(data) - complete > PIECE_BYTES:
            complete = max(data.rfind(b"\r"), complete) or len(data)
        self._screen.feed(data[:complete].decode("utf-8", "replace"))
        self._screen.keep(MAX_MOVE)
        self._settled_end += complete
        rest = data[complete:]
        self._shown = self._screen
        if rest:
            self._shown = self._screen.copy()
            self._shown.feed(rest.decode("utf-8", "replace"))
        self.end = end

    def line(self, row: int) -> Line | None:
        """A row as it is now; None where nothing was drawn since `start`."""
        return self._shown.line(row)

    def updates(self, row: int) -> int:
        """How often a row was drawn over since `start`."""
        return self._shown.updates(row)
