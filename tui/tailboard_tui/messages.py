"""Messages that cross more than one widget."""

from __future__ import annotations

from textual.message import Message


class RunsChanged(Message):
    """The reader has published changes; they wait in the app's inbox, merged into one when taken."""

    def can_replace(self, message: Message) -> bool:
        """One message is enough, however many changes wait."""
        return isinstance(message, RunsChanged)


class TerminalBackground(Message):
    """The terminal has said what its background is."""

    def __init__(self, is_dark: bool) -> None:
        super().__init__()
        self.is_dark = is_dark
