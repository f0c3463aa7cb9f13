"""The words of the media pane: which name and step are shown, or why there is nothing to see."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tailboard_tui.plot.cells import fit
from tailboard_tui.plot.spec import Look
from tailboard_tui.widgets.cells import width_of


class MediaBar(Widget):
    """Which name and step are shown, of how many."""

    DEFAULT_CSS = "MediaBar { height: 2; }"

    def __init__(self) -> None:
        super().__init__()
        self._texts = ("", "", "", 0, 0)
        self._look = Look()

    def show(self, name: str, kind: str, note: str, at: int, count: int, look: Look) -> None:
        """Show record `at` of `count`."""
        if (name, kind, note, at, count) != self._texts or look != self._look:
            self._texts, self._look = (name, kind, note, at, count), look
            self.refresh()

    def render(self) -> Content:
        """Name and kind, then a slider over the steps."""
        name, kind, note, at, count = self._texts
        width, look = self.size.width, self._look
        right = fit(f"{kind}  {note}", max(width - 12, 0))
        name = fit(name, max(width - width_of(right) - 3, 1))
        gap = " " * max(width - width_of(name) - width_of(right) - 2, 0)
        first = Content.assemble(" ", (name, f"bold {look.accent}"), gap, (right, look.muted))
        if count < 2:
            return first
        place = f"  {at + 1} of {count}"
        length = max(min(width - width_of(place) - 2, 80), 1)
        knob = round(at / (count - 1) * (length - 1))
        line, dot = ("-", "o") if look.is_ascii else ("─", "●")
        slider = Content.assemble(
            " ", (line * knob, look.accent), (dot, look.accent), (line * (length - 1 - knob), look.axis)
        )
        return Content.assemble(first, "\n", slider, (place, look.muted))


class StateText(Widget):
    """Why there is nothing to see."""

    DEFAULT_CSS = "StateText { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = ""

    def show(self, text: str) -> None:
        """Show `text`."""
        if text != self._text:
            self._text = text
            self.refresh(layout=True)

    def render(self) -> Content:
        """The text."""
        return Content(self._text)
