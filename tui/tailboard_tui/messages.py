"""Messages that cross more than one widget."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from tailboard_tui.text.graphics import Graphics


class RunsChanged(Message):
    """The reader has published changes; they wait in the app's inbox, merged into one when taken."""

    def can_replace(self, message: Message) -> bool:
        """One message is enough, however many changes wait."""
        return isinstance(message, RunsChanged)


class OriginWanted(Message):
    """Info shows a run whose files are to be read."""

    def __init__(self, key: str, diff_path: str | None, packages_path: str | None) -> None:
        super().__init__()
        self.key = key
        self.diff_path = diff_path
        self.packages_path = packages_path


class RunActionDone(Message):
    """Something that was done to a run's files has ended."""

    def __init__(self, text: str, *, is_error: bool) -> None:
        """Args: text: What to say of it; may hold data, may be empty."""
        super().__init__()
        self.text = text
        self.is_error = is_error


class TerminalBackground(Message):
    """The terminal has said what its background is."""

    def __init__(self, is_dark: bool) -> None:
        super().__init__()
        self.is_dark = is_dark


class GraphicsWanted(Message):
    """Images are about to be shown: the terminal is to be asked which graphics it has."""

    def __init__(self, tell: Callable[[Graphics], None]) -> None:
        """Args: tell: Called with the answer, if one comes."""
        super().__init__()
        self.tell = tell


class GraphicsFound(Message):
    """The terminal has said which graphics it has."""

    def __init__(self, graphics: Graphics) -> None:
        super().__init__()
        self.graphics = graphics


class ReadyToType(Message):
    """A dialog has mounted the line in which one types: keys that waited may go there."""
