"""A widget that shows a text and draws nothing while the text stays the same."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class TextLine(Widget):
    """One text, set as `Content` so that data in it cannot be markup."""

    DEFAULT_CSS = """
    TextLine { height: auto; }
    """

    def __init__(
        self, text: Content | None = None, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._text = text or Content("")

    def show(self, text: Content) -> None:
        """Show `text`."""
        if not text.is_same(self._text):
            self._text = text
            self.refresh(layout=True)

    def render(self) -> Content:
        """The text."""
        return self._text
