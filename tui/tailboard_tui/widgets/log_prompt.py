"""The line in which a search, a filter, a time or a file name is typed."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class LogPrompt(Input):
    """The line in which a search, a filter or a time is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    class Left(Message):
        """The user is done without entering."""

    def action_leave(self) -> None:
        """Escape."""
        self.post_message(self.Left())
