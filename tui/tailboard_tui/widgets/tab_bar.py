"""The line of tabs above the right pane."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tailboard_tui.widgets.cells import width_of


class TabBar(Widget):
    """Tabs as words in one line, each with the key that opens it."""

    DEFAULT_CSS = """
    TabBar { height: 1; background: $background; color: $foreground; padding: 0 1; }
    """

    class TabChosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Sequence[tuple[str, str]]) -> None:
        """Args: tabs: id and title of each, in order; the n-th is opened by the key n."""
        super().__init__()
        self._tabs = tuple(tabs)
        self._current = tabs[0][0]
        self._note = Content("")

    def choose(self, tab: str) -> None:
        """Show which tab is open."""
        if tab != self._current:
            self._current = tab
            self.refresh()

    def set_note(self, note: Content) -> None:
        """Show a remark at the right end."""
        if not note.is_same(self._note):
            self._note = note
            self.refresh()

    def _labels(self) -> list[tuple[str, str]]:
        room = self.size.width
        labels: list[tuple[str, str]] = []
        for form in (" {0} {1} ", "{0} {1} ", "{0} {1:.3} "):
            labels = [(tab, form.format(number, title)) for number, (tab, title) in enumerate(self._tabs, 1)]
            if sum(len(label) for _, label in labels) <= room:
                break
        return labels

    def render(self) -> Content:
        """The tabs, the open one in the accent colour and underlined."""
        parts: list[Content | tuple[str, str]] = []
        used = 0
        for tab, label in self._labels():
            used += len(label)
            if tab == self._current:
                lead = len(label) - len(label.lstrip())
                word = label.strip()
                parts += [
                    (" " * lead, ""),
                    (word, "bold $accent underline"),
                    (" " * (len(label) - lead - len(word)), ""),
                ]
            else:
                parts.append((label, "$text-dim"))
        gap = self.size.width - used - width_of(self._note.plain)
        if gap > 1:
            parts += [(" " * gap, ""), self._note]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Open the tab that was clicked."""
        x = event.get_content_offset_capture(self).x
        for tab, label in self._labels():
            if x < len(label):
                self.post_message(self.TabChosen(tab))
                return
            x -= len(label)
